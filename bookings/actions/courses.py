"""A course is booked whole: a place in every session that is still to come, or in none."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from bookings import rules
from bookings.actions.offers import settle_waiting
from bookings.actions.recording import Done, Kind, Refused, done_before, locked_session
from bookings.actions.reservations import cancel, cancel_facts, put_in
from bookings.models import CalendarItem, Reservation, ScheduledSession
from bookings.rules import CancelAs, Decision
from bookings.selectors.bookable import course_facts, course_sessions
from bookings.selectors.wallet import Wallet, choose_each
from portal.models import Member, StaffLogin


class RefusedFor(Refused):
    """One session said no, and so all: `session` is that one; None where there is none to book."""

    def __init__(self, decision: Decision, session: ScheduledSession | None) -> None:
        super().__init__(decision)
        self.session = session


@dataclass(frozen=True)
class CourseDone:
    """What was done in each session, in order of their start."""

    done: tuple[Done, ...]
    decision: Decision

    @property
    def repeated(self) -> bool:
        return all(one.repeated for one in self.done)


def reserve_course(
    item: CalendarItem,
    member: Member,
    *,
    source: str,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
) -> CourseDone:
    """Give the member a place in all sessions of the course that are to come, or in none. Raises RefusedFor.

    The sessions are locked in the order of their keys, so that two who book crossing courses never wait for each other.
    """
    with transaction.atomic():
        locked = {pk: locked_session(ScheduledSession(pk=pk)) for pk in sorted(_keys(item, now))}
        sessions = sorted(locked.values(), key=lambda session: (session.starts_at, session.pk))
        # One that was moved or cancelled while the locks were awaited.
        sessions = [one for one in sessions if one.cancelled_at is None and one.starts_at > now]
        ids = {session.pk: uuid5(action_id, str(session.pk)) for session in sessions}
        before = [
            done_before(item.studio_id, ids[session.pk], Kind.RESERVED, member=member, session=session)
            for session in sessions
        ]
        if before and all(before):
            return CourseDone(tuple(done for done in before if done), rules.Decision(()))
        lines = [settle_waiting(session, now=now) for session in sessions]
        uses = choose_each(Wallet(member, item.studio, now=now, lock=True, source=source), sessions)
        facts = course_facts(sessions, member, lines, by_staff=by is not None, uses=uses)
        decision, position = rules.may_book_all(facts, now=now)
        if not decision.allowed:
            raise RefusedFor(decision, sessions[position] if sessions else None)
        done = [
            Done(
                put_in(session, member, None, uses=one, source=source, action_id=ids[session.pk], by=by, now=now),
                decision,
            )
            for session, one in zip(sessions, uses, strict=True)
        ]
        return CourseDone(tuple(done), decision)


def cancel_course(
    item: CalendarItem,
    member: Member,
    *,
    outcome: CancelAs | None,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
) -> CourseDone:
    """Give up all places of the member in the course's sessions to come. Raises RefusedFor.

    `outcome` is for the next session, which may be late already; those for which it is early enough are cancelled in
    time, whatever is said of the first.
    """
    with transaction.atomic():
        booked = Reservation.objects.active().filter(member=member, session__item=item, session__starts_at__gt=now)
        for pk in sorted(booked.values_list("session_id", flat=True)):
            locked_session(ScheduledSession(pk=pk))
        # All rows before the first pulse, like everybody: else a tick of the second would wait for us, and we for it.
        rows = booked.select_for_update(of=("self",)).order_by("pk").select_related("session", "location")
        done: list[Done] = []
        for one in sorted(rows, key=lambda one: (one.starts_at, one.pk)):
            ways = rules.ways_to_cancel(cancel_facts(one, by_staff=by is not None), now=now)
            way = CancelAs.IN_TIME if CancelAs.IN_TIME in ways else outcome
            try:
                done.append(cancel(one, outcome=way, action_id=uuid5(action_id, str(one.pk)), by=by, now=now))
            except Refused as refused:
                raise RefusedFor(refused.decision, one.session) from refused
        if not done:
            return _cancelled_before(item, member, action_id)
        return CourseDone(tuple(done), done[0].decision)


def _cancelled_before(item: CalendarItem, member: Member, action_id: UUID) -> CourseDone:
    """The answer to a repeated call: what it gave up the first time. Raises RefusedFor when that is nothing."""
    rows = Reservation.objects.filter(member=member, session__item=item).order_by("starts_at", "id")
    done = [done_before(item.studio_id, uuid5(action_id, str(row.pk)), Kind.CANCELLED, reservation=row) for row in rows]
    found = tuple(one for one in done if one)
    if not found:
        raise RefusedFor(rules.no_sessions(), None)
    return CourseDone(found, rules.Decision(()))


def _keys(item: CalendarItem, now: datetime) -> list[int]:
    return [session.pk for session in course_sessions(item, now=now)]
