"""A member's profile: the whole history, what is to come, notes and log, for whoever may see members."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings import actions
from bookings.rules import CancelAs
from bookings.words import day_and_clock
from portal.members import editing
from portal.models import Location, Member, MemberNote, StaffLogin
from portal.roles import Preset
from tests.bookings.scenes import booked
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Location:
    return LocationFactory(studio__slug="ours", slug="centrum", name="Centrum")


@pytest.fixture
def desk(place: Location, client: Client) -> StaffLogin:
    login = StaffLoginFactory(studio=place.studio, preset=Preset.DESK)
    client.force_login(login.user)
    return login


@pytest.fixture
def kim(place: Location) -> Member:
    return MemberFactory(
        studio=place.studio, first_name="Kim", last_name="de Boer", number="4711", email="kim@example.test"
    )


def visit(member: Member, place: Location, moment: Any, **fields: Any) -> Any:
    session = SessionFactory(
        item=CalendarItemFactory(location=place, name=fields.pop("name", "Flow")), starts_at=moment
    )
    if fields.get("attendance") == "checked_in":
        fields["checked_in_at"] = moment
    return ReservationFactory(session=session, member=member, **fields)


def get(client: Client, member: Member, tab: str = "", **query: str) -> Any:
    response = client.get(f"/ours/members/{member.pk}/{tab}", query)
    assert response.status_code == 200
    return response


def test_attendance_is_everything_newest_first(client: Client, desk: StaffLogin, place: Location, kim: Member) -> None:
    now = timezone.now()
    visit(kim, place, now - timedelta(days=1), name="Yesterday", attendance="checked_in")
    visit(kim, place, now - timedelta(days=800), name="Long ago", attendance="checked_in")
    visit(kim, place, now - timedelta(days=2), name="Missed")
    visit(kim, place, now + timedelta(days=9), name="To come")
    visit(MemberFactory(studio=place.studio), place, now - timedelta(days=3), name="Of somebody else")
    response = get(client, kim)
    assert [row.reservation.session.item.name for row in response.context["rows"]] == [
        "Yesterday",
        "Missed",
        "Long ago",
    ]
    total = response.context["total"]
    assert (total.visits, total.no_shows, total.all) == (2, 1, 3)
    assert [year.visits for year in response.context["years"]][-1] == 1


def test_filters_by_year_state_and_location(client: Client, desk: StaffLogin, place: Location, kim: Member) -> None:
    noord = LocationFactory(studio=place.studio, slug="noord")
    now = timezone.now()
    visit(kim, place, now - timedelta(days=1), name="Here", attendance="checked_in")
    visit(kim, noord, now - timedelta(days=2), name="There")
    old = visit(kim, place, now - timedelta(days=800), name="Long ago", attendance="checked_in")

    def shown(**query: str) -> list[str]:
        return [row.reservation.session.item.name for row in get(client, kim, **query).context["rows"]]

    assert shown(year=str(old.starts_at.astimezone(place.tz).year)) == ["Long ago"]
    assert shown(state="no_show") == ["There"]
    assert shown(location="noord") == ["There"]
    assert shown(state="checked_in", location="centrum") == ["Here", "Long ago"]
    for wrong in ({"year": "1999"}, {"year": "x"}, {"state": "gone"}, {"location": "west"}):
        assert client.get(f"/ours/members/{kim.pk}/", wrong).status_code == 404


def test_a_year_is_that_of_the_location(client: Client, desk: StaffLogin, place: Location, kim: Member) -> None:
    new_year = datetime(2025, 1, 1, 0, 30, tzinfo=place.tz)  # 23:30 of the old year in UTC
    visit(kim, place, new_year, attendance="checked_in")
    assert [year.year for year in get(client, kim).context["years"]] == [2025]
    assert len(get(client, kim, year="2025").context["rows"]) == 1


def test_a_pinned_login_sees_the_member_and_only_its_own_visits(client: Client, place: Location, kim: Member) -> None:
    noord = LocationFactory(studio=place.studio, slug="noord", name="Noord")
    pinned = StaffLoginFactory(studio=place.studio, preset=Preset.DESK)
    pinned.locations.add(noord)
    client.force_login(pinned.user)
    visit(kim, place, timezone.now() - timedelta(days=1), name="Secret class", attendance="checked_in")
    coming = visit(kim, place, timezone.now() + timedelta(days=1), name="Secret plan")
    owner = StaffLoginFactory(studio=place.studio)
    actions.cancel(coming, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=owner, now=timezone.now())
    for tab in ("", "bookings/", "notes/", "log/"):
        page = get(client, kim, tab).content.decode()
        assert "Kim de Boer" in page
        assert "Secret" not in page
        assert "Centrum" not in page


def test_who_has_never_been_here_bears_the_star(client: Client, desk: StaffLogin, place: Location, kim: Member) -> None:
    assert get(client, kim).context["star"] == "here"
    page = get(client, kim).content.decode()
    assert "No visits yet" in page
    row = visit(kim, place, timezone.now() + timedelta(days=3), name="Vinyasa")
    assert "First booking:" in get(client, kim).content.decode()
    visit(kim, place, row.starts_at - timedelta(days=9), attendance="checked_in")
    assert get(client, kim).context["star"] == ""


def test_todays_booking_can_be_checked_in_at_once(
    client: Client, desk: StaffLogin, place: Location, kim: Member
) -> None:
    session = SessionFactory(item__location=place, starts_at=timezone.now() + timedelta(seconds=1))
    row = booked(session, kim, now=timezone.now() - timedelta(days=1))
    response = get(client, kim)
    today = response.context["today"][0]
    url = f"/ours/reservations/{row.pk}/check-in/"
    assert url in response.content.decode()
    client.post(url, {"action_id": str(today.action_id), "next": f"/ours/members/{kim.pk}/"})
    assert get(client, kim).context["today"] == []


def test_bookings_to_come_with_their_ways_out_and_waits(
    client: Client, desk: StaffLogin, place: Location, kim: Member
) -> None:
    now = timezone.now()
    booked(SessionFactory(item__location=place, item__name="Booked", starts_at=now + timedelta(days=3)), kim, now=now)
    full = SessionFactory(item__location=place, item__name="Full", starts_at=now + timedelta(days=4), capacity=1)
    booked(full, now=now)
    actions.join_waiting(full, kim, source="desk", action_id=uuid4(), by=desk, now=now)
    response = get(client, kim, "bookings/")
    assert [one.reservation.session.item.name for one in response.context["bookings"]] == ["Booked"]
    assert [wait.position for wait in response.context["waits"]] == [1]
    assert "Cancel, in time" in response.content.decode()
    found = get(client, kim, "bookings/", q="ful").context["sessions"]
    assert [session.item.name for session, _when in found] == ["Full"]


def test_after_a_change_of_the_class_a_booking_is_free_as_long_as_that_says(
    client: Client, desk: StaffLogin, place: Location, kim: Member
) -> None:
    now = timezone.now()
    row = booked(SessionFactory(item__location=place, starts_at=now + timedelta(hours=30)), kim, now=now)
    row.deadline_at, row.waived_until = now + timedelta(hours=18), now + timedelta(hours=24)
    row.save(update_fields=["deadline_at", "waived_until"])
    (shown,) = get(client, kim, "bookings/").context["bookings"]
    assert shown.free_until == day_and_clock(now + timedelta(hours=24), place)


def test_a_note_is_written_done_and_taken_up_again(client: Client, desk: StaffLogin, kim: Member) -> None:
    address = f"/ours/members/{kim.pk}/notes/"
    assert client.post(address, {"text": "Left shoulder", "for_next_visit": "on"}).status_code == 302
    note = MemberNote.objects.get()
    assert (note.text, note.for_next_visit, note.written_by) == ("Left shoulder", True, desk)
    client.post(f"{address}{note.pk}/")
    note.refresh_from_db()
    assert note.done_by == desk
    client.post(f"{address}{note.pk}/", {"again": "1"})
    note.refresh_from_db()
    assert note.done_at is None
    for wrong in ("", "x" * 501):
        assert client.post(address, {"text": wrong}).status_code == 422
    assert MemberNote.objects.count() == 1


def test_the_log_tells_who_did_what(client: Client, desk: StaffLogin, place: Location, kim: Member) -> None:
    now = timezone.now()
    editing.edit(kim, {"last_name": "Boer", "email": "new@example.test"}, by=desk, now=now)
    booked(SessionFactory(item__location=place, item__name="Vinyasa", starts_at=now + timedelta(days=3)), kim, now=now)
    response = get(client, kim, "log/")
    lines = response.context["lines"]
    assert {line.words for line in lines} == {"booked", "data changed"}
    changed = next(line for line in lines if line.words == "data changed")
    assert changed.by == desk.user.name
    assert "Last name: before de Boer, after Boer" in changed.difference
    assert "Vinyasa" in next(line.about for line in lines if line.words == "booked")


def test_the_way_through_the_list_one_came_from(client: Client, desk: StaffLogin, kim: Member) -> None:
    before = MemberFactory(studio=kim.studio, first_name="Kic", last_name="")
    after = MemberFactory(studio=kim.studio, first_name="Kiz", last_name="")
    MemberFactory(studio=kim.studio, first_name="Kin", last_name="who is not in the list", email="")
    Member.objects.filter(pk__in=(before.pk, after.pk)).update(blocked_reason="x")
    Member.objects.filter(pk=kim.pk).update(blocked_reason="x")
    context = get(client, kim, "notes/", **{"from": "blocked=1"}).context
    assert context["before_url"] == f"/ours/members/{before.pk}/notes/?from=blocked%3D1"
    assert context["after_url"] == f"/ours/members/{after.pk}/notes/?from=blocked%3D1"


@pytest.mark.parametrize("tab", ["", "bookings/", "notes/", "log/"])
def test_the_number_of_queries_does_not_grow(
    client: Client, desk: StaffLogin, place: Location, kim: Member, tab: str
) -> None:
    numbers = []
    now = timezone.now()
    get(client, kim, tab)
    for more in (1, 29):
        for number in range(more):
            visit(kim, place, now - timedelta(days=number + more), attendance="checked_in")
            session = SessionFactory(item__location=place, starts_at=now + timedelta(days=2, hours=2 * (number + more)))
            booked(session, kim, now=now)
            MemberNote.objects.create(member=kim, text="x", written_at=now, written_by=desk)
        with CaptureQueriesContext(connection) as queries:
            get(client, kim, tab)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("preset", [Preset.TEACHER, Preset.VIEWER])
@pytest.mark.parametrize("tab", ["", "bookings/", "notes/", "log/", "data/", "edit/"])
def test_who_does_not_see_members_is_refused(
    client: Client, place: Location, kim: Member, preset: Preset, tab: str
) -> None:
    client.force_login(StaffLoginFactory(studio=place.studio, preset=preset).user)
    assert client.get(f"/ours/members/{kim.pk}/{tab}").status_code == 403


def test_another_studios_member_is_not_there(client: Client, desk: StaffLogin) -> None:
    other = MemberFactory()
    for tab in ("", "bookings/", "notes/", "log/", "edit/", "photo/"):
        assert client.get(f"/ours/members/{other.pk}/{tab}").status_code == 404
