from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from portal.jobs.kinds import kinds
from portal.jobs.schedule import slot_of
from portal.models import Job, User

LIST = "/admin/portal/job/"


@pytest.fixture
def operator(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("operator@example.test", "a long password", name="O"))
    return client


def test_the_operator_sees_dead_jobs_and_has_them_tried_again(operator: Client) -> None:
    dead = Job.objects.create(key="the dead one", kind="k", dead_at=Now(), attempts=8, last_error="TimeoutError in x")
    done = Job.objects.create(key="the done one", kind="k", done_at=Now())
    page = operator.get(LIST, {"state": "dead"}).content.decode()
    assert "TimeoutError in x" in page
    assert "the done one" not in page
    answer = operator.post(LIST, {"action": "try_again", "_selected_action": [dead.pk, done.pk]})
    assert answer.status_code == 302
    dead.refresh_from_db()
    done.refresh_from_db()
    assert (dead.dead_at, dead.attempts) == (None, 0)
    assert done.done_at is not None


def test_who_only_helps_looks_and_has_nothing_tried_again(client: Client, db: None) -> None:
    helper = User.objects.create_user("helper@example.test", "a long password", name="H", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_job"))
    client.force_login(helper)
    dead = Job.objects.create(key="the dead one", kind="k", dead_at=Now(), attempts=8)
    assert client.get(LIST).status_code == 200
    client.post(LIST, {"action": "try_again", "_selected_action": [dead.pk]})
    dead.refresh_from_db()
    assert dead.dead_at is not None


def test_nobody_edits_jobs_by_hand(operator: Client) -> None:
    job = Job.objects.create(key="one", kind="k")
    assert operator.get(f"{LIST}add/").status_code == 403
    assert operator.post(f"{LIST}{job.pk}/change/", {"key": "two"}).status_code == 403
    assert operator.post(f"{LIST}{job.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_operator_sees_when_each_kind_ran_last_and_which_one_fails(operator: Client) -> None:
    Job.objects.create(key="done", kind="portal.clean_up_jobs", done_at=Now())
    Job.objects.create(key="dead", kind="a.bad", dead_at=Now(), last_error="TimeoutError in y")
    page = operator.get(LIST).content.decode()
    rows = page[page.index("Last runs") :]
    assert rows.index("a.bad") < rows.index("portal.clean_up_jobs")  # what is in trouble stands first
    assert '<a href="?kind=a.bad&amp;state=dead">1</a>' in rows
    assert "TimeoutError in y" in rows
    found = {kind.name: kind for kind in kinds(timezone.now())}
    cleaning, invited = found["portal.clean_up_jobs"], found["portal.invitation"]
    assert cleaning.done_at is not None
    assert cleaning.next_at == slot_of(timezone.now(), timedelta(days=1)) + timedelta(days=1)
    assert (invited.next_at, invited.done_at, invited.dead) == (None, None, 0)
