"""One session's roster: its people with what was agreed with each, who waits, and what happened (Q4, Q11, Q20)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db.models import Exists, Q, QuerySet

from bookings.models import Pulse, Reservation, ReservationEvent, ScheduledSession, WaitingEvent
from bookings.rules import Attendance, Booking, State
from bookings.selectors import reception
from bookings.selectors.reception import Meeting, Person
from bookings.selectors.waiting import OnList, on_list
from packages.rules import Verdict
from portal.models import Location, StaffLogin

NO_SHOW = ReservationEvent.Kind.NO_SHOW


@dataclass(frozen=True)
class Place:
    """One reservation on the roster: the person as at the counter, and what was agreed."""

    person: Person
    booked_at: datetime | None
    deadline_at: datetime
    deadline_from: str
    # Later than the deadline where a change of the class gave everybody more time (Q27).
    waived_until: datetime | None
    # Whether it counts against its purchase (K6).
    count_word: str

    @property
    def free_until(self) -> datetime:
        return max(self.deadline_at, self.waived_until or self.deadline_at)

    @property
    def is_waived(self) -> bool:
        return self.free_until != self.deadline_at


@dataclass(frozen=True)
class Roster:
    """The session at `now`; `version` is the studio's pulse before anything was read."""

    session: ScheduledSession
    now: datetime
    version: int
    places: list[Place] = field(default_factory=list)
    waiting: list[OnList] = field(default_factory=list)
    # Reservations of which a person said that nobody came.
    answered: frozenset[int] = frozenset()

    @property
    def location(self) -> Location:
        return self.session.location

    @cached_property
    def meeting(self) -> Meeting:
        return Meeting(self.session, self.location, [place.person for place in self.places], self.now)

    @cached_property
    def expected(self) -> list[Place]:
        return [place for place in self.places if place.person.booking is Booking.BOOKED]

    @cached_property
    def cancelled(self) -> list[Place]:
        return [place for place in self.places if place.person.booking is not Booking.BOOKED]

    @cached_property
    def states(self) -> Counter[State]:
        return Counter(place.person.state for place in self.places)

    @cached_property
    def sources(self) -> Counter[str]:
        """Of those who have a place."""
        return Counter(place.person.source for place in self.expected)

    @cached_property
    def counted(self) -> int:
        """How many count against a package, cancelled ones among them (K6)."""
        return sum(place.count_word == Verdict.COUNTED for place in self.places)

    @property
    def uses_packages(self) -> bool:
        return any(place.person.paid and place.person.paid.purchase for place in self.places)

    @property
    def is_open_to_change(self) -> bool:
        return self.now <= self.session.correction_until

    @cached_property
    def unanswered(self) -> list[Place]:
        """Who has no tick after the end, while it can still be said whether they were here (X3)."""
        if self.now < self.session.ends_at or not self.is_open_to_change or self.session.cancelled_at:
            return []
        return [
            place
            for place in self.expected
            if place.person.attendance is not Attendance.CHECKED_IN and place.person.id not in self.answered
        ]


def sessions_for(login: StaffLogin) -> QuerySet[ScheduledSession]:
    """The sessions whose roster this login may open: a teacher's own, a pinned login's locations (Q13, Q37)."""
    pinned = login.locations.all()
    sessions = ScheduledSession.objects.filter(Q(location__in=pinned) | ~Exists(pinned), studio_id=login.studio_id)
    return sessions.filter(teacher__login=login) if login.only_own_classes else sessions


def roster_of(session: ScheduledSession, *, now: datetime) -> Roster:
    """Everything on the roster, in at most seven queries, whatever the number of people."""
    version = Pulse.objects.filter(studio_id=session.studio_id).values_list("version", flat=True).first() or 0
    reservations = Reservation.objects.filter(session=session)
    places = _places(reservations, now=now)
    stamped = any(place.person.attendance is Attendance.NO_SHOW for place in places)
    return Roster(
        session,
        now,
        version,
        places=places,
        waiting=on_list(session, now=now),
        answered=answered([session.pk]) if stamped else frozenset(),
    )


def place_of(reservation: Reservation, *, now: datetime) -> Place:
    """One line of the roster."""
    return _places(Reservation.objects.filter(pk=reservation.pk), now=now)[0]


def _places(reservations: QuerySet[Reservation], *, now: datetime) -> list[Place]:
    people = reception.people(reservations, now=now)  # type: ignore[arg-type]
    facts = ("booked_at", "deadline_at", "deadline_from", "waived_until", "count_word")
    agreed = {row.pop("id"): row for row in reservations.with_count(now).values("id", *facts)}  # type: ignore[attr-defined]
    return [Place(person, **agreed[person.id]) for person in people]


def answered(sessions: Iterable[int]) -> frozenset[int]:
    """The reservations of these sessions of which a person, not the clock, said that nobody came."""
    said = ReservationEvent.objects.filter(
        reservation__session__in=list(sessions), kind=NO_SHOW, by__isnull=False, undone_by__isnull=True
    )
    return frozenset(said.values_list("reservation_id", flat=True))


def unanswered_in(meetings: Iterable[Meeting]) -> dict[int, list[Person]]:
    """Who of each ended session has no tick and no answer yet, by the session's id; one query."""
    open_ones = [
        meeting
        for meeting in meetings
        if not meeting.is_cancelled
        and meeting.session.ends_at <= meeting.now
        and meeting.now <= meeting.location.correction_until(meeting.session.starts_at, meeting.session.ends_at)
        and meeting.is_in < meeting.expected
    ]
    if not open_ones:
        return {}
    said = answered(meeting.id for meeting in open_ones)
    found = {
        meeting.id: [
            person for person in meeting.people if person.is_expected and not person.is_in and person.id not in said
        ]
        for meeting in open_ones
    }
    return {session: people for session, people in found.items() if people}


@dataclass(frozen=True)
class News:
    """What is newer than what a tab has seen of this session."""

    members: frozenset[int]
    everybody: bool
    waiting: bool

    @property
    def any(self) -> bool:
        return bool(self.members) or self.everybody or self.waiting

    def concerns(self, person: Person) -> bool:
        return self.everybody or person.member_id in self.members or person.is_in_conflict


def news_of(session: ScheduledSession, *, version: int, since: datetime, now: datetime) -> News:
    """Who of the roster had news, here or elsewhere (a tick takes the star off the next row), or a note.

    Everybody, when the clock has begun or ended the session or too much has happened to tell.
    """
    moments = (session.starts_at, session.ends_at, session.ends_at + session.location.grace)
    events = ReservationEvent.objects.filter(studio_id=session.studio_id, version__gt=version)
    members = set(events.values_list("reservation__member_id", flat=True)[: reception.MANY + 1])
    members |= reception.noted(session.studio, since=since)
    here = Reservation.objects.filter(session=session, member__in=members).values_list("member_id", flat=True)
    waited = WaitingEvent.objects.filter(studio_id=session.studio_id, version__gt=version, entry__session=session)
    return News(
        members=frozenset(here),
        everybody=len(members) > reception.MANY or any(since < moment <= now for moment in moments),
        waiting=waited.exists(),
    )
