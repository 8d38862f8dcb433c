"""A reservation history from a file: through the command, as the screen does it."""

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from bookings import actions
from bookings.exports import month_as_csv
from bookings.models import CalendarItem, ItemPackage, Pulse, Reservation, ReservationEvent, ScheduledSession
from bookings.rules import State
from portal.imports import runs
from portal.models import ImportRun, Location, Member, Studio
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
)
from tests.factories.packages import PackageVersionFactory, PurchaseFactory
from tests.portal.files import HISTORY, HISTORY_HEADER

pytestmark = pytest.mark.django_db
REAL = settings.BASE_DIR.parent / "shared" / "data" / "mindbody-reservations.csv"
S = State
OWN_OUTCOMES = {S.CHECKED_IN: 4, S.NO_SHOW: 2, S.CANCELLED: 1, S.LATE_CANCELLED: 1}


@pytest.fixture
def place() -> Location:
    return LocationFactory.create(slug="centrum", studio=StudioFactory.create(slug="linden"))


@pytest.fixture
def studio(place: Location) -> Studio:
    return place.studio


def bring(tmp_path: Path, content: str, *options: str) -> str:
    """Import this text into studio linden; what the command said."""
    file = tmp_path / "history.csv"
    file.write_text(content)
    out, err = StringIO(), StringIO()
    call_command("import_reservations", str(file), "--studio", "linden", *options, stdout=out, stderr=err)
    return out.getvalue() + err.getvalue()


def history(*rows: str) -> str:
    return "\n".join([HISTORY_HEADER, *rows, ""])


def outcomes(studio: Studio) -> Counter[str]:
    now = timezone.now()
    return Counter(reservation.state(now) for reservation in studio.reservations.select_related("session", "location"))


def undo(run: ImportRun) -> ImportRun:
    ImportRun.objects.filter(pk=run.pk).update(status=ImportRun.Status.UNDOING)
    runs.work_on(run.pk, now=timezone.now(), still_ours=lambda: None)
    run.refresh_from_db()
    return run


FILES = [(None, 8, OWN_OUTCOMES)]
if REAL.exists():
    FILES.append((REAL, 100, {S.CHECKED_IN: 68, S.NO_SHOW: 17, S.CANCELLED: 15}))  # type: ignore[arg-type]


@pytest.mark.parametrize(("file", "rows", "expected"), FILES)
def test_every_row_arrives_with_its_outcome_and_leaves_again_as_csv(
    studio: Studio, tmp_path: Path, file: Path | None, rows: int, expected: dict[State, int]
) -> None:
    said = bring(tmp_path, file.read_text() if file else HISTORY, "--location", "centrum", "--missing", "centrum")

    assert f"Imported: {rows} rows, {rows} new, 0 changed, 0 unchanged, 0 refused" in said
    found = outcomes(studio)
    if file:
        found[S.CANCELLED] += found.pop(S.LATE_CANCELLED)
    assert found == expected
    months = set(studio.reservations.dates("starts_at", "month"))
    exported = [
        row
        for month in months
        for row in csv.DictReader(
            io.StringIO(
                b"".join(month_as_csv([*studio.locations.all()], month, now=timezone.now(), with_members=True)).decode(
                    "utf-8-sig"
                )
            )
        )
    ]
    assert len(exported) == rows
    assert Counter(row["Status"] for row in exported)["Checked in"] == expected[S.CHECKED_IN]


def test_the_same_file_again_changes_nothing(studio: Studio, tmp_path: Path) -> None:
    bring(tmp_path, HISTORY, "--location", "centrum")
    events = ReservationEvent.objects.count()

    said = bring(tmp_path, HISTORY, "--location", "centrum")

    assert "0 new, 0 changed, 8 unchanged, 0 refused" in said
    assert (studio.reservations.count(), ReservationEvent.objects.count()) == (8, events)


def test_a_file_without_booking_numbers_is_recognised_again(studio: Studio, tmp_path: Path) -> None:
    content = "\n".join(line.partition(",")[2] for line in HISTORY.splitlines())

    bring(tmp_path, content, "--location", "centrum")

    assert "8 unchanged" in bring(tmp_path, content, "--location", "centrum")


def test_rows_become_members_classes_sessions_and_one_event_each(
    studio: Studio, place: Location, tmp_path: Path
) -> None:
    known = MemberFactory.create(studio=studio, number="11", first_name="Ida")

    bring(tmp_path, HISTORY, "--location", "centrum")

    assert dict(studio.members.values_list("number", "first_name")) == {
        "11": known.first_name,
        **{number: f"Member {number}" for number in ("12", "13", "14", "15")},
    }
    assert set(studio.calendar_items.values_list("name", flat=True)) == {"yoga", "barre"}
    yoga = studio.sessions.get(starts_at=datetime(2019, 2, 4, 11, tzinfo=UTC))
    assert (yoga.item.name, yoga.capacity, yoga.places_taken) == ("yoga", None, 2)
    assert yoga.ends_at - yoga.starts_at == timedelta(hours=1)
    events = ReservationEvent.objects.filter(studio=studio)
    assert [tuple(row) for row in events.values_list("kind", "by_word", "by").distinct()] == [
        ("imported", "import", None)
    ]
    assert events.count() == events.values("reservation").distinct().count() == 8
    assert Pulse.objects.get(studio=studio).version == 1


def test_sessions_and_classes_that_are_here_already_are_used(studio: Studio, place: Location, tmp_path: Path) -> None:
    item = CalendarItemFactory.create(location=place, name="Yoga", duration_minutes=90)
    session = SessionFactory.create(item=item, starts_at=datetime(2019, 2, 4, 11, tzinfo=UTC), capacity=1)

    bring(tmp_path, HISTORY, "--location", "centrum", "--good-rows-only")

    session.refresh_from_db()
    assert session.places_taken == 1
    assert set(item.sessions.exclude(pk=session.pk).values_list("capacity", flat=True)) == {None}
    assert studio.reservations.count() == 7  # one more would be above the capacity


def test_each_studio_of_the_file_can_be_another_location(studio: Studio, tmp_path: Path) -> None:
    LocationFactory.create(studio=studio, slug="noord", zone="America/New_York")

    bring(tmp_path, HISTORY, "--location", "oak-yoga=centrum", "--location", "elm-barre=noord", "--missing", "noord")

    assert Counter(studio.reservations.values_list("location__slug", flat=True)) == {"centrum": 3, "noord": 5}
    barre = studio.reservations.get(external_ref="3")
    assert barre.starts_at == datetime(2019, 2, 5, 23, tzinfo=UTC)


def test_rows_without_a_studio_are_asked_about_and_never_dropped(studio: Studio, tmp_path: Path) -> None:
    LocationFactory.create(studio=studio, slug="noord")

    with pytest.raises(CommandError) as asked:
        bring(tmp_path, HISTORY, "--location", "oak-yoga=centrum", "--location", "elm-barre=noord")

    assert "no studio named, 1 Oak Lane" in str(asked.value)
    assert "no studio named, 2 Elm Street" in str(asked.value)
    assert studio.reservations.count() == 0


def test_rows_can_be_left_out_on_purpose_and_are_then_listed(studio: Studio, tmp_path: Path) -> None:
    said = bring(tmp_path, HISTORY, "--location", "centrum", "--missing", "-", "--good-rows-only")

    assert "6 new" in said
    assert "Line 6: studio or location: You chose to leave these rows out." in said


BAD = history(
    "1,11,oak,,yoga,,,2019-02-04 12:00:00,",
    "2,12,oak,,yoga,,,,",
    "3,13,oak,,yoga,,,2019-13-04 12:00:00,",
    "1,11,oak,,yoga,,,2019-02-04 12:00:00,",
    "5,11,oak,,yoga,,,2019-02-04 12:00:00,",
    "6,,oak,,yoga,,,2019-02-04 12:00:00,",
    f"7,14,oak,,{'y' * 101},,,2019-02-04 12:00:00,",
    "8,15,oak,,yoga,,,2019-02-04 12:00:00,sometime",
)


def test_refused_rows_are_named_with_line_and_reason_and_the_rest_is_imported(studio: Studio, tmp_path: Path) -> None:
    said = bring(tmp_path, BAD, "--location", "centrum", "--good-rows-only")

    assert "1 new, 0 changed, 0 unchanged, 7 refused" in said
    for line in (
        "Line 3: start of the class: There is no date.",
        "Line 4: start of the class: “2019-13-04 12:00:00” is not a date.",
        "Line 5: This is the same booking as in line 2.",
        "Line 6: Member 11 has this class at this time in line 2.",
        "Line 7: member number: There is neither a member number nor an e-mail.",
        "Line 8: class: This has 101 characters, at most 100 fit.",
        "Line 9: checked in at: “sometime” is not a date.",
    ):
        assert line in said
    assert [studio.reservations.count(), studio.members.count(), studio.sessions.count()] == [1, 1, 1]


def test_nothing_is_imported_while_a_row_is_refused_unless_asked_for(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Nothing was imported"):
        bring(tmp_path, BAD, "--location", "centrum")

    assert [studio.reservations.count(), studio.members.count(), studio.sessions.count()] == [0, 0, 0]


def test_a_dry_run_writes_nothing(studio: Studio, tmp_path: Path) -> None:
    assert "8 new" in bring(tmp_path, HISTORY, "--location", "centrum", "--dry-run")

    counts = [model.objects.count() for model in (Reservation, Member, ScheduledSession, CalendarItem, ImportRun)]
    assert counts == [0] * 5


def test_other_systems_columns_map_without_code(studio: Studio, tmp_path: Path) -> None:
    content = """Kurs;Datum;Uhrzeit;E-Mail;Kunde;Storniert;Anwesend
Pilates;04.02.2019;18:00;ida@example.test;Ida Lund;nein;ja
Pilates;04.02.2019;18:00;bo@example.test;Bo Lund;ja;nein
Pilates;14.02.2019;18:00;ida@example.test;Ida Lund;nein;nein
"""

    bring(tmp_path, content, "--location", "centrum")

    assert outcomes(studio) == {S.CHECKED_IN: 1, S.CANCELLED: 1, S.NO_SHOW: 1}
    assert set(studio.members.values_list("number", "first_name", "last_name", "email")) == {
        ("1", "Ida", "Lund", "ida@example.test"),
        ("2", "Bo", "Lund", "bo@example.test"),
    }
    assert set(studio.reservations.values_list("booked_at", flat=True)) == {None}


def test_status_words_of_other_systems_are_mapped_by_value(studio: Studio, tmp_path: Path) -> None:
    content = "\n".join(
        [
            "member id,class,date,status",
            *(
                f"{n},flow,03/04/2019 10:00,{word}"
                for n, word in enumerate(["Attended", "Absent", "Late Cancel", "Zzz"])
            ),
        ]
    )

    with pytest.raises(CommandError) as asked:
        bring(tmp_path, content, "--location", "centrum")
    assert "status:zzz" in str(asked.value)
    assert "order" in str(asked.value)

    bring(tmp_path, content, "--location", "centrum", "--status", "Zzz=excused", "--dates", "mdy")
    assert outcomes(studio) == {S.CHECKED_IN: 1, S.NO_SHOW: 1, S.LATE_CANCELLED: 1, S.EXCUSED: 1}
    assert studio.sessions.get().starts_at.date() == date(2019, 3, 4)


def test_contradictions_are_imported_as_what_happened_and_flagged(studio: Studio, tmp_path: Path) -> None:
    bring(
        tmp_path,
        history(
            "1,11,oak,,yoga,,2019-02-04 08:00:00,2019-02-04 12:00:00,2019-02-04 11:58:00",
            "2,12,oak,,yoga,,,2019-02-04 12:00:00,2019-02-05 11:58:00",
        ),
        "--location",
        "centrum",
    )

    assert dict(studio.reservations.values_list("external_ref", "flagged")) == {
        "1": "cancelled and checked in",
        "2": "checked in on another day",
    }
    assert outcomes(studio) == {S.CHECKED_IN: 2}


def test_a_newer_export_changes_what_changed(studio: Studio, tmp_path: Path) -> None:
    bring(tmp_path, HISTORY, "--location", "centrum")
    newer = HISTORY.replace("2019-02-05 18:00:00,\n", "2019-02-05 18:00:00,2019-02-05 18:01:00\n", 1)

    said = bring(tmp_path, newer, "--location", "centrum")

    assert "0 new, 1 changed, 7 unchanged" in said
    event = studio.reservations.get(external_ref="3").events.latest("id")
    assert (event.before["attendance"], event.after["attendance"]) == ("no_show", "checked_in")


def test_what_a_person_corrected_here_is_not_overwritten(studio: Studio, place: Location, tmp_path: Path) -> None:
    place.correction_hours = 24 * 62
    place.save()
    start = (timezone.now() - timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    row = f"1,11,oak,,yoga,,,{start.astimezone(place.tz):%Y-%m-%d %H:%M:%S}"
    bring(tmp_path, history(f"{row},"), "--location", "centrum")
    by = StaffLoginFactory.create(studio=studio)
    actions.check_in(studio.reservations.get(), action_id=uuid4(), by=by, now=timezone.now())

    said = bring(tmp_path, history(f"{row},"), "--location", "centrum", "--good-rows-only")

    assert "This booking was changed here since it was imported; that stays." in said
    assert outcomes(studio) == {S.CHECKED_IN: 1}


def test_the_number_of_another_systems_booking_is_not_taken_for_ours(studio: Studio, tmp_path: Path) -> None:
    bring(tmp_path, HISTORY, "--location", "centrum")
    other = history("1,99,oak,,spin,,,2019-03-04 12:00:00,")

    assert "Is this the file of another system?" in bring(tmp_path, other, "--location", "centrum", "--good-rows-only")
    assert "1 new" in bring(tmp_path, other, "--location", "centrum", "--origin", "cycle")
    assert studio.reservations.get(external_ref="cycle:1").member.number == "99"


def test_an_import_can_be_taken_back_whole(studio: Studio, tmp_path: Path) -> None:
    MemberFactory.create(studio=studio, number="11")
    bring(tmp_path, HISTORY, "--location", "centrum")

    run = undo(ImportRun.objects.get())

    assert (run.status, run.counts["kept"]) == ("undone", 0)
    assert [studio.reservations.count(), studio.sessions.count(), studio.calendar_items.count()] == [0, 0, 0]
    assert studio.members.get().number == "11"
    assert "8 new" in bring(tmp_path, HISTORY, "--location", "centrum")


def test_taking_back_restores_what_was_changed_and_keeps_what_is_in_use(studio: Studio, tmp_path: Path) -> None:
    bring(tmp_path, HISTORY, "--location", "centrum")
    first = ImportRun.objects.get()
    newer = HISTORY.replace("2019-02-05 18:00:00,\n", "2019-02-05 18:00:00,2019-02-05 18:01:00\n", 1)
    newer += "9,77,oak-yoga,1 Oak Lane,yoga,,,2019-02-04 12:00:00,\n"
    bring(tmp_path, newer, "--location", "centrum")
    second = ImportRun.objects.exclude(pk=first.pk).get()

    assert undo(second).counts["kept"] == 0
    assert outcomes(studio) == OWN_OUTCOMES
    assert not studio.members.filter(number="77").exists()

    member = studio.members.get(number="12")
    member.first_name = "Kim"
    member.save()
    assert undo(first).counts["kept"] == 1
    assert [studio.reservations.count(), studio.members.get().first_name] == [0, "Kim"]
    assert first.rows.get(line=3).kept == "It was changed since; that stays."


def test_a_reservation_that_was_corrected_since_stays(studio: Studio, place: Location, tmp_path: Path) -> None:
    start = (timezone.now() - timedelta(hours=20)).replace(minute=0, second=0, microsecond=0)
    local = f"{start.astimezone(place.tz):%Y-%m-%d %H:%M:%S}"
    bring(tmp_path, history(f"1,11,oak,,yoga,,,{local},", f"2,12,oak,,yoga,,,{local},"), "--location", "centrum")
    corrected = studio.reservations.get(external_ref="1")
    actions.check_in(corrected, action_id=uuid4(), by=StaffLoginFactory.create(studio=studio), now=timezone.now())

    run = undo(ImportRun.objects.get())

    assert studio.reservations.get() == corrected
    assert set(run.rows.exclude(kept="").values_list("line", flat=True)) == {2}
    assert studio.sessions.get().places_taken == 1


def test_hostile_text_is_kept_as_text(studio: Studio, tmp_path: Path) -> None:
    names = ['<script>alert("x")</script>', "مريم العربي", "🧘 Zoë", "=HYPERLINK(1)", "'; DROP TABLE x; --"]
    text = io.StringIO()
    rows = [[n, name, "flow", "2019-02-04 12:00:00", "1"] for n, name in enumerate(names)]
    csv.writer(text).writerows([["member id", "member name", "class", "date", "attended"], *rows])

    bring(tmp_path, text.getvalue(), "--location", "centrum")

    assert sorted(str(member) for member in studio.members.all()) == sorted(names)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--column", "nonsense=id"], "choose among"),
        (["--column", "class_name=nonsense"], "The file has no column nonsense"),
        (["--location", "nowhere"], "Not said yet"),
        (["--encoding", "cp1250", "--separator", "tab"], "Choose the column"),
    ],
)
def test_options_that_make_no_sense_are_explained(
    studio: Studio, tmp_path: Path, option: list[str], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        bring(tmp_path, HISTORY, *option)

    assert not ImportRun.objects.exists()


def test_what_is_still_to_come_uses_a_purchase_and_what_has_begun_does_not(studio: Studio, tmp_path: Path) -> None:
    """K3: by whatever road it is booked; the past was counted by the other system."""
    item = CalendarItemFactory(location=studio.locations.get(), name="yoga")
    terms = PackageVersionFactory(package__studio=studio, uses=1)
    ItemPackage.objects.create(studio=studio, item=item, package=terms.package)
    pack = PurchaseFactory(version=terms, member=MemberFactory(studio=studio, number="11"))
    days = [(timezone.now() + timedelta(days=n)).strftime("%Y-%m-%d 12:00:00") for n in (-3, 9, 5)]
    rows = [f"{number},11,oak,,yoga,2026-01-01 10:00:00,,{day}," for number, day in enumerate(days)]
    other = f"7,12,oak,,spin,2026-01-01 10:00:00,,{days[1]},"
    bring(tmp_path, history(*rows, other), "--location", "centrum")
    past, first, second = studio.reservations.filter(session__item=item).order_by("starts_at")
    assert (past.purchase, first.purchase, second.purchase) == (None, pack, None)
    assert [one.assigned for one in (past, first, second)] == ["free", "rule", "rule"]
    assert studio.reservations.get(member__number="12").assigned == "free"


def test_a_later_file_never_uses_anothers_purchase_nor_one_use_twice(studio: Studio, tmp_path: Path) -> None:
    """Booked for somebody else by now; cancelled and booked again after the use went elsewhere."""
    item = CalendarItemFactory(location=studio.locations.get(), name="yoga")
    terms = PackageVersionFactory(package__studio=studio, uses=1)
    ItemPackage.objects.create(studio=studio, item=item, package=terms.package)
    pack = PurchaseFactory(version=terms, member=MemberFactory(studio=studio, number="11"))
    days = [(timezone.now() + timedelta(days=n)).strftime("%Y-%m-%d 12:00:00") for n in (5, 9)]
    booked = "2026-01-01 10:00:00"

    def file(*rows: tuple[int, int, str, int]) -> list[int | None]:
        lines = [f"{ref},{member},oak,,yoga,{booked},{cancelled},{days[day]}," for ref, member, cancelled, day in rows]
        bring(tmp_path, history(*lines), "--location", "centrum")
        connection.check_constraints()
        return list(studio.reservations.order_by("external_ref").values_list("purchase_id", flat=True))

    assert file((1, 11, "", 0)) == [pack.pk]
    assert file((1, 12, "", 0)) == [None]
    assert file((1, 11, "", 0)) == [pack.pk]
    assert file((1, 11, booked, 0), (2, 11, "", 1)) == [pack.pk, pack.pk]
    assert file((1, 11, "", 0), (2, 11, "", 1)) == [None, pack.pk]
    assert studio.reservations.get(external_ref="1").is_unpaid
