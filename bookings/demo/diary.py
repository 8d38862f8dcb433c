"""The moving part of a demo studio: sessions, who booked them, what came of it, and the events that tell it.

Rows are written in bulk, past the actions: weeks of desk work have to be invented in seconds. What the actions promise
is kept by hand here, and checked by the database's constraints: places, spots, one event for each change.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection

from bookings.demo.crowd import Crowd
from bookings.demo.plan import ClassPlan, StudioPlan
from bookings.models import CalendarItem, Pulse, Recurrence, Reservation, ReservationEvent, ScheduledSession
from bookings.recurrence import moment
from bookings.rules import Attendance, Booking, cancellation_deadline
from bookings.sources import is_own
from portal.models import Member, StaffLogin, Studio
from portal.roles import Preset, Right

Kind = ReservationEvent.Kind
SWEEP = timedelta(minutes=5)
STAYS_EMPTY_AFTER = 24  # days ahead; nobody books earlier


@dataclass
class Diary:
    """Collects rows and writes them at the end; nothing in it happens after `now`."""

    studio: Studio
    plan: StudioPlan
    now: datetime
    dice: Random
    sessions: list[ScheduledSession] = field(default_factory=list)
    reservations: list[Reservation] = field(default_factory=list)
    events: list[ReservationEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.items: dict[str, CalendarItem] = {
            item.name: item
            for item in self.studio.calendar_items.select_related("studio", "location", "teacher", "room")
            .prefetch_related("room__spots")
            .order_by("pk")
        }
        self.series = {
            (one.item_id, one.local_start, tuple(one.weekdays)): one for one in self.studio.recurrences.all()
        }
        self.crowd = Crowd.of(self.studio, self.plan)
        logins = self.studio.logins.select_related("user").order_by("pk")
        self.desk: list[StaffLogin] = [
            login for login in logins if Right.CHECK_IN in login.rights and login.preset != Preset.TEACHER
        ]
        self.sources, self.weights = list(self.plan.sources), list(self.plan.sources.values())

    # One day, one session

    def write_day(self, day: date) -> None:
        """All sessions of the week's plan on this local day, with their reservations."""
        for one in self.plan.classes:
            for weekdays, start in one.week:
                if day.weekday() in weekdays:
                    item = self.items[one.name]
                    series = self.series[item.pk, start, tuple(weekdays)]
                    self.write_session(one, moment(day, start, item.location.tz), series=series, day=day)

    def write_session(
        self, plan: ClassPlan, starts_at: datetime, *, series: Recurrence | None = None, day: date | None = None
    ) -> ScheduledSession:
        """A session with as many people as its popularity and the time left to book suggest."""
        session = self.new_session(plan, starts_at)
        session.recurrence, session.occurs_on = series, day
        day = session.location.local_day(starts_at)
        ahead = max(0.0, (starts_at - self.now) / timedelta(days=1))
        share = min(1.0, plan.fill * self.dice.uniform(0.85, 1.15)) if plan.fill < 1 else 1.0
        share *= max(0.0, 1 - max(0.0, ahead - 2) / STAYS_EMPTY_AFTER)
        for member in self.crowd.draw(
            round(plan.capacity * share), location_id=session.location_id, day=day, dice=self.dice
        ):
            self.write_booked(session, member)
        gone = sum(self.dice.random() < 0.12 for _ in range(session.places_taken))
        for member in self.crowd.draw(gone, location_id=session.location_id, day=day, dice=self.dice):
            self.write_cancelled(session, member)
        return session

    def new_session(self, plan: ClassPlan, starts_at: datetime) -> ScheduledSession:
        item = self.items[plan.name]
        session = ScheduledSession(
            studio=self.studio,
            item=item,
            location=item.location,
            room=item.room,
            teacher=item.teacher,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=plan.minutes),
            capacity=plan.capacity,
            is_exclusive=item.is_exclusive,
        )
        self.sessions.append(session)
        return session

    # One reservation

    def write_booked(self, session: ScheduledSession, member: Member, *, came: bool | None = None) -> Reservation:
        """A place taken, with whatever is known of it at `now`. `came` None lets the dice say."""
        reservation = self._reserved(session, member)
        if session.room and session.room.spots.all():
            spots = sorted(session.room.spots.all(), key=lambda spot: spot.fill_order)
            reservation.spot = spots[session.places_taken]
        session.places_taken += 1
        came = self.dice.random() < 0.92 if came is None else came
        arrives_at = session.starts_at + timedelta(minutes=self.dice.triangular(-18, 6, -5))
        if came and arrives_at <= self.now:
            by = self.dice.choice(self.desk)
            reservation.attendance = Attendance.CHECKED_IN
            reservation.checked_in_at, reservation.checked_in_by = arrives_at, by
            self._event(reservation, Kind.CHECKED_IN, arrives_at, {"attendance": Attendance.UNKNOWN.value}, by=by)
        swept_at = session.ends_at + session.location.grace + SWEEP
        if not came and swept_at <= self.now:
            reservation.attendance = Attendance.NO_SHOW
            self._event(reservation, Kind.NO_SHOW, swept_at, {"attendance": Attendance.UNKNOWN.value}, by_word="sweep")
        return reservation

    def write_cancelled(
        self, session: ScheduledSession, member: Member, *, late: bool | None = None, excused: bool | None = None
    ) -> None:
        """A place given up: mostly in time, some late, and a few of those excused by the desk."""
        reservation = self._reserved(session, member, early=late is False)
        booked_at, deadline_at = reservation.booked_at or self.now, reservation.deadline_at
        in_time = booked_at, min(deadline_at, self.now)
        too_late = max(deadline_at, booked_at), min(session.starts_at, self.now)
        late = self.dice.random() < 0.35 if late is None else late
        late = too_late[0] < too_late[1] and (late or in_time[0] >= in_time[1])
        excused = late and (self.dice.random() < 0.25 if excused is None else excused)
        first, last = too_late if late else in_time
        reservation.cancelled_at = first + (last - first) * self.dice.uniform(0.1, 0.9)
        reservation.booking = Booking.LATE_CANCELLED if late and not excused else Booking.CANCELLED
        reservation.excused = excused
        by = self.dice.choice(self.desk) if excused or reservation.source == "desk" else None
        before = {"booking": Booking.BOOKED.value, "excused": False}
        self._event(reservation, Kind.CANCELLED, reservation.cancelled_at, before, by=by)

    def call_off(self, session: ScheduledSession) -> None:
        """Cancel the session a day before its start, or just now; nobody is a no-show for it (Q27)."""
        called_off_at = session.cancelled_at = min(session.starts_at - timedelta(days=1), self.now)
        session.cancelled_reason = "The teacher is ill"
        booked = [one for one in self.reservations if one.session is session and one.booking == Booking.BOOKED]
        for reservation in booked:
            reservation.attendance = Attendance.UNKNOWN
            reservation.checked_in_at = reservation.checked_in_by = None
            reservation.booked_at = min(reservation.booked_at or called_off_at, called_off_at - timedelta(hours=1))
        theirs = {id(one) for one in booked}
        self.events = [e for e in self.events if e.kind == Kind.RESERVED or id(e.reservation) not in theirs]
        for event in self.events:
            if id(event.reservation) in theirs:
                event.occurred_at = event.recorded_at = event.reservation.booked_at or called_off_at

    def _reserved(self, session: ScheduledSession, member: Member, *, early: bool = False) -> Reservation:
        """`early`: while cancelling was still free."""
        deadline = cancellation_deadline(
            session.starts_at,
            item_hours=session.item.cancel_hours,
            location_hours=session.location.cancel_hours,
            studio_hours=self.studio.cancel_hours,
        )
        latest = min(session.starts_at, self.now, *([deadline.at] if early else []))
        booked_at = latest - timedelta(hours=0.5 + min(self.dice.expovariate(1 / 60), 400))
        reservation = Reservation(
            studio=self.studio,
            session=session,
            member=member,
            location=session.location,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            source=self._source(session),
            booked_at=booked_at,
            deadline_at=deadline.at,
            deadline_from=deadline.origin,
        )
        self.reservations.append(reservation)
        by = self.dice.choice(self.desk) if reservation.source == "desk" else None
        self._event(reservation, Kind.RESERVED, booked_at, None, by=by)
        return reservation

    def _source(self, session: ScheduledSession) -> str:
        """By which road the booking came; a marketplace sells only what is allowed to it."""
        source = self.dice.choices(self.sources, self.weights)[0]
        return source if is_own(source) or session.item.allows_marketplaces else "direct"

    def _event(
        self,
        reservation: Reservation,
        kind: Kind,
        at: datetime,
        before: dict[str, Any] | None,
        *,
        by: StaffLogin | None = None,
        by_word: str = "",
    ) -> None:
        """`before`: the axes that this event changed, as they were; None for the first event."""
        after = {
            "booking": str(reservation.booking),
            "attendance": str(reservation.attendance),
            "excused": reservation.excused,
        }
        marketplace = reservation.source not in {"direct", "desk"}
        self.events.append(
            ReservationEvent(
                studio=self.studio,
                reservation=reservation,
                kind=kind,
                action_id=UUID(int=self.dice.getrandbits(128), version=4),
                occurred_at=at,
                recorded_at=at,
                by=by,
                by_word="" if by else by_word or (reservation.source if marketplace else "member"),
                before={} if before is None else after | before,
                after=after,
            )
        )

    # At the end

    def save(self) -> None:
        """Write all rows; the events get their versions in the order in which they happened."""
        ScheduledSession.objects.bulk_create(self.sessions)
        for reservation in self.reservations:
            reservation.session_id = reservation.session.pk
        Reservation.objects.bulk_create(self.reservations, batch_size=2000)
        # PostgreSQL checks each row's promises at the commit; knowing that these are many, it looks them up by index.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE bookings_scheduledsession, bookings_reservation")
        pulse, _ = Pulse.objects.get_or_create(studio=self.studio)
        self.events.sort(key=lambda event: event.occurred_at)
        for event in self.events:
            event.reservation_id = event.reservation.pk
            pulse.version += 1
            event.version = pulse.version
        ReservationEvent.objects.bulk_create(self.events, batch_size=2000)
        pulse.changed_at = self.now
        pulse.save()
