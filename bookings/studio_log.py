"""What the studio's log says of bookings: reservations and waits, purchases, the schedule and what is on sale."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from bookings.log_inverses import undo_spots
from bookings.log_words import axes_words, before_and_after
from bookings.models import CalendarFeed, CalendarItem, ReservationEvent, Room, ScheduledSession, WaitingEvent
from bookings.selectors.session_log import is_last
from bookings.sources import who_words
from bookings.words import day_and_clock
from packages.models import LedgerEntry, Package, PackageVersion, Purchase
from portal.log.own import named, one_page, page
from portal.log.registry import (
    Asked,
    Line,
    Named,
    Reader,
    Source,
    Subject,
    Undo,
    Words,
    by_person,
    register,
    register_subject,
)
from portal.log.words import change_words, tell_who, value_words, zone_of
from portal.models import Change, Teacher
from portal.roles import Right

Kind, Entry = ReservationEvent.Kind, LedgerEntry.Kind
_NEEDS: dict[str, set[Right]] = {
    Kind.RESERVED: {Right.REVERT, Right.BOOK},
    Kind.CANCELLED: {Right.REVERT, Right.BOOK},
    Kind.CHECKED_IN: {Right.REVERT},
    Kind.NO_SHOW: {Right.REVERT},
    Kind.ASSIGNED: {Right.BOOK},
}

ITEM: dict[str, Words] = {
    "created": lazy("class created"),
    "edited": lazy("class changed"),
    "scheduled": lazy("dates planned"),
    "copied": lazy("week copied"),
    "archived": lazy("class put away"),
    "deleted": lazy("class deleted"),
    "restored": lazy("class offered again"),
    "linked": lazy("packages changed"),
}
SESSION: dict[str, Words] = {
    "edited": lazy("date changed"),
    "scheduled": lazy("date changed"),
    "copied": lazy("date copied"),
    "moved": lazy("date moved"),
    "changed": lazy("date changed"),
    "dropped": lazy("date taken out"),
    "removed": lazy("date removed"),
    "cancelled": lazy("class cancelled"),
    "restored": lazy("cancellation of the class taken back"),
    "zone_changed": lazy("moved with the time zone"),
}
ROOM: dict[str, Words] = {
    "created": lazy("room made"),
    "renamed": lazy("renamed"),
    "removed": lazy("removed"),
    "spots_ordered": lazy("spots changed"),
    "blocked": lazy("spot blocked"),
    "unblocked": lazy("spot free again"),
}
PACKAGE: dict[str, Words] = {
    "created": lazy("put on sale"),
    "changed": lazy("terms changed"),
    "archived": lazy("taken off sale"),
    "restored": lazy("on sale again"),
}
FIELDS: dict[str, Words] = {
    "made": lazy("Dates made"),
    "changed": lazy("Dates changed"),
    "dropped": lazy("Dates taken out"),
    "booked": lazy("Booked"),
    "reason": lazy("Reason"),
    "packages": lazy("Packages"),
    "item": lazy("Class"),
    "order": lazy("Order"),
    "spot": lazy("Spot"),
    "of": lazy("Of"),
    "version": lazy("Version"),
}
PRICES = frozenset({"price", "currency", "refunded"})


class ReservationLog(Source):
    """What happened to reservations."""

    word = "reservation"
    paths = {"member": "reservation__member", "scheduledsession": "reservation__session", "reservation": "reservation"}

    def things(self) -> Mapping[str, Words]:
        return {"reservation": lazy("Booking")}

    def kinds(self) -> Mapping[str, Words]:
        return dict(Kind.choices)

    def rows(self, asked: Asked, reader: Reader) -> "QuerySet[Any] | None":
        rows = ReservationEvent.objects.filter(by_person(asked), studio=reader.studio)
        if asked.thing_id is not None and asked.thing in self.paths:
            rows = rows.filter(**{self.paths[asked.thing]: asked.thing_id})
        elif asked.thing not in ("", "reservation"):
            return None
        return rows.select_related(
            "by__user", "reservation__member", "reservation__session__item", "reservation__session__location"
        ).annotate(is_undone=Exists(ReservationEvent.objects.filter(undoes=OuterRef("pk"))))

    def lines(self, rows: Sequence[Any], reader: Reader) -> Mapping[int, Line]:
        keys = {event.before.get("purchase") for event in rows} | {event.after.get("purchase") for event in rows}
        bought = Purchase.objects.filter(pk__in=keys - {None}).select_related("package") if keys - {None} else []
        names = {one.pk: one.package.name for one in bought}
        kinds = {word: str(words) for word, words in self.kinds().items()}
        return {event.pk: self._line(event, reader, names, kinds) for event in rows}

    def _line(
        self, event: ReservationEvent, reader: Reader, names: Mapping[int, str], kinds: Mapping[str, str]
    ) -> Line:
        row = event.reservation
        url = reverse("bookings:session", args=[reader.studio.slug, row.session_id])
        difference = axes_words(event)
        if event.kind == Kind.ASSIGNED:
            was, became = (names.get(said.get("purchase") or 0, _("none")) for said in (event.before, event.after))
            difference.append(before_and_after(was, became))
        return Line(
            what=kinds[event.kind],
            thing=_("Booking"),
            about=Named(_about(row.member.name, row.session), f"{url}#reservation-{row.pk}"),
            by=who_words(event.by, event.by_word),
            difference=difference,
            undo=_undo(event, reader) if reader.takes_back else None,
            key=("reservation", row.pk),
        )


def _about(name: str, session: ScheduledSession) -> str:
    return f"{name} · {session.item.name}, {day_and_clock(session.starts_at, session.location)}"


def _undo(event: Any, reader: Reader) -> Undo | None:
    """By the same conditions as a class's own log; `why_not` where it was possible once."""
    needs = _NEEDS.get(event.kind)
    if needs is None or not needs <= reader.login.rights:
        return None
    row, slug = event.reservation, reader.studio.slug
    if event.kind == Kind.ASSIGNED:
        if row.purchase_id != event.after.get("purchase"):
            return Undo(why_not=_("The purchase was changed again since."))
        return Undo(reverse("bookings:assign_undo", args=[slug, event.pk]), {"action_id": str(uuid4())})
    if event.is_undone:
        return Undo(why_not=_("It was taken back already."))
    until = row.session.correction_until
    if reader.now > until:
        words = _("Too late: the class could be corrected until %(moment)s.")
        return Undo(why_not=words % {"moment": day_and_clock(until, row.session.location)})
    if not is_last(event):
        return Undo(why_not=_("Something happened since."))
    return Undo(reverse("bookings:undo", args=[slug, event.pk]), {"action_id": str(uuid4())})


class WaitingLog(Source):
    """What happened on waiting lists."""

    word = "waiting"
    paths = {"member": "entry__member", "scheduledsession": "entry__session"}

    def things(self) -> Mapping[str, Words]:
        return {"waitingentry": lazy("Waiting list")}

    def kinds(self) -> Mapping[str, Words]:
        return dict(WaitingEvent.Kind.choices)

    def rows(self, asked: Asked, reader: Reader) -> "QuerySet[Any] | None":
        rows = WaitingEvent.objects.filter(by_person(asked), studio=reader.studio)
        if asked.thing_id is not None and asked.thing in self.paths:
            rows = rows.filter(**{self.paths[asked.thing]: asked.thing_id})
        elif asked.thing not in ("", "waitingentry") or asked.thing_id is not None:
            return None
        return rows.select_related("by__user", "entry__member", "entry__session__item", "entry__session__location")

    def lines(self, rows: Sequence[Any], reader: Reader) -> Mapping[int, Line]:
        return {
            event.pk: Line(
                what=event.get_kind_display(),
                thing=_("Waiting list"),
                about=Named(
                    _about(event.entry.member.name, event.entry.session),
                    reverse("bookings:session", args=[reader.studio.slug, event.entry.session_id]),
                ),
                by=who_words(event.by, event.by_word),
                key=("scheduledsession", event.entry.session_id),
            )
            for event in rows
        }


class Ledger(Source):
    """What happened to purchases."""

    word = "purchase"
    paths = {"member": "purchase__member", "purchase": "purchase", "package": "purchase__package"}
    labels = {"expires_on": lazy("Last day"), "first_on": lazy("First day"), "last_on": lazy("Last day")}

    def things(self) -> Mapping[str, Words]:
        return {"purchase": lazy("Purchase")}

    def kinds(self) -> Mapping[str, Words]:
        return dict(Entry.choices)

    def rows(self, asked: Asked, reader: Reader) -> "QuerySet[Any] | None":
        rows = LedgerEntry.objects.filter(by_person(asked), studio=reader.studio)
        if asked.thing_id is not None and asked.thing in self.paths:
            rows = rows.filter(**{self.paths[asked.thing]: asked.thing_id})
        elif asked.thing not in ("", "purchase"):
            return None
        return rows.select_related("by__user", "purchase__member", "purchase__package").prefetch_related(
            "purchase__holds"
        )

    def lines(self, rows: Sequence[Any], reader: Reader) -> Mapping[int, Line]:
        return {entry.pk: self._line(entry, reader) for entry in rows}

    def _line(self, entry: LedgerEntry, reader: Reader) -> Line:
        bought = entry.purchase
        url = reverse("bookings:purchase", args=[reader.studio.slug, bought.member_id, bought.pk])
        return Line(
            what=entry.get_kind_display(),
            thing=_("Purchase"),
            about=Named(f"{bought.member.name} · {bought.package.name}", url),
            by=who_words(entry.by, entry.by_word),
            difference=self._difference(entry, reader),
            undo=_undo_entry(entry, reader) if reader.takes_back else None,
            key=("purchase", bought.pk),
        )

    def _difference(self, entry: LedgerEntry, reader: Reader) -> list[str]:
        told, zone = [], zone_of(reader)
        if entry.uses is not None:
            told.append(_("Uses: %(number)+d") % {"number": entry.uses})
        for name, became in entry.after.items():
            if name in PRICES and Right.SEE_MONEY not in reader.login.rights:
                continue
            label = str(self.labels.get(name) or _label(name))
            if name in entry.before:
                told.append(change_words(label, value_words(entry.before[name], zone), value_words(became, zone)))
            else:
                told.append(f"{label}: {value_words(became, zone)}")
        return [*told, entry.reason] if entry.reason else told


def _label(name: str) -> str:
    fields = {one.name: one for one in Purchase._meta.get_fields()}
    return str(getattr(fields.get(name), "verbose_name", name.replace("_", " "))).capitalize()


def _undo_entry(entry: LedgerEntry, reader: Reader) -> Undo | None:
    """A hold is resumed while it lasts, an expiry by hand is taken back while it stands; the page of it asks again."""
    bought, slug, given = entry.purchase, reader.studio.slug, {"action_id": str(uuid4())}
    if entry.kind == Entry.HELD and Right.SELL in reader.login.rights:
        today = reader.now.astimezone(zone_of(reader)).date()
        first = entry.after.get("first_on")
        stands = any(one.first_on.isoformat() == first and one.covers(today) for one in bought.holds.all())
        if not stands:
            return Undo(why_not=_("The hold is over, or has not begun."))
        return Undo(reverse("bookings:purchase_resume", args=[slug, bought.member_id, bought.pk]), given)
    if entry.kind == Entry.EXPIRED and Right.MANAGE_PACKAGES in reader.login.rights:
        if bought.expired_at != entry.occurred_at:
            return Undo(why_not=_("It was taken back already."))
        return Undo(reverse("bookings:purchase_revive", args=[slug, bought.member_id, bought.pk]), given)
    return None


def _undo_cancelled(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
    """A class that was called off takes place again until its start. One query."""
    wanted = {one.subject_id for one in changes if one.kind == "cancelled"}
    if not wanted or Right.MANAGE_SCHEDULE not in reader.login.rights:
        return {}
    rows = ScheduledSession.objects.filter(studio=reader.studio).in_bulk(wanted)
    found: dict[int, Undo] = {}
    for one in changes:
        session = rows.get(one.subject_id)
        if one.kind != "cancelled" or session is None:
            continue
        if session.cancelled_at != one.occurred_at:
            found[one.pk] = Undo(why_not=_("It was taken back already."))
        elif session.starts_at <= reader.now:
            found[one.pk] = Undo(why_not=_("Too late: the class has begun."))
        else:
            found[one.pk] = Undo(reverse("bookings:session_restore", args=[reader.studio.slug, session.pk]))
    return found


def _undo_archived(model: type[Any], view: str, right: Right) -> Any:
    """What was put away comes back. One query."""

    def undo(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
        wanted = {one.subject_id for one in changes if one.kind == "archived"}
        if not wanted or right not in reader.login.rights:
            return {}
        away = dict(model.objects.filter(studio=reader.studio, pk__in=wanted).values_list("pk", "archived_at"))
        return {
            one.pk: Undo(reverse(view, args=[reader.studio.slug, one.subject_id]))
            if away.get(one.subject_id) == one.occurred_at
            else Undo(why_not=_("It was taken back already."))
            for one in changes
            if one.kind == "archived"
        }

    return undo


def register_log() -> None:
    tell_who(who_words)
    for source in (ReservationLog(), WaitingLog(), Ledger()):
        register(source)
    register_subject(
        Subject(
            "calendaritem",
            lazy("Class"),
            ITEM,
            named(lambda studio: studio.calendar_items, page("bookings:item")),
            model=CalendarItem,
            fields=FIELDS,
            undo=_undo_archived(CalendarItem, "bookings:item_restore", Right.MANAGE_SCHEDULE),
        )
    )
    register_subject(
        Subject(
            "scheduledsession",
            lazy("Date of a class"),
            SESSION,
            named(
                lambda studio: ScheduledSession.objects.filter(studio=studio).select_related("item", "location"),
                page("bookings:session"),
                lambda one: f"{one.item.name}, {day_and_clock(one.starts_at, one.location)}",
            ),
            model=ScheduledSession,
            fields=FIELDS,
            undo=_undo_cancelled,
        )
    )
    register_subject(
        Subject(
            "room",
            lazy("Room"),
            ROOM,
            named(lambda studio: Room.objects.filter(location__studio=studio), page("bookings:room")),
            model=Room,
            fields=FIELDS,
            undo=undo_spots,
        )
    )
    register_subject(
        Subject(
            "teacher",
            lazy("Teacher"),
            {"created": lazy("added")},
            named(lambda studio: studio.teachers, one_page("bookings:schedule")),
            model=Teacher,
        )
    )
    register_subject(
        Subject(
            "calendarfeed",
            lazy("Calendar feed"),
            {"created": lazy("opened"), "revoked": lazy("closed")},
            named(lambda studio: CalendarFeed.objects.filter(studio=studio), one_page("bookings:schedule")),
            fields=FIELDS,
        )
    )
    register_subject(
        Subject(
            "package",
            lazy("Package"),
            PACKAGE,
            named(lambda studio: studio.packages, page("bookings:package")),
            model=PackageVersion,
            fields=FIELDS,
            money=PRICES,
            undo=_undo_archived(Package, "bookings:package_restore", Right.MANAGE_PACKAGES),
        )
    )
