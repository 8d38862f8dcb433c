"""Insight: what the pages say of visits, classes, people and marketplaces, to whom, and at what cost (N9)."""

import csv
import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import CalendarItem, Reservation, ScheduledSession, WaitingEntry
from bookings.rules import Attendance, Booking, Waiting
from bookings.views.insight import CHARTS
from portal.models import Location, StaffLogin
from portal.roles import Preset
from tests.bookings.test_history import NOW, local, visit, words
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
)
from tests.factories.packages import PackageVersionFactory, PurchaseFactory

D = Decimal
PAGES = ("", "classes/", "people/", "marketplaces/")
MISSED: dict[str, Any] = {"attendance": Attendance.NO_SHOW, "checked_in_at": None}
LATE: dict[str, Any] = {"booking": Booking.LATE_CANCELLED, "attendance": Attendance.UNKNOWN, "checked_in_at": None}


@pytest.fixture
def centrum(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden")


@pytest.fixture
def owner(centrum: Location) -> StaffLogin:
    return StaffLoginFactory(studio=centrum.studio)


def client_of(login: StaffLogin) -> Client:
    client = Client()
    client.force_login(login.user)
    return client


def get(login: StaffLogin, path: str, *, status: int = 200, now: datetime = NOW) -> Any:
    with time_machine.travel(now, tick=False):
        answer = client_of(login).get(f"/linden/insight/{path}")
    assert answer.status_code == status
    return answer


def rows(login: StaffLogin, path: str) -> list[dict[str, str]]:
    """The chart's table as its file has it."""
    with time_machine.travel(NOW, tick=False):
        answer = client_of(login).get(f"/linden/insight/{path}")
        content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def late_cancel(place: Location, start: datetime, **fields: Any) -> Reservation:
    return visit(place, start, **LATE, cancelled_at=start - timedelta(hours=1), **fields)


def test_months_have_their_sources_and_the_same_days_of_the_year_before(owner: StaffLogin, centrum: Location) -> None:
    for start, source in (
        ("2026-10-06T18:00", "direct"), ("2026-10-31T23:30", "wellpass"), ("2026-11-01T00:00", "wellpass"),
        ("2025-11-10T18:00", "direct"), ("2025-11-11T18:00", "direct"), ("2024-11-30T23:59", "direct"),
    ):  # fmt: skip
        visit(centrum, local(start), source=source)
    found = rows(owner, "check-ins.csv")
    assert (len(found), found[-1]["Month"]) == (12, "November 2026")
    assert [(one["Direct"], one["Wellpass"], one["Check-ins"], one["A year before"]) for one in found[-2:]] == [
        ("1", "1", "2", "0"),
        ("0", "1", "1", "1"),  # of the year before up to the 10th, as of this one
    ]
    page = get(owner, "")
    assert "3 check-ins. Most in October 2026: 2." in words(page)
    assert "67 % came through marketplaces." in words(page)
    assert "only 2 visits" in words(page)


def test_a_period_before_that_is_not_all_recorded_is_no_measure(owner: StaffLogin, centrum: Location) -> None:
    visit(centrum, local("2026-10-06T18:00"))
    visit(centrum, local("2025-10-07T18:00"))
    for page in ("", "classes/", "people/"):
        assert "in the period before" not in words(get(owner, page))
    visit(centrum, local("2024-12-02T18:00"))
    assert "50 % less than in the period before" in words(get(owner, ""))


def test_the_source_in_the_address_filters_charts_and_files(owner: StaffLogin, centrum: Location) -> None:
    visit(centrum, local("2026-10-06T18:00"), source="direct")
    visit(centrum, local("2026-10-07T18:00"), source="wellpass", **MISSED)
    assert [one["Places"] for one in rows(owner, "rates.csv?source=wellpass")][-2:] == ["1", "0"]
    (line,) = rows(owner, "rates-by-source.csv?source=wellpass")
    assert (line["Source"], line["No-show rate, %"]) == ("Wellpass", "100")
    chips = {chip.label: (chip.number, chip.is_current) for chip in get(owner, "?source=direct").context["sources"]}
    assert chips == {"All sources": (None, False), "Direct": (1, True)}


def test_rates_are_of_the_places_that_were_not_given_back(owner: StaffLogin, centrum: Location) -> None:
    start = local("2026-10-06T18:00")
    visit(centrum, start)
    visit(centrum, start, **MISSED)
    late_cancel(centrum, start)
    late_cancel(centrum, start)
    visit(centrum, start, **{**LATE, "booking": Booking.CANCELLED}, cancelled_at=start - timedelta(days=1))
    visit(centrum, NOW + timedelta(days=1), attendance=Attendance.UNKNOWN, checked_in_at=None)
    assert "25 % did not come (1 of 4 places), 50 % cancelled late (2)." in words(get(owner, ""))


def test_classes_say_how_full_they_were_and_how_lately(owner: StaffLogin, centrum: Location) -> None:
    item = CalendarItemFactory(location=centrum, name="Vinyasa", capacity=4)
    for start, taken in (("2026-09-01T18:00", 4), ("2026-11-02T18:00", 2), ("2025-10-01T18:00", 1)):
        session = SessionFactory(item=item, starts_at=local(start), capacity=4)
        for number in range(taken):
            here = {"attendance": Attendance.CHECKED_IN, "checked_in_at": session.starts_at}
            ReservationFactory(session=session, **(here if number else MISSED))
    (line,) = rows(owner, "classes.csv")
    assert {name: line[name] for name in ("Class", "Held", "Places", "Booked", "Came")} == {
        "Class": "Vinyasa", "Held": "2", "Places": "8", "Booked": "6", "Came": "4",
    }  # fmt: skip
    assert [line[name] for name in ("Occupancy, %", "Shown, %", "4 weeks, %", "A year before, %")] == [
        "75", "50", "50", "25",
    ]  # fmt: skip


def test_classes_without_a_capacity_have_people_and_no_rate(owner: StaffLogin, centrum: Location) -> None:
    item = CalendarItemFactory(location=centrum, name="Open yoga", capacity=None)
    session = SessionFactory(item=item, starts_at=local("2026-11-02T18:00"), capacity=None)
    for number in range(3):
        here = {"attendance": Attendance.CHECKED_IN, "checked_in_at": session.starts_at}
        ReservationFactory(session=session, **(here if number else MISSED))
    (line,) = rows(owner, "classes.csv")
    assert [line[name] for name in ("Held", "Booked", "Came", "Occupancy, %", "Shown, %")] == ["1", "3", "2", "", ""]


def test_who_cancelled_late_for_a_class_that_was_called_off_is_in_no_rate(owner: StaffLogin, centrum: Location) -> None:
    start = local("2026-10-06T18:00")
    visit(centrum, start)
    late_cancel(centrum, start)
    off = Reservation.objects.get(booking=Booking.LATE_CANCELLED).session
    ScheduledSession.objects.filter(pk=off.pk).update(cancelled_at=start - timedelta(hours=1))
    assert "0 % cancelled late (0)" in words(get(owner, ""))


def test_newcomers_count_once_their_days_are_over(owner: StaffLogin, centrum: Location) -> None:
    kim, lee, mo = (MemberFactory(studio=centrum.studio) for _ in range(3))
    visit(centrum, local("2026-07-01T18:00"), member=kim, source="wellpass")
    visit(centrum, local("2026-07-31T18:00"), member=kim)  # the 30th day
    visit(centrum, local("2026-07-02T18:00"), member=lee)
    visit(centrum, local("2026-08-02T18:00"), member=lee)  # the 31st
    visit(centrum, local("2026-10-20T18:00"), member=mo)
    visit(centrum, local("2026-10-21T18:00"), member=mo)
    found = {one["Month"]: one for one in rows(owner, "newcomers.csv")}
    july, october = found["July 2026"], found["October 2026"]
    assert [july[name] for name in ("Newcomers", "Back within 30 days", "Share back within 30 days, %")] == [
        "2",
        "1",
        "50",
    ]
    assert july["Back within 90 days"] == "2"
    assert (october["Newcomers"], october["Back within 30 days"]) == ("1", "")
    page = words(get(owner, "people/"))
    assert "not over yet" in page
    assert "only 2 people" in page
    (stayed,) = [one for one in rows(owner, "retention.csv") if one["Joined in"] == "July 2026"]
    assert (stayed["1 month later, %"], stayed["2 months later, %"], stayed["3 months later, %"]) == ("50", "0", "0")
    assert {one["Newcomers"] for one in rows(owner, "newcomers.csv?source=wellpass")} == {"0", "1"}


def test_an_own_visit_brings_what_its_purchase_was_worth(owner: StaffLogin, centrum: Location) -> None:
    """5 uses for 60 with 20 % VAT bring 10 each; 5 for 50, half of it refunded, 5; unlimited for 40 over 4 uses, 10."""
    studio = centrum.studio
    pack = PurchaseFactory(version=PackageVersionFactory(package__studio=studio, uses=5, price=D(60), tax_rate=D(20)))
    back = PurchaseFactory(
        version=PackageVersionFactory(package__studio=studio, uses=5, price=D(50)), refunded=D(25), refunded_at=NOW
    )
    free = PurchaseFactory(version=PackageVersionFactory(package__studio=studio, uses=None, price=D(40)), uses=None)
    starts = [local(f"2026-10-0{day}T18:00") for day in range(1, 5)]
    visit(centrum, starts[0], source="direct", purchase=pack, member=pack.member)
    visit(centrum, starts[1], source="direct", purchase=pack, member=pack.member, **MISSED)  # counts, so it is worth 10
    late_cancel(centrum, starts[2], source="direct", purchase=pack, member=pack.member)  # does not
    visit(centrum, starts[0], source="direct", purchase=back, member=back.member)
    for start in starts[:2]:
        visit(centrum, start, source="desk", purchase=free, member=free.member)
        visit(centrum, start - timedelta(days=900), source="desk", purchase=free, member=free.member)
    visit(centrum, starts[3], source="desk")  # nothing was paid
    visit(centrum, starts[3], source="wellpass")
    found = {one["Source"]: one for one in rows(owner, "balance.csv")}
    assert [found["Direct"][name] for name in ("Visits", "Income, net, EUR", "Income per visit, EUR")] == [
        "2", "25.00", "12.50",
    ]  # fmt: skip
    assert (found["Desk"]["Income, net, EUR"], found["Desk"]["Income per visit, EUR"]) == ("20.00", "6.67")
    assert (found["Wellpass"]["Income, net, EUR"], found["Wellpass"]["Share of visits, %"]) == ("", "17")
    page = words(get(owner, "marketplaces/"))
    assert "Nothing was paid for 1 of their visits" in page
    assert "what a visit brings is not known" in page


def test_newcomers_of_a_marketplace_who_bought_within_90_days(owner: StaffLogin, centrum: Location) -> None:
    studio = centrum.studio
    terms = PackageVersionFactory(package__studio=studio)
    members = [MemberFactory(studio=studio) for _ in range(5)]
    for member in members[:4]:
        visit(centrum, local("2026-06-01T18:00"), member=member, source="wellpass")
    visit(centrum, NOW - timedelta(days=90), member=members[4], source="wellpass")  # today is the 90th day
    PurchaseFactory(version=terms, member=members[0], purchased_at=local("2026-08-30T23:30"))  # the 90th day
    PurchaseFactory(version=terms, member=members[1], purchased_at=local("2026-08-31T00:30"))
    PurchaseFactory(version=terms, member=members[2], purchased_at=local("2026-06-02T12:00"), price=D(0))
    PurchaseFactory(version=terms, member=members[3], purchased_at=local("2026-05-31T12:00"))
    (line,) = rows(owner, "balance.csv")
    assert [line[name] for name in ("Newcomers", "Their 90 days are over", "of these, bought directly")] == [
        "5",
        "4",
        "1",
    ]


def crowded(item: CalendarItem, start: datetime, *, ours: int, theirs: int) -> ScheduledSession:
    session = SessionFactory(item=item, starts_at=start, capacity=6)
    for number in range(ours + theirs):
        ReservationFactory(session=session, source="direct" if number < ours else "wellpass")
    return session


def wait(session: ScheduledSession, **fields: Any) -> WaitingEntry:
    closed = {"state": Waiting.LEFT, "closed_at": session.starts_at}
    return WaitingEntry.objects.create(
        studio=session.studio, session=session, joined_at=session.starts_at - timedelta(days=1),
        **({"source": "direct", "member": MemberFactory(studio=session.studio)} | closed | fields),
    )  # fmt: skip


def test_marketplaces_displace_only_where_own_members_were_turned_away(owner: StaffLogin, centrum: Location) -> None:
    item = CalendarItemFactory(location=centrum, name="Reformer", capacity=6)
    tuesdays = [local("2026-09-01T18:00") + timedelta(weeks=week) for week in range(8)]
    sessions = [crowded(item, start, ours=2, theirs=4) for start in tuesdays]
    visit(centrum, local("2026-09-02T18:00"), source="wellpass")
    for session in sessions[:3]:
        wait(session, state=Waiting.LAPSED)  # as the list closes when the class begins
    wait(sessions[0])
    # None of these was turned away.
    wait(sessions[3], source="wellpass")
    wait(sessions[3], closed_at=sessions[3].starts_at - timedelta(hours=3))
    wait(sessions[3], state=Waiting.LAPSED, offered_at=NOW, held_until=NOW)
    wait(sessions[3], member=sessions[3].reservations.filter(source="direct")[0].member)
    (line,) = [one for one in rows(owner, "balance.csv") if one["Source"] == "Wellpass"]
    assert line["Places that displaced"] == "4"
    (slot,) = rows(owner, "caps.csv")
    assert (slot["Class"], slot["Begins"], slot["Held"]) == ("Reformer", "Tuesday, 18:00", "8")
    assert [slot[name] for name in ("Own members turned away", "Displaced at most")] == ["4", "4"]
    # Eight of ten classes: three own members or fewer, so three of the six places are for marketplaces.
    assert (slot["Suggestion"], slot["How sure"]) == ("at most 3", "fairly sure: 8 classes")
    assert "4 places at most took the place of an own member" in words(get(owner, "marketplaces/"))


def test_a_few_classes_suggest_nothing(owner: StaffLogin, centrum: Location) -> None:
    wait(crowded(CalendarItemFactory(location=centrum), local("2026-10-06T18:00"), ours=2, theirs=4))
    (slot,) = rows(owner, "caps.csv")
    assert (slot["Suggestion"], slot["How sure"]) == ("wait for more classes", "cannot be said: only 1 class")


@pytest.mark.parametrize("page", PAGES)
def test_nobody_else_finds_the_pages(owner: StaffLogin, centrum: Location, page: str) -> None:
    visit(centrum, local("2026-10-06T18:00"))
    for preset in (Preset.DESK, Preset.VIEWER, Preset.TEACHER):
        get(StaffLoginFactory(studio=centrum.studio, preset=preset), page, status=404)
    pinned = StaffLoginFactory(studio=centrum.studio, preset=Preset.MANAGER)
    get(pinned, page)
    pinned.locations.add(centrum)
    answer = get(pinned, page, status=404)
    assert 'href="/linden/insight/"' not in answer.content.decode()
    get(StaffLoginFactory(), page, status=404)


def test_the_rail_and_the_palette_lead_to_insight(owner: StaffLogin, centrum: Location) -> None:
    desk = StaffLoginFactory(studio=centrum.studio, preset=Preset.DESK)
    for login, there in ((owner, True), (desk, False)):
        found = client_of(login).get("/linden/commands/", {"q": "newcomers"}).content.decode()
        assert ("/linden/insight/people/" in found) is there
        rail = client_of(login).get("/linden/check-ins/").content.decode()
        assert ('href="/linden/insight/"' in rail) is there


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_studio_is_told_what_will_be_here(owner: StaffLogin, page: str) -> None:
    assert "Once people have been here" in words(get(owner, page))


def test_a_studio_without_a_location_is_told_so_too(db: None) -> None:
    login = StaffLoginFactory(studio__slug="linden")
    assert all("Once people have been here" in words(get(login, page)) for page in PAGES)


def test_another_studio_is_in_no_figure(owner: StaffLogin, centrum: Location) -> None:
    other = LocationFactory(studio__slug="other")
    visit(other, local("2026-10-06T18:00"), source="elsewhere")
    assert all("elsewhere" not in words(get(owner, page)).casefold() for page in PAGES)
    get(owner, f"?location={other.slug}", status=404)


@pytest.mark.parametrize("path", ["?range=century", "nothing.csv", "retention.csv?range=90-days"])
def test_what_there_is_not_is_not_found(owner: StaffLogin, path: str) -> None:
    get(owner, path, status=404)


def test_each_chart_has_a_file_and_a_method(owner: StaffLogin, centrum: Location) -> None:
    wait(crowded(CalendarItemFactory(location=centrum), local("2026-10-06T18:00"), ours=2, theirs=4))
    visit(centrum, local("2026-09-06T18:00"))
    for (page, charts), path in zip(CHARTS.items(), PAGES, strict=True):
        answer = get(owner, path)
        assert tuple(part.word for part in answer.context["parts"]) == charts, page
        assert words(answer).count("How this is computed") == len(charts)
        for chart in charts:
            assert rows(owner, f"{chart}.csv")
            get(owner, f"{chart}.xlsx")


@pytest.mark.parametrize("page", PAGES)
def test_many_months_sources_and_classes_cost_no_more_queries(owner: StaffLogin, centrum: Location, page: str) -> None:
    wait(crowded(CalendarItemFactory(location=centrum), local("2026-10-06T18:00"), ours=2, theirs=4))
    few = queries(owner, page)
    for number in range(30):
        start = local("2026-10-06T18:00") - timedelta(days=11 * number)
        session = crowded(CalendarItemFactory(location=centrum), start, ours=1, theirs=0)
        ReservationFactory(
            session=session, source=f"market-{number}", attendance=Attendance.CHECKED_IN, checked_in_at=start
        )
        wait(session)
    assert queries(owner, page) == few


def queries(login: StaffLogin, page: str) -> int:
    client = client_of(login)
    with time_machine.travel(NOW, tick=False):
        client.get(f"/linden/insight/{page}")  # what a session asks once
        cache.clear()
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/linden/insight/{page}").status_code == 200
    return len(asked)


def test_weeks_are_compared_with_the_same_weekdays(owner: StaffLogin, centrum: Location) -> None:
    visit(centrum, local("2026-11-09T18:00"))  # Monday
    visit(centrum, local("2026-10-05T18:00"))  # five weeks earlier
    found = rows(owner, "check-ins.csv?range=this-month")
    assert [(one["Check-ins"], one["5 weeks earlier"]) for one in found] == [("0", "0"), ("0", "0"), ("1", "1")]
    assert found[-1]["Week"] == "9 Nov - 10 Nov 2026"
    assert date(2026, 11, 9).weekday() == 0
