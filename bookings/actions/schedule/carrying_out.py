"""A plan, carried out under the locks under which it was made."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from bookings import rules
from bookings.actions.offers import settle_waiting
from bookings.actions.recording import Refused, locked_session, raise_pulse
from bookings.actions.schedule import writing
from bookings.actions.schedule.telling import tell_cancelled, tell_moved
from bookings.models import CalendarItem, Room, ScheduledSession, WaitingEntry
from bookings.plans import Plan, SeriesValues
from bookings.signals import session_changed
from portal.changes import record_change, record_changes
from portal.models import StaffLogin, Studio, Teacher

# A changed class can be given up for free for so long (Q27).
WAIVED = timedelta(hours=24)


@contextmanager
def on_item(item: CalendarItem, *, now: datetime) -> Iterator[CalendarItem]:
    """One transaction in which nobody else edits this item or its sessions; who books waits for the sessions only.

    Raises Refused where an appointment would not have its teacher or its room to itself.
    """
    try:
        with transaction.atomic():
            yield (
                CalendarItem.objects.select_for_update(of=("self",), no_key=True)
                .select_related("studio", "location", "room", "teacher")
                .get(pk=item.pk)
            )
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if constraint not in {"one_appointment_per_teacher_and_time", "one_appointment_per_room_and_time"}:
            raise
        words = str(item)
        of_teacher = "teacher" in constraint
        facts = rules.EditFacts(
            new_starts=(),
            room_elsewhere=False,
            is_exclusive=True,
            teacher_busy=words if of_teacher else None,
            room_busy=None if of_teacher else words,
        )
        raise Refused(rules.may_edit(facts, now=now)) from error


def lock_sessions(item: CalendarItem, *, now: datetime) -> None:
    """Hold the sessions to come of this item, so that a plan made from now on stays true."""
    list(
        ScheduledSession.objects.filter(item=item, starts_at__gt=now)
        .order_by("pk")
        .select_for_update()
        .values_list("pk", flat=True)
    )


def carry_out(plan: Plan, kind: str, *, studio: Studio, by: StaffLogin | None, now: datetime, reason: str = "") -> Plan:
    """Do what the plan says; `kind` is the verb of the log ("moved"). Raises Refused where the plan is."""
    if not plan.decision.allowed:
        raise Refused(plan.decision)
    told = plan.moved
    _hold_for_appointments(plan)
    _take_over(plan)
    other_room = [one.session.pk for one in plan.changed if one.was.room_id != one.becomes.room_id]
    writing.move(plan.changed, series=plan.series)
    writing.move_deadlines(told, waived_until=now + WAIVED)
    writing.give_out_spots(other_room)
    made = writing.insert(studio.pk, plan.made)
    dropped = _drop(plan.dropped, reason=reason, now=now)
    _forget_old(plan)
    _log(plan, kind, studio=studio, by=by, now=now)
    changed = [one.session.pk for one in plan.changed if one.was != one.becomes]
    version = touch(studio, [*made, *changed, *dropped], now=now)
    tell_moved(told, version=version, studio=studio)
    tell_cancelled([session for session in plan.dropped if session.pk in dropped], version=version, studio=studio)
    send_news({"made": made, "changed": changed, "cancelled": dropped}, studio=studio, by=by, now=now)
    settle([one.session.pk for one in plan.changed if one.was != one.becomes] + dropped, now=now)
    return plan


def _hold_for_appointments(plan: Plan) -> None:
    """Wait for whoever else writes an appointment of these teachers or rooms; two at once would wait for each other.

    As `book_appointment` does: teachers, then rooms. Without their keys, which sessions refer to at any time.
    """
    shapes = [change.becomes for change in plan.changed if change.session.is_exclusive]
    made = [session for session in plan.made if session.is_exclusive]
    for model, name in ((Teacher, "teacher_id"), (Room, "room_id")):
        wanted = {getattr(one, name) for one in (*shapes, *made)} - {None}
        if wanted:
            rows = model._default_manager.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)
            list(rows.values_list("pk", flat=True))


def _take_over(plan: Plan) -> None:
    """Save the series that the sessions go over to."""
    if plan.series is not None:
        plan.series.save(force_insert=True)
        for session in plan.made:
            session.recurrence = plan.series


def _forget_old(plan: Plan) -> None:
    """The series that was replaced keeps what it still has, makes nothing more, and ends; without anything it goes."""
    old = plan.replaces
    if old is None:
        return
    there = {day for day in old.sessions.values_list("occurs_on", flat=True) if day}
    if not there:
        old.delete()
        return
    old.last_on = max(old.first_on, *there)
    old.left_out = sorted({*SeriesValues.of(old).pattern.days()} - there)
    old.save(update_fields=["last_on", "left_out"])


def _drop(sessions: list[ScheduledSession], *, reason: str, now: datetime) -> list[int]:
    """Remove what nobody ever booked, cancel the rest; the keys of what was cancelled."""
    keys = [session.pk for session in sessions]
    blank = ScheduledSession.objects.filter(pk__in=keys, reservations=None, waiting=None)
    blank.delete()
    kept = list(ScheduledSession.objects.filter(pk__in=keys).values_list("pk", flat=True))
    # Of no series any more: taken back, it is a date by itself.
    ScheduledSession.objects.filter(pk__in=kept).update(recurrence=None)
    ScheduledSession.objects.filter(pk__in=kept, cancelled_at=None).update(cancelled_at=now, cancelled_reason=reason)
    return kept


def _log(plan: Plan, kind: str, *, studio: Studio, by: StaffLogin | None, now: datetime) -> None:
    record_changes(
        (
            (change.session, change.was.as_facts(), change.becomes.as_facts())
            for change in plan.changed
            if change.was != change.becomes
        ),
        kind,
        studio=studio,
        by=by,
        now=now,
    )
    record_changes(
        ((session, {"starts_at": session.starts_at}, {}) for session in plan.dropped),
        "dropped",
        studio=studio,
        by=by,
        now=now,
    )
    if plan.item is not None and (plan.made or plan.dropped or plan.series):
        after = {"made": len(plan.made), "changed": len(plan.changed), "dropped": len(plan.dropped)}
        record_change(plan.item, "scheduled", studio=studio, by=by, now=now, after=after)


def touch(studio: Studio, session_ids: Iterable[int], *, now: datetime) -> int:
    """Raise the pulse, and let these sessions say that they changed with it."""
    version = raise_pulse(studio.pk, now)
    ScheduledSession.objects.filter(pk__in=list(session_ids)).update(version=version)
    return version


def send_news(changed: dict[str, list[int]], *, studio: Studio, by: StaffLogin | None, now: datetime) -> None:
    for kind, session_ids in changed.items():
        if session_ids:
            session_changed.send(
                sender=ScheduledSession, studio=studio, session_ids=session_ids, kind=kind, by=by, now=now
            )


def settle(session_ids: Iterable[int], *, now: datetime) -> None:
    """Bring the waiting lists of these sessions up to date: places came free, or the class is off."""
    waiting = WaitingEntry.objects.open().filter(session__in=list(session_ids)).order_by("session")
    for session_id in list(waiting.values_list("session", flat=True).distinct()):
        settle_waiting(locked_session(ScheduledSession(pk=session_id)), now=now)
