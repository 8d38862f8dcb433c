"""A series: made, changed from one of its sessions on, or changed as a whole.

A changed series is a new one that takes over: sessions to come go over to it in place, with everybody who is booked.
The old one keeps what has begun, and ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from bookings import rules
from bookings.models import CalendarItem, Own, Recurrence, ScheduledSession
from bookings.plans.occurrences import busy, new_sessions, wanted
from bookings.plans.plan import Plan, SessionChange, Shape, Skipped, refusal, starts_of
from bookings.plans.values import SLOT_FIELDS, Scope, SeriesValues, length_of, slot_values
from bookings.recurrence import follow, moment, monday_of


def plan_series(item: CalendarItem, values: SeriesValues, *, now: datetime) -> Plan:
    """What would become of a new series: its sessions, and the days on which there is none."""
    decision = rules.may_recur(_facts(item, values, dates=len(values.pattern.days()) if values.last_on else 0))
    if not decision.allowed:
        return refusal(decision)
    series = _slot(item, values)
    series.left_out = sorted(values.left_out)
    made, skipped = new_sessions(series, values.pattern.days(left_out=values.left_out), now=now)
    if not made:
        return refusal(rules.may_recur(_facts(item, values, dates=0)))
    return Plan(decision=_may(item, [], made, now=now), item=item, made=made, skipped=skipped, series=series)


def plan_following(
    session: ScheduledSession, values: SeriesValues, scope: Scope, *, now: datetime, seen: int | None = None
) -> Plan:
    """What would become of this session and those after it, or of all to come. Raises ValueError without a series.

    A session on a weekday that changes moves within its week. One whose date is no longer in the series falls out.
    `values.first_on` is not looked at: the series goes on where it is.
    """
    old = session.recurrence
    if old is None or session.occurs_on is None:
        raise ValueError(f"session {session.pk} belongs to no series")
    if replace(values, first_on=old.first_on, left_out=frozenset()) == SeriesValues.of(old):
        return Plan(decision=_may(old.item, [], [], now=now), item=old.item)
    pivot = session.occurs_on if scope is Scope.FOLLOWING else old.first_on
    decision = rules.may_recur(_facts(old.item, values, first_on=old.first_on))
    if decision.refusal is not None and decision.refusal.question is not rules.Question.TOO_LONG:
        return refusal(decision)
    move = _Move(old, values, pivot)
    for one in old.sessions.select_related("item__location", "location", "recurrence__item").order_by("occurs_on"):
        move.take(one, now=now)
    made, skipped = new_sessions(move.series, move.open_days(), now=now)
    move.close(made)
    decision = rules.may_recur(_facts(old.item, values, first_on=min(move.series.first_on, move.series.last_on)))
    if not decision.allowed:
        return refusal(decision)
    begun = session if scope is Scope.FOLLOWING else None
    decision = _may(
        old.item,
        move.changed,
        made,
        now=now,
        starts_at=begun.starts_at if begun else None,
        was_seen=seen is None or seen == session.version,
    )
    return Plan(
        decision=decision,
        item=old.item,
        changed=move.changed,
        dropped=move.dropped,
        made=made,
        skipped=skipped,
        series=move.series if move.changed or made else None,
        replaces=old,
    )


@dataclass
class _Move:
    """From the old series to the new one, session by session."""

    old: Recurrence
    values: SeriesValues
    pivot: date
    changed: list[SessionChange] = field(default_factory=list)
    dropped: list[ScheduledSession] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.week = monday_of(self.pivot)
        self.becomes = follow(self.old.weekdays, self.values.weekdays)
        self.was = {new: old for old, new in self.becomes.items()}
        self.slot_was = slot_values(self.old)
        self.series = _slot(self.old.item, self.values)
        self.slot_is = slot_values(self.series)
        # New days that no session is made for: there is one, or a person took it out.
        self.settled = {day for day in map(self._image, self.old.left_out) if day}

    def take(self, session: ScheduledSession, *, now: datetime) -> None:
        """Decide on one session of the old series."""
        assert session.occurs_on is not None  # noqa: S101 - a constraint says so
        if session.occurs_on < self.pivot:
            return
        day = self._image(session.occurs_on)
        if session.starts_at <= now:
            self.settled |= {day} if day else set()
        elif day is None:
            # One that is cancelled already stays with the old series, as it is.
            self.dropped += [] if session.cancelled_at else [session]
        else:
            self.settled.add(day)
            self.changed.append(self._change(session, day))

    def open_days(self) -> list[date]:
        return [day for day in self._days() if not self._is_before(day) and day not in self.settled]

    def close(self, made: Iterable[ScheduledSession]) -> None:
        """Let the new series begin with its first session, and pass over the days that are not to be made."""
        there = {change.occurs_on for change in self.changed} | {session.occurs_on for session in made}
        self.series.first_on = min((day for day in there if day), default=self.series.last_on)
        passed = {day for day in self._days() if self._is_before(day)} | self.settled
        self.series.left_out = sorted(day for day in passed - there if day >= self.series.first_on)

    def _days(self) -> list[date]:
        return replace(self.values.pattern, first_on=self.week).days()

    def _is_before(self, day: date) -> bool:
        """Whether a new day, in the week of the edit, belongs to what the old series has had before it."""
        had = self.was.get(day.weekday())
        return (day if had is None else monday_of(day) + timedelta(days=had)) < self.pivot

    def _image(self, day: date) -> date | None:
        """The new day of an old one; None when it falls out."""
        weekday = self.becomes.get(day.weekday())
        week = monday_of(day)
        if day < self.pivot or weekday is None or (week - self.week).days // 7 % self.values.every_weeks:
            return None
        new = week + timedelta(days=weekday)
        return None if self.values.last_on is None or new > self.values.last_on else new

    def _change(self, session: ScheduledSession, day: date) -> SessionChange:
        was = Shape.of(session)
        return SessionChange(
            session=session,
            was=was,
            becomes=was if session.cancelled_at else self._shape(session, was, day),
            own=tuple(session.own),
            occurs_on=day,
            in_series=True,
        )

    def _shape(self, session: ScheduledSession, was: Shape, day: date) -> Shape:
        """What changed in the series, but for what the session has of its own."""
        starts_at, length = was.starts_at, length_of(session)
        if Own.START not in session.own and (
            (day, self.values.local_start) != (session.occurs_on, self.old.local_start)
        ):
            starts_at = moment(day, self.values.local_start, session.location.tz)
        if Own.DURATION not in session.own and self._differs("duration_minutes"):
            length = timedelta(minutes=self.slot_is["duration_minutes"])
        values = {
            name: self.slot_is[name] if word not in session.own and self._differs(name) else getattr(was, name)
            for word, name in SLOT_FIELDS.items()
            if word is not Own.DURATION
        }
        if Own.LOCATION in session.own:
            values["room_id"] = was.room_id
        return Shape(starts_at=starts_at, ends_at=starts_at + length, location=was.location, **values)

    def _differs(self, name: str) -> bool:
        return bool(self.slot_is[name] != self.slot_was[name])


def plan_generation(item: CalendarItem, *, now: datetime) -> tuple[list[ScheduledSession], list[Skipped]]:
    """The sessions that the item's series lack: a closing day was taken back, or a series is new."""
    made: list[ScheduledSession] = []
    skipped: list[Skipped] = []
    for recurrence in item.recurrences.all():
        recurrence.item = item
        there = set(recurrence.sessions.values_list("occurs_on", flat=True))
        days = SeriesValues.of(recurrence).pattern.days(left_out=recurrence.left_out)
        more, off = new_sessions(recurrence, [day for day in days if day not in there], now=now)
        made += more
        skipped += off
    return made, skipped


def _may(
    item: CalendarItem,
    changed: list[SessionChange],
    made: list[ScheduledSession],
    *,
    now: datetime,
    starts_at: datetime | None = None,
    was_seen: bool = True,
) -> rules.Decision:
    taken = busy(item, wanted(changed, made), with_classes=False)
    return rules.may_edit(
        rules.EditFacts(
            starts_at=starts_at,
            new_starts=starts_of(changed),
            was_seen=was_seen,
            room_elsewhere=False,
            teacher_busy=taken.teacher,
            room_busy=taken.room,
            is_exclusive=item.is_exclusive or taken.by_appointment,
        ),
        now=now,
    )


def _facts(
    item: CalendarItem, values: SeriesValues, *, dates: int = 1, first_on: date | None = None
) -> rules.SeriesFacts:
    return rules.SeriesFacts(
        weekdays=values.weekdays,
        first_on=first_on or values.first_on,
        last_on=values.last_on,
        dates=dates,
        archived_at=item.archived_at,
        room_elsewhere=values.room is not None and values.room.location_id != item.location_id,
    )


def _slot(item: CalendarItem, values: SeriesValues) -> Recurrence:
    """The series with these values, not saved; its own is what differs from the item's."""
    series = Recurrence(
        studio_id=item.studio_id,
        item=item,
        weekdays=sorted(values.weekdays),
        every_weeks=values.every_weeks,
        local_start=values.local_start,
        first_on=values.first_on,
        last_on=values.last_on or values.first_on,
    )
    wished = {
        "duration_minutes": values.duration_minutes,
        "teacher_id": values.teacher.pk if values.teacher else None,
        "room_id": values.room.pk if values.room else None,
        "capacity": values.capacity,
    }
    for word, name in SLOT_FIELDS.items():
        if wished[name] != getattr(item, name):
            series.own.append(str(word))
            setattr(series, name, wished[name])
    return series
