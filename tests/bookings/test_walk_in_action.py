"""A walk-in: member or not, booked and checked in by one click, or nothing of it."""

from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from bookings import actions
from bookings.actions import NewMember, Refused, WalkIn
from bookings.models import Reservation
from bookings.rules import Question
from portal.members.joining import alike
from portal.models import Change, Member
from tests.at_once import at_once
from tests.bookings.scenes import at, booked, evening_class, kinds
from tests.factories import MemberFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db

JUST_BEFORE = at("17:55")
KIM = NewMember(first_name="Kim", last_name="de Boer", email="Kim@Example.test", phone="+31 6 1")


def walk_in(session: Any, member: Any = KIM, **more: Any) -> WalkIn:
    given = {"action_id": uuid4(), "by": StaffLoginFactory(studio=session.studio), "now": JUST_BEFORE, **more}
    return actions.walk_in(session, member, **given)


def test_a_stranger_becomes_a_member_who_is_in() -> None:
    session = evening_class()
    MemberFactory(studio=session.studio, number="4711")
    done = walk_in(session)
    assert done.is_new
    member = Member.objects.get(pk=done.member.pk)
    assert (member.name, member.email, member.number) == ("Kim de Boer", "kim@example.test", "4712")
    assert member.joined_on == at("12:00").date()
    assert kinds(done.booked.reservation) == ["reserved", "checked_in"]
    assert done.checked_in.reservation.checked_in_at == JUST_BEFORE
    assert done.booked.reservation.source == "desk"
    assert Change.objects.get(subject="member").kind == "created"


def test_a_member_is_booked_and_in() -> None:
    session = evening_class()
    member = MemberFactory(studio=session.studio)
    done = walk_in(session, member)
    assert (done.member, done.is_new) == (member, False)
    assert kinds(done.booked.reservation) == ["reserved", "checked_in"]


def test_an_address_that_is_known_is_that_member() -> None:
    session = evening_class()
    known = MemberFactory(studio=session.studio, email="kim@example.test")
    MemberFactory(email="kim@example.test")  # another studio's
    done = walk_in(session)
    assert (done.member, done.is_new) == (known, False)


def test_people_with_the_same_name_or_address_are_suggested() -> None:
    studio = evening_class().studio
    same_name = MemberFactory(studio=studio, first_name="KIM", last_name="De Boer")
    same_address = MemberFactory(studio=studio, email="kim@example.test")
    MemberFactory(first_name="Kim", last_name="de Boer")
    assert alike(studio, KIM) == [same_address, same_name]


def test_a_full_class_leaves_no_trace_of_anybody() -> None:
    session = evening_class(item__capacity=1)
    booked(session)
    before = Member.objects.count()
    with pytest.raises(Refused) as refused:
        walk_in(session)
    assert refused.value.decision.refusal.question == Question.FULL
    assert Member.objects.count() == before
    assert Reservation.objects.count() == 1


def test_a_class_of_another_day_books_nobody() -> None:
    session = evening_class(starts_at=at("18:00", days=1))
    with pytest.raises(Refused) as refused:
        walk_in(session)
    assert refused.value.decision.refusal.question == Question.OTHER_DAY
    assert Reservation.objects.count() == Member.objects.count() == 0


def test_a_repeated_click_is_the_same_person_and_place() -> None:
    session, action_id = evening_class(), uuid4()
    new = NewMember(first_name="Bo")
    first, again = walk_in(session, new, action_id=action_id), walk_in(session, new, action_id=action_id)
    assert again.repeated
    assert again.member == first.member
    assert again.checked_in.event == first.checked_in.event
    assert Member.objects.count() == Reservation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_desks_give_ten_numbers() -> None:
    session = evening_class()
    desk = StaffLoginFactory(studio=session.studio)
    people = [NewMember(first_name=f"New{number}") for number in range(10)]
    results = at_once([partial(walk_in, session, one, by=desk) for one in people])
    assert [one for one in results if isinstance(one, Exception)] == []
    numbers = set(Member.objects.values_list("number", flat=True))
    assert numbers == {str(number) for number in range(1, 11)}
