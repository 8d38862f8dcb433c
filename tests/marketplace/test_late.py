"""A late sync: one mail to those who can do something, a banner until it is over, and neither twice (I5)."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from marketplace import actions, tasks
from marketplace.adapters import LockedOut, Unanswered
from marketplace.models import Call, Connection, Marketplace, SyncRun
from portal.models import Job, StaffLogin
from portal.roles import Preset
from tests.at_once import at_once
from tests.factories import StaffLoginFactory
from tests.marketplace.scenes import Marketplace as There
from tests.marketplace.scenes import book, connected, deliver, drain, due_now, session_of

pytestmark = pytest.mark.usefixtures("gathered")

NOW = timezone.now()
LATE = timedelta(minutes=55)


@pytest.fixture
def connection(db: None) -> Connection:
    connection = connected(activated_at=NOW - timedelta(days=30))
    compared(connection, NOW - LATE)
    return connection


def compared(connection: Connection, at: Any) -> None:
    actions.sync(connection, cause=SyncRun.Cause.CLOCK, now=at)


def staff(connection: Connection, preset: Preset, email: str, **fields: Any) -> StaffLogin:
    return StaffLoginFactory(studio=connection.studio, preset=preset, user__email=email, **fields)


def mailed(mailoutbox: Any) -> list[str]:
    drain()
    found = sorted(mail.to[0] for mail in mailoutbox)
    mailoutbox.clear()
    return found


def page(login: StaffLogin) -> str:
    client = Client()
    client.force_login(login.user)
    name = "bookings:check_ins"
    return client.get(reverse(name, args=[login.studio.slug])).content.decode()


def test_owners_and_managers_get_one_mail_with_the_fact_as_its_subject(
    connection: Connection, mailoutbox: Any, there: There
) -> None:
    for preset in Preset:
        staff(connection, preset, f"{preset}@linden.test")
    staff(connection, Preset.OWNER, "off@linden.test", is_active=False)
    for _number in range(3):
        book(session_of(connection))
    Job.objects.all().delete()
    assert actions.watch(now=NOW) == 1
    connection.refresh_from_db()
    assert connection.late_at == NOW
    assert actions.watch(now=NOW + timedelta(minutes=1)) == 0
    assert Job.objects.filter(kind=actions.MAIL_LATE).count() == 2
    assert mailed(mailoutbox) == ["manager@linden.test", "owner@linden.test"]


def test_the_mail_says_how_late_how_many_classes_and_what_is_safe(connection: Connection, mailoutbox: Any) -> None:
    staff(connection, Preset.OWNER, "ana@linden.test")
    for _number in range(3):
        session_of(connection)
    compared(connection, NOW - LATE)
    Job.objects.exclude(kind=actions.MAIL_LATE).delete()
    actions.watch(now=NOW)
    with time_machine.travel(NOW, tick=True):
        drain()
    (mail,) = mailoutbox
    assert mail.subject == "Fitpass One sync late by 25 min, 3 classes affected"
    assert "The last full sync ended" in mail.body
    assert "Nothing is lost" in mail.body
    assert f"/marketplaces/{connection.marketplace_id}/log/" in mail.body


def test_on_time_again_the_banner_goes_and_the_next_outage_is_told_anew(
    connection: Connection, mailoutbox: Any
) -> None:
    staff(connection, Preset.OWNER, "ana@linden.test")
    actions.watch(now=NOW)
    assert len(mailed(mailoutbox)) == 1
    compared(connection, NOW)
    Job.objects.filter(kind=actions.DELIVER).delete()
    assert actions.watch(now=NOW) == 1
    connection.refresh_from_db()
    assert connection.late_at is None
    assert mailed(mailoutbox) == []
    assert actions.watch(now=NOW + timedelta(minutes=39)) == 0
    assert actions.watch(now=NOW + timedelta(minutes=40)) == 1
    assert Job.objects.filter(kind=actions.MAIL_LATE).count() == 2


def test_a_mail_that_comes_too_late_is_not_sent(connection: Connection, mailoutbox: Any) -> None:
    staff(connection, Preset.OWNER, "ana@linden.test")
    actions.watch(now=NOW)
    compared(connection, timezone.now())
    assert mailed(mailoutbox) == []


def test_the_banner_is_for_those_who_can_do_something(connection: Connection) -> None:
    owner = staff(connection, Preset.OWNER, "ana@linden.test")
    desk = staff(connection, Preset.DESK, "bo@linden.test")
    with time_machine.travel(NOW):  # this module may have been read long ago
        assert "Fitpass One sync late by 25" in page(owner)  # judged at once, whether a worker has looked or not
    assert "Look at the log" in page(owner)
    assert "sync late" not in page(desk)
    compared(connection, timezone.now())
    assert "sync late" not in page(owner)


def test_compared_in_time_but_never_heard_is_late_with_that_reason(connection: Connection, there: There) -> None:
    there.failing = [Unanswered("busy"), LockedOut("who are you?")]
    book(session_of(connection))
    compared(connection, timezone.now())
    deliver(connection)
    Call.objects.update(created_at=timezone.now() - LATE)
    owner = staff(connection, Preset.OWNER, "ana@linden.test")
    assert "does not answer, and hears of no change since" in page(owner)
    due_now(connection)
    deliver(connection)
    assert "does not accept our credentials" in page(owner)
    due_now(connection)
    deliver(connection)
    assert "sync late" not in page(owner)


def test_a_marketplace_that_is_told_nothing_is_never_late(connection: Connection) -> None:
    """It sends people without a booking, or nobody speaks with it."""
    owner = staff(connection, Preset.OWNER, "ana@linden.test")
    for told_nothing in ({"shape": "check_in"}, {"adapter": ""}):
        Marketplace.objects.update(**{"shape": "pull", "adapter": "testing", **told_nothing})
        assert actions.watch(now=NOW) == 0
        client = Client()
        client.force_login(owner.user)
        url = reverse("marketplace:log", args=[owner.studio.slug, connection.marketplace_id])
        assert "sync late" not in client.get(url).content.decode()


def test_ended_while_late_it_is_not_late_any_more(connection: Connection) -> None:
    actions.watch(now=NOW)
    Connection.objects.update(state=Connection.State.ENDED, ended_at=NOW)
    assert actions.watch(now=NOW) == 1
    assert actions.watch(now=NOW) == 0
    connection.refresh_from_db()
    assert connection.late_at is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail(mailoutbox: Any) -> None:
    connection = connected(activated_at=NOW - timedelta(days=30))
    compared(connection, NOW - LATE)
    staff(connection, Preset.OWNER, "ana@linden.test")
    turned = at_once([partial(actions.watch, now=NOW)] * 6, threads=6)
    assert sorted(turned) == [0, 0, 0, 0, 0, 1]
    assert Job.objects.filter(kind=actions.MAIL_LATE).count() == 1
    assert tasks.watch
    drain()
    assert len(mailoutbox) == 1
