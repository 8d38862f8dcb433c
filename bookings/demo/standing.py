"""What waits for somebody in a demo studio: PINs, a waiting list, a note, a closing day, one person twice."""

from datetime import date, timedelta
from uuid import UUID

from bookings import actions
from bookings.demo.diary import Diary
from bookings.models import ScheduledSession
from portal.members.duplicates import compare
from portal.models import ClosingDays, Member
from portal.staff.pins import set_pin

WAITING = 2
# Later than this, so that the list is still open and nobody is offered anything while one looks.
NOT_BEFORE = timedelta(hours=20)


def write_standing(diary: Diary, today: date) -> None:
    """To be called once, after everything else is saved."""
    for one in diary.plan.logins:
        if one.pin:
            set_pin(diary.studio.logins.get(user__email=one.email), one.pin, now=diary.now)
    _wait_for_a_full_class(diary)
    _leave_a_note(diary)
    # After the last class of the schedule: what stands in it stays.
    closed_on = today + diary.plan.future + timedelta(days=7)
    ClosingDays.objects.create(studio=diary.studio, first_on=closed_on, last_on=closed_on, reason="New floor")
    _join_twice(diary)


def _wait_for_a_full_class(diary: Diary) -> None:
    full = [one for one in diary.sessions if _is_full(one) and one.starts_at > diary.now + NOT_BEFORE]
    session = min(full, key=lambda one: one.starts_at, default=None)
    if session is None:
        return
    booked = session.reservations.values("member")
    for member in diary.studio.members.exclude(pk__in=booked).order_by("number")[:WAITING]:
        again = UUID(int=diary.dice.getrandbits(128), version=4)
        actions.join_waiting(session, member, source="direct", action_id=again, by=None, now=diary.now)


def _is_full(session: ScheduledSession) -> bool:
    return session.places_taken == session.capacity and not session.is_exclusive and session.cancelled_at is None


def _leave_a_note(diary: Diary) -> None:
    """About somebody of the class that runs right now who is not in yet."""
    running = next(one for one in reversed(diary.sessions) if one.starts_at <= diary.now < one.ends_at)
    reservation = running.reservations.filter(booking="booked").order_by("-attendance", "id").last()
    if reservation is None:
        return
    reservation.member.staff_notes.create(
        text="Her mat is at the desk",
        for_next_visit=True,
        written_by=diary.desk[0],
        written_at=diary.now - timedelta(days=2),
    )


def _join_twice(diary: Diary) -> None:
    """Somebody who has been here for long came by another road, too, under the same name and telephone number."""
    members = diary.studio.members.order_by("number")
    known, twin = members.exclude(phone="").first(), members.last()
    if known is None or twin is None or known == twin:
        return
    Member.objects.filter(pk=twin.pk).update(
        first_name=known.first_name, last_name=known.last_name, phone=known.phone, photo=""
    )
    twin.refresh_from_db()
    compare(twin, now=diary.now)
