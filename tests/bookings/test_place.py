"""The link of a mail that offers a place: works without an account, for one offer, and cannot be made up."""

from typing import Any

import pytest
import time_machine
from django.core import mail as outbox
from django.core import signing
from django.test import Client
from django.urls import reverse

from bookings import actions, mails, tasks
from bookings.models import WaitingEntry
from portal.jobs.registry import HANDLERS
from portal.models import Job
from tests.bookings.scenes import at
from tests.bookings.waits import BEFORE, full_class, give_up, join, places
from tests.factories import StudioFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def offered() -> WaitingEntry:
    """A place held from noon until one."""
    session, (kim, _) = full_class()
    entry = join(session)
    give_up(kim)
    entry.refresh_from_db()
    return entry


def address(entry: WaitingEntry, token: str = "") -> str:
    return reverse("bookings:place", args=[entry.studio.slug, token or mails.place_token(entry)])


def opened(entry: WaitingEntry, *, now: Any = BEFORE, token: str = "", answer: str = "") -> Any:
    with time_machine.travel(now, tick=False):
        url = address(entry, token)
        return Client().post(url, {"answer": answer}) if answer else Client().get(url)


def state_of(entry: WaitingEntry) -> str:
    entry.refresh_from_db()
    return entry.state


def test_opening_it_changes_nothing(offered: WaitingEntry) -> None:
    page = opened(offered)
    assert page.status_code == 200
    assert "held for you until Wed 10 Jun, 13:00" in page.content.decode()
    assert page.headers["Cache-Control"].startswith("max-age=0")
    assert state_of(offered) == "offered"


def test_yes_books_and_the_link_says_so_from_then_on(offered: WaitingEntry) -> None:
    answer = opened(offered, answer="accept")
    assert (answer.status_code, answer.url) == (302, address(offered))
    assert state_of(offered) == "accepted"
    assert places(offered.session) == (2, 0)
    assert "You have the place" in opened(offered).content.decode()
    # Pressed again, from another window: still the same place.
    assert opened(offered, answer="accept").status_code == 302
    assert places(offered.session) == (2, 0)
    too_late = opened(offered, answer="decline")
    assert too_late.status_code == 422
    assert places(offered.session) == (2, 0)


def test_no_lets_it_go_and_yes_comes_too_late(offered: WaitingEntry) -> None:
    assert opened(offered, answer="decline").status_code == 302
    assert state_of(offered) == "left"
    assert "You said no" in opened(offered).content.decode()
    refused = opened(offered, answer="accept")
    assert refused.status_code == 422
    assert places(offered.session) == (1, 0)


def test_after_its_time_it_books_nothing(offered: WaitingEntry) -> None:
    page = opened(offered, now=at("13:00"))
    assert "This place has gone on" in page.content.decode()
    assert "answer" not in page.content.decode()
    refused = opened(offered, now=at("13:00"), answer="accept")
    assert refused.status_code == 422
    assert "held until Wed 10 Jun, 13:00" in refused.content.decode()
    assert places(offered.session) == (1, 1)


def test_a_place_that_was_given_up_later_is_not_yours_any_more(offered: WaitingEntry) -> None:
    opened(offered, answer="accept")
    offered.refresh_from_db()
    assert offered.reservation is not None
    give_up(offered.reservation)
    assert "This booking was cancelled" in opened(offered).content.decode()
    # The old link does not bring it back.
    opened(offered, answer="accept")
    assert places(offered.session) == (1, 0)


def test_a_link_that_we_did_not_make_leads_nowhere(offered: WaitingEntry) -> None:
    token = mails.place_token(offered)
    forged = [
        f"{offered.pk + 1}:{token.partition(':')[2]}",
        token[:-1],
        f"{token}x",
        str(offered.pk),
        signing.Signer().sign(offered.pk),
        signing.Signer(salt="bookings.place").sign("abc"),
        "x",
    ]
    for one in forged:
        assert opened(offered, token=one).status_code == 404, one
        assert opened(offered, token=one, answer="accept").status_code == 404, one
    assert state_of(offered) == "offered"


def test_it_opens_in_its_own_studio_only(offered: WaitingEntry) -> None:
    url = reverse("bookings:place", args=[StudioFactory().slug, mails.place_token(offered)])
    assert Client().get(url).status_code == 404


def test_another_answer_than_yes_and_no_is_none(offered: WaitingEntry) -> None:
    assert opened(offered, answer="delete").status_code == 404
    assert state_of(offered) == "offered"


def test_a_form_from_elsewhere_is_refused(offered: WaitingEntry) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(address(offered), {"answer": "accept"}).status_code == 403
    assert state_of(offered) == "offered"


class TestTheMail:
    def sent(self, *, now: Any = BEFORE) -> list[Any]:
        for job in Job.objects.filter(kind="bookings.mail_place_free"):
            with time_machine.travel(now, tick=False):
                tasks.mail_place_free(job)
        return outbox.outbox

    def test_says_what_until_when_and_where_to_answer(self, offered: WaitingEntry, settings: Any) -> None:
        settings.SITE_URL = "https://tresen.example"
        (sent,) = self.sent()
        assert sent.to == [offered.member.email]
        name = offered.session.item.name
        assert sent.subject == f"A place in {name} is free for you until Wed 10 Jun, 13:00"
        assert f"https://tresen.example{address(offered)}" in sent.body.splitlines()
        assert sent.body.startswith(f"Hello {offered.member.first_name},")

    def test_is_in_the_language_of_the_studio(self, offered: WaitingEntry) -> None:
        offered.studio.language = "de"
        offered.studio.save()
        (sent,) = self.sent()
        assert "Mi" in sent.subject

    def test_is_not_sent_when_the_offer_is_over(self, offered: WaitingEntry) -> None:
        assert self.sent(now=at("13:00")) == []

    def test_is_not_sent_when_it_was_answered(self, offered: WaitingEntry) -> None:
        opened(offered, answer="decline")
        assert self.sent() == []

    def test_is_not_sent_to_nobody(self, offered: WaitingEntry) -> None:
        offered.member.email = ""
        offered.member.save()
        assert self.sent() == []


def test_the_sweep_runs_by_itself() -> None:

    assert HANDLERS["bookings.sweep_waiting"].every is not None
    session, (kim, _) = full_class()
    join(session)
    give_up(kim)
    with time_machine.travel(at("13:00"), tick=False):
        tasks.sweep_waiting(Job())
    assert places(session) == (1, 0)
    assert actions.sweep_waiting(now=at("13:00")) == 0
