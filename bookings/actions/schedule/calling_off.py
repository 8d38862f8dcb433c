"""A class is off, or takes place after all (Q27)."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from bookings import rules
from bookings.actions.assigning import choose_again_where_used_up
from bookings.actions.offers import reopen_waiting
from bookings.actions.recording import Refused
from bookings.actions.schedule.carrying_out import on_item, send_news, settle, touch
from bookings.actions.schedule.telling import tell_cancelled, tell_restored
from bookings.models import ScheduledSession
from bookings.rules import Attendance
from portal.changes import record_change, record_changes
from portal.models import StaffLogin


def call_off_facts(session: ScheduledSession) -> rules.CallOffFacts:
    return rules.CallOffFacts(
        cancelled_at=session.cancelled_at,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        checked_in=session.reservations.filter(attendance=Attendance.CHECKED_IN).count(),
    )


def cancel_sessions(
    sessions: Collection[ScheduledSession], *, reason: str = "", by: StaffLogin | None, now: datetime
) -> list[ScheduledSession]:
    """Cancel these sessions of one studio, all or none; who is booked hears of it, and nobody is a no-show.

    Reservations stand as they are: what became of them is the class's doing. Raises Refused for the first that is over
    or cancelled already.
    """
    if not sessions:
        return []
    with transaction.atomic():
        found = list(
            ScheduledSession.objects.filter(pk__in=[session.pk for session in sessions])
            .select_for_update(of=("self",))
            .select_related("studio", "location", "item")
            .order_by("pk")
        )
        for session in found:
            decision = rules.may_call_off(call_off_facts(session), now=now)
            if not decision.allowed:
                raise Refused(decision)
        keys = [session.pk for session in found]
        ScheduledSession.objects.filter(pk__in=keys).update(cancelled_at=now, cancelled_reason=reason)
        studio = found[0].studio
        record_changes(
            ((session, {}, {"reason": reason, "booked": session.places_taken}) for session in found),
            "cancelled",
            studio=studio,
            by=by,
            now=now,
        )
        settle(keys, now=now)
        version = touch(studio, keys, now=now)
        for session in found:
            session.cancelled_at, session.cancelled_reason, session.version = now, reason, version
        tell_cancelled(found, version=version, studio=studio)
        send_news({"cancelled": keys}, studio=studio, by=by, now=now)
    return found


def restore_session(session: ScheduledSession, *, by: StaffLogin | None, now: datetime) -> ScheduledSession:
    """Let a cancelled class take place after all, until its start; whom a mail told otherwise gets another one.

    Raises Refused: it has begun, it is not cancelled, or an appointment's teacher or room is taken by now.
    """
    with on_item(session.item, now=now) as item:
        found = (
            ScheduledSession.objects.select_for_update(of=("self",))
            .select_related("studio", "location", "item")
            .get(pk=session.pk)
        )
        decision = rules.may_restore(call_off_facts(found), now=now)
        if not decision.allowed:
            raise Refused(decision)
        cancelled_in, closed_at = found.version, found.cancelled_at
        found.cancelled_at, found.cancelled_reason = None, ""
        found.save(update_fields=["cancelled_at", "cancelled_reason"])
        choose_again_where_used_up(found, by=by, now=now)
        record_change(found, "restored", studio=item.studio, by=by, now=now)
        if closed_at is not None:
            reopen_waiting(found, closed_at=closed_at, by=by, now=now)
            settle([found.pk], now=now)
        found.version = touch(item.studio, [found.pk], now=now)
        tell_restored(found, cancelled_in=cancelled_in, version=found.version, studio=item.studio)
        send_news({"restored": [found.pk]}, studio=item.studio, by=by, now=now)
    return found
