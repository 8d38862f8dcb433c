"""Someone stands at the desk without a booking: member or not, booked and checked in by one click."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from bookings.actions.attendance import check_in
from bookings.actions.recording import ActionIdReused, Done, Kind
from bookings.actions.reservations import reserve
from bookings.models import ReservationEvent, ScheduledSession
from portal.members.joining import NewMember, add_member
from portal.models import Member, StaffLogin


@dataclass(frozen=True)
class WalkIn:
    member: Member
    is_new: bool
    booked: Done
    checked_in: Done

    @property
    def repeated(self) -> bool:
        return self.booked.repeated


def walk_in(
    session: ScheduledSession,
    member: Member | NewMember,
    *,
    action_id: UUID,
    by: StaffLogin,
    now: datetime,
    source: str = "desk",
) -> WalkIn:
    """Make the member if new, book the place and tick the person: all of it or nothing. Raises Refused.

    The tick's event bears an id that follows from `action_id`, so a retry is the same. A new person whose e-mail is
    known is that member.
    """
    with transaction.atomic():
        is_new = False
        if isinstance(member, NewMember):
            if again := _person_of(session, action_id):
                member = again
            else:
                member, is_new = add_member(
                    session.studio, member, joined_on=session.location.local_day(now), by=by, now=now
                )
        booked = reserve(session, member, source=source, action_id=action_id, by=by, now=now)
        ticked = check_in(booked.reservation, action_id=uuid5(action_id, "check-in"), by=by, now=now)
        return WalkIn(member, is_new, booked, ticked)


def _person_of(session: ScheduledSession, action_id: UUID) -> Member | None:
    """Whom this action made or found when it came the first time."""
    event = (
        ReservationEvent.objects.filter(studio_id=session.studio_id, action_id=action_id)
        .select_related("reservation__member")
        .first()
    )
    if event is None:
        return None
    if event.kind != Kind.RESERVED or event.reservation.session_id != session.pk:
        raise ActionIdReused(action_id)
    return event.reservation.member
