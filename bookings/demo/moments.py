"""What someone who opens the demo should meet: a class that runs right now, one to come, a few that were called off."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bookings.demo.diary import Diary
from bookings.demo.plan import ClassPlan
from portal.models import Member

QUARTER = timedelta(minutes=15)
# Those who called off for the running class: (late, excused).
CALLED_OFF = ((True, False), (True, True), (False, False))


def write_today(diary: Diary, today: date) -> None:
    """A class that began a quarter of an hour ago or less, at any time of day, and one that starts later today."""
    tz = diary.studio.locations.in_order()[0].tz
    starts_at = running_since(diary.now, today, tz)
    _write_running(diary, _plan(diary, diary.plan.now_class), starts_at, today)
    tomorrow = datetime.combine(today + timedelta(days=1), time(), tz)
    soon = starts_at + 4 * QUARTER
    if soon < tomorrow and not _starts_between(diary, diary.now, tomorrow):
        diary.write_session(_plan(diary, diary.plan.soon_class), soon)


def running_since(now: datetime, today: date, tz: tzinfo) -> datetime:
    """When the class that runs right now began: on a quarter of an hour of this local day, the one before the last.

    Counted in hours that pass, not on the wall: on the night on which clocks go back it would begin in an hour's time.
    """
    midnight = datetime.combine(today, time(), tz).astimezone(UTC)
    return midnight + max(timedelta(), (now - midnight) // QUARTER * QUARTER - QUARTER)


def _starts_between(diary: Diary, first: datetime, last: datetime) -> bool:
    planned = any(first < one.starts_at < last for one in diary.sessions)
    return planned or diary.studio.sessions.filter(starts_at__gt=first, starts_at__lt=last).exists()


def _write_running(diary: Diary, plan: ClassPlan, starts_at: datetime, today: date) -> None:
    """Every state that a running class can show: in, not yet in, new, new here, cancelled late, excused."""
    session = diary.new_session(plan, starts_at)
    crowd, place = diary.crowd, session.location_id

    def regulars(count: int) -> list[Member]:
        return crowd.draw(count, location_id=place, day=today, dice=diary.dice)

    for member in regulars(5):
        diary.write_booked(session, member, came=True)
    for came in (True, False):
        if crowd.newcomers:
            diary.write_booked(session, crowd.newcomer(location_id=place, day=today), came=came)
    if known := crowd.known_elsewhere(location_id=place, day=today):
        diary.write_booked(session, known, came=False)
    for member in regulars(2):
        diary.write_booked(session, member, came=False)
    # On a busy day of a small studio fewer than three may be left.
    for member, (is_late, is_excused) in zip(regulars(3), CALLED_OFF, strict=False):
        diary.write_cancelled(session, member, late=is_late, excused=is_excused)


def call_some_off(diary: Diary, today: date) -> None:
    """One class of last week and one of this week were cancelled by the studio."""
    for day in (today - timedelta(days=9), today + timedelta(days=2)):
        theirs = [one for one in diary.sessions if one.location.local_day(one.starts_at) == day]
        if theirs:
            diary.call_off(theirs[-1])


def _plan(diary: Diary, name: str) -> ClassPlan:
    return next(one for one in diary.plan.classes if one.name == name)
