"""The morning round, by each studio's own clock: who may have something to read, and one job for each of them.

State-driven: asked at any time, as often as one likes. A beat that is late still sends until noon; after that what
waits goes with the next morning's mail.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from portal.jobs import enqueue_many
from portal.models import DigestSent, Job, Location, Notice, StaffLogin, Studio
from portal.notices.morning import CLOSES, MORNING, OPENS, part_kinds
from portal.notices.registry import How
from portal.notices.telling import hows

MAIL_MORNING = "portal.mail_morning"
KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Due:
    """A studio whose clock stands where a round is made: its local day, and when the round began."""

    on: date
    began_at: datetime


def homes() -> dict[int, ZoneInfo]:
    """The clock of each studio, by its key: that of its first location. One query."""
    found: dict[int, ZoneInfo] = {}
    for place in Location.objects.in_order().only("studio_id", "zone"):
        found.setdefault(place.studio_id, place.tz)
    return found


def due_at(now: datetime, *, opens: time, closes: time | None) -> dict[int, Due]:
    """The studios on whose wall clock it is between the two; `closes` None: until midnight. One query."""
    found = {}
    for studio, tz in homes().items():
        local = now.astimezone(tz)
        if opens <= local.time() and (closes is None or local.time() < closes):
            found[studio] = Due(local.date(), datetime.combine(local.date(), opens, tz))
    return found


def ask_for_mornings(*, now: datetime) -> int:
    """Write the jobs of the morning mails that are due and not written yet; how many. The same number of queries for
    one studio and for a hundred, but for one to write each studio's jobs."""
    due = due_at(now, opens=OPENS, closes=CLOSES)
    if not due:
        return 0
    wanted: dict[int, dict[str, int]] = defaultdict(dict)
    for login in _with_something(due):
        wanted[login.studio_id][key_of(MAIL_MORNING, login.pk, due[login.studio_id].on)] = login.pk
    return write(MAIL_MORNING, wanted, {key: one.on for key, one in due.items()})


def _with_something(due: dict[int, Due]) -> list[StaffLogin]:
    """Who has news waiting from before the round, or wants a part of the morning mail, and had none today."""
    waiting = Q()
    for studio, one in due.items():
        waiting |= Q(login__studio=studio, occurred_at__lt=one.began_at)
    had = Q()
    for studio, one in due.items():
        had |= Q(login__studio=studio, on=one.on)
    pins = StaffLogin.locations.through.objects.filter(stafflogin=OuterRef("pk"))
    logins: list[StaffLogin] = []
    active = StaffLogin.objects.filter(studio__in=due, is_active=True, user__is_active=True)
    for login in active.annotate(has_pins=Exists(pins)).order_by("pk"):
        login.is_pinned = login.has_pins
        logins.append(login)
    told = set(DigestSent.objects.filter(had, kind=MORNING).values_list("login", flat=True))
    found = set(Notice.objects.filter(waiting, sent_at=None, together="").values_list("login", flat=True))
    for kind in part_kinds():
        found |= {key for key, how in hows(logins, kind).items() if how == How.DIGEST}
    return [login for login in logins if login.pk in found - told]


def key_of(kind: str, login: int, on: date) -> str:
    return f"{kind} {login} {on.isoformat()}"


def write(kind: str, wanted: dict[int, dict[str, int]], days: dict[int, date]) -> int:
    """A job for each key that has none yet, of {studio: {key: login}}; how many. Inside a transaction or not."""
    keys = [key for logins in wanted.values() for key in logins]
    known = set(Job.objects.filter(key__in=keys).values_list("key", flat=True))
    studios = Studio.objects.in_bulk(list(wanted))
    written = 0
    with transaction.atomic():
        for studio, logins in wanted.items():
            payloads = {
                key: {"login": login, "on": days[studio].isoformat()}
                for key, login in logins.items()
                if key not in known
            }
            enqueue_many(kind, payloads, studio=studios[studio])
            written += len(payloads)
    return written


def forget_old(now: datetime) -> None:
    """Delete what was told a month ago, what waited as long for somebody who never had a morning mail, and the notes
    about mails of days gone by."""
    before = now - KEPT_FOR
    Notice.objects.filter(Q(sent_at__lt=before) | Q(sent_at=None, occurred_at__lt=before)).delete()
    DigestSent.objects.filter(sent_at__lt=before).delete()
