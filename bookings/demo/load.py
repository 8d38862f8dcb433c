"""Load the demo: two studios that have been running for fourteen months when you look at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import connection, transaction

from bookings.demo import wallets
from bookings.demo.diary import Diary
from bookings.demo.furnish import close, furnish, person, say_since_when, write_series
from bookings.demo.moments import call_some_off, write_today
from bookings.demo.plan import DEMO, OPERATOR, OTHER, StudioPlan
from bookings.demo.standing import write_standing
from bookings.models import ScheduledSession
from bookings.signals import demo_loaded
from portal.models import Studio


@dataclass(frozen=True)
class Loaded:
    """How many rows came to be; all 0 when there was nothing to do."""

    studios: int = 0
    sessions: int = 0
    reservations: int = 0

    def __add__(self, more: "Loaded") -> "Loaded":
        return Loaded(self.studios + more.studios, self.sessions + more.sessions, self.reservations + more.reservations)


def load(*, now: datetime, refresh: bool = False, plans: Sequence[StudioPlan] = (DEMO, OTHER)) -> Loaded:
    """Make what is missing of the demo. A studio that is there is left as it is.

    `refresh` adds to it: the days between its last session and four weeks from now, and a class that runs right now.
    The same studio, day and hour give the same rows.
    """
    made = Loaded()
    with transaction.atomic():
        with connection.cursor() as cursor:  # all of it or nothing, and a slow machine may take minutes
            cursor.execute("SET LOCAL transaction_timeout = 0")
        person(OPERATOR, "Operator", operator=True)
        for plan in plans:
            made += _load_studio(plan, now=now, refresh=refresh)
            demo_loaded.send(Studio, studio=Studio.objects.get(slug=plan.slug), now=now)
    return made


def _load_studio(plan: StudioPlan, *, now: datetime, refresh: bool) -> Loaded:
    studio = Studio.objects.filter(slug=plan.slug).first()
    if studio and not refresh:
        return Loaded()
    is_new = studio is None
    dice = dice_for(plan, now)
    if studio is None:
        studio = furnish(plan, today=now.date(), dice=dice)
    return fill(studio, plan, now=now, dice=dice, is_new=is_new)


def dice_for(plan: StudioPlan, now: datetime) -> Random:
    return Random(f"{plan.slug} {now:%Y-%m-%d}")  # noqa: S311 - invents people, keeps no secrets


def fill(studio: Studio, plan: StudioPlan, *, now: datetime, dice: Random, is_new: bool) -> Loaded:
    """Write the days of a furnished studio that are missing, up to the plan's last, and a class that runs right now."""
    today = studio.locations.in_order()[0].local_day(now)
    begins = plan.begins(today)
    write_series(studio, plan, today)
    last = ScheduledSession.objects.filter(studio=studio).order_by("starts_at").last()
    day = max(begins, last.location.local_day(last.starts_at) + timedelta(days=1)) if last else begins
    if is_new:
        close(studio, begins, today)
    diary = Diary(studio, plan, now, dice, day)
    closed = {
        one.first_on + timedelta(days=number)
        for one in studio.closing_days.all()
        for number in range((one.last_on - one.first_on).days + 1)
    }
    while day <= today + plan.future:
        if day not in closed:
            diary.write_day(day)
        day += timedelta(days=1)
    if is_new or not _running(studio, now):
        write_today(diary, today)
    if is_new:
        call_some_off(diary, today)
    if is_new:
        wallets.stock(diary)
    till = wallets.Till(diary)
    till.serve()
    diary.save()
    say_since_when(diary, till.sold, is_new=is_new)
    if is_new:
        till.trouble()
        write_standing(diary, today)
    return Loaded(int(is_new), len(diary.sessions), len(diary.reservations))


def _running(studio: Studio, now: datetime) -> bool:
    return studio.sessions.filter(starts_at__lte=now, ends_at__gt=now, cancelled_at=None).exists()
