"""An appointment: one member, one teacher; the session is made with its only reservation."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from bookings import rules
from bookings.actions.recording import ActionIdReused, Done, Kind, Refused, locked_session
from bookings.actions.reservations import put_in, refuse_unpaid
from bookings.models import CalendarItem, ReservationEvent, Room, ScheduledSession
from bookings.selectors.appointments import appointment_facts
from bookings.selectors.wallet import Wallet
from portal.models import Member, StaffLogin, Teacher

_BUSY = {"one_appointment_per_teacher_and_time", "one_appointment_per_room_and_time"}


def book_appointment(
    item: CalendarItem,
    member: Member,
    teacher: Teacher,
    starts_at: datetime,
    *,
    room: Room | None = None,
    source: str,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
) -> Done:
    """Make the session for this one member, and book it. Raises Refused: who or what is busy, and until when.

    The rows of teacher and room are locked, in this order, so that of those who ask at once the first is served. That
    no two appointments share a teacher or a room is the database's promise, whoever else writes sessions.
    """
    ends_at = starts_at + timedelta(minutes=item.duration_minutes)

    def facts() -> rules.AppointmentFacts:
        return appointment_facts(
            item, member, teacher=teacher, room=room, starts_at=starts_at, ends_at=ends_at, by_staff=by is not None
        )

    with _in_words(facts, now=now), transaction.atomic():
        Teacher.objects.select_for_update(no_key=True).get(pk=teacher.pk)
        if room is not None:
            Room.objects.select_for_update(no_key=True).get(pk=room.pk)
        if done := _done_before(item, member, starts_at, action_id):
            return done
        decision = rules.may_book_appointment(facts(), now=now)
        if not decision.allowed:
            raise Refused(decision)
        session = ScheduledSession.objects.create(
            studio_id=item.studio_id,
            item=item,
            location=item.location,
            room=room,
            teacher=teacher,
            starts_at=starts_at,
            ends_at=ends_at,
            capacity=1,
            is_exclusive=True,
        )
        session = locked_session(session)
        uses = Wallet(member, session.studio, now=now, lock=True, source=source).choose(session)
        refuse_unpaid(uses, by_staff=by is not None)
        event = put_in(session, member, None, uses=uses, source=source, action_id=action_id, by=by, now=now)
        return Done(event, decision)


@contextmanager
def _in_words(facts: Callable[[], rules.AppointmentFacts], *, now: datetime) -> Iterator[None]:
    """Turn the database's refusal of an overlap into the rule's: someone else wrote a session meanwhile."""
    try:
        yield
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") not in _BUSY:
            raise
        decision = rules.may_book_appointment(facts(), now=now)
        if decision.allowed:  # and gone again
            raise
        raise Refused(decision) from error


def _done_before(item: CalendarItem, member: Member, starts_at: datetime, action_id: UUID) -> Done | None:
    event = ReservationEvent.objects.filter(studio_id=item.studio_id, action_id=action_id).first()
    if event is None:
        return None
    row = event.reservation
    if event.kind != Kind.RESERVED or (row.member_id, row.starts_at) != (member.pk, starts_at):
        raise ActionIdReused(action_id)
    return Done(event, rules.Decision(()), repeated=True)
