"""What people do with a waiting list: join, leave, answer an offer; and what staff and the clock do with it.

Order of locks as everywhere: session, then the rest. Each change appends a `WaitingEvent` and raises the pulse.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from django.db import transaction

from bookings import rules
from bookings.actions.offers import end_wait, offer, record_wait, settle_waiting
from bookings.actions.recording import NO_QUESTIONS, ActionIdReused, Refused, locked_session
from bookings.actions.reservations import put_in, refuse_unpaid
from bookings.models import Reservation, ScheduledSession, WaitingEntry, WaitingEvent
from bookings.rules import Decision, Waiting
from bookings.selectors.agreed import agreed_for, facts_for
from bookings.selectors.bookable import wait_facts
from bookings.selectors.waiting import LinedUp, to_settle
from bookings.selectors.wallet import Wallet
from portal.models import Member, StaffLogin

State: TypeAlias = WaitingEntry.State
Kind: TypeAlias = WaitingEvent.Kind


@dataclass(frozen=True)
class Waited:
    """What an action on a waiting list did. `repeated`: nothing now, because the same action was done before."""

    event: WaitingEvent
    decision: Decision
    repeated: bool = False

    @property
    def entry(self) -> WaitingEntry:
        return self.event.entry

    @property
    def reservation(self) -> Reservation | None:
        """The place that the wait came to."""
        return self.entry.reservation


def join_waiting(
    session: ScheduledSession,
    member: Member,
    *,
    source: str,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
) -> Waited:
    """Put the member at the end of the session's list. Raises Refused, or ActionIdReused."""
    with transaction.atomic():
        session = locked_session(session)
        if done := _done_before(session, action_id, Kind.JOINED, member=member):
            return done
        line = settle_waiting(session, now=now)
        theirs = facts_for(session, source)
        facts = wait_facts(session, member, line, by_staff=by is not None, marketplace=theirs)
        decision = rules.may_wait(facts, now=now)
        if not decision.allowed:
            raise Refused(decision)
        entry = WaitingEntry.objects.create(
            studio_id=session.studio_id, session=session, member=member, source=source, joined_at=now, by=by
        )
        return Waited(record_wait(entry, Kind.JOINED, action_id=action_id, by=by, now=now), decision)


def leave_waiting(entry: WaitingEntry, *, action_id: UUID, by: StaffLogin | None, now: datetime) -> Waited:
    """Take the member off the list; a place held for them goes to the next. Raises Refused."""
    return _end(entry, Kind.LEFT, action_id=action_id, by=by, now=now)


def decline_place(entry: WaitingEntry, *, action_id: UUID, by: StaffLogin | None, now: datetime) -> Waited:
    """Answer an offer with no; the place goes to the next. Raises Refused."""
    return _end(entry, Kind.DECLINED, action_id=action_id, by=by, now=now)


def accept_place(entry: WaitingEntry, *, action_id: UUID, by: StaffLogin | None, now: datetime) -> Waited:
    """Answer an offer with yes: the held place becomes a reservation. Raises Refused: too late, answered already."""
    with transaction.atomic():
        session, entry = _locked(entry)
        if done := _done_before(session, action_id, Kind.ACCEPTED, entry=entry):
            return done
        decision = rules.may_accept(_offer_facts(session, entry, LinedUp()), now=now)
        return _book(session, entry, decision, action_id=action_id, by=by, now=now)


def promote(entry: WaitingEntry, *, action_id: UUID, by: StaffLogin, now: datetime) -> Waited:
    """Staff give this one a place at once, out of turn or after the cut-off, if one is free. Raises Refused."""
    with transaction.atomic():
        session, entry = _locked(entry)
        if done := _done_before(session, action_id, Kind.ACCEPTED, entry=entry):
            return done
        line = settle_waiting(session, now=now)
        entry.refresh_from_db()
        decision = rules.may_promote(_offer_facts(session, entry, line), now=now)
        return _book(session, entry, decision, action_id=action_id, by=by, now=now)


def offer_place(entry: WaitingEntry, *, action_id: UUID, by: StaffLogin, now: datetime) -> Waited:
    """Staff hold a free place for this one, out of turn or after the cut-off, and the mail goes out. Raises Refused."""
    with transaction.atomic():
        session, entry = _locked(entry)
        if done := _done_before(session, action_id, Kind.OFFERED, entry=entry):
            return done
        line = settle_waiting(session, now=now)
        entry.refresh_from_db()
        if entry.state == State.OFFERED:  # by its turn, a moment ago
            return Waited(entry.events.filter(kind=Kind.OFFERED).latest("id"), NO_QUESTIONS, repeated=True)
        decision = rules.may_promote(_offer_facts(session, entry, line), now=now)
        if not decision.allowed:
            raise Refused(decision)
        return Waited(offer(session, entry, by=by, now=now, action_id=action_id), decision)


def sweep_waiting(*, now: datetime) -> int:
    """Settle every list that the moment has changed: offers that lapsed, lists that are over; how many lists.

    What anyone sees or books does not hang on it: each action settles the list that it touches.
    """
    sessions = to_settle(now)
    for pk in sessions:
        with transaction.atomic():
            settle_waiting(locked_session(ScheduledSession(pk=pk)), now=now)
    return len(sessions)


def _end(entry: WaitingEntry, kind: Kind, *, action_id: UUID, by: StaffLogin | None, now: datetime) -> Waited:
    with transaction.atomic():
        session, entry = _locked(entry)
        if done := _done_before(session, action_id, kind, entry=entry):
            return done
        decision = rules.may_leave(Waiting(entry.state), held_until=entry.held_until, now=now)
        if not decision.allowed:
            raise Refused(decision)
        event = end_wait(session, entry, State.LEFT, kind, action_id=action_id, by=by, now=now)
        settle_waiting(session, now=now)
        return Waited(event, decision)


def _book(
    session: ScheduledSession,
    entry: WaitingEntry,
    decision: Decision,
    *,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
) -> Waited:
    if not decision.allowed:
        raise Refused(decision)
    uses = Wallet(entry.member, session.studio, now=now, lock=True, source=entry.source).choose(session)
    refuse_unpaid(uses, by_staff=by is not None)
    given: dict[str, Any] = {"source": entry.source, "action_id": action_id, "by": by, "now": now}
    put_in(session, entry.member, entry, uses=uses, agreed=agreed_for(session, entry.source), **given)
    return Waited(entry.events.get(kind=Kind.ACCEPTED), decision)


def _locked(entry: WaitingEntry) -> tuple[ScheduledSession, WaitingEntry]:
    """The session, locked, and the entry as it is under that lock."""
    session = locked_session(entry.session)
    entry = WaitingEntry.objects.select_related("member").get(pk=entry.pk)
    entry.session = session
    return session, entry


def _done_before(
    session: ScheduledSession,
    action_id: UUID,
    kind: Kind,
    *,
    entry: WaitingEntry | None = None,
    member: Member | None = None,
) -> Waited | None:
    """What this action did when it came the first time, if it did. Asked under the lock, so retries cannot race."""
    event = (
        WaitingEvent.objects.filter(studio_id=session.studio_id, action_id=action_id).select_related("entry").first()
    )
    if event is None:
        return None
    other = event.kind != kind or event.entry.session_id != session.pk
    other |= entry is not None and event.entry_id != entry.pk
    other |= member is not None and event.entry.member_id != member.pk
    if other:
        raise ActionIdReused(action_id)
    return Waited(event, NO_QUESTIONS, repeated=True)


def _offer_facts(session: ScheduledSession, entry: WaitingEntry, line: LinedUp) -> rules.OfferFacts:
    here = Reservation.objects.active().filter(member=entry.member, session=session).first()
    return rules.OfferFacts(
        state=Waiting(entry.state),
        held_until=entry.held_until,
        session_cancelled_at=session.cancelled_at,
        starts_at=session.starts_at,
        booked_already_at=(here.booked_at or here.starts_at) if here else None,
        blocked_reason=entry.member.blocked_reason,
        capacity=session.capacity,
        taken=session.places_taken,
        held_for_others=len(line.held_for_others(entry.member)),
        marketplace=facts_for(session, entry.source),
    )
