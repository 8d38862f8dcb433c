"""A person's own data: all of it in one copy, and none of it left after deleting (Q39)."""

import csv
import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Sum
from django.test import Client
from PIL import Image

from bookings import actions
from bookings.models import Reservation
from invoicing.models import BilledVisit, Invoice
from packages.models import LedgerEntry
from portal.changes import record_change
from portal.imports import runs
from portal.members import editing, merging
from portal.members.photos import replace_photo
from portal.members.scrubbing import scrub
from portal.members.traces import Mails
from portal.members.words import people_of
from portal.models import (
    Change,
    ImportRow,
    ImportRun,
    KeptMail,
    Member,
    MemberMerge,
    MemberNote,
    SavedView,
    StaffLogin,
    Ticket,
    TicketFile,
    TicketMessage,
)
from portal.roles import Preset
from portal.saved_views import save_view
from reviews.models import ReviewInvitation, ReviewOptOut
from tests.bookings.scenes import at, booked, evening_class
from tests.factories import MemberFactory, StaffLoginFactory
from tests.factories.packages import PurchaseFactory

NOW = at("12:00", days=-1)
CANARIES = (
    "Zwitscher",
    "Kanarski",
    "zwitscher@kanarski.test",
    "+31 6 5551 7777",
    "Goldkehl",
    "singt morgens",
    "Gelbfeder",
    "goldfink@frueher.test",
)
pytestmark = pytest.mark.django_db


@pytest.fixture
def session() -> Any:
    return evening_class()


@pytest.fixture
def owner(session: Any) -> StaffLogin:
    return StaffLoginFactory(studio=session.studio, preset=Preset.OWNER)


def jpeg() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 40), "yellow").save(written, "JPEG")
    return written.getvalue()


@pytest.fixture
def person(session: Any, owner: StaffLogin, settings: Any, tmp_path: Path) -> Member:
    """Somebody who left traces everywhere that a trace can be left."""
    settings.MEDIA_ROOT = tmp_path
    studio = session.studio
    member = MemberFactory(
        studio=studio, number="4711", first_name="Zwitscher", last_name="Kanarski", email="zwitscher@kanarski.test",
        phone="+31 6 5551 7777", notes="singt morgens",
    )  # fmt: skip
    twin = MemberFactory(studio=studio, number="4712", first_name="Zwitscher", last_name="Goldkehl", email="")
    MemberNote.objects.create(member=member, text="Gelbfeder liegt am Tresen", written_at=NOW)
    earlier = {"last_name": "Goldkehl", "email": "goldfink@frueher.test"}
    editing.edit(member, earlier, by=owner, now=NOW)
    editing.edit(member, {"last_name": "Kanarski", "email": "zwitscher@kanarski.test"}, by=owner, now=NOW)
    editing.block(member, "singt morgens", by=owner, now=NOW)
    editing.block(member, "", by=owner, now=NOW)
    with transaction.atomic():
        replace_photo(member, jpeg())
    merging.merge(member, twin, take={}, by=owner, now=NOW)
    save_view(owner, screen="members", name="One of them", query="q=kanarski")
    save_view(owner, screen="bookings", name="For zwitscher goldkehl", query="unpaid=1")
    looked = {"operator": "Ops", "reason": "Kanarski, Zwitscher cannot book"}
    record_change(studio, "looked_in", studio=studio, by=None, now=NOW, after=looked, by_word="operator")
    _asked(owner)
    kind = ContentType.objects.get_for_model(Member)
    LogEntry.objects.create(
        user=owner.user, content_type=kind, object_id=str(member.pk), object_repr=str(member), action_flag=CHANGE,
        change_message="Zwitscher Kanarski",
    )  # fmt: skip
    _imported(studio, owner, member)
    _told(owner)
    old = evening_class(item=session.item, starts_at=at("18:00", days=-7))
    row = booked(old, member, now=at("12:00", days=-8))
    actions.check_in(row, action_id=uuid4(), by=owner, now=at("17:50", days=-7))
    PurchaseFactory(version__package__studio=studio, member=member)
    Reservation.objects.filter(pk=row.pk).update(external_ref="zwitscher@kanarski.test 7")
    booked(session, member)
    waited = evening_class(item=session.item, starts_at=at("18:00", days=1), capacity=1)
    booked(waited)
    actions.join_waiting(waited, member, source="desk", action_id=uuid4(), by=owner, now=NOW)
    return Member.objects.get(pk=member.pk)


def _asked(owner: StaffLogin) -> None:
    """A question that was not asked from the person's page, and one about somebody else."""
    page = "/s/members/?q=zwitscher+goldkehl"
    about = {"page": page, "log_reference": "zwitscher@kanarski.test 9", "subject": "A file", "opened_at": NOW}
    for reference, content, more in (
        ("T-1", b"Name\nGoldkehl, Zwitscher", about),
        ("T-2", b"Name\nSomeone Else", {"subject": "Another", "opened_at": NOW}),
    ):
        ticket = Ticket.objects.create(studio=owner.studio, reference=reference, **more)
        message = TicketMessage.objects.create(ticket=ticket, text="See there.", written_at=NOW)
        TicketFile.objects.create(message=message, name="list.csv", size=len(content), content=content)


def _told(owner: StaffLogin) -> None:
    """Mails that stayed in the house."""
    kept = {"studio": owner.studio, "sender": "house@example.test", "sent_at": NOW}
    KeptMail.objects.create(
        message_id="1", to="zwitscher@kanarski.test", subject="Your place", text="Hallo!", html="<p>Hallo!</p>", **kept
    )
    KeptMail.objects.create(message_id="4", to="goldfink@frueher.test", subject="Your place", text="Hallo!", **kept)
    KeptMail.objects.create(
        message_id="2", to="owner@example.test", subject="Conflict", text="Zwitscher Kanarski was here?", **kept
    )
    KeptMail.objects.create(message_id="3", to="other@example.test", subject="Your place", text="Hallo!", **kept)
    KeptMail.objects.create(
        message_id="5", to="other@example.test", subject="P", text="A new password", **(kept | {"studio": None})
    )


def _imported(studio: Any, owner: StaffLogin, member: Member) -> None:
    run = ImportRun.objects.create(
        studio=studio, kind="members", status="done", file_name="old.csv", encoding="utf-8", separator=";",
        rows_in_file=3, created_at=NOW,
    )  # fmt: skip
    made = {"model": "member", "pk": member.pk, "made": {"first_name": "Zwitscher", "email": "zwitscher@kanarski.test"}}
    ImportRow.objects.create(run=run, line=2, outcome="new", shown={"name": "Zwitscher Kanarski"}, written=[made])
    ImportRow.objects.create(
        run=run, line=3, outcome="refused", cells=["Kanarski, Zwitscher", "?"],
        reasons=[{"column": "email", "text": "bad", "params": {"value": "zwitscher@kanarski.test"}}],
    )  # fmt: skip
    ImportRow.objects.create(
        run=run, line=4, outcome="changed", changes={"phone": ["+31 6 5551 7777", "1"]}, shown={"name": "Someone Else"}
    )
    ImportRow.objects.create(run=run, line=5, outcome="new", shown={"name": "Someone Else"}, written=[])
    file = b"Client;Email\nZwitscher Kanarski;zwitscher@kanarski.test\n"
    runs.upload(studio, by=owner, file_name="again.csv", content=file, now=NOW)


def dump() -> str:
    """Every row of every table as PostgreSQL writes it, and every file."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        names = [name for (name,) in cursor.fetchall()]
        found = []
        for name in names:
            cursor.execute(f'SELECT t::text, to_jsonb(t)::text FROM "{name}" t')  # noqa: S608
            found += [f"{name}: {text} {json_text}" for text, json_text in cursor.fetchall()]
    return "\n".join(found)


def hits() -> list[str]:
    """Lines of the dump that hold a canary, in words or as bytes."""
    needles = [canary.lower() for canary in CANARIES]
    needles += [canary.encode().hex() for canary in CANARIES]
    digits = "31655517777"
    return [line for line in dump().splitlines() if any(one in line.lower() for one in [*needles, digits])]


def figures(owner: StaffLogin) -> dict[str, Any]:
    """What is counted of the past: by state, of purchases, and on invoices."""
    past = Reservation.objects.filter(studio=owner.studio, starts_at__lt=NOW)
    return {
        "states": Counter(past.with_state(NOW).values_list("state_word", flat=True)),
        "first visits": past.with_first_visit().filter(first_here=True).count(),
        "counted": Counter(past.with_count(NOW).values_list("count_word", flat=True)),
        "purchases": list(owner.studio.purchases.order_by("pk").values_list("pk", "price", "uses", "expires_on")),
        "sold": LedgerEntry.objects.filter(studio=owner.studio).count(),
        "billed": Invoice.objects.filter(studio=owner.studio).aggregate(net=Sum("net"), gross=Sum("gross")),
        "visits": BilledVisit.objects.filter(studio=owner.studio).aggregate(number=Count("pk"), sum=Sum("amount")),
    }


def test_the_test_would_find_what_is_left(person: Member) -> None:
    tables = {line.split(":")[0] for line in hits()}
    assert tables >= {
        "portal_member", "portal_membernote", "portal_change", "portal_importrow", "portal_importrun",
        "portal_membermerge", "portal_savedview", "django_admin_log", "bookings_reservation", "portal_keptmail",
        "portal_ticket", "portal_ticketfile",
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_deleted_person_is_left_anywhere(person: Member, owner: StaffLogin, settings: Any) -> None:
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert len(files) == 1
    counted = Reservation.objects.filter(member=person).count()
    before = figures(owner)
    scrub(person, by=owner, now=NOW)
    assert hits() == []
    assert figures(owner) == before
    assert TicketFile.objects.get().message.ticket.reference == "T-2"
    assert [view.query for view in SavedView.objects.all()] == ["unpaid=1"]  # the filter stays, under another name
    # Their own mail goes; one to somebody else stays without the name; another reader's is nobody's business here.
    assert dict(KeptMail.objects.values_list("message_id", "text")) == {
        "2": "[…] was here?",
        "3": "Hallo!",
        "5": "A new password",
    }
    assert not [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    person.refresh_from_db()
    assert person.name == "deleted member 4711"
    assert Reservation.objects.filter(member=person).count() == counted
    assert Reservation.objects.filter(member=person, attendance="checked_in").count() == 1
    assert ImportRow.objects.filter(shown={"name": "Someone Else"}).count() == 1  # the others' rows stay


def test_what_was_to_come_is_cancelled_and_nobody_is_late(person: Member, owner: StaffLogin, session: Any) -> None:
    assert scrub(person, by=owner, now=at("17:00")) == 2  # within the free hours: excused, not late
    row = Reservation.objects.get(member=person, session=session)
    assert (row.booking, row.excused) == ("cancelled", True)
    assert not person.waiting.open().exists()
    session.refresh_from_db()
    assert session.places_taken == 0


def test_a_deleted_person_cannot_book_or_come_back(person: Member, owner: StaffLogin, session: Any) -> None:
    done = MemberMerge.objects.get()
    scrub(person, by=owner, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        booked(session, person)
    with pytest.raises(merging.CannotMerge):
        merging.undo_merge(done, by=owner, now=NOW)
    with pytest.raises(merging.CannotMerge):
        scrub(person, by=owner, now=NOW)
    assert next(change.kind for change in Change.objects.filter(subject_id=person.pk)) == "scrubbed"


def test_a_booking_that_ended_with_the_deletion_is_not_taken_up_again(
    person: Member, owner: StaffLogin, session: Any
) -> None:
    scrub(person, by=owner, now=NOW)
    row = Reservation.objects.get(member=person, session=session)
    with pytest.raises(actions.Refused):
        actions.reinstate(row, action_id=uuid4(), by=owner, now=NOW)
    session.refresh_from_db()
    assert session.places_taken == 0


def test_a_number_that_tells_who_it_was_does_not_stay(session: Any, owner: StaffLogin) -> None:
    person = MemberFactory(studio=session.studio, number="zwitscher@kanarski.test")
    scrub(person, by=owner, now=NOW)
    person.refresh_from_db()
    assert person.number == f"#{person.pk}"


def test_the_page_asks_for_the_number(client: Client, person: Member, owner: StaffLogin) -> None:
    client.force_login(owner.user)
    address = f"/{owner.studio.slug}/members/{person.pk}/data/"
    for wrong in ("", "4712", "kanarski"):
        assert client.post(address, {"number": wrong}).status_code == 422
    assert hits()
    response = client.post(address, {"number": "4711"})
    assert response["Location"] == f"/{owner.studio.slug}/members/{person.pk}/"
    page = client.get(response["Location"]).content.decode()
    assert "deleted member 4711" in page
    assert client.get(address).status_code == 404
    assert client.get(f"/{owner.studio.slug}/members/{person.pk}/edit/").status_code == 404
    assert [view.screen for view in SavedView.objects.all()] == ["bookings"]


@pytest.mark.parametrize("preset", [Preset.DESK, Preset.TEACHER, Preset.VIEWER])
def test_deleting_and_copying_need_their_right(client: Client, person: Member, preset: Preset) -> None:
    client.force_login(StaffLoginFactory(studio=person.studio, preset=preset).user)
    address = f"/{person.studio.slug}/members/{person.pk}/data/"
    assert client.get(address).status_code == 403
    assert client.post(address, {"number": "4711"}).status_code == 403
    assert client.get(f"{address}export.zip").status_code == 403


def test_the_copy_holds_everything(client: Client, person: Member, owner: StaffLogin) -> None:
    twin = Member.objects.get(number="4712")
    with transaction.atomic():
        replace_photo(twin, jpeg())
    ReviewOptOut.objects.create(member=person, at=NOW)
    ReviewInvitation.objects.create(
        studio=person.studio, reservation=person.reservations.earliest("id"), invited_at=NOW
    )
    client.force_login(owner.user)
    response = client.get(f"/{owner.studio.slug}/members/{person.pk}/data/export.zip")
    assert response["Content-Disposition"].startswith('attachment; filename="member_4711_')
    with zipfile.ZipFile(io.BytesIO(b"".join(response))) as archive:  # type: ignore[arg-type]
        names = sorted(archive.namelist())
        everything = json.loads(archive.read("member.json"))
        table = list(csv.reader(io.StringIO(archive.read("reservations.csv").decode("utf-8-sig"))))
    assert names == [
        "invoiced_visits.csv", "log.csv", "mails.csv", "marketplace_visits.csv", "marketplaces.csv", "member.json",
        "merges.csv", "notes.csv", "photo.jpg", f"photo_{twin.pk}.jpg", "profile.csv", "purchase_log.csv",
        "purchases.csv", "reservation_log.csv", "reservations.csv", "review_invitations.csv", "review_wishes.csv",
        "reviews.csv", "reviews_before_changes.csv", "tickets.csv", "waiting.csv", "waiting_log.csv",
    ]  # fmt: skip
    assert [row["number"] for row in everything["profile"]] == ["4711", "4712"]
    assert everything["profile"][0]["email"] == "zwitscher@kanarski.test"
    assert everything["notes"][0]["text"] == "Gelbfeder liegt am Tresen"
    assert len(everything["reservations"]) == len(table) - 1 == 2
    assert len(everything["waiting"]) == len(everything["waiting_log"]) == 1
    assert [row["what"] for row in everything["reservation_log"]] == ["booked", "checked in", "booked"]
    assert [row["subject"] for row in everything["mails"]] == ["Your place"]
    assert len(everything["review_wishes"]) == len(everything["review_invitations"]) == 1
    assert [(row["kept"], row["merged"]) for row in everything["merges"]] == [("4711", "4712")]
    assert {"edited", "blocked", "merged"} <= {row["kind"] for row in everything["log"]}


def test_an_import_that_is_undone_does_not_bring_the_person_back(person: Member, owner: StaffLogin) -> None:
    scrub(person, by=owner, now=NOW)
    for row in ImportRow.objects.all():
        assert not [record for record in row.written if record["model"] == "member"]


def test_a_mail_is_somebodys_by_the_whole_address_and_opens_nothing_in_their_copy(owner: StaffLogin) -> None:
    person = MemberFactory(studio=owner.studio, first_name="Ann", last_name="Bee", email="ann@b.test")
    kept = {"studio": owner.studio, "sender": "house@example.test", "sent_at": NOW, "subject": "Hi"}
    own = KeptMail.objects.create(
        message_id="1", to="ann@b.test", text="Write here:\nhttps://t.test/s/review/1:x/\nBye", **kept
    )
    KeptMail.objects.create(message_id="2", to="joann@b.test", text="Hello joann@b.test, see Annette Beer", **kept)
    (mails,) = Mails().export([person], now=NOW)
    assert list(mails.rows) == [(own.sent_at, "ann@b.test", "Hi", "Write here:\n[…]\nBye")]
    scrub(person, by=owner, now=NOW)
    assert KeptMail.objects.get().text == "Hello joann@b.test, see Annette Beer"


def test_what_another_is_known_by_is_not_taken_for_the_deleted_persons(owner: StaffLogin) -> None:
    """A merge that was taken back makes two people again; an e-mail may be somebody else's by now."""
    one = MemberFactory(studio=owner.studio, first_name="Ann", last_name="Bee", email="ann@b.test")
    other = MemberFactory(studio=owner.studio, first_name="Cleo", last_name="Dee", email="cleo@d.test", phone="+3161")
    done = merging.merge(one, other, take={"phone": "merged"}, by=owner, now=NOW)
    merging.undo_merge(done, by=owner, now=NOW)
    editing.edit(one, {"email": "new@b.test"}, by=owner, now=NOW)
    MemberFactory(studio=owner.studio, email="ann@b.test")
    people = people_of([Member.objects.get(pk=one.pk)])
    assert list(people.emails) == ["new@b.test"]
    assert list(people.names) == ["Ann", "Bee"]
    assert not {"cleo@d.test", "+3161", "Cleo Dee"} & set(people.words)
