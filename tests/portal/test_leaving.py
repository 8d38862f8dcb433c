"""Everything in one archive (N15): nothing is missing, nothing is another's, no secret, and its numbers are right."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.db import models, transaction
from django.utils import timezone, translation

from bookings.models import CalendarItem
from marketplace.models import Exchange, InboxMessage
from portal.downloads import FORMULA_STARTS, defused
from portal.erasing import belongings
from portal.leaving import archive, dictionary, tables
from portal.leaving.registry import Kind, kind_of, kinds, left_out, retention
from portal.models import Member, Studio, TicketFile
from tests.factories import CalendarItemFactory, MemberFactory, SessionFactory
from tests.world import World

pytestmark = pytest.mark.django_db
# Of the frameworks and of the installation: no row of them is a studio's.
NO_STUDIOS = {
    "admin", "auth", "contenttypes", "sessions", "account", "mfa", "usersessions", "axes",
    "portal.User", "portal.User_groups", "portal.User_user_permissions", "portal.ScheduledRun", "portal.Heartbeat",
    "portal.Answer",
}  # fmt: skip
NASTY = '=HYPERLINK("http://x.test")\r\nsecond, line; "quoted" \\ ß'


def write(studio: Studio, now: datetime) -> ZipFile:
    target = io.BytesIO()
    archive.write(studio, target, now=now)
    return ZipFile(target)


@pytest.fixture(scope="module")
def opened(houses: World, django_db_blocker: Any) -> Iterator[ZipFile]:
    """The archive of the first of two studios, made once; one of its members has a name that is trouble."""
    with django_db_blocker.unblock(), transaction.atomic():
        MemberFactory(studio=houses.own.studio, number="nasty", first_name=NASTY, last_name="")
        for at, sign in enumerate(FORMULA_STARTS):
            MemberFactory(studio=houses.own.studio, number=f"start {at}", notes=f"{sign}1+1")
        appointment = CalendarItemFactory(
            location=houses.own.place, kind=CalendarItem.Kind.APPOINTMENT, name="Knee of Kim"
        )
        SessionFactory(item=appointment, starts_at=timezone.now() + timedelta(days=1))
        plant_hook(houses.own.studio)
        yield write(houses.own.studio, timezone.now())
        transaction.set_rollback(True)


def plant_hook(studio: Studio) -> None:
    """Something came to the address of the studio's connection, and one call was refused there."""
    connection = studio.connections.get()
    given = {"studio": studio, "connection": connection, "method": "POST", "path": f"/api/webhooks/{connection.hook}/"}
    InboxMessage.objects.create(key="to the hook", body=b"{}", proof="current", **given)
    Exchange.objects.create(direction="in", at=timezone.now(), milliseconds=1, subject="webhook", **given)


def rows_of(opened: ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(opened.read(f"data/{name}.csv").decode(), newline="")))


def lines_of(opened: ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in opened.read(f"data/{name}.ndjson").decode().split("\n") if line]


def test_every_table_with_a_studios_data_leaves_or_is_named_with_the_reason() -> None:
    unnamed = []
    for model in apps.get_models(include_auto_created=True):
        label = model._meta.label
        if kind_of(model) is None and model not in left_out() and not NO_STUDIOS & {label, model._meta.app_label}:
            unnamed.append(label)
        assert not (kind_of(model) and model in left_out()), label
    assert unnamed == []
    assert not {model._meta.label for model, _path in belongings()} & NO_STUDIOS
    assert all(str(why) for why in left_out().values())


def test_every_column_has_a_form_and_points_into_the_archive() -> None:
    for kind in kinds():
        assert len(tables.types_of(kind)) == len(kind.names) == len(set(kind.names)), kind.name
        assert set(kind.without) <= {field.attname for field in kind.model._meta.concrete_fields}, kind.name
        for field in kind.fields:
            if isinstance(field, models.ForeignKey):
                assert kind_of(field.related_model), f"{kind.name}.{field.attname} points to nothing that leaves"
    assert len({kind.name for kind in kinds()}) == len(kinds())


def test_no_secret_has_a_column() -> None:
    trouble = re.compile(r"secret|sealed|password|token|digits|credential|hook")
    assert [f"{kind.name}.{name}" for kind in kinds() for name in kind.names if trouble.search(name)] == []


def test_the_address_of_webhooks_stands_nowhere(opened: ZipFile, houses: World) -> None:
    hook = houses.own.studio.connections.get().hook
    for name in opened.namelist():
        content = opened.read(name)
        assert not [word for word in (str(hook), hook.hex) if word.encode() in content], name
    for table in ("marketplace_sync_log", "marketplace_messages"):
        assert "/api/webhooks/…/" in {row["path"] for row in rows_of(opened, table)}
        assert "/api/webhooks/…/" in {line["path"] for line in lines_of(opened, table)}


def test_the_manifest_counts_what_the_database_has_and_hashes_what_is_there(opened: ZipFile, houses: World) -> None:
    manifest = json.loads(opened.read("MANIFEST.json"))
    counted = {one["name"]: one["rows"] for one in manifest["tables"]}
    ways = dict(belongings())
    for kind in kinds():
        if kind.model in ways:
            found = kind.model._default_manager.filter(**{ways[kind.model]: houses.own.studio.pk}).count()
            assert counted[kind.name] == found, kind.name
        assert len(rows_of(opened, kind.name)) == len(lines_of(opened, kind.name)) == counted[kind.name], kind.name
    assert counted["studio"] == 1
    assert {one["path"] for one in manifest["files"]} == set(opened.namelist()) - {"MANIFEST.json"}
    for one in manifest["files"]:
        content = opened.read(one["path"])
        assert (len(content), sha256(content).hexdigest()) == (one["bytes"], one["sha256"]), one["path"]
    # The world has one of almost everything: an archive of nothing would pass the above.
    assert sum(1 for rows in counted.values() if rows) > 50


def test_csv_and_json_say_the_same(opened: ZipFile) -> None:
    for kind in kinds():
        for text, value in zip(rows_of(opened, kind.name), lines_of(opened, kind.name), strict=True):
            assert list(text) == list(value) == kind.names
            for name, word in zip(kind.names, tables.types_of(kind), strict=True):
                assert same(text[name], value[name], word), (kind.name, name, text[name], value[name])


def same(text: str, value: Any, word: str) -> bool:
    if value is None:
        return text == ""
    match word:
        case "boolean":
            return text == str(value).lower()
        case "json" | "list":
            return bool(json.loads(text) == value)
        case "date-time":
            return text == value and datetime.fromisoformat(text).utcoffset() is not None
        case "text" | "file":
            return text == defused(value)
        case _:
            return text == str(value)


def test_nothing_of_another_studio_is_in_it(opened: ZipFile, houses: World) -> None:
    words = [b"Studio other", b"99other", b" at other", b" of other", b"@other.test", b"other.csv"]
    for name in opened.namelist():
        content = opened.read(name)
        assert not [word for word in words if word in content], name
    own = houses.own.studio.pk
    for kind in kinds():
        if "studio_id" in kind.names:
            assert {line["studio_id"] for line in lines_of(opened, kind.name)} <= {own}, kind.name
    other = {line["id"] for line in lines_of(opened, "members")}
    assert not other & set(Member.objects.filter(studio=houses.other.studio).values_list("pk", flat=True))
    assert [line["name"] for line in lines_of(opened, "marketplaces")] == ["Fitpass of own"]


def test_texts_that_a_spreadsheet_would_run_are_defused_and_stand_whole_in_json(opened: ZipFile) -> None:
    by_number = {row["number"]: row for row in rows_of(opened, "members")}
    assert by_number["nasty"]["first_name"] == f"'{NASTY}"
    for at, sign in enumerate(FORMULA_STARTS):
        assert by_number[f"start {at}"]["notes"] == f"'{sign}1+1"
    plain = next(line for line in lines_of(opened, "members") if line["number"] == "nasty")
    assert plain["first_name"] == NASTY
    assert plain["last_name"] == ""
    raw = opened.read("data/members.csv")
    assert raw.startswith(b"id,studio_id,number,")
    assert raw.endswith(b"\r\n")


def test_moments_have_the_offset_of_the_place_and_money_is_exact(opened: ZipFile) -> None:
    starts = [line["starts_at"] for line in lines_of(opened, "sessions")]
    assert all(datetime.fromisoformat(one).utcoffset() in {timedelta(hours=1), timedelta(hours=2)} for one in starts)
    assert all(isinstance(line["price"], str) for line in lines_of(opened, "purchases"))
    assert json.loads(opened.read("MANIFEST.json"))["time_zone"] == "Europe/Amsterdam"


def test_a_reservation_says_what_became_of_it_and_why_it_uses_what(opened: ZipFile, houses: World) -> None:
    rows = {line["id"]: line for line in lines_of(opened, "reservations")}
    own = rows[houses.own.reservation.pk]
    assert (own["state_word"], own["attendance"], own["count_word"]) == ("checked_in", "checked_in", "not_counted")
    assert {"purchase_id", "assigned", "choice"} <= set(own)


def test_files_stand_as_they_are(opened: ZipFile, houses: World) -> None:
    names = [name for name in opened.namelist() if name.startswith("files/")]
    attached = TicketFile.objects.get(message__ticket__studio=houses.own.studio)
    assert f"files/questions/{attached.pk}_canary.txt" in names
    assert opened.read(f"files/questions/{attached.pk}_canary.txt") == b"own"
    (document,) = lines_of(opened, "invoice_documents")
    (pdf,) = [name for name in names if name.startswith("files/invoices/")]
    assert pdf.endswith(document["file_name"])
    assert not [name for name in opened.namelist() if ".." in name or name.startswith("/")]


def test_the_timetable_is_open_active_without_people(opened: ZipFile) -> None:
    sessions = json.loads(opened.read("openactive/scheduled-sessions.json"))
    series = json.loads(opened.read("openactive/session-series.json"))
    assert sessions["items"]
    assert series["items"]
    known = {item["data"]["@id"] for item in series["items"]}
    for item in sessions["items"]:
        assert (item["state"], item["kind"], item["data"]["@type"]) == (
            "updated",
            "ScheduledSession",
            "ScheduledSession",
        )
        assert item["data"]["superEvent"] in known
        assert datetime.fromisoformat(item["data"]["startDate"]).utcoffset() is not None
    for item in series["items"]:
        assert {"activity", "location", "name", "offers", "organizer", "url"} <= set(item["data"])
    assert [one["modified"] for one in sessions["items"]] == sorted(one["modified"] for one in sessions["items"])
    assert sessions["next"].endswith(f"afterId={sessions['items'][-1]['id']}")
    assert b"Knee of Kim" not in opened.read("openactive/session-series.json")
    assert b"Canary" not in opened.read("openactive/scheduled-sessions.json")


def test_the_dictionary_has_a_line_for_each_column_and_says_what_stays(opened: ZipFile) -> None:
    lines = list(csv.DictReader(io.StringIO(opened.read("DATA-DICTIONARY.csv").decode(), newline="")))
    found = {(line["table"], line["column"]): line for line in lines}
    for kind in kinds():
        for name in (*kind.names, *kind.without):
            assert found[kind.name, name]["meaning"], (kind.name, name)
    assert found["reservations", "member_id"]["points_to"] == "members.id"
    assert "late_cancelled: Late cancel" in found["reservations", "booking"]["values"]
    assert found["reservations", "booked_at"]["note"] == "None where an import did not say."
    assert found["locations", "grace_minutes"]["unit"] == "minutes"
    assert found["staff_logins", "user_id"]["type"] == "left out"
    assert ("portal_job", "") in found
    page = opened.read("DATA-DICTIONARY.html").decode()
    assert all(f'id="{kind.name}"' in page for kind in kinds())


def test_the_read_me_is_in_the_studios_language(opened: ZipFile) -> None:
    text = opened.read("README.txt").decode()
    assert "Studio own" in text
    assert "MANIFEST.json" in text
    with translation.override("en"):
        assert dictionary.as_csv(archive.zone_of(Studio.objects.get(slug="own"))) == opened.read("DATA-DICTIONARY.csv")


def test_a_table_that_loses_a_row_on_the_way_makes_no_archive(houses: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tables.as_json_lines

    def short(kind: Kind, studio: Studio, *, now: datetime) -> Iterator[tuple[int, bytes]]:
        return iter(()) if kind.name == "locations" else whole(kind, studio, now=now)

    monkeypatch.setattr(tables, "as_json_lines", short)
    with pytest.raises(archive.Incomplete, match="locations"):
        write(houses.own.studio, timezone.now())


def test_bytes_have_no_column() -> None:
    with pytest.raises(tables.UnknownType):
        tables.type_of(TicketFile._meta.get_field("content"))


def test_how_long_what_is_kept_is_said() -> None:
    told = {str(one.what): str(one.how_long) for one in retention()}
    assert told["Archives with everything"] == "7 days"
    assert told["Lines of the sync log, and calls that went well"] == "90 days"
