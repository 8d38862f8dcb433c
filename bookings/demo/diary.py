"""The moving part of a demo studio: sessions, who booked them, what came of it, and the events that tell it.

Rows are written in bulk, past the actions: a year of desk work has to be invented in seconds. What the actions promise
is kept by hand here, and checked by the database's constraints: places, spots, one event for each change.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from bookings.demo import archive
from bookings.demo.course import Course
from bookings.demo.crowd import Crowd
from bookings.demo.plan import ClassPlan, StudioPlan
from bookings.demo.told import Booked, Told, Waited
from bookings.models import CalendarItem, Recurrence, ReservationEvent, ScheduledSession, Spot
from bookings.recurrence import moment
from bookings.rules import Attendance, Booking, cancellation_deadline
from bookings.sources import is_own
from portal.models import Member, StaffLogin, Studio
from portal.roles import Preset, Right

Kind = ReservationEvent.Kind
SWEEP = timedelta(minutes=5)
STAYS_EMPTY_AFTER = 24  # days ahead; nobody books earlier
# The share of full classes that were full so early that others stood on the list in vain; at most so many.
IN_VAIN, WAITING = 0.45, 4
# The share of past classes that the studio cancelled; none in the last days, which `moments` looks after.
CALLED_OFF, UNTOUCHED = 0.006, timedelta(days=12)
# People like to come after work.
AFTER_WORK, EARLY = 1.12, 0.92
USUAL, SOON_FULL = 0.88, 1.12
AT_THE_DESK = 0.09
COMES = {"desk": 0.96, "wellpass": 0.91, "onefit": 0.86}


@dataclass
class Diary:
    """Collects rows and writes them at the end; nothing in it happens after `now`."""

    studio: Studio
    plan: StudioPlan
    now: datetime
    dice: Random
    first: date
    sessions: list[ScheduledSession] = field(default_factory=list)
    reservations: list[Booked] = field(default_factory=list)
    waits: list[Waited] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.items: dict[str, CalendarItem] = {
            item.name: item
            for item in self.studio.calendar_items.select_related("studio", "location", "teacher", "room").order_by(
                "pk"
            )
        }
        self.spots: dict[int | None, list[int]] = {}
        for room, spot in (
            Spot.objects.filter(room__location__studio=self.studio).order_by("fill_order").values_list("room", "pk")
        ):
            self.spots.setdefault(room, []).append(spot)
        self.series = {
            (one.item_id, one.local_start, tuple(one.weekdays)): one for one in self.studio.recurrences.all()
        }
        self.today = self.studio.locations.in_order()[0].local_day(self.now)
        self.course = Course(self.today, self.plan.age, self.plan.sources, self.plan.joined)
        self.crowd = Crowd.of(self.studio, self.plan, self.course, self.first, self.dice)
        self.opened = {place.slug: place.opened for place in self.plan.places}
        self.booked: dict[int, list[Booked]] = {}
        # By source, the newest first. Days that are added later to a studio lie in its newest contracts.
        added = self.studio.sessions.exists()
        self.contracts = {
            source: [((self.now - timedelta(days=days)).date(), hours) for days, hours in reversed(versions)]
            if not added
            else [(date.min, versions[-1][1])]
            for source, versions in self.plan.contract_hours.items()
        }
        logins = self.studio.logins.select_related("user").order_by("pk")
        self.desk: list[StaffLogin] = [
            login for login in logins if Right.CHECK_IN in login.rights and login.preset != Preset.TEACHER
        ]

    # One day, one session

    def write_day(self, day: date) -> None:
        """All sessions of the week's plan on this local day, with their reservations."""
        self.crowd.begin(day)
        for one in self.plan.classes:
            if not self.course.size(day, opened=self.opened[one.place]):
                continue
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
        wanted = round(plan.capacity * self._share(plan, starts_at, day))
        is_over = starts_at < self.now - timedelta(hours=1)
        in_vain = is_over and wanted == plan.capacity > 1 and self.dice.random() < IN_VAIN
        for member in self.crowd.draw(wanted, location_id=session.location_id, day=day, dice=self.dice):
            self.write_booked(session, member, long_before=in_vain)
        if in_vain and session.places_taken == session.capacity:
            self._write_waiting(session, day)
            return session
        gone = sum(self.dice.random() < 0.12 for _ in range(session.places_taken))
        for member in self.crowd.draw(gone, location_id=session.location_id, day=day, dice=self.dice):
            self.write_cancelled(session, member)
        if starts_at < self.now - UNTOUCHED and self.dice.random() < CALLED_OFF:
            self.call_off(session)
        return session

    def _share(self, plan: ClassPlan, starts_at: datetime, day: date) -> float:
        """The share of its places that is booked by now: by its popularity, the studio's course and the time left."""
        ahead = max(0.0, (starts_at - self.now) / timedelta(days=1))
        demand = self.course.demand(day, opened=self.opened[plan.place])
        if plan.fill >= 1:
            share = 1.0 if demand > USUAL else min(1.0, SOON_FULL * demand * self.dice.uniform(0.85, 1.15))
        else:
            hour = starts_at.astimezone(self.items[plan.name].location.tz).hour
            liked = AFTER_WORK if 17 <= hour < 19 else EARLY if hour < 8 else 1
            share = min(1.0, plan.fill * demand * liked * self.dice.uniform(0.85, 1.15))
        return share * max(0.0, 1 - max(0.0, ahead - 2) / STAYS_EMPTY_AFTER)

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

    def write_booked(
        self, session: ScheduledSession, member: Member, *, came: bool | None = None, long_before: bool = False
    ) -> Booked:
        """A place taken, with whatever is known of it at `now`. `came` None lets the dice say."""
        reservation = self._reserved(session, member, early=long_before)
        if spots := self.spots.get(session.room_id):
            reservation.spot_id = spots[session.places_taken]
        session.places_taken += 1
        came = self.dice.random() < COMES.get(reservation.source, 0.93) if came is None else came
        arrives_at = session.starts_at + timedelta(minutes=self.dice.triangular(-18, 6, -5))
        if came and arrives_at <= self.now:
            by = self.dice.choice(self.desk)
            reservation.attendance = Attendance.CHECKED_IN
            reservation.checked_in_at, reservation.checked_in_by_id = arrives_at, by.pk
            self._event(reservation, Kind.CHECKED_IN, arrives_at, {"attendance": Attendance.UNKNOWN.value}, by=by)
        swept_at = session.ends_at + session.location.grace + SWEEP
        if not came and swept_at <= self.now:
            reservation.attendance = Attendance.NO_SHOW
            self._event(reservation, Kind.NO_SHOW, swept_at, {"attendance": Attendance.UNKNOWN.value}, by_word="sweep")
        return reservation

    def _write_waiting(self, session: ScheduledSession, day: date) -> None:
        """Some of our own people stood on the list of a class that stayed full, until it began (docs/waiting.md)."""
        cut_off = session.starts_at - timedelta(minutes=self.studio.waiting_cutoff_minutes)
        full_since = max(one.booked_at for one in self.booked[id(session)])
        count = self.dice.choices(range(WAITING + 1), (1, 4, 3, 2, 1))[0]
        moments = sorted(full_since + (cut_off - full_since) * self.dice.uniform(0.05, 0.95) for _ in range(count))
        own = self.crowd.draw_own(count, location_id=session.location_id, day=day, dice=self.dice)
        for member, joined_at in zip(own, moments, strict=False):
            ids = self.dice.getrandbits(128), self.dice.getrandbits(128)
            self.waits.append(Waited(session, member, joined_at, session.starts_at + timedelta(seconds=40), ids))

    def write_cancelled(
        self, session: ScheduledSession, member: Member, *, late: bool | None = None, excused: bool | None = None
    ) -> None:
        """A place given up: mostly in time, some late, and a few of those excused by the desk."""
        reservation = self._reserved(session, member, early=late is False)
        booked_at, deadline_at = reservation.booked_at, reservation.deadline_at
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
        self._forget_what_was_later(session, called_off_at)
        booked = [one for one in self.booked.get(id(session), ()) if one.booking == Booking.BOOKED]
        for reservation in booked:
            reservation.attendance = Attendance.UNKNOWN
            reservation.checked_in_at = reservation.checked_in_by_id = None
            reservation.booked_at = min(reservation.booked_at, called_off_at - timedelta(hours=1))
            reservation.events = reservation.events[:1]
            reservation.events[0].at = reservation.booked_at

    def _forget_what_was_later(self, session: ScheduledSession, called_off_at: datetime) -> None:
        """Of what the studio has cancelled nobody gives up a place any more, or waits for one."""
        theirs = self.booked.get(id(session), [])
        gone = {id(one) for one in theirs if one.cancelled_at is not None and one.cancelled_at >= called_off_at}
        if gone:
            theirs[:] = [one for one in theirs if id(one) not in gone]
            self.reservations[:] = [one for one in self.reservations if id(one) not in gone]
        self.waits[:] = [one for one in self.waits if one.session is not session]

    def _reserved(self, session: ScheduledSession, member: Member, *, early: bool = False) -> Booked:
        """`early`: while cancelling was still free."""
        source = self._source(session, member)
        deadline = cancellation_deadline(
            session.starts_at,
            contract_hours=self._contract_hours(source, session),
            item_hours=session.item.cancel_hours,
            location_hours=session.location.cancel_hours,
            studio_hours=self.studio.cancel_hours,
        )
        latest = min(session.starts_at, self.now, *([deadline.at] if early else []))
        booked_at = latest - timedelta(hours=0.5 + min(self.dice.expovariate(1 / 60), 400))
        reservation = Booked(session, member, source, booked_at, deadline.at, deadline.origin)
        self.reservations.append(reservation)
        self.booked.setdefault(id(session), []).append(reservation)
        by = self.dice.choice(self.desk) if reservation.source == "desk" else None
        self._event(reservation, Kind.RESERVED, booked_at, None, by=by)
        return reservation

    def _contract_hours(self, source: str, session: ScheduledSession) -> int | None:
        """As agreed with the marketplace for the day of the class; None: nothing is (Q20)."""
        versions = self.contracts.get(source)
        if versions is None:
            return None
        day = session.location.local_day(session.starts_at)
        return next((hours for first_on, hours in versions if first_on <= day), None)

    def _source(self, session: ScheduledSession, member: Member) -> str:
        """By which road the booking came; a marketplace sells only what is allowed to it."""
        road = self.crowd.road(member, session.location.local_day(session.starts_at))
        if is_own(road) or not session.item.allows_marketplaces:
            return "desk" if self.dice.random() < AT_THE_DESK else "direct"
        return road

    def _event(
        self,
        reservation: Booked,
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
        word = "" if by else by_word or ("member" if is_own(reservation.source) else reservation.source)
        key = self.dice.getrandbits(128)
        reservation.events.append(
            Told(kind, key, at, by.pk if by else None, word, {} if before is None else after | before, after)
        )

    # At the end

    def save(self) -> None:
        """Write all rows; the events get their versions in the order in which they happened."""
        archive.save(self.studio, self.sessions, self.reservations, self.waits, now=self.now)
