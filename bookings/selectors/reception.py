"""The day at the counter: today's sessions with their people, counted and in order (P1, P15, Q13-Q16)."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from typing import Any

from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, Value

from bookings.models import Pulse, Reservation, ReservationEvent, ScheduledSession
from bookings.models.reservation import ReservationQuerySet
from bookings.rules import Attendance, Booking, State
from bookings.selectors.local_days import midnight
from bookings.selectors.paid import COLUMNS as PAID_COLUMNS
from bookings.selectors.paid import Paid, paid_by, with_paid
from bookings.selectors.upcoming import LONGEST_SESSION, for_login
from bookings.sources import source_name
from portal.models import Location, MemberNote, StaffLogin, Studio

# What has no decomposition into letter and accent; `plain` in reception_find.js knows the same.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def plain(text: str) -> str:
    """Small letters without accents, as both the list and what is typed are compared."""
    if text.isascii():
        return text.lower()  # most names; a long list asks several times for each row
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign)).translate(_LETTERS)


@dataclass(frozen=True)
class Person:
    """One reservation as the counter sees it. `star`: "here", "elsewhere" or "" (Q14)."""

    id: int
    session_id: int
    member_id: int
    first_name: str
    last_name: str
    number: str
    email: str
    phone: str
    has_photo: bool
    source: str
    spot: str
    state: State
    booking: Booking
    attendance: Attendance
    excused: bool
    checked_in_at: datetime | None
    checked_in_by: str
    cancelled_at: datetime | None
    flagged: str
    first_here: bool
    visits_elsewhere: int
    # The other location where all of them were; empty when there were several.
    elsewhere: str = ""
    # What staff should know at this visit, until somebody says that it is done (N17).
    notes: tuple[str, ...] = ()
    # What pays for it; None where nobody asked.
    paid: Paid | None = None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def order(self) -> str:
        """Where the row stands in its session: who has a place before who gave it up, then by name."""
        return f"{self.booking is not Booking.BOOKED:d} {plain(self.name)} {self.id}"

    @property
    def is_in(self) -> bool:
        return self.state is State.CHECKED_IN

    @property
    def is_expected(self) -> bool:
        """Has a place: counts in "9 of 14 in"."""
        return self.booking is Booking.BOOKED and self.state is not State.SESSION_CANCELLED

    @property
    def is_in_conflict(self) -> bool:
        """The marketplace says otherwise, and a person has to say how it was (Q11)."""
        return bool(self.flagged) and Reservation.CONFLICT in self.flagged.split("; ")

    @property
    def is_unpaid(self) -> bool:
        """Somebody should be asked for a package; not who gave the place up."""
        return self.is_expected and self.paid is not None and self.paid.is_unpaid

    @property
    def star(self) -> str:
        if not self.first_here:
            return ""
        return "elsewhere" if self.visits_elsewhere else "here"


@dataclass(frozen=True)
class Meeting:
    """One session of the day, with everyone who has or had a place in it."""

    session: ScheduledSession
    location: Location
    people: list[Person]
    now: datetime

    @property
    def id(self) -> int:
        return self.session.pk

    @property
    def expected(self) -> int:
        return sum(person.is_expected for person in self.people)

    @property
    def is_in(self) -> int:
        return sum(person.is_in for person in self.people)

    @property
    def is_cancelled(self) -> bool:
        return self.session.cancelled_at is not None

    @property
    def over_at(self) -> datetime:
        return self.session.ends_at + self.location.grace

    @property
    def is_running(self) -> bool:
        return not self.is_cancelled and self.session.starts_at <= self.now < self.session.ends_at

    @property
    def is_over(self) -> bool:
        return self.now >= self.over_at

    @cached_property
    def is_open_to_change(self) -> bool:
        """Whether what happened in it can still be corrected (Q4)."""
        return self.now <= self.location.correction_until(self.session.starts_at, self.session.ends_at)

    @cached_property
    def has_come(self) -> bool:
        """Whether its local day has begun."""
        return self.location.local_day(self.now) >= self.location.local_day(self.session.starts_at)


@dataclass(frozen=True)
class Day:
    """The local day of each shown location, at `now`; `version` is the studio's pulse before anything was read."""

    now: datetime
    version: int
    locations: list[Location]
    meetings: list[Meeting] = field(default_factory=list)

    @cached_property
    def people(self) -> list[Person]:
        return [person for meeting in self.meetings for person in meeting.people]

    @cached_property
    def counts(self) -> dict[str, int]:
        """People in, expected (those who are in among them), without a check-in yet, on their first visit."""
        states = Counter(person.state for person in self.people)
        return {
            "in": states[State.CHECKED_IN],
            "expected": sum(person.is_expected for person in self.people),
            "missing": states[State.NO_CHECK_IN],
            "first": sum(person.first_here for person in self.people),
        }


def shape_of(day: Day) -> str:
    """A word for which classes the day has, when, where and with whom: another one once a class was made, moved,
    cancelled or removed."""
    sessions = [meeting.session for meeting in day.meetings]
    told = [
        (
            one.pk,
            one.starts_at,
            one.ends_at,
            one.location_id,
            one.room_id,
            one.teacher_id,
            one.cancelled_at,
            one.item.name,
        )
        for one in sessions
    ]
    return blake2b(repr(told).encode(), digest_size=8).hexdigest()


def day_of(login: StaffLogin, locations: list[Location], *, now: datetime) -> Day:
    """Today at these locations, each by its own calendar, and what still runs from the evening before (Q15)."""
    version = Pulse.objects.filter(studio_id=login.studio_id).values_list("version", flat=True).first() or 0
    sessions = (
        for_login(login, locations)
        .filter(today_at(locations, now))
        .select_related("item", "teacher", "room")
        .order_by("starts_at", "item__name", "id")
    )
    by_id = {location.pk: location for location in locations}
    meetings = [Meeting(session, by_id[session.location_id], [], now) for session in sessions]
    places = {meeting.id: meeting.people for meeting in meetings}
    for person in people(Reservation.objects.filter(session_id__in=places), now=now):
        places[person.session_id].append(person)
    return Day(now, version, locations, meetings)


def people(reservations: ReservationQuerySet, *, now: datetime) -> list[Person]:
    """Those who made these reservations, in the order of the list.

    A cancelled reservation is left out where the same member has a place in that session again.
    """
    rows = list(
        with_paid(reservations.with_state(now).with_first_visit().with_ticked_there()).values(
            "id", "session_id", "member_id", "source", "booking", "attendance", "excused", "checked_in_at",
            "cancelled_at", "flagged", "state_word", "first_here", "visits_elsewhere", "member__first_name",
            "member__last_name", "member__number", "member__email", "member__phone", "member__photo", "spot__label",
            "checked_in_by__user__name", "ticked_there", "location__name", *PAID_COLUMNS,
        )
    )  # fmt: skip
    visited = locations_visited({row["member_id"] for row in rows if row["first_here"] and row["visits_elsewhere"]})
    notes = notes_for({row["member_id"] for row in rows})
    paid = paid_by(rows, now=now)
    placed = {(row["session_id"], row["member_id"]) for row in rows if row["booking"] == Booking.BOOKED}
    found = [
        _person(row, visited, notes.get(row["member_id"], ()), paid[row["id"]])
        for row in rows
        if row["booking"] == Booking.BOOKED or (row["session_id"], row["member_id"]) not in placed
    ]
    return sorted(found, key=lambda person: person.order)


def _person(row: dict[str, Any], visited: dict[int, set[str]], notes: tuple[str, ...], paid: Paid) -> Person:
    new_from_elsewhere = row["first_here"] and row["visits_elsewhere"]
    return Person(
        id=row["id"],
        session_id=row["session_id"],
        member_id=row["member_id"],
        first_name=row["member__first_name"],
        last_name=row["member__last_name"],
        number=row["member__number"],
        email=row["member__email"],
        phone=row["member__phone"],
        has_photo=bool(row["member__photo"]),
        source=row["source"],
        spot=row["spot__label"] or "",
        state=State(row["state_word"]),
        booking=Booking(row["booking"]),
        attendance=Attendance(row["attendance"]),
        excused=row["excused"],
        checked_in_at=row["checked_in_at"],
        checked_in_by=source_name(row["source"]) if row["ticked_there"] else row["checked_in_by__user__name"] or "",
        cancelled_at=row["cancelled_at"],
        flagged=row["flagged"],
        first_here=row["first_here"],
        visits_elsewhere=row["visits_elsewhere"],
        elsewhere=only_other(visited[row["member_id"]], row["location__name"]) if new_from_elsewhere else "",
        notes=notes,
        paid=paid,
    )


def notes_for(members: set[int]) -> dict[int, tuple[str, ...]]:
    """What staff should know at these members' next visit and nobody has ticked off yet, newest first (N17)."""
    found: dict[int, tuple[str, ...]] = {}
    if members:
        notes = MemberNote.objects.filter(member__in=members, for_next_visit=True, done_at=None)
        for member, text in notes.values_list("member_id", "text"):
            found[member] = (*found.get(member, ()), text)
    return found


def only_other(visited: set[str], here: str) -> str:
    """The one other location among these, by name; empty when there are several or none."""
    others = visited - {here}
    return min(others) if len(others) == 1 else ""


def locations_visited(members: set[int]) -> dict[int, set[str]]:
    """The names of the locations at which each of these members attended."""
    if not members:
        return {}
    names: dict[int, set[str]] = {}
    attended = Reservation.objects.attended().filter(member_id__in=members)
    for member, name in attended.values_list("member_id", "location__name").distinct():
        names.setdefault(member, set()).add(name)
    return names


def today_at(locations: Iterable[Location], now: datetime) -> Q:
    """Sessions or reservations of the local day at each of these, and what still runs from the evening before."""
    wanted = Q(pk__in=[])
    for location in locations:
        today = location.local_day(now)
        start, end = midnight(today, location.tz), midnight(today + timedelta(days=1), location.tz)
        still_running = Q(starts_at__gte=start - LONGEST_SESSION, starts_at__lt=start, ends_at__gt=now)
        wanted |= Q(location=location) & (Q(starts_at__gte=start, starts_at__lt=end) | still_running)
    return wanted


def next_session(login: StaffLogin, locations: list[Location], *, now: datetime) -> ScheduledSession | None:
    """The next one that takes place, for a day without classes; with its item and location."""
    return (
        for_login(login, locations)
        .filter(starts_at__gt=now, cancelled_at=None)
        .select_related("item", "location")
        .order_by("starts_at", "id")
        .first()
    )


@dataclass(frozen=True)
class Beat:
    """The studio's pulse, and whether the clock has begun or ended a session since a moment."""

    version: int
    clock: bool


def beat(studio: Studio, *, since: datetime, now: datetime) -> Beat:
    """Has anything changed? One read of two indexes, asked every two seconds by every open tab."""
    minutes = F("location__grace_minutes") * Value(timedelta(minutes=1))
    over_at = ExpressionWrapper(F("ends_at") + minutes, output_field=DateTimeField())
    turned = (
        ScheduledSession.objects.filter(studio=studio, starts_at__gt=since - 2 * LONGEST_SESSION, starts_at__lte=now)
        .annotate(over_at=over_at)
        .filter(
            Q(starts_at__gt=since) | Q(ends_at__gt=since, ends_at__lte=now) | Q(over_at__gt=since, over_at__lte=now)
        )
    )
    found = (
        Studio.objects.filter(pk=studio.pk).annotate(turned=Exists(turned)).values_list("pulse__version", "turned")[0]
    )
    return Beat(version=found[0] or 0, clock=found[1])


# Beyond so many changes at once the whole day is sent.
MANY = 500


def turned(day: Day, *, since: datetime) -> set[int]:
    """The ids of the sessions that the clock has begun or ended since then."""
    return {
        meeting.id
        for meeting in day.meetings
        if any(
            since < moment <= day.now
            for moment in (meeting.session.starts_at, meeting.session.ends_at, meeting.over_at)
        )
    }


def changed_people(day: Day, studio: Studio, *, version: int, since: datetime) -> list[Person]:
    """Whose rows look different from what a tab saw at this version and moment.

    All rows of a member who had news (a tick takes the star off the next row), of the sessions that the clock has
    begun or ended, and those in conflict.
    """
    news = ReservationEvent.objects.filter(studio=studio, version__gt=version).values_list(
        "reservation__member_id", flat=True
    )
    members = set(news[: MANY + 1]) | noted(studio, since=since)
    sessions = turned(day, since=since)
    return [
        person
        for person in day.people
        if len(members) > MANY
        or person.member_id in members
        or person.session_id in sessions
        or person.is_in_conflict  # opened without an event of the reservation
    ]


def noted(studio: Studio, *, since: datetime) -> set[int]:
    """The members about whom a note for the next visit was written or done since then."""
    notes = MemberNote.objects.filter(member__studio=studio, for_next_visit=True)
    changed = Q(written_at__gt=since) | Q(done_at__gt=since)
    return set(notes.filter(changed).values_list("member_id", flat=True)[:MANY])


DEEDS_SHOWN = 10


@dataclass(frozen=True)
class Deed:
    """One of the last actions. `can_undo`: it is the last change of its reservation, and has not been undone."""

    event: ReservationEvent
    person: Person
    location: Location
    can_undo: bool


def last_deeds(day: Day, *, undoable: Iterable[str]) -> list[Deed]:
    """The last ten things that people did today with the day's reservations, newest first.

    Read through the day's reservations, so the length of the studio's history does not matter. What was stamped by
    the sweep is not an action. `undoable` are the kinds that this login may take back.
    """
    by_id = {person.id: (person, meeting) for meeting in day.meetings for person in meeting.people}
    start = min((midnight(place.local_day(day.now), place.tz) for place in day.locations), default=day.now)
    kinds = [kind for kind in ReservationEvent.Kind if kind != ReservationEvent.Kind.IMPORTED]
    events = (
        ReservationEvent.objects.filter(reservation_id__in=by_id, kind__in=kinds, occurred_at__gte=start)
        .exclude(by_word="sweep")
        .select_related("by__user")
        .annotate(is_undone=Exists(ReservationEvent.objects.filter(undoes=OuterRef("pk"))))
        .order_by("-version", "-id")[:DEEDS_SHOWN]
    )
    allowed = frozenset(undoable)
    return [_deed(event, *by_id[event.reservation_id], allowed) for event in events]


def _deed(event: ReservationEvent, person: Person, meeting: Meeting, undoable: frozenset[str]) -> Deed:
    session = meeting.session
    now_so = {"booking": person.booking.value, "attendance": person.attendance.value, "excused": person.excused}
    can_undo = (
        event.kind in undoable
        and not event.is_undone  # type: ignore[attr-defined]
        and event.after == now_so
        and meeting.now <= meeting.location.correction_until(session.starts_at, session.ends_at)
    )
    return Deed(event, person, meeting.location, can_undo)
