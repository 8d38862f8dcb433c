"""Two studios side by side, and everybody who could knock at their doors."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from bookings import actions
from bookings.models import CalendarFeed, Reservation
from invoicing.models import Statement, StatementAnswer, StatementMapping, TaxStatus
from marketplace.actions import retire
from marketplace.actions import store as keep
from marketplace.models import Call, Conflict, Connection, Exchange, InboxMessage, Visit
from portal.changes import record_change
from portal.imports import runs
from portal.members import merging
from portal.models import Answer, ClosingDays, Export, ImportTemplate, Location, MemberNote, StaffLogin, Studio, User
from portal.models.members import DuplicateSuggestion
from portal.roles import Preset
from portal.staff import invitations, pins
from portal.support.tickets import About, open_ticket
from reviews.models import Review
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    SpotFactory,
    StaffLoginFactory,
    StudioFactory,
    TeacherFactory,
    UserFactory,
)
from tests.factories.invoicing import DocumentFactory, InvoiceFactory
from tests.factories.marketplace import ConnectionFactory, ContractTermsFactory, ListingFactory, MarketplaceFactory
from tests.factories.packages import PackageVersionFactory, PurchaseFactory

MISSING = 2**40  # an id that no row has
SALES = b"Client ID,Pricing Option,Sale Date,Remaining\n4711,Five Pack,2026-01-31 18:00,4\n"
FILE = b"Date;Client;Email\n2026-10-01;Kim Canary;kim@example.test\n"


@dataclass
class House:
    """One studio with one of everything, so that there is something to steal."""

    studio: Studio
    place: Location
    reservation: Reservation
    owner: StaffLogin
    # A value for each word of the studio's addresses; tests/routes.py says which words there are.
    words: dict[str, Any] = field(default_factory=dict)


def house(slug: str) -> House:
    studio = StudioFactory(slug=slug, name=f"Studio {slug}")
    place = LocationFactory(studio=studio, slug="centrum", name="Centrum")
    LocationFactory(studio=studio, slug="noord", name="Noord")
    owner = StaffLoginFactory(studio=studio, preset=Preset.OWNER, user__email=f"owner@{slug}.test")
    teacher = TeacherFactory(studio=studio)
    item = CalendarItemFactory(location=place, teacher=teacher, name=f"Flow at {slug}")
    now = timezone.now()
    running = SessionFactory(item=item, starts_at=now - timedelta(minutes=10))
    SessionFactory(item=item, starts_at=now + timedelta(days=3))
    member = MemberFactory(studio=studio, first_name="Canary", last_name=slug, phone=f"+31 6 99{slug}")
    reservation = ReservationFactory(session=running, member=member)
    actions.check_in(reservation, action_id=uuid4(), by=owner, now=now)
    other = ReservationFactory(session=running, member=MemberFactory(studio=studio))
    made = actions.mark_no_show(other, action_id=uuid4(), by=owner, now=now)
    old = SessionFactory(item=item, starts_at=now - timedelta(days=40))
    ReservationFactory(session=old, member=member)
    note = MemberNote.objects.create(member=member, text="Ask about the knee", for_next_visit=True, written_at=now)
    full = SessionFactory(item=item, starts_at=now + timedelta(days=2), capacity=1)
    ReservationFactory(session=full, member=MemberFactory(studio=studio))
    given = {"source": "desk", "action_id": uuid4(), "by": owner, "now": now}
    entry = actions.join_waiting(full, MemberFactory(studio=studio), **given).entry
    merge = merging.merge(member, MemberFactory(studio=studio), take={}, by=owner, now=now)
    twin = MemberFactory(studio=studio)
    pair = DuplicateSuggestion.objects.create(studio=studio, one=member, other=twin, reason="name", found_at=now)
    run = runs.upload(studio, by=owner, file_name="visits.csv", content=FILE, now=now)
    sales = runs.upload(studio, by=owner, file_name="sales.csv", content=SALES, now=now)
    template = ImportTemplate.objects.create(
        studio=studio, name="Old system", kind=run.kind, header="0" * 64, used_at=now
    )
    closing = ClosingDays.objects.create(
        studio=studio, location=place, first_on="2026-12-24", last_on="2026-12-26", reason=f"Shut at {slug}"
    )
    desk = StaffLoginFactory(studio=studio, preset=Preset.DESK, user__email=f"kim@{slug}.test", user__name="Kim Desk")
    pins.set_pin(desk, "7391", now=now)
    wanted = invitations.Wanted(email=f"late@{slug}.test", name="Late Canary", preset=Preset.DESK)
    invitation = invitations.invite(studio, wanted, by=owner, now=now - timedelta(days=4), origin="https://x.test/")
    asked = replace(wanted, email=f"more@{slug}.test")
    wish = invitations.ask(studio, asked, why="", by=owner, now=now, origin="https://x.test/")
    spot = SpotFactory(room__location=place, label="1", fill_order=0)
    feed = CalendarFeed.objects.create(studio=studio, location=place, secret_hash=slug, created_at=now)
    terms = PackageVersionFactory(package__studio=studio, package__name=f"Pack of {slug}")
    bought = PurchaseFactory(version=terms, member=member)
    # Not told of anything: what is tested with a marketplace that is, makes one.
    seller = MarketplaceFactory(key=f"fitpass-{slug}", name=f"Fitpass of {slug}")
    there = ConnectionFactory(studio=studio, marketplace=seller, state=Connection.State.SETTING_UP, activated_at=None)
    visit = Visit.objects.create(studio=studio, connection=there, booking_ref=slug, session=running)
    conflict = Conflict.objects.create(
        studio=studio,
        connection=there,
        location=place,
        visit=visit,
        kind=Conflict.Kind.CHECK_IN_NOT_TAKEN,
        about=now,
        opened_at=now,
    )
    listing = ListingFactory(session=running, connection=there)
    dead = Call.objects.create(
        studio=studio, connection=there, listing=listing, kind=Call.Kind.TELL, state=Call.State.DEAD, ended_at=now
    )
    said = Exchange.objects.create(
        studio=studio, connection=there, direction=Exchange.Direction.OUT, at=now, milliseconds=1, session=running
    )
    proof = InboxMessage.Proof.CURRENT
    message, _is_new = keep(there, proof=proof, method="POST", path="/", headers={}, body=slug.encode())
    old_pass = PackageVersionFactory(package__studio=studio, package__name="Wellpass", price=0).package
    retired = retire(studio, [old_pass.pk], reason="", day=now.date(), by=owner, now=now)
    assert retired is not None
    small = TaxStatus.objects.create(studio=studio, first_on="2026-01-01", small_business=True)
    agreed = ContractTermsFactory(contract__connection=there)
    billed = InvoiceFactory(contract=agreed.contract, month=date(now.year - 1, 10, 1))
    DocumentFactory(invoice=billed)
    stated = Statement.objects.create(
        studio=studio,
        connection=there,
        month=date(2026, 10, 1),
        state=Statement.State.MATCHED,
        file_name=f"{slug}.csv",
        encoding="utf-8",
        separator=",",
        size=1,
        uploaded_at=now,
        matched_at=now,
    )
    answered = StatementAnswer.objects.create(studio=studio, statement=stated, kind="accepted", given_at=now)
    read_as = StatementMapping.objects.create(
        studio=studio, connection=there, header="0" * 64, name=f"{slug}.csv", used_at=now
    )
    review = Review.objects.create(
        studio=studio,
        reservation=reservation,
        marks={"class": 4},
        weights={"class": 40},
        score=4,
        text=f"Lovely at {slug}",
        written_at=now,
    )
    given_answer = {"title": "Help?", "text": "Yes.", "topic": "help"}
    Answer.objects.get_or_create(slug="help", language="en", defaults=given_answer)
    attached = [SimpleUploadedFile("canary.txt", slug.encode())]
    ticket = open_ticket(owner, subject=f"Help {slug}", text="Why?", about=About(), files=attached, now=now)
    set_otherwise = record_change(
        place, "set", studio=studio, by=owner, now=now, before={"grace_minutes": 5}, after={"grace_minutes": 0}
    )
    exported = Export.objects.create(
        studio=studio,
        asked_by=owner,
        asked_at=now,
        finished_at=now,
        file=f"{slug}.zip",
        size=1,
        expires_at=now + timedelta(days=7),
    )
    return House(
        studio=studio,
        place=place,
        reservation=reservation,
        owner=owner,
        words={
            "studio": slug,
            "change": set_otherwise.pk,
            "month": place.local_day(old.starts_at).replace(day=1),
            "reservation": reservation.pk,
            "review": review.pk,
            "session": running.pk,
            "item": item.pk,
            "event": made.event.pk,
            "entry": entry.pk,
            "member": member.pk,
            "note": note.pk,
            "member_note": note.pk,
            "other": twin.pk,
            "merge": merge.pk,
            "suggestion": pair.pk,
            "file_kind": "csv",
            "chart": "check-ins",
            "login": desk.pk,
            "invitation": invitation.pk,
            "wish": wish.pk,
            "run": run.pk,
            "purchase_run": sales.pk,
            "template": template.pk,
            "feed": feed.pk,
            "room": spot.room_id,
            "spot": spot.pk,
            "location": place.pk,
            "group": "booking",
            "step": "people",
            "package": terms.package_id,
            "purchase": bought.pk,
            "closing": closing.pk,
            "conflict": conflict.pk,
            "marketplace": seller.pk,
            "call": dead.pk,
            "exchange": said.pk,
            "message": message.pk,
            "retirement": retired.change.pk,
            "statement": stated.pk,
            "statement_answer": answered.pk,
            "statement_mapping": read_as.pk,
            "answer": "help",
            "reference": ticket.reference,
            "ticket_file": ticket.messages.get().files.get().pk,
            "number": billed.number,
            "document": "pdf",
            "year": billed.month.year,
            "tax_status": small.pk,
            "export": exported.pk,
        },
    )


@dataclass
class World:
    own: House
    other: House
    # By word, as in the access table; None is nobody.
    people: dict[str, User | None]


def world() -> World:
    """The own studio with a login of each kind, the other one, and those who belong to neither."""
    own, other = house("own"), house("other")
    studio = own.studio
    people: dict[str, User | None] = {"anonymous": None, "owner": own.owner.user}
    for preset in (Preset.MANAGER, Preset.TEACHER, Preset.DESK, Preset.VIEWER):
        people[preset] = StaffLoginFactory(studio=studio, preset=preset, user__email=f"{preset}@own.test").user
    teaching = StaffLogin.objects.get(studio=studio, preset=Preset.TEACHER)
    studio.teachers.update(login=teaching)
    pinned = StaffLoginFactory(studio=studio, preset=Preset.DESK, user__email="pinned@own.test")
    pinned.locations.add(studio.locations.get(slug="noord"))
    people["pinned desk"] = pinned.user
    people["switched off"] = StaffLoginFactory(studio=studio, is_active=False, user__email="off@own.test").user
    people["other owner"] = other.owner.user
    people["operator"] = UserFactory(email="operator@own.test", is_staff=True, is_superuser=True)
    return World(own, other, people)
