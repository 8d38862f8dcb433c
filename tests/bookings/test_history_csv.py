"""The month as a file (P7, Q38): what stands in it, for whom, and that it can be opened without harm."""

import csv
import io
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.pq import TransactionStatus

from bookings.exports import month_as_csv
from bookings.models import Reservation
from bookings.rules import Attendance, Booking, State
from bookings.states import STATE_WORDS
from portal import roles
from portal.downloads import FORMULA_STARTS, defused
from portal.models import Location, Member, StaffLogin
from portal.roles import Preset, Right
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

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
OCTOBER = date(2026, 10, 1)
NOW = datetime(2026, 11, 10, 12, tzinfo=AMSTERDAM)


@pytest.fixture
def place(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden")


def visit(place: Location, start: datetime, **fields: Any) -> Reservation:
    """A reservation of a class of one hour; checked in five minutes before the start unless told otherwise."""
    session = SessionFactory(item=CalendarItemFactory(location=place), starts_at=start)
    here = {"attendance": Attendance.CHECKED_IN, "checked_in_at": start - timedelta(minutes=5)}
    return ReservationFactory(session=session, **(here | fields))


def october(day: int, clock: str = "18:00") -> datetime:
    return datetime.fromisoformat(f"2026-10-{day:02}T{clock}").replace(tzinfo=AMSTERDAM)


def read(chunks: Iterator[bytes], *, delimiter: str = ",") -> list[dict[str, str]]:
    text = b"".join(chunks).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def rows_of(*places: Location, month: date = OCTOBER, with_members: bool = True) -> list[dict[str, str]]:
    return read(month_as_csv(list(places), month, now=NOW, with_members=with_members))


def download(login: StaffLogin, query: str = "") -> Any:
    client = Client()
    client.force_login(login.user)
    with time_machine.travel(NOW, tick=False):
        return client.get(f"/{login.studio.slug}/history/2026-10.csv{query}")


def test_a_row_says_who_was_where_when_and_what_became_of_it(place: Location) -> None:
    ana = StaffLoginFactory(studio=place.studio, user__name="Ana Vos")
    item = CalendarItemFactory(location=place, name="Vinyasa Flow", kind="workshop")
    session = SessionFactory(
        item=item, starts_at=october(6), teacher=TeacherFactory(studio=place.studio, name="Mira Okafor")
    )
    kim = MemberFactory(studio=place.studio, first_name="Kim", last_name="de Boer", number="4711")
    terms = PackageVersionFactory(package__studio=place.studio, package__name="Five Pack")
    ReservationFactory(
        session=session,
        member=kim,
        purchase=PurchaseFactory(member=kim, version=terms),
        source="wellpass",
        booked_at=october(4, "09:30"),
        attendance=Attendance.CHECKED_IN,
        checked_in_at=october(6, "18:07"),
        checked_in_by=ana,
        flagged="cancelled and checked in",
    )
    assert rows_of(place) == [
        {
            "Month": "2026-10",
            "Location": "Centrum",
            "Class": "Vinyasa Flow",
            "Kind": "Workshop",
            "Start": "2026-10-06T18:00:00+02:00",
            "Teacher": "Mira Okafor",
            "Member": "Kim de Boer",
            "Member number": "4711",
            "Source": "wellpass",
            "Booked at": "2026-10-04T09:30:00+02:00",
            "Status": "Checked in",
            "Checked in at": "2026-10-06T18:07:00+02:00",
            "Checked in by": "Ana Vos",
            "Minutes late": "7",
            "First visit": "yes",
            "Cancelled at": "",
            "Package": "Five Pack",
            "Counts against package": "yes",
            "To look at": "cancelled and checked in",
        }
    ]


def test_what_uses_no_package_says_nothing_of_counting(place: Location) -> None:
    visit(place, october(6))
    [row] = rows_of(place)
    assert (row["Package"], row["Counts against package"]) == ("", "")


def test_the_month_is_the_locations_own_and_that_of_the_start(place: Location) -> None:
    """Q15: a class on the 31st from 23:30 to 00:30, ticked at 00:01, belongs to the old month; so does its hour."""
    late = visit(place, october(31, "23:30"), checked_in_at=datetime(2026, 11, 1, 0, 1, tzinfo=AMSTERDAM))
    visit(place, datetime(2026, 11, 1, 0, 0, tzinfo=AMSTERDAM))
    visit(place, datetime(2026, 9, 30, 23, 59, tzinfo=AMSTERDAM))
    early = visit(place, october(1, "00:00"))
    found = rows_of(place)
    assert [row["Member number"] for row in found] == [early.member.number, late.member.number]
    # The clock went back on the 25th: summer time before, winter time after.
    assert [row["Start"] for row in found] == ["2026-10-01T00:00:00+02:00", "2026-10-31T23:30:00+01:00"]
    assert found[1]["Minutes late"] == "31"


def test_each_location_writes_its_own_hours(place: Location) -> None:
    london = LocationFactory(studio=place.studio, zone="Europe/London", position=1)
    visit(place, october(31, "23:30"))
    visit(london, october(31, "23:30"))
    # Half past midnight in Amsterdam is November there and still October in London.
    visit(london, datetime(2026, 11, 1, 0, 30, tzinfo=AMSTERDAM))
    assert [row["Start"] for row in rows_of(place, london)] == [
        "2026-10-31T23:30:00+01:00",
        "2026-10-31T22:30:00+00:00",
        "2026-10-31T23:30:00+00:00",
    ]


def test_status_and_star_are_those_that_the_screens_show(place: Location) -> None:
    regular = MemberFactory(studio=place.studio)
    cancelled_at = october(1, "08:00")
    given_up = {"attendance": Attendance.UNKNOWN, "checked_in_at": None, "cancelled_at": cancelled_at}
    visit(place, october(1), member=regular)
    visit(place, october(2), member=regular)
    visit(place, october(3), attendance=Attendance.UNKNOWN, checked_in_at=None)
    visit(place, october(4), attendance=Attendance.NO_SHOW, checked_in_at=None, member=regular)
    visit(place, october(5), booking=Booking.CANCELLED, **given_up)
    visit(place, october(6), booking=Booking.CANCELLED, excused=True, **given_up)
    visit(place, october(7), booking=Booking.LATE_CANCELLED, **given_up)
    off = visit(place, october(8), attendance=Attendance.UNKNOWN, checked_in_at=None)
    off.session.cancelled_at = october(7)
    off.session.save()
    shown = Reservation.objects.with_state(NOW).with_first_visit().order_by("starts_at")
    found = rows_of(place)
    assert [row["Status"] for row in found] == [str(STATE_WORDS[State(one.state_word)]) for one in shown]
    assert [row["First visit"] for row in found] == ["yes" if one.first_here else "no" for one in shown]
    assert {row["Status"] for row in found} == {
        "Checked in", "No-show", "Cancelled", "Excused", "Late cancel", "Class cancelled"
    }  # fmt: skip


@pytest.mark.parametrize(("language", "delimiter"), [("en", ","), ("de", ";"), ("nl", ";")])
def test_the_separator_is_what_spreadsheets_of_the_language_expect(
    place: Location, language: str, delimiter: str
) -> None:
    visit(place, october(6), member=MemberFactory(studio=place.studio, first_name='Kim; "K", the\nfirst'))
    with translation.override(language):
        data = b"".join(month_as_csv([place], OCTOBER, now=NOW, with_members=True))
    assert data.startswith(b"\xef\xbb\xbf")
    assert not data.startswith(b"\xef\xbb\xbfsep=")
    (row,) = read(iter([data]), delimiter=delimiter)
    assert 'Kim; "K", the\nfirst' in "".join(row.values())


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
nasty = st.sampled_from(
    [
        '=HYPERLINK("http://x","y")',
        "\t=1+1",
        "＝1+1",
        "-1",
        "+49",
        "@x",
        "\r\nx",
        "a;b,c",
        '"',
        "🤸",
        "مريم",
        "\\.",
        "''",
    ]
)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names | nasty, number=names | nasty)
def test_no_name_becomes_a_formula_and_none_is_changed_otherwise(place: Location, name: str, number: str) -> None:
    member = Member.objects.first() or visit(place, october(6)).member
    member.first_name, member.last_name, member.number = name, "", number
    member.save()
    (row,) = rows_of(place)
    assert row["Member"] == defused(name)
    assert row["Member number"] == defused(member.number)
    for cell in row.values():
        assert cell[:1] not in FORMULA_STARTS or not cell


def test_class_teacher_location_and_notes_are_defused_too(place: Location) -> None:
    place.name = "=Centrum"
    place.save()
    item = CalendarItemFactory(location=place, name="@Yoga")
    session = SessionFactory(item=item, starts_at=october(6), teacher=TeacherFactory(studio=place.studio, name="+Mira"))
    ana = StaffLoginFactory(studio=place.studio, user__name="-Ana")
    ReservationFactory(
        session=session,
        source="-wellpass",
        attendance=Attendance.CHECKED_IN,
        checked_in_at=october(6),
        checked_in_by=ana,
        flagged="=1",
    )
    (row,) = rows_of(place)
    wanted = ["Location", "Class", "Teacher", "Source", "Checked in by", "To look at"]
    assert [row[name] for name in wanted] == ["'=Centrum", "'@Yoga", "'+Mira", "'-wellpass", "'-Ana", "'=1"]


def test_the_file_is_named_after_place_and_month_and_holds_what_is_filtered(place: Location) -> None:
    noord = LocationFactory(studio=place.studio, slug="noord", position=1)
    here, there = visit(place, october(6)), visit(noord, october(7))
    owner = StaffLoginFactory(studio=place.studio)
    everything, filtered = download(owner), download(owner, "?location=noord")
    assert everything["Content-Disposition"] == 'attachment; filename="checkins_linden_2026-10.csv"'
    assert filtered["Content-Disposition"] == 'attachment; filename="checkins_noord_2026-10.csv"'
    assert everything["Content-Type"] == "text/csv; charset=utf-8"
    numbers = [[row["Member number"] for row in read(answer)] for answer in (everything, filtered)]
    assert numbers == [[here.member.number, there.member.number], [there.member.number]]


def test_another_studios_rows_are_not_in_it(place: Location) -> None:
    visit(LocationFactory(), october(6))
    assert read(download(StaffLoginFactory(studio=place.studio))) == []


@pytest.mark.parametrize(
    ("preset", "status"),
    [(Preset.OWNER, 200), (Preset.MANAGER, 200), (Preset.DESK, 403), (Preset.TEACHER, 403), (Preset.VIEWER, 403)],
)
def test_only_who_may_export_gets_the_file(place: Location, preset: Preset, status: int) -> None:
    assert download(StaffLoginFactory(studio=place.studio, preset=preset)).status_code == status


def test_exporting_needs_the_history_too(place: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(roles.RIGHTS, Preset.MANAGER, frozenset({Right.EXPORT}))
    assert download(StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)).status_code == 403


def test_without_the_contact_right_the_columns_about_members_are_left_out(
    place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(roles.RIGHTS, Preset.MANAGER, frozenset({Right.EXPORT, Right.VIEW_HISTORY}))
    visit(place, october(6), member=MemberFactory(studio=place.studio, first_name="Xanthippe", number="X-4711"))
    answer = download(StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER))
    content = b"".join(answer).decode()
    assert "Xanthippe" not in content
    assert "X-4711" not in content
    assert content.count("\n") == 2
    assert "Member" not in content.splitlines()[0]


@pytest.mark.parametrize("month", ["2026-13", "0000-01", "1969-12", "abc", "9999-12", "2026-12"])
def test_a_month_that_is_none_or_has_not_begun_is_not_found(place: Location, month: str) -> None:
    login = StaffLoginFactory(studio=place.studio)
    client = Client()
    client.force_login(login.user)
    with time_machine.travel(NOW, tick=False):
        assert client.get(f"/{place.studio.slug}/history/{month}.csv").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_slow_reader_is_not_cut_off_by_the_limits_for_pages() -> None:
    place = LocationFactory()
    visit(place, october(6))
    visit(place, october(7))
    with connection.cursor() as cursor:
        for limit in ("transaction_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SET {limit} = '300ms'")
    try:
        chunks = month_as_csv([place], OCTOBER, now=NOW, with_members=True, chunk_bytes=1)
        found = []
        for chunk in chunks:
            found.append(chunk)
            time.sleep(0.4)
        assert len(read(iter(found))) == 2
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_reader_who_goes_away_leaves_a_connection_that_works() -> None:
    place = LocationFactory()
    for day in range(1, 9):
        visit(place, october(day))
    chunks = month_as_csv([place], OCTOBER, now=NOW, with_members=True, chunk_bytes=1)
    next(chunks)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert not connection.in_atomic_block
    assert connection.connection.info.transaction_status == TransactionStatus.IDLE
    assert Reservation.objects.count() == 8
