"""The studio's log: every kind has words, everything stands in it once, a page costs the same for many rows."""

import ast
import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings import actions
from bookings.actions import rooms
from bookings.models import ReservationEvent, Room, Spot
from packages import actions as packages
from portal.changes import record_change
from portal.log.reading import Mark, all_rows, page
from portal.log.registry import Asked, Reader, sources, subjects
from portal.members import editing, merging
from portal.models import Change, ClosingDays, Location, StaffLogin
from portal.preferences import changing
from portal.roles import Preset
from portal.staff import logins
from tests.bookings.scenes import booked
from tests.factories import LocationFactory, MemberFactory, SessionFactory, StaffLoginFactory
from tests.factories.packages import PackageVersionFactory, PurchaseFactory
from tests.world import World

pytestmark = pytest.mark.django_db
CALLS = {"record_change": 1, "record_changes": 1}
# Where the kind of a change is worked out: which ones it comes to.
WORKED_OUT = {
    "portal/changes.py": set(),
    "packages/actions/selling.py": {"archived", "restored"},
    "bookings/actions/rooms.py": {"renamed", "removed", "spots_ordered", "blocked", "unblocked"},
    "bookings/actions/schedule/carrying_out.py": {"edited", "scheduled", "copied"},
    "bookings/actions/schedule/items.py": {"deleted", "archived"},
    "marketplace/actions/retiring.py": {"passes_retired", "passes_restored"},
    "marketplace/actions/agreeing.py": {"contract_written_down", "contract_changed"},
    "portal/operator/told.py": {"edited", "password_set", "step_removed"},
    "portal/preferences/changing.py": {"set"},
    "portal/staff/invitations.py": {"resent", "link_shown", "granted", "declined", "withdrawn"},
    "portal/onboarding/path.py": {"step_done", "step_skipped"},
    "portal/views/onboarding.py": {"set"},
    "portal/support/tickets.py": {"opened", "replied", "answered", "closed", "reopened"},
    "reviews/actions/responding.py": {"replied", "reply_changed", "reply_withdrawn"},
    "reviews/actions/deciding.py": {"hidden", "kept", "shown_again", "visit_stands", "visit_fell"},
}


@pytest.fixture
def place() -> Location:
    return LocationFactory(studio__slug="ours", slug="centrum", name="Centrum")


@pytest.fixture
def owner(place: Location, client: Client) -> StaffLogin:
    login = StaffLoginFactory(studio=place.studio, preset=Preset.OWNER, user__name="Linde Owner")
    client.force_login(login.user)
    return login


def kinds_in_code() -> Iterator[tuple[str, str | None]]:
    """Each kind that is recorded, with its file; None where it is not written there as a word."""
    for app in ("portal", "packages", "bookings", "reviews", "marketplace", "invoicing", "config"):
        for path in sorted(Path(settings.BASE_DIR, app).rglob("*.py")):
            text = path.read_text()
            if "record_change" not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
                    for word in words_of(node.args[1]):
                        yield str(path.relative_to(settings.BASE_DIR)), word


def words_of(node: ast.expr) -> list[str | None]:
    if isinstance(node, ast.Constant):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [*words_of(node.body), *words_of(node.orelse)]
    return [None]


def test_every_kind_of_change_in_the_code_has_words() -> None:
    known = {kind for subject in subjects().values() for kind in subject.kinds}
    found = list(kinds_in_code())
    assert {path for path, kind in found if kind is None} == set(WORKED_OUT)
    told = {kind for _path, kind in found if kind} | set().union(*WORKED_OUT.values())
    assert told - known == set()
    assert len(found) > 60


def test_every_kind_of_every_source_has_words() -> None:
    for source in sources():
        for kind, words in source.kinds().items():
            assert str(words).strip(), (source.word, kind)
    assert ReservationEvent.Kind.SPOT_CHANGED in next(one for one in sources() if one.word == "reservation").kinds()


def test_a_house_with_everything_is_told_in_words(houses: World, client: Client) -> None:
    client.force_login(houses.own.owner.user)
    known = subjects()
    for change in Change.objects.filter(studio=houses.own.studio):
        assert change.kind in known[change.subject].kinds, (change.subject, change.kind)
    response = client.get("/own/log/")
    assert response.status_code == 200
    rows = [row.shown for _day, of_day in response.context["days"] for row in of_day]
    assert {row.mark.source for row in rows} >= {"change", "reservation", "waiting", "import", "statement"}
    assert [row.mark for row in rows] == sorted((row.mark for row in rows), reverse=True)
    assert "of other" not in response.content.decode()
    urls = {row.line.about.url.partition("#")[0]: row.line.thing for row in rows if row.line.about.url}
    for url, thing in urls.items():
        assert client.get(url).status_code in (200, 302), thing


@pytest.mark.parametrize(("preset", "pinned"), [(Preset.DESK, False), (Preset.VIEWER, False), (Preset.MANAGER, True)])
def test_who_may_not_read_it_finds_nothing(client: Client, place: Location, preset: Preset, pinned: bool) -> None:
    login = StaffLoginFactory(studio=place.studio, preset=preset)
    if pinned:
        login.locations.add(place)
    client.force_login(login.user)
    for path in ("/ours/log/", "/ours/log.csv"):
        assert client.get(path).status_code == 404


def busy(place: Location, owner: StaffLogin, number: int) -> None:
    """So many of each: a booking with its check-in, a purchase on hold, a changed member."""
    now = timezone.now()
    session = SessionFactory(item__location=place, starts_at=now - timedelta(minutes=10), capacity=None)
    version = PackageVersionFactory(package__studio=place.studio)
    for _each in range(number):
        member = MemberFactory(studio=place.studio)
        row = booked(session, member, now=now - timedelta(minutes=20))
        actions.check_in(row, action_id=uuid4(), by=owner, now=now)
        bought = PurchaseFactory(version=version, member=member)
        packages.hold(bought, first_on=now.date(), last_on=None, reason="away", action_id=uuid4(), by=owner, now=now)
        editing.edit(member, {"phone": "+31 6 1234 5678"}, by=owner, now=now)


def test_a_page_costs_the_same_with_one_and_with_many(client: Client, owner: StaffLogin, place: Location) -> None:
    def cost() -> int:
        client.get("/ours/log/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/ours/log/").status_code == 200
        return len(queries)

    busy(place, owner, 1)
    before = cost()
    busy(place, owner, 6)
    assert cost() == before


def test_pages_hold_everything_once_in_both_directions(owner: StaffLogin, place: Location) -> None:
    busy(place, owner, 4)
    reader, asked = Reader(owner, [place], timezone.now()), Asked()
    whole = [row.mark for row in page(asked, reader, size=500).rows]
    assert len(whole) == len(set(whole)) > 14
    read: list[Mark] = []
    mark: Mark | None = None
    while True:
        found = page(asked, reader, older_than=mark, size=5)
        assert (found.newer is None) == (mark is None)
        read += [row.mark for row in found.rows]
        last = found
        if found.older is None:
            break
        mark = found.older
    assert read == whole
    back = page(asked, reader, newer_than=last.rows[0].mark, size=5)
    start = whole.index(last.rows[0].mark)
    assert [row.mark for row in back.rows] == whole[start - 5 : start]
    assert Mark.of(str(whole[3])) == whole[3]
    assert [Mark.of(text) for text in ("", "x", "2026-01-01~change~1", "2026-01-01T00:00:00+00:00~x~1")] == [None] * 4


def told(client: Client, query: str = "") -> list[str]:
    response = client.get(f"/ours/log/{query}")
    assert response.status_code == 200
    return [f"{row.line.by}: {row.line.what}" for _day, rows in response.context["days"] for row in rows]


def test_it_is_filtered_by_person_thing_and_day(client: Client, owner: StaffLogin, place: Location) -> None:
    now = timezone.now()
    member = MemberFactory(studio=place.studio)
    editing.block(member, "owes", by=owner, now=now)
    at_work = {"studio": place.studio, "now": now}
    record_change(member, "created", by=None, by_word="import", **at_work)
    record_change(place.studio, "looked_in", by=None, by_word="operator", **at_work)
    other = MemberFactory(studio=place.studio)
    record_change(other, "edited", by=owner, studio=place.studio, now=now - timedelta(days=3))
    assert told(client, "?person=machines") == ["an import: became a member"]
    assert told(client, "?person=operator") == ["the operator: the operator looked in"]
    assert told(client, f"?person={owner.pk}") == ["Linde Owner: blocked", "Linde Owner: data changed"]
    assert told(client, "?thing=studio") == ["the operator: the operator looked in"]
    assert told(client, f"?thing=member&id={other.pk}") == ["Linde Owner: data changed"]
    day = (now - timedelta(days=3)).astimezone(place.tz).date()
    assert told(client, f"?day={day}") == ["Linde Owner: data changed"]
    assert len(told(client, "?day=never&person=nobody&thing=nothing&id=x&older=forged")) == 4


def test_it_is_searched_by_words_and_says_how_far_it_has_looked(
    client: Client, owner: StaffLogin, place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, at_work = timezone.now(), {"by": owner, "studio": place.studio}
    zoe = MemberFactory(studio=place.studio, first_name="Zoë", last_name="Späth")
    record_change(zoe, "photo", now=now - timedelta(days=2), **at_work)
    for hours in range(6):
        record_change(place, "created", now=now - timedelta(hours=hours), **at_work)
    assert told(client, "?q=SPATH+zoe") == ["Linde Owner: photo changed"]
    assert told(client, "?q=spath+linde+photo&thing=member") == ["Linde Owner: photo changed"]
    assert told(client, "?q=spath+edited") == []
    assert client.get("/ours/log.csv?q=spath").getvalue().decode().count("\r\n") == 2
    monkeypatch.setattr("portal.log.searching.LOOKED_AT", 4)
    monkeypatch.setattr("portal.log.searching.AT_ONCE", 4)
    answer = client.get("/ours/log/?q=spath")
    assert "Looked through 4 lines" in answer.content.decode()
    assert told(client, "?q=spath") == []
    assert told(client, answer.context["older"]) == ["Linde Owner: photo changed"]
    assert "Looked through to the beginning." in client.get(f"/ours/log/{answer.context['older']}").content.decode()
    monkeypatch.setattr("portal.log.searching.LOOKED_AT_FOR_FILE", 4)
    file = client.get("/ours/log.csv?q=spath").getvalue().decode().splitlines()
    assert len(file) == 2
    assert "Looked through 4 lines, back to" in file[-1]
    assert client.get("/ours/log.csv").getvalue().decode().count("\r\n") == 8  # without words it has them all
    monkeypatch.setattr("portal.log.searching.LOOKED_AT_FOR_FILE", 7)
    assert "Looked" not in client.get("/ours/log.csv?q=spath").getvalue().decode()
    long = "spath+" + 120 * "x"
    assert told(client, f"?q={long}") == []  # cut, but not left out
    assert client.get(f"/ours/log.csv?q={long}").getvalue().decode().count("\r\n") == 1


def test_a_file_reads_each_row_once_and_in_order(
    owner: StaffLogin, place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(place, owner, 4)
    reader, asked = Reader(owner, [place], timezone.now()), Asked()
    whole = [row.mark for row in page(asked, reader, size=500).rows]
    monkeypatch.setattr("portal.log.reading.AT_ONCE", 5)
    with CaptureQueriesContext(connection) as queries:
        rows = list(all_rows(asked, reader))
    assert [row.mark for row in rows] == whole
    assert not [row for row in rows if row.line.undo]
    of_events = [
        one["sql"] for one in queries if 'FROM "bookings_reservationevent"' in one["sql"].partition("WHERE")[0]
    ]
    events = sum(mark.source == "reservation" for mark in whole)
    assert len(of_events) == events // 5 + 1


def test_contact_data_needs_its_right(client: Client, owner: StaffLogin, place: Location) -> None:
    member = MemberFactory(studio=place.studio, phone="+31 6 1111 2222")
    editing.edit(member, {"phone": "+31 6 1234 5678"}, by=owner, now=timezone.now())
    assert "before +31 6 1111 2222, after +31 6 1234 5678" in client.get("/ours/log/").content.decode()
    owner.at_most = frozenset()
    rows = page(Asked(), Reader(owner, [place], timezone.now())).rows
    assert [list(row.line.difference) for row in rows] == [["Phone changed"]]


def test_what_has_an_inverse_is_taken_back_from_here(client: Client, owner: StaffLogin, place: Location) -> None:
    busy(place, owner, 1)
    found = {row.line.what: row.line.undo for row in page(Asked(), Reader(owner, [place], timezone.now())).rows}
    undo = found["checked in"]
    assert undo.url
    response = client.post(undo.url, {**undo.fields, "log": "/ours/log/"})
    assert response.status_code == 302
    assert told(client)[0] == "Linde Owner: check-in taken back"
    assert "It was taken back already." in client.get("/ours/log/").content.decode()
    assert client.post(found["put on hold"].url, found["put on hold"].fields).status_code == 302
    assert "The hold is over, or has not begun." in client.get("/ours/log/").content.decode()


def test_too_late_is_said(client: Client, owner: StaffLogin, place: Location) -> None:
    now = timezone.now()
    one, other = MemberFactory(studio=place.studio), MemberFactory(studio=place.studio)
    merging.merge(one, other, take={}, by=owner, now=now - timedelta(days=31))
    session = SessionFactory(item__location=place, starts_at=now - timedelta(days=9))
    row = booked(session, now=now - timedelta(days=10))
    actions.check_in(row, action_id=uuid4(), by=owner, now=session.starts_at)
    text = client.get("/ours/log/").content.decode()
    assert "A merge can be taken back for 30 days." in text
    assert "Too late: the class could be corrected until" in text


def test_the_file_holds_what_is_filtered(client: Client, owner: StaffLogin, place: Location) -> None:
    busy(place, owner, 2)
    member = MemberFactory(studio=place.studio, first_name="=cmd()", last_name="")
    editing.block(member, "owes", by=owner, now=timezone.now())
    response = client.get("/ours/log.csv?thing=member")
    rows = list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))  # type: ignore[arg-type]
    assert rows[0] == ["When", "Who", "What", "Kind of thing", "Thing", "Before and after"]
    assert len(rows) == 4
    assert rows[1][4] == "'=cmd()"
    assert client.get("/ours/log.xlsx?thing=member").status_code == 200


def test_what_is_gone_keeps_its_name(client: Client, owner: StaffLogin, place: Location) -> None:
    change = record_change(place, "added", studio=place.studio, by=owner, now=timezone.now(), after={"name": "Cellar"})
    Change.objects.filter(pk=change.pk)
    room = StaffLoginFactory(studio=place.studio)
    record_change(
        room, "removed", studio=place.studio, by=owner, now=timezone.now(), before={"name": "Kim", "preset": "desk"}
    )
    room.delete()
    assert "Kim" in client.get("/ours/log/").content.decode()


def settings_changed(owner: StaffLogin, place: Location, **values: object) -> Change:
    """The location's settings set by hand, as the page does."""
    before = {name: getattr(place, name) for name in values}
    for name, value in values.items():
        setattr(place, name, value)
    place.save()
    now = timezone.now()
    return record_change(place, "set", studio=place.studio, by=owner, now=now, before=before, after=values)


def test_a_setting_is_taken_back_from_the_log_and_that_stands_in_it(
    client: Client, owner: StaffLogin, place: Location
) -> None:
    change = settings_changed(owner, place, grace_minutes=20, correction_hours=24)
    url = f"/ours/log/{change.pk}/undo/"
    assert url.encode() in client.get("/ours/log/").content
    assert client.post(url, {"log": "/ours/log/?thing=location"}).headers["Location"] == "/ours/log/?thing=location"
    place.refresh_from_db()
    assert (place.grace_minutes, place.correction_hours) == (0, 72)
    last = Change.objects.filter(kind="set").latest("id")
    assert (last.before, last.after, last.by) == (
        {"grace_minutes": 20, "correction_hours": 24},
        {"grace_minutes": 0, "correction_hours": 72},
        owner,
    )


def test_what_was_set_again_since_is_left_alone(client: Client, owner: StaffLogin, place: Location) -> None:
    first = settings_changed(owner, place, grace_minutes=20)
    settings_changed(owner, place, grace_minutes=30)
    page = client.get("/ours/log/").content
    assert f"/ours/log/{first.pk}/undo/".encode() not in page
    assert b"It was set to something else since." in page
    client.post(f"/ours/log/{first.pk}/undo/")
    place.refresh_from_db()
    assert place.grace_minutes == 30


def test_only_what_is_a_setting_has_this_way_back(client: Client, owner: StaffLogin, place: Location) -> None:
    now = timezone.now()
    for kind, before, after in (
        ("set", {"logo": "a.png"}, {"logo": ""}),
        ("set", {"slug": "evil"}, {"slug": place.slug}),
        ("created", {}, {"name": "Centrum"}),
    ):
        change = record_change(place, kind, studio=place.studio, by=owner, now=now, before=before, after=after)
        assert f"/ours/log/{change.pk}/undo/".encode() not in client.get("/ours/log/").content
        assert client.post(f"/ours/log/{change.pk}/undo/").status_code == 302
    place.refresh_from_db()
    assert place.slug == "centrum"


def test_a_name_that_another_has_by_now_is_refused_in_words(client: Client, owner: StaffLogin, place: Location) -> None:
    change = settings_changed(owner, place, name="Zuid")
    LocationFactory(studio=place.studio, slug="neu", name="Centrum")
    answer = client.post(f"/ours/log/{change.pk}/undo/", follow=True)
    assert b"Another location has this name." in answer.content
    place.refresh_from_db()
    assert place.name == "Zuid"


def test_what_its_own_page_takes_back_is_taken_back_from_the_log(
    client: Client, owner: StaffLogin, place: Location
) -> None:
    """Blocks of members and spots, switched logins, closing days: by the action of their page, while they stand."""
    now = timezone.now()
    member, desk = MemberFactory(studio=place.studio), StaffLoginFactory(studio=place.studio, preset=Preset.DESK)
    spot = Spot.objects.create(room=Room.objects.create(location=place, name="Hall"), label="7", fill_order=1)
    editing.block(member, "owes money", by=owner, now=now)
    logins.switch(desk, on=False, by=owner, now=now)
    rooms.block_spot(spot, by=owner, now=now)
    day = ClosingDays(studio=place.studio, first_on=date(2027, 1, 1), last_on=date(2027, 1, 1), reason="New year")
    with transaction.atomic():
        changing.add_closing_days(day, by=owner, now=now)

    def undo() -> dict[str, Any]:
        rows = page(Asked(), Reader(owner, [place], timezone.now())).rows
        return {f"{row.line.thing}: {row.line.what}": row.line.undo for row in rows}

    found = undo()
    lines = ("Member: blocked", "Login: switched off", "Room: spot blocked", "Closing days: added")
    back = {"log": "/ours/log/?thing=é"}  # where each of them ends, whatever its own page does
    for line in lines:
        assert client.post(found[line].url, found[line].fields | back).headers["Location"] == "/ours/log/?thing=%C3%A9"
    for row in (member, desk, spot):
        row.refresh_from_db()
    assert (member.blocked_reason, desk.is_active, spot.is_blocked) == ("", True, False)
    assert not ClosingDays.objects.filter(reason="New year").exists()
    found = undo()
    assert [str(found[line].why_not) for line in lines] == ["It was taken back already."] * 4
    for line in ("Member: block lifted", "Login: switched on", "Room: spot free again"):
        away = client.post(found[line].url, found[line].fields | {"log": "//evil.test/ours/log/"})
        assert away.headers["Location"].startswith("/ours/"), line
        assert "/log/" not in away.headers["Location"]
    for row in (member, desk, spot):
        row.refresh_from_db()
    assert (member.blocked_reason, desk.is_active, spot.is_blocked) == ("owes money", False, True)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("/ours/settings/data/export/", "/ours/log/"),  # the password is asked for first
        ("/ours/staff/{login}/active/", "/ours/log/../../evil/"),
        ("/ours/staff/{login}/active/", "/ours/log/evil"),
    ],
)
def test_what_was_not_taken_back_is_not_told_so(
    client: Client, owner: StaffLogin, place: Location, url: str, wanted: str
) -> None:
    desk = StaffLoginFactory(studio=place.studio, preset=Preset.DESK)
    answer = client.post(url.format(login=desk.pk), {"log": wanted, "on": ""})
    assert answer.headers["Location"].startswith(("/accounts/reauthenticate/", f"/ours/staff/{desk.pk}/"))
    assert ("Taken back" in client.get("/ours/log/").content.decode()) == ("export" not in url)
