"""The facts behind *bookable?*, gathered once for the action that books and for the screen that explains (X1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bookings import rules
from bookings.models import CalendarItem, ScheduledSession
from bookings.rules import Agreed, Decision, MarketplaceFacts
from bookings.selectors.agreed import agreed_for, marketplace_facts
from bookings.selectors.waiting import LinedUp, cut_off_of, lined_up
from bookings.selectors.wallet import Wallet, choose_each
from packages.rules import Choice, Outcome
from portal.models import Member
from portal.prepared import prepared_cursor

# Composed by hand: a marketplace asks all of this while its member waits.
_OTHERS = """
SELECT r.session_id = %(session)s, coalesce(r.booked_at, r.starts_at), item.name
  FROM bookings_reservation r
  JOIN bookings_scheduledsession session ON session.id = r.session_id
  JOIN bookings_calendaritem item ON item.id = session.item_id
 WHERE r.member_id = %(member)s AND r.booking = 'booked'
   AND (r.session_id = %(session)s
     OR (r.starts_at > %(starts_at)s - interval '1 day' AND r.starts_at < %(ends_at)s AND r.ends_at > %(starts_at)s))
 ORDER BY r.starts_at DESC
"""


@dataclass(frozen=True)
class Others:
    """The member's other bookings that matter for a session: since when booked in it, and what else is then."""

    here_since: datetime | None
    elsewhere: str | None


@dataclass(frozen=True)
class Known:
    """What whoever asks has found out already, so that it is not asked again. `line` None: somebody waits."""

    line: LinedUp | None
    others: Others
    agreed: Agreed | None
    booked_by_source: Mapping[str, int]


@dataclass(frozen=True)
class Bookable:
    """May this member book, and if not, wait? For a course, `session` is the one that decides."""

    session: ScheduledSession
    member: Member
    booking: Decision
    waiting: Decision
    # The sessions that one booking takes: one, or all of a course that are to come.
    sessions: list[ScheduledSession]

    @property
    def may_book(self) -> bool:
        return self.booking.allowed

    @property
    def may_wait(self) -> bool:
        return not self.may_book and self.waiting.allowed


def explain(
    session: ScheduledSession,
    member: Member,
    *,
    by_staff: bool,
    now: datetime,
    source: str = "direct",
    known: Known | None = None,
) -> Bookable:
    """Both decisions, without a lock: nothing is taken, and the action asks again."""
    line = (known and known.line) or lined_up(session, now=now)
    others = known.others if known else others_of(member, session)
    agreed = known.agreed if known else agreed_for(session, source)
    theirs = marketplace_facts(session, source, agreed, known.booked_by_source if known else None) if agreed else None
    facts_of_wait = wait_facts(session, member, line, by_staff=by_staff, others=others, marketplace=theirs)
    waiting = rules.may_wait(facts_of_wait, now=now)
    if session.item.kind != CalendarItem.Kind.COURSE:
        uses = Wallet(member, session.studio, now=now, source=source).choose(session)
        facts = booking_facts(session, member, line, by_staff=by_staff, uses=uses, others=others, marketplace=theirs)
        booking = rules.may_book(facts, now=now)
        return Bookable(session, member, booking, waiting, [session])
    course = list(course_sessions(session.item, now=now))
    lines = [lined_up(one, now=now) for one in course]
    wallet = Wallet(member, session.studio, now=now)
    each = course_facts(course, member, lines, by_staff=by_staff, uses=choose_each(wallet, course))
    booking, position = rules.may_book_all(each, now=now)
    return Bookable(course[position] if course else session, member, booking, waiting, course)


def course_sessions(item: CalendarItem, *, now: datetime) -> "list[ScheduledSession]":
    """The sessions of a course that are still to come, in order of their start."""
    sessions = item.sessions.filter(starts_at__gt=now, cancelled_at=None)
    return list(sessions.select_related("studio", "location", "item").order_by("starts_at", "id"))


def course_facts(
    sessions: list[ScheduledSession], member: Member, lines: list[LinedUp], *, by_staff: bool, uses: list[Choice]
) -> list[rules.BookingFacts]:
    """Of each session of a course; its booking opens and closes with the first."""
    return [
        booking_facts(session, member, line, by_staff=by_staff, uses=choice, course=sessions)
        for session, line, choice in zip(sessions, lines, uses, strict=True)
    ]


def others_of(member: Member, session: ScheduledSession) -> Others:
    """`Reservation.objects.active().overlapping(...)` of the member, and the one in the session itself; one query."""
    facts: dict[str, Any] = {
        "member": member.pk,
        "session": session.pk,
        "starts_at": session.starts_at,
        "ends_at": session.ends_at,
    }
    with prepared_cursor() as cursor:
        cursor.execute(_OTHERS, facts)
        rows = cursor.fetchall()
    return Others(
        here_since=next((since for is_here, since, _name in rows if is_here), None),
        elsewhere=next((name for is_here, _since, name in rows if not is_here), None),
    )


def booking_facts(
    session: ScheduledSession,
    member: Member,
    line: LinedUp,
    *,
    by_staff: bool,
    uses: Choice,
    course: list[ScheduledSession] | None = None,
    others: Others | None = None,
    marketplace: MarketplaceFacts | None = None,
) -> rules.BookingFacts:
    """What `rules.may_book` looks at. `uses`: what would pay for it. `course`: what is booked together, in order.

    `marketplace`: where one books for its guest.
    """
    item = session.item
    first = course[0] if course else session
    opens, closes = opening(session), closing(session)
    others = others or others_of(member, session)
    held = line.held_for_others(member)
    single = item.kind == CalendarItem.Kind.COURSE and course is None
    return rules.BookingFacts(
        session_cancelled_at=session.cancelled_at,
        starts_at=session.starts_at,
        opens_at=None if opens.value is None else first.starts_at - timedelta(hours=opens.value),
        opens_from=opens.origin,
        closes_at=None if closes.value is None else first.starts_at - timedelta(minutes=closes.value),
        closes_from=closes.origin,
        correction_until=session.correction_until,
        capacity=session.capacity,
        taken=session.places_taken,
        held=len(held),
        held_until=min((entry.held_until for entry in held if entry.held_until), default=None),
        booked_already_at=others.here_since,
        elsewhere=others.elsewhere,
        blocked_reason=member.blocked_reason,
        course=item.name if single else None,
        by_staff=by_staff,
        unpaid=uses.outcome is Outcome.UNPAID,
        marketplace=marketplace,
    )


def wait_facts(
    session: ScheduledSession,
    member: Member,
    line: LinedUp,
    *,
    by_staff: bool,
    others: Others | None = None,
    marketplace: MarketplaceFacts | None = None,
) -> rules.WaitFacts:
    """What `rules.may_wait` looks at. `marketplace`: where one asks for its guest."""
    opens, own = opening(session), line.of(member)
    places = rules.rule_that_applies(
        item=session.item.waiting_places, location=None, studio=session.studio.waiting_places
    )
    others = others or others_of(member, session)
    return rules.WaitFacts(
        session_cancelled_at=session.cancelled_at,
        starts_at=session.starts_at,
        opens_at=None if opens.value is None else session.starts_at - timedelta(hours=opens.value),
        opens_from=opens.origin,
        cut_off_at=cut_off_of(session),
        capacity=session.capacity,
        taken=session.places_taken,
        held=len(line.holders),
        waiting=len(line.waiting),
        waiting_places=places.value or 0,
        waiting_places_from=places.origin,
        booked_already_at=others.here_since,
        waiting_since=own.joined_at if own else None,
        blocked_reason=member.blocked_reason,
        whole_course=session.item.kind == CalendarItem.Kind.COURSE,
        by_staff=by_staff,
        marketplace=marketplace,
    )


def opening(session: ScheduledSession) -> rules.Applied:
    """So many hours before the start, and whose rule that is."""
    return rules.rule_that_applies(
        item=session.item.opens_hours, location=session.location.opens_hours, studio=session.studio.opens_hours
    )


def closing(session: ScheduledSession) -> rules.Applied:
    """So many minutes before the start, and whose rule that is."""
    return rules.rule_that_applies(
        item=session.item.closes_minutes,
        location=session.location.closes_minutes,
        studio=session.studio.closes_minutes,
    )
