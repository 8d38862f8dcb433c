"""What a member holds of bookings: reservations, and places on waiting lists (Q23, Q39)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.actions.assigning import choose_again_if_gone, take_off_others_purchases
from bookings.actions.offers import end_wait, record_wait, settle_waiting
from bookings.actions.recording import axes, locked_session, raise_pulse, record
from bookings.actions.reservations import cancel, free_place, free_spot, take_place
from bookings.actions.waiting import leave_waiting
from bookings.models import Reservation, ReservationEvent, ScheduledSession, WaitingEntry, WaitingEvent
from bookings.rules import Attendance, Booking, CancelAs
from bookings.sources import who_words
from bookings.states import STATE_WORDS
from bookings.words import day_and_clock
from portal.members.holdings import Exported, Holding, People, Preview
from portal.models import Member, StaffLogin

Kind = ReservationEvent.Kind
State = WaitingEntry.State


class Reservations(Holding):
    key, label, position = "reservations", gettext_lazy("Reservations"), 10

    def preview(self, merged: Member, kept: Member) -> Preview:
        clashes = [
            _("%(class)s, %(moment)s: both are booked. One booking stays, the other place is free again.")
            % {"class": session.item.name, "moment": _moment(session)}
            for session in _clashing(merged, kept)
        ]
        return Preview(str(self.label), merged.reservations.count(), clashes)

    def lock(self, merged: Member, kept: Member, moved: Any = None) -> Any:
        """The sessions in which both are booked; for an undo, those in which one booking was withdrawn."""
        if moved is not None:
            withdrawn = [one["reservation"] for one in moved["withdrawn"]]
            wanted = ScheduledSession.objects.filter(reservations__in=withdrawn).order_by("pk")
        else:
            wanted = _clashing(merged, kept)
        return [locked_session(session).pk for session in wanted]

    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        """All of them; where both are booked, the one with the tick stays, else the kept member's own."""
        withdrawn = [self._withdraw_one(session, merged, kept, by=by, now=now) for session in _clashing(merged, kept)]
        moved = list(merged.reservations.values_list("pk", flat=True))
        Reservation.objects.filter(pk__in=moved).update(member=kept)
        raise_pulse(kept.studio_id, now)  # so that every tab shows the name
        return {"moved": moved, "withdrawn": withdrawn}

    def _withdraw_one(
        self, session: ScheduledSession, merged: Member, kept: Member, *, by: StaffLogin, now: datetime
    ) -> dict[str, Any]:
        session = locked_session(session)
        rows = {
            row.member_id: row
            for row in session.reservations.active().filter(member__in=(merged, kept)).select_for_update(of=("self",))
        }
        mine, theirs = rows[kept.pk], rows[merged.pk]
        only_theirs = theirs.attendance == Attendance.CHECKED_IN and mine.attendance != Attendance.CHECKED_IN
        row = mine if only_theirs else theirs
        before = axes(row)
        state = {
            "attendance": row.attendance,
            "checked_in_at": row.checked_in_at.isoformat() if row.checked_in_at else None,
            "checked_in_by": row.checked_in_by_id,
            "spot": row.spot_id,
        }
        row.booking, row.cancelled_at = Booking.CANCELLED, now
        row.attendance, row.checked_in_at, row.checked_in_by = Attendance.UNKNOWN, None, None
        row.save(update_fields=["booking", "cancelled_at", "attendance", "checked_in_at", "checked_in_by"])
        free_place(session)
        event = record(row, Kind.WITHDRAWN, action_id=uuid4(), by=by, now=now, before=before)
        settle_waiting(session, now=now)
        return {"reservation": row.pk, "event": event.pk, "before": state}

    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        Reservation.objects.filter(pk__in=moved["moved"], member=kept).update(member=merged)
        unpaid = [
            _("%(class)s, %(moment)s: it used a package of the other profile and is unpaid now.")
            % {"class": row.session.item.name, "moment": _moment(row.session)}
            for row in take_off_others_purchases((merged, kept), by=by, now=now)
        ]
        left = [self._reinstate(one, by=by, now=now) for one in moved["withdrawn"]]
        raise_pulse(kept.studio_id, now)
        return [sentence for sentence in (*unpaid, *left) if sentence]

    def _reinstate(self, one: dict[str, Any], *, by: StaffLogin, now: datetime) -> str:
        """Book again what the merge withdrew; a sentence where the place is gone or something happened since."""
        row = Reservation.objects.select_related("session").filter(pk=one["reservation"]).first()
        if row is None:
            return ""
        session = locked_session(row.session)
        event, before = ReservationEvent.objects.get(pk=one["event"]), one["before"]
        words = {"class": session.item.name, "moment": _moment(session)}
        booked_again = session.reservations.active().filter(member=row.member_id).exists()
        if booked_again or axes(row) != {name: event.after[name] for name in axes(row)}:
            return _("%(class)s, %(moment)s: the booking was changed since and stays as it is.") % words
        settle_waiting(session, now=now)
        if session.capacity is not None and session.places_taken + session.places_held >= session.capacity:
            return _("%(class)s, %(moment)s: the place is taken by someone else; the booking stays cancelled.") % words
        was = axes(row)
        row.booking, row.cancelled_at, row.attendance = Booking.BOOKED, None, before["attendance"]
        row.checked_in_at = parse_datetime(before["checked_in_at"]) if before["checked_in_at"] else None
        row.checked_in_by_id = before["checked_in_by"]
        row.spot = free_spot(session, prefer=before["spot"])
        choose_again_if_gone(row, session, now=now)
        take_place(session)
        row.save(
            update_fields=[
                *("booking", "cancelled_at", "attendance", "checked_in_at", "checked_in_by", "spot"),
                *("purchase", "assigned", "choice"),
            ]
        )
        record(row, Kind.REINSTATED, action_id=uuid4(), by=by, now=now, before=was, undoes=event)
        return ""

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        columns = (
            ("starts_at", _("Start")),
            ("class", _("Class")),
            ("location", _("Location")),
            ("source", _("Source")),
            ("booked_at", _("Booked at")),
            ("status", _("Status")),
            ("checked_in_at", _("Checked in at")),
            ("cancelled_at", _("Cancelled at")),
        )
        log = (
            ("at", _("When")),
            ("starts_at", _("Start")),
            ("class", _("Class")),
            ("what", _("What")),
            ("by", _("By")),
        )
        return [
            Exported("reservations", columns, self._rows(members, now)),
            Exported("reservation_log", log, self._events(members)),
        ]

    def _events(self, members: Sequence[Member]) -> Iterable[Any]:
        """What happened to each of them, the oldest first."""
        events = ReservationEvent.objects.filter(reservation__member__in=members).order_by("id")
        for event in events.select_related("by__user", "reservation__session__item", "reservation__location"):
            row = event.reservation
            zone = row.location.tz
            yield (
                event.occurred_at.astimezone(zone),
                row.starts_at.astimezone(zone),
                row.session.item.name,
                event.get_kind_display(),
                who_words(event.by, event.by_word),
            )

    def _rows(self, members: Sequence[Member], now: datetime) -> Iterable[Any]:
        for row in _of(members).with_state(now).select_related("session__item", "location").order_by("starts_at"):
            zone = row.location.tz
            yield (
                row.starts_at.astimezone(zone),
                row.session.item.name,
                row.location.name,
                row.source,
                row.booked_at and row.booked_at.astimezone(zone),
                str(STATE_WORDS[row.state_word]),
                row.checked_in_at and row.checked_in_at.astimezone(zone),
                row.cancelled_at and row.cancelled_at.astimezone(zone),
            )

    def let_go(self, members: Sequence[Member], *, by: StaffLogin, now: datetime) -> int:
        """Cancel what is still to come, in time or excused: nobody is a late cancel for having left."""
        coming = _of(members).active().filter(starts_at__gt=now, session__cancelled_at=None).order_by("session_id")
        for row in coming:
            outcome = CancelAs.IN_TIME if now <= row.deadline_at else CancelAs.EXCUSED
            cancel(row, outcome=outcome, action_id=uuid4(), by=by, now=now)
        return len(coming)

    def scrub(self, people: People, *, now: datetime) -> None:
        """The rows stay, for the counts; what another system called them goes."""
        _of(people.members).exclude(external_ref="").update(external_ref="")
        raise_pulse(people.members[0].studio_id, now)


class Waits(Holding):
    key, label, position = "waiting", gettext_lazy("Waiting lists"), 20

    def preview(self, merged: Member, kept: Member) -> Preview:
        clashes = [
            _("%(class)s, %(moment)s: one of the two places on the waiting list ends.")
            % {"class": entry.session.item.name, "moment": _moment(entry.session)}
            for entry in _superfluous(merged, kept)
        ]
        return Preview(str(self.label), merged.waiting.count(), clashes)

    def lock(self, merged: Member, kept: Member, moved: Any = None) -> Any:
        """The sessions; and now that all of these are locked, the reservations of both, before their purchases."""
        if moved is not None:
            wanted = ScheduledSession.objects.filter(waiting__in=moved["ended"]).order_by("pk").distinct()
            locked = [locked_session(session).pk for session in wanted]
        else:
            locked = [locked_session(entry.session).pk for entry in _superfluous(merged, kept)]
        list(_of((merged, kept)).order_by("pk").select_for_update().values_list("pk"))
        return locked

    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        """All of them; who has a place, or waits already in front, does not wait once more."""
        ended = []
        for entry in _superfluous(merged, kept):
            session = locked_session(entry.session)
            end_wait(session, entry, State.LEFT, WaitingEvent.Kind.LEFT, by=by, now=now)
            settle_waiting(session, now=now)
            ended.append(entry.pk)
        moved = list(merged.waiting.values_list("pk", flat=True))
        WaitingEntry.objects.filter(pk__in=moved).update(member=kept)
        return {"moved": moved, "ended": ended}

    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        WaitingEntry.objects.filter(pk__in=moved["moved"], member=kept).update(member=merged)
        for entry in WaitingEntry.objects.filter(pk__in=moved["ended"], state=State.LEFT).order_by("session_id"):
            session = locked_session(entry.session)
            waits_again = session.waiting.open().filter(member=entry.member_id).exists()
            if session.starts_at <= now or session.cancelled_at is not None or waits_again:
                continue
            entry.state, entry.closed_at, entry.offered_at, entry.held_until = State.WAITING, None, None, None
            entry.save(update_fields=["state", "closed_at", "offered_at", "held_until"])
            record_wait(entry, WaitingEvent.Kind.JOINED, action_id=None, by=by, now=now)
            settle_waiting(session, now=now)
        return []

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        entries = WaitingEntry.objects.filter(member__in=members).select_related("session__item", "session__location")
        columns = (("starts_at", _("Start")), ("class", _("Class")), ("joined_at", _("Joined")), ("state", _("Status")))
        rows = [
            (
                entry.session.starts_at.astimezone(entry.session.location.tz),
                entry.session.item.name,
                entry.joined_at.astimezone(entry.session.location.tz),
                entry.get_state_display(),
            )
            for entry in entries.order_by("id")
        ]
        log = (("at", _("When")), ("class", _("Class")), ("what", _("What")), ("by", _("By")))
        return [Exported("waiting", columns, rows), Exported("waiting_log", log, self._events(members))]

    def _events(self, members: Sequence[Member]) -> Iterable[Any]:
        events = WaitingEvent.objects.filter(entry__member__in=members).order_by("id")
        for event in events.select_related("by__user", "entry__session__item", "entry__session__location"):
            session = event.entry.session
            moment = event.occurred_at.astimezone(session.location.tz)
            yield moment, session.item.name, event.get_kind_display(), who_words(event.by, event.by_word)

    def let_go(self, members: Sequence[Member], *, by: StaffLogin, now: datetime) -> int:
        entries = list(WaitingEntry.objects.open().filter(member__in=members).order_by("session_id"))
        for entry in entries:
            leave_waiting(entry, action_id=uuid4(), by=by, now=now)
        return len(entries)

    def scrub(self, people: People, *, now: datetime) -> None:
        """Nothing in these rows tells who it was."""


def _of(members: Sequence[Member]) -> Any:
    return Reservation.objects.filter(member__in=members)


def _clashing(merged: Member, kept: Member) -> Any:
    """The sessions in which both have a place, in the order in which sessions are locked."""
    mine = Reservation.objects.active().filter(member=kept).values("session")
    theirs = Reservation.objects.active().filter(member=merged, session__in=mine).values("session")
    return ScheduledSession.objects.filter(pk__in=theirs).select_related("item", "location").order_by("pk")


def _superfluous(merged: Member, kept: Member) -> list[WaitingEntry]:
    """The open waits that end: where one of the two has a place, and the later one where both wait."""
    pair = (merged, kept)
    entries = WaitingEntry.objects.open().filter(member__in=pair).select_related("session__item", "session__location")
    booked = set(_of(pair).active().filter(session__in=entries.values("session")).values_list("session_id", flat=True))
    seen: set[int] = set()
    ended = []
    for entry in sorted(entries, key=lambda entry: (entry.state != State.OFFERED, entry.pk)):
        if entry.session_id in booked or entry.session_id in seen:
            ended.append(entry)
        seen.add(entry.session_id)
    return sorted(ended, key=lambda entry: (entry.session_id, entry.pk))


def _moment(session: ScheduledSession) -> str:
    return day_and_clock(session.starts_at, session.location)
