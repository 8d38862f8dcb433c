"""What is written in SQL for one reservation says the same as the queries for many."""

from uuid import uuid4

import pytest

from bookings import actions
from bookings.actions.attendance import _ELSEWHERE, _IN
from bookings.models import Reservation
from bookings.rules import CancelAs
from bookings.selectors import one, reception
from bookings.selectors.upcoming import for_login
from portal.access import locations_for
from portal.roles import Preset
from tests.bookings.scenes import at, booked, evening_class
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    TeacherFactory,
)
from tests.factories.packages import PackageVersionFactory, PurchaseFactory

pytestmark = pytest.mark.django_db


def test_the_line_of_one_person_is_the_line_in_the_list() -> None:
    session = evening_class()
    studio, desk = session.studio, StaffLoginFactory(studio=session.studio)
    noord, west = LocationFactory(studio=studio), LocationFactory(studio=studio)
    people = [booked(session, MemberFactory(studio=studio, phone="+31 6 1")) for _ in range(7)]
    for place, visitor in ((noord, people[0]), (noord, people[1]), (west, people[1])):
        item = CalendarItemFactory(studio=studio, location=place)
        visit = booked(SessionFactory(item=item, starts_at=at("18:00", days=-3)), visitor.member)
        actions.check_in(visit, action_id=uuid4(), by=desk, now=at("18:00", days=-3))
    actions.check_in(people[2], action_id=uuid4(), by=desk, now=at("17:50"))
    actions.mark_no_show(people[3], action_id=uuid4(), by=desk, now=at("18:30"))
    actions.cancel(people[4], outcome=CancelAs.LATE, action_id=uuid4(), by=desk, now=at("17:00"))
    actions.cancel(people[5], outcome=CancelAs.EXCUSED, action_id=uuid4(), by=desk, now=at("17:00"))
    five = PackageVersionFactory(package__studio=studio, late_cancel_uses=True)
    for visit in people[2:6]:
        Reservation.objects.filter(pk=visit.pk).update(
            purchase=PurchaseFactory(version=five, member=visit.member), assigned="rule"
        )
    Reservation.objects.filter(pk=people[6].pk).update(assigned="hand")
    for now in (at("17:00"), at("18:30"), at("20:00")):
        listed = {person.id: person for person in reception.people(Reservation.objects.all(), now=now)}
        alone = {pk: one.person_of(Reservation.objects.get(pk=pk), now=now) for pk in listed}
        assert alone == listed
        assert {person.elsewhere for person in alone.values()} == {noord.name, ""}
        assert [alone[visit.pk].paid.left for visit in people[2:6]] == [4, 4, 4, 5]
        assert alone[people[6].pk].is_unpaid
        assert alone[people[0].pk].paid.is_free


@pytest.mark.parametrize("preset", [Preset.OWNER, Preset.DESK, Preset.TEACHER])
@pytest.mark.parametrize("pinned", [False, True])
def test_who_may_see_one_reservation_is_who_sees_its_session(preset: Preset, *, pinned: bool) -> None:
    session = evening_class()
    studio, noord = session.studio, LocationFactory(studio=session.studio)
    login = StaffLoginFactory(studio=studio, preset=preset)
    if pinned:
        login.locations.add(noord)
    teacher = TeacherFactory(studio=studio, login=login)
    there = CalendarItemFactory(studio=studio, location=noord)
    for each in (
        session,
        evening_class(item=session.item, starts_at=at("20:00"), teacher=teacher),
        SessionFactory(item=there, starts_at=at("18:00")),
        SessionFactory(item=there, starts_at=at("20:00"), teacher=teacher),
        evening_class(),  # another studio's
    ):
        ReservationFactory(session=each)
    seen = Reservation.objects.filter(session__in=for_login(login, locations_for(login)))
    everything = Reservation.objects.all()
    assert {each.pk for each in everything if one.visible(login, each.pk)} == {each.pk for each in seen}
    assert seen


def test_a_visit_at_the_same_time_is_found_as_the_list_finds_it() -> None:
    session = evening_class()
    desk, member = StaffLoginFactory(studio=session.studio), MemberFactory(studio=session.studio)
    this = booked(session, member)
    for start, end in (("17:00", "18:00"), ("17:30", "18:30"), ("18:15", "18:45"), ("19:00", "20:00")):
        other = booked(evening_class(item=session.item, starts_at=at(start), ends_at=at(end)), member)
        for checked_in in (False, True):
            if checked_in:
                actions.check_in(other, action_id=uuid4(), by=desk, now=at("17:00"))
            found = _IN.first(
                _ELSEWHERE,
                {"member": member.pk, "this": this.pk, "starts_at": this.starts_at, "ends_at": this.ends_at},
            )
            listed = Reservation.objects.attended().overlapping(this.starts_at, this.ends_at).filter(member=member)
            assert found == listed.exclude(pk=this.pk).first()
