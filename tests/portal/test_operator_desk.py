"""The operator's first page and lists: what waits, for whom they answer, and what they cost."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.models import Heartbeat, Invitation, Job, Studio, Ticket
from portal.operator import needs
from tests.factories import StudioFactory, UserFactory
from tests.factories.marketplace import ConnectionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def helper() -> Client:
    """Staff of the operator's, without the rights of one."""
    client = Client()
    client.force_login(UserFactory(is_staff=True))
    return client


def waiting() -> dict[str, int]:
    return {one.word: one.count for one in needs.needs(timezone.now()) if one.count}


def beat() -> None:
    for name in ("worker a", "beat"):
        Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})


def make_wait(studio: Studio, number: int) -> None:
    now = timezone.now()
    Job.objects.create(
        key=f"dead {number}", kind="k", dead_at=Now(), last_error="TimeoutError in portal/mail.py:1 send"
    )
    Ticket.objects.create(studio=studio, reference=f"T-{number}", subject="s", opened_at=now - timedelta(days=2))
    Invitation.objects.create(
        studio=studio,
        email=f"{number}@x.test",
        name="N",
        preset="owner",
        invited_at=now - timedelta(days=4),
        link_made_at=now - timedelta(days=4),
    )


def test_the_first_page_says_what_waits_how_much_and_since_when(operator: Client) -> None:
    make_wait(StudioFactory(), 1)
    beat()
    assert waiting() == {"dead_jobs": 1, "failing_mails": 1, "tickets": 1, "invitations": 1}
    page = operator.get("/admin/").content.decode()
    assert 'id="need-tickets"' in page
    assert "for 2\xa0days" in page
    assert "/admin/portal/job/?state=dead" in page
    assert "A worker answers" in page


def test_silence_is_told(operator: Client) -> None:
    assert set(waiting()) == {"worker"}  # by whom the clock would be heard
    beat()
    late = timezone.now() - timedelta(minutes=4)
    Heartbeat.objects.update(seen_at=late)
    assert set(waiting()) == {"worker"}
    beat()
    Heartbeat.objects.filter(name="beat").update(seen_at=late)
    assert set(waiting()) == {"beat"}
    beat()
    assert waiting() == {}
    assert "Nothing waits for you" in operator.get("/admin/").content.decode()


def test_answered_tickets_and_accepted_invitations_wait_no_more() -> None:
    beat()
    make_wait(StudioFactory(), 1)
    Ticket.objects.update(answered_at=timezone.now())
    Invitation.objects.update(accepted_at=timezone.now())
    Job.objects.update(dead_at=None, done_at=timezone.now())
    assert waiting() == {}


def test_each_need_costs_one_query_however_much_waits(operator: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            operator.get("/admin/")
        return len(captured)

    operator.get("/admin/")
    make_wait(StudioFactory(), 1)
    ConnectionFactory()
    few = queries()
    for number in range(2, 12):
        make_wait(StudioFactory(), number)
        ConnectionFactory()
    assert queries() == few


def test_every_list_and_every_page_of_the_operators_answers_them(operator: Client) -> None:
    studio = ConnectionFactory().studio
    pages = [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry]
    pages += ["/admin/", "/admin/studios/new/", "/admin/statistics/", "/admin/statistics.csv"]
    pages += [f"/admin/portal/studio/{studio.pk}/change/", f"/admin/studios/{studio.pk}/invite/"]
    answers = {page: operator.get(page).status_code for page in pages}
    assert set(answers.values()) == {200}, answers


def test_who_is_staff_and_not_the_operator_finds_nothing(operator: Client) -> None:
    studio = StudioFactory()
    make_wait(studio, 1)
    own = [
        "studios/new/",
        "statistics/",
        "statistics.csv",
        f"studios/{studio.pk}/look/",
        f"studios/{studio.pk}/invite/",
    ]
    client = helper()
    page = client.get("/admin/").content.decode()
    assert "need-tickets" not in page
    assert "Statistics" not in page
    for path in own:
        assert client.get(f"/admin/{path}").status_code == 403, path
        assert client.post(f"/admin/{path}").status_code in {403, 405}, path
        assert Client().get(f"/admin/{path}").status_code == 302, path


def test_the_room_is_in_the_readers_language_and_theme_and_has_no_inline_code(operator: Client) -> None:
    operator.cookies["theme"] = "dark"
    operator.cookies["django_language"] = "de"
    for path in ("/admin/", "/admin/portal/studio/", "/admin/portal/user/add/", "/admin/statistics/"):
        page = operator.get(path).content.decode()
        assert '<html lang="de" data-theme="dark">' in page
        for forbidden in (" style=", " onclick=", "<style", "javascript:"):
            assert forbidden not in page, (path, forbidden)


def test_the_list_of_studios_counts_with_as_many_queries_for_many(operator: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert operator.get("/admin/portal/studio/").status_code == 200
        return len(captured)

    operator.get("/admin/portal/studio/")
    ConnectionFactory()
    few = queries()
    for _number in range(30):
        ConnectionFactory()
    assert queries() == few


def test_the_name_of_a_studio_is_changed_with_a_line_in_its_log(operator: Client) -> None:
    studio: Any = StudioFactory(name="Old", slug="old")
    url = f"/admin/portal/studio/{studio.pk}/change/"
    assert operator.post(url, {"name": "New", "slug": "old", "language": "de"}).status_code == 302
    change = studio.changes.get()
    assert (change.kind, change.by_word, change.before) == ("changed", "operator", {"name": "Old", "language": "en"})
    assert operator.post(url, {"name": "New", "slug": "theme", "language": "de"}).status_code == 302
    assert studio.changes.count() == 1  # an address is for good, as the invitation says
    assert operator.post(f"/admin/portal/studio/{studio.pk}/delete/").status_code == 403
    studio.refresh_from_db()
    assert (studio.name, studio.slug) == ("New", "old")
