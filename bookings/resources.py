"""Reservations of another system, from a file into the history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop as _
from import_export import fields
from import_export.instance_loaders import BaseInstanceLoader
from tablib import Dataset

from bookings import rules
from bookings.actions.assigning import assign_coming
from bookings.actions.importing import Imported, count_places, record_imported, write_reservations
from bookings.actions.recording import axes
from bookings.imports.ledger import Ledger
from bookings.imports.rules import Happened, Told, what_happened
from bookings.imports.visits import Reader, Visit
from bookings.models import CalendarItem, Reservation, ScheduledSession
from portal.imports.rows import LINE, RowResource
from portal.imports.undoing import made
from portal.models import ImportRun, Location, Member

SOURCE = "import"
MEMBER_FACTS = ("number", "first_name", "last_name", "email", "phone", "joined_on", "notes", "blocked_reason")
ITEM_FACTS = ("name", "kind", "duration_minutes", "capacity")
SESSION_FACTS = ("starts_at", "ends_at", "capacity", "cancelled_at")
RESERVATION_FACTS = ("booking", "attendance", "excused", "cancelled_at", "checked_in_at")


class ByReference(BaseInstanceLoader):
    """The reservation that an earlier import made of this row, out of what the ledger loaded for the chunk."""

    def get_instance(self, row: Any) -> Reservation | None:
        return self.resource.ledger.reservations.get(row["visit"].ref)


def _fact(name: str) -> fields.Field:
    """A value that `before_import_row` has worked out of several columns."""
    return fields.Field(attribute=name, column_name=name)


class ReservationResource(RowResource):
    """Rows of a reservation history. Made once per run; rows of all its chunks know of each other."""

    watched = (
        "member",
        "session",
        "location",
        "starts_at",
        "ends_at",
        "booked_at",
        "cancelled_at",
        "checked_in_at",
        "booking",
        "attendance",
        "excused",
        "flagged",
    )

    external_ref = _fact("external_ref")
    member = _fact("member")
    session = _fact("session")
    location = _fact("location")
    starts_at = _fact("starts_at")
    ends_at = _fact("ends_at")
    booked_at = _fact("booked_at")
    cancelled_at = _fact("cancelled_at")
    checked_in_at = _fact("checked_in_at")
    booking = _fact("booking")
    attendance = _fact("attendance")
    excused = _fact("excused")
    flagged = _fact("flagged")
    deadline_at = _fact("deadline_at")
    deadline_from = _fact("deadline_from")

    class Meta:
        model = Reservation
        fields = (
            "external_ref",
            "member",
            "session",
            "location",
            "starts_at",
            "ends_at",
            "booked_at",
            "cancelled_at",
            "checked_in_at",
            "booking",
            "attendance",
            "excused",
            "flagged",
            "deadline_at",
            "deadline_from",
        )
        import_id_fields = ("external_ref",)
        instance_loader_class = ByReference

    def __init__(self, run: ImportRun, *, now: datetime, write: bool, numbers_in_file: Sequence[str] = ()) -> None:
        super().__init__(run, now=now, write=write)
        self.ledger = Ledger(run.studio, SOURCE, numbers_in_file=numbers_in_file)
        self.reader = Reader(run.answers, {place.slug: place for place in run.studio.locations.all()})
        self._visits: dict[int, Visit] = {}
        self._lines: dict[str, int] = {}
        # Of members, classes and sessions, by identity (the ledger keeps them alive): the line that named them first.
        self._first_line: dict[int, int] = {}
        self._imported: list[Imported] = []
        self._axes_before: dict[int, Any] = {}
        self._sessions_before: dict[int, int] = {}
        self._members_before: dict[int, int] = {}
        self.touched_sessions: set[int] = set()

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        """Read the chunk, then ask for all that it names at once."""
        visits = [self.reader.read(row[LINE], row) for row in dataset.dict]
        self._visits = {visit.line: visit for visit in visits}
        good = [visit for visit in visits if not visit.errors]
        self.ledger.load(
            refs=[visit.ref for visit in good],
            numbers=[visit.texts["member_number"] for visit in good],
            emails=[visit.texts["member_email"] for visit in good],
            starts=[visit.starts_at for visit in good if visit.starts_at],
            lock=self.write,
        )

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Work out what the row means. Raises ValidationError with every reason why it is refused."""
        line = row[LINE]
        visit = self._visits[line]
        self.shown[line] = {
            "member": row["member_name"].strip() or row["member_number"].strip() or row["member_email"].strip(),
            "class": row["class_name"].strip(),
            "start": row["starts_at"].strip(),
        }
        if visit.errors or visit.location is None or visit.starts_at is None:
            raise ValidationError(visit.errors)
        if visit.ref in self._lines:
            raise ValidationError(
                _("This is the same booking as in line %(line)s."), params={"line": self._lines[visit.ref]}
            )
        self._lines[visit.ref] = line
        row["visit"] = visit
        member, session = self._who_and_where(visit, visit.location, visit.starts_at)
        happened, deadline = self._what(visit, session)
        row |= {
            "external_ref": visit.ref,
            "member": member,
            "session": session,
            "location": session.location,
            "starts_at": session.starts_at,
            "ends_at": session.ends_at,
            "booked_at": visit.booked_at,
            "cancelled_at": happened.cancelled_at,
            "checked_in_at": happened.checked_in_at,
            "booking": happened.booking.value,
            "attendance": happened.attendance.value,
            "excused": happened.excused,
            "flagged": "; ".join(happened.flags),
            "deadline_at": deadline.at,
            "deadline_from": deadline.origin.value,
        }
        self.flags[line] = [flag.value for flag in happened.flags]
        self._show(line, member, session, happened)
        self._take_seat(visit, member, session, happened)

    def _who_and_where(self, visit: Visit, location: Location, starts_at: datetime) -> tuple[Member, ScheduledSession]:
        known = self.ledger.reservations.get(visit.ref)
        member = self.ledger.member(
            visit.texts["member_number"], visit.texts["member_email"], visit.texts["member_name"]
        )
        if known is not None:
            if known.pk in self.ledger.corrected:
                raise ValidationError(_("This booking was changed here since it was imported; that stays."))
            if known.member is not member and known.starts_at != starts_at:
                raise ValidationError(
                    _("The booking number %(ref)s belongs to %(name)s. Is this the file of another system?"),
                    params={"ref": visit.ref, "name": known.member.name},
                )
            if (known.location_id, known.starts_at) == (location.pk, starts_at):
                return member, known.session  # its class may have got another name here
        return member, self.ledger.session(location, visit.texts["class_name"], starts_at)

    def _what(self, visit: Visit, session: ScheduledSession) -> tuple[Happened, rules.Deadline]:
        location = session.location
        deadline = rules.cancellation_deadline(
            session.starts_at,
            item_hours=session.item.cancel_hours,
            location_hours=location.cancel_hours,
            studio_hours=self.studio.cancel_hours,
        )
        told = Told(
            starts_at=session.starts_at,
            starts_on=location.local_day(session.starts_at),
            over_at=session.ends_at + location.grace,
            deadline_at=deadline.at,
            booked_at=visit.booked_at,
            cancelled=visit.cancelled,
            cancelled_at=visit.cancelled_at,
            checked_in=visit.checked_in,
            checked_in_at=visit.checked_in_at,
            checked_in_on=visit.checked_in_at and location.local_day(visit.checked_in_at),
            status=visit.status,
        )
        return what_happened(told, now=self.now), deadline

    def _show(self, line: int, member: Member, session: ScheduledSession, happened: Happened) -> None:
        local = session.starts_at.astimezone(session.location.tz)
        standing = rules.Standing(
            booking=happened.booking,
            attendance=happened.attendance,
            excused=happened.excused,
            session_cancelled=session.cancelled_at is not None,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            grace=session.location.grace,
        )
        self.shown[line] = {
            "member": member.name,
            "number": member.number,
            "new_member": member.pk is None,
            "class": session.item.name,
            "location": session.location.name,
            "start": local.replace(tzinfo=None).isoformat(timespec="minutes"),
            "state": rules.state_of(standing, now=self.now).value,
        }

    def _take_seat(self, visit: Visit, member: Member, session: ScheduledSession, happened: Happened) -> None:
        """One place for each member, and no more than the session has. Raises ValidationError."""
        known = self.ledger.reservations.get(visit.ref)
        if known is not None and known.booking == rules.Booking.BOOKED:
            self.ledger.seats[id(known.session)].taken_by.pop(self.ledger.key_of(known.member), None)
        if happened.booking is not rules.Booking.BOOKED:
            return
        seats = self.ledger.seats[id(session)]
        key = self.ledger.key_of(member)
        if key in seats.taken_by:
            other = self._lines.get(seats.taken_by[key])
            if other is not None:
                raise ValidationError(
                    _("%(name)s has this class at this time in line %(line)s."),
                    params={"name": member.name, "line": other},
                )
            raise ValidationError(_("%(name)s has this booking here already."), params={"name": member.name})
        if seats.is_full:
            raise ValidationError(
                _("The class has %(places)s places and is full."), params={"places": seats.limit or 0}
            )
        seats.taken_by[key] = visit.ref

    def after_init_instance(self, instance: Reservation, new: bool, row: Any, **kwargs: Any) -> None:
        super().after_init_instance(instance, new, row, **kwargs)
        if not new:
            self._axes_before[instance.pk] = axes(instance)
            self._sessions_before[instance.pk] = instance.session_id
            self._members_before[instance.pk] = instance.member_id

    def init_instance(self, row: Any = None) -> Reservation:
        return Reservation(studio=self.studio, source=self.ledger.source)

    def after_import_row(self, row: Any, row_result: Any, **kwargs: Any) -> None:
        super().after_import_row(row, row_result, **kwargs)
        self.made["reservation"] += row_result.instance.pk is None
        for thing in (row["member"], row["session"].item, row["session"]):
            if thing.pk is None and id(thing) not in self._first_line:
                self._first_line[id(thing)] = row[LINE]
                self.made[str(thing._meta.model_name)] += 1

    def bulk_create(self, using_transactions: bool, dry_run: bool, *args: Any, **kwargs: Any) -> None:
        """Called once for each chunk, also when no reservation in it is new."""
        if not dry_run:
            self._save_new()
        super().bulk_create(using_transactions, dry_run, *args, **kwargs)

    def _save_new(self) -> None:
        good = [*self.create_instances, *self.update_instances]
        for thing in self.ledger.save_new(good):
            facts = {Member: MEMBER_FACTS, CalendarItem: ITEM_FACTS, ScheduledSession: SESSION_FACTS}[type(thing)]
            self.written.setdefault(self._first_line[id(thing)], []).append(made(thing, facts))
        for reservation in good:
            reservation.session_id, reservation.member_id = reservation.session.pk, reservation.member.pk

    def write_new(self, instances: list[Reservation]) -> None:
        write_reservations(instances, [], fields=())
        for reservation in instances:
            line = self.line_of_row[id(reservation)]
            self.written.setdefault(line, []).append(made(reservation, RESERVATION_FACTS))
            self.touched_sessions.add(reservation.session_id)
            self._imported.append(Imported(reservation, line, {}))

    def write_changed(self, instances: list[Reservation]) -> None:
        write_reservations([], instances, fields=(*self.watched, "deadline_at", "deadline_from"))
        for reservation in instances:
            self.touched_sessions |= {reservation.session_id, self._sessions_before[reservation.pk]}
            before = self._axes_before[reservation.pk]
            self._imported.append(Imported(reservation, self.line_of_row[id(reservation)], before))

    def close(self) -> None:
        """After the last chunk: places, purchases, events, and the pulse as the last of all."""
        count_places(self.touched_sessions)
        assign_coming((one.reservation for one in self._imported if self._is_new(one)), self.studio, now=self.now)
        record_imported(self.studio.pk, self.run.pk, self._imported, now=self.now)

    def _is_new(self, one: Imported) -> bool:
        """Whether it has nothing to use yet: it was not booked before, or by somebody else."""
        row = one.reservation
        was_booked = one.before.get("booking") == rules.Booking.BOOKED
        return not was_booked or self._members_before[row.pk] != row.member_id
