"""A conflict is told at once, to who may settle it, as long as it waits."""

from typing import Any

import pytest
import time_machine

from bookings.models import ScheduledSession
from marketplace.actions.conflicts import MAIL_CONFLICT, settle_conflict
from marketplace.conflict_mails import NEWS_FOR, send_conflict
from marketplace.models import Conflict, Connection
from marketplace.notices import CONFLICT
from portal.models import Job, NoticeChoice
from portal.roles import Preset
from tests.factories import LocationFactory, SessionFactory
from tests.marketplace.scenes import connected, drain, item_of
from tests.marketplace.test_conflict_cards import in_conflict
from tests.marketplace.test_risk import MINUTE, START, login_of

pytestmark = pytest.mark.django_db
SOON = START + 16 * MINUTE


@pytest.fixture
def there() -> Connection:
    return connected()


@pytest.fixture
def session(there: Connection) -> ScheduledSession:
    return SessionFactory(item=item_of(there, name="Vinyasa Flow"), starts_at=START)


def mails() -> list[Job]:
    Job.objects.filter(kind=MAIL_CONFLICT).update(created_at=SOON)
    return list(Job.objects.filter(kind=MAIL_CONFLICT).order_by("pk"))


def test_the_manager_hears_of_it_at_once_and_the_subject_is_the_fact(
    there: Connection, session: ScheduledSession, mailoutbox: Any
) -> None:
    desk, manager = (login_of(there, preset) for preset in (Preset.DESK, Preset.MANAGER))
    login_of(there, Preset.OWNER)
    conflict = in_conflict(there, session, desk)
    (job,) = mails()
    assert job.payload == {"conflict": conflict.pk, "login": manager.pk}
    send_conflict(job, now=SOON)
    (mail,) = mailoutbox
    assert mail.to == [manager.user.email]
    assert mail.subject.startswith("Vinyasa Flow, Wed 3 Jun, 18:00: cancelled by Fitpass One 18:15, checked in 18:02")
    assert "only" not in mail.subject
    assert "/marketplaces/at-risk/" in mail.body
    assert "Conflict with a marketplace" in mail.body


def test_settled_meanwhile_or_long_ago_it_is_no_news(
    there: Connection, session: ScheduledSession, mailoutbox: Any
) -> None:
    desk, manager = (login_of(there, preset) for preset in (Preset.DESK, Preset.MANAGER))
    conflict = in_conflict(there, session, desk)
    (job,) = mails()
    send_conflict(job, now=SOON + NEWS_FOR)
    settle_conflict(conflict, Conflict.Verdict.DISPUTED, by=manager, now=SOON)
    send_conflict(job, now=SOON)
    assert mailoutbox == []


def test_at_another_location_it_is_none_of_ones_business(
    there: Connection, session: ScheduledSession, mailoutbox: Any
) -> None:
    desk, manager = (login_of(there, preset) for preset in (Preset.DESK, Preset.MANAGER))
    manager.locations.add(LocationFactory(studio=there.studio))
    in_conflict(there, session, desk)
    (job,) = mails()
    send_conflict(job, now=SOON)
    assert mailoutbox == []


def test_the_desk_may_choose_to_hear_of_it(there: Connection, session: ScheduledSession) -> None:
    desk = login_of(there, Preset.DESK)
    NoticeChoice.objects.create(login=desk, kind=CONFLICT, how="at_once")
    in_conflict(there, session, desk)
    assert [job.payload["login"] for job in mails()] == [desk.pk]


def test_what_waited_for_others_is_told_as_it_stands_when_the_mail_goes_out(
    there: Connection, session: ScheduledSession, mailoutbox: Any, gathered: None
) -> None:
    desk, manager, other = (login_of(there, preset) for preset in (Preset.DESK, Preset.MANAGER, Preset.MANAGER))
    in_conflict(there, session, desk)
    for job in mails():
        send_conflict(job, now=SOON)
    other.locations.add(LocationFactory(studio=there.studio))
    with time_machine.travel(SOON, tick=False):
        drain()
    (mail,) = mailoutbox
    assert mail.to == [manager.user.email]
    assert mail.subject.startswith("Vinyasa Flow, Wed 3 Jun, 18:00: cancelled by Fitpass One 18:15, checked in 18:02")
