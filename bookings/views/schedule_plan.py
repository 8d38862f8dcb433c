"""What a change of the schedule would do, told before it is done: the one look that all its forms share (Q27)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from django.http import HttpRequest, QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext

from bookings.models import Reservation, ScheduledSession
from bookings.plans.plan import Plan
from bookings.selectors.affected import Affected, affected
from bookings.words import day_and_clock, refusal_words, warning_words
from portal.models import Location

# Names of people are told up to here; more are a number.
PEOPLE_SHOWN = 200
CONFIRMED = "confirmed"
# The other answer to "these become free": they stay closed, and all the rest is done.
KEEP_CLOSED = "keep_closed"
_NOT_ANSWERS = frozenset({CONFIRMED, KEEP_CLOSED, "agreed", "csrfmiddlewaretoken"})


@dataclass(frozen=True)
class LeftOut:
    """A day on which nothing is made, and why; of a week that is copied, how many sessions it concerns."""

    day: date
    reason: str
    place: str
    number: int = 1


@dataclass(frozen=True)
class OverFull:
    """A session with more people than places, and who they are."""

    when: str
    places: int | None
    people: list[Reservation]


@dataclass(frozen=True)
class Look:
    """A plan in words. `refused` is empty where it can be done."""

    refused: str = ""
    made: int = 0
    first: str = ""
    last: str = ""
    changed: int = 0
    moved: int = 0
    removed: int = 0
    cancelled: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    over: list[OverFull] = field(default_factory=list)
    affected: Affected | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def tells_people(self) -> bool:
        return self.affected is not None and self.affected.total > 0

    @property
    def is_worth_a_look(self) -> bool:
        """Whether anything needs to be said before it is done: more than one session, people, or days left out."""
        several = self.made + self.changed + self.removed + self.cancelled > 1
        return several or self.tells_people or bool(self.left_out or self.over or self.warnings)


def look_at(plan: Plan, location: Location, *, without: Iterable[date] = ()) -> Look:
    """The plan as words; `without` are days that the form itself leaves out."""
    if not plan.decision.allowed:
        return Look(refused=refusal_words(plan.decision, location))
    apart = set(without)
    made = [one for one in plan.made if _day(one) not in apart]
    starts = sorted(made, key=lambda one: one.starts_at)
    chosen = [LeftOut(day, gettext("left out by you"), "") for day in sorted(apart & {_day(one) for one in plan.made})]
    counted = Counter((one.day, gettext(one.reason) if one.reason else "", one.location.name) for one in plan.skipped)
    skipped = [LeftOut(*why, number=number) for why, number in counted.items()]
    with_people = [one for one in plan.dropped if one.places_taken]
    return Look(
        made=len(made),
        first=_day_words(starts[0]) if starts else "",
        last=_day_words(starts[-1]) if starts else "",
        changed=len([one for one in plan.changed if one.was != one.becomes]),
        moved=len(plan.moved),
        removed=len(plan.dropped) - len(with_people),
        cancelled=len(with_people),
        left_out=sorted([*chosen, *skipped], key=lambda one: one.day),
        over=[
            OverFull(day_and_clock(one.session.starts_at, one.session.location), one.session.capacity, one.people)
            for one in plan.over
        ],
        affected=plan.affected if plan.changed or plan.dropped else None,
        warnings=warning_words(plan.decision, location),
    )


def join(looks: list[Look]) -> Look:
    """Several plans that only make sessions, told as one; the first refusal refuses them all."""
    refused = next((look for look in looks if look.refused), None)
    if refused is not None or not looks:
        return refused or Look()
    with_dates = [look for look in looks if look.made]
    return Look(
        made=sum(look.made for look in looks),
        first=with_dates[0].first if with_dates else "",
        last=with_dates[-1].last if with_dates else "",
        left_out=[day for look in looks for day in look.left_out],
        warnings=list(dict.fromkeys(words for look in looks for words in look.warnings)),
    )


def look_at_cancelling(sessions: list[ScheduledSession]) -> Look:
    """What it means to call these off."""
    return Look(cancelled=len(sessions), affected=affected(sessions))


def _day_words(session: ScheduledSession) -> str:
    """With its year: a series runs into the next one."""
    there = session.starts_at.astimezone(session.location.tz)
    return date_format(there, gettext("D j M Y, H:i"))


def _day(session: ScheduledSession) -> date:
    return session.location.local_day(session.starts_at)


def fingerprint(answers: QueryDict) -> str:
    """What the form was answered with; the confirmation names it, so that nothing else is done than was shown."""
    pairs = sorted((name, sorted(values)) for name, values in answers.lists() if name not in _NOT_ANSWERS)
    return sha256(repr(pairs).encode()).hexdigest()[:32]


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the person has seen what these very answers would do."""
    return fingerprint(request.POST) in (request.POST.get(CONFIRMED), request.POST.get(KEEP_CLOSED))


def agreed(request: HttpRequest) -> str:
    """What was said of the packages beside the button that confirmed these answers (`LinkPlan.agreed_as`)."""
    return request.POST.get("agreed", "") if is_confirmed(request) else ""
