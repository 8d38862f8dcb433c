"""What staff hear of reviews at once: it waits a minute for others of its kind, and says then what is so then."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from portal.jobs import worker
from portal.members.scrubbing import scrub
from portal.models import Notice, NoticeChoice, StaffLogin
from portal.notices.gathering import TOGETHER
from portal.notices.registry import kind_of
from reviews import kinds
from reviews.actions.responding import respond
from reviews.models import Review
from tests.factories import LocationFactory, StaffLoginFactory
from tests.marketplace.scenes import drain
from tests.reviews.visits import AFTER, hidden, visit, written

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("gathered")]

LOW = {"class": 1, "teacher": 1, "place": 1, "welcome": 1}


def boss_of(review: Any) -> StaffLogin:
    login: StaffLogin = StaffLoginFactory(studio=review.studio, preset="manager")
    NoticeChoice.objects.bulk_create(
        NoticeChoice(login=login, kind=kind, how="at_once")
        for kind in (kinds.LOW, kinds.WRITTEN, kinds.CHANGED, kinds.DECIDED)
    )
    return login


def gather() -> None:
    """What the worker does with the news; the minute has not passed."""
    with time_machine.travel(AFTER, tick=False):
        worker.drain("worker test")


def minute() -> None:
    with time_machine.travel(AFTER, tick=False):
        drain()


def waiting(**marks: int) -> tuple[Review, StaffLogin]:
    """A review of which somebody is about to hear, who does not know it yet."""
    there = visit()
    boss = boss_of(there)
    review = written(there, text="I was ill, secretly.", **marks)
    gather()
    assert Notice.objects.get(login=boss).together.startswith(TOGETHER)
    return review, boss


def test_each_kind_is_told_after_its_minute(mailoutbox: Any) -> None:
    review, boss = waiting()
    minute()
    respond(review, "Thanks", by=boss, now=AFTER)
    written(review.reservation, text="Again.", **LOW)
    minute()
    hidden(review)
    written(visit(session=review.reservation.session), text="Meh.", **LOW)
    minute()
    mails = [mail.body for mail in mailoutbox if mail.to == [boss.user.email]]
    labels = [kind_of(word).label for word in (kinds.WRITTEN, kinds.CHANGED, kinds.DECIDED, kinds.LOW)]
    assert len(mails) == len(labels)
    for label in labels:
        assert sum(f"login there: {label}." in body for body in mails) == 1


def pinned_elsewhere(review: Review, boss: StaffLogin) -> None:
    boss.locations.add(LocationFactory(studio=review.studio))


def hidden_since(review: Review, boss: StaffLogin) -> None:
    hidden(review)
    NoticeChoice.objects.filter(login=boss, kind=kinds.DECIDED).update(how="off")


@pytest.mark.parametrize("happens", [pinned_elsewhere, hidden_since])
def test_who_may_not_see_it_any_more_is_not_told(
    happens: Callable[[Review, StaffLogin], None], mailoutbox: Any
) -> None:
    happens(*waiting(**LOW))
    minute()
    assert [mail for mail in mailoutbox if "Review:" in mail.subject] == []


def test_a_deleted_members_words_are_in_no_row_and_in_no_mail(mailoutbox: Any) -> None:
    review, boss = waiting(**LOW)
    assert not any("secretly" in str(value) for row in Notice.objects.values() for value in row.values())
    scrub(review.reservation.member, by=boss, now=timezone.now())
    minute()
    assert not any("secretly" in mail.body for mail in mailoutbox)


def test_a_low_one_that_is_low_no_more_is_not_told_as_one(mailoutbox: Any) -> None:
    review, _boss = waiting(**LOW)
    written(review.reservation, text="All fine now.")
    minute()
    assert mailoutbox == []
    assert Notice.objects.get().together == ""
