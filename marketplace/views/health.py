"""The health of a connection as a part of pages: `marketplace/health.html` with what `health_context` gives."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.words import day_and_clock
from marketplace.health_words import local_clock, slot_words, summary
from marketplace.late_words import span
from marketplace.models import Connection
from marketplace.rules import LateBecause
from marketplace.selectors.health import Answers, Health, health_of
from portal.models import Location


@dataclass(frozen=True)
class Fact:
    """A word and what there is to say; `warn`: it needs somebody."""

    label: str
    words: str
    detail: str = ""
    warn: bool = False


def health_context(connection: Connection, place: Location, *, now: datetime) -> dict[str, object]:
    """For `{% include "marketplace/health.html" %}`. `place`: in whose clock and day it is told. Five queries."""
    day_began = datetime.combine(place.local_day(now), time(), place.tz)
    health = health_of(connection, day_began=day_began, now=now)
    return {
        "health": health,
        "health_facts": _facts(health, place, now),
        "health_troubles": _troubles(health, place, now),
        "health_strip": [(one, slot_words(one, place)) for one in health.strip],
        "health_summary": summary(health.strip, place),
    }


def _facts(health: Health, place: Location, now: datetime) -> list[Fact]:
    late = health.lateness
    is_told = late.reason is not LateBecause.NOT_TOLD
    facts = [
        Fact(
            _("Last full sync"),
            day_and_clock(health.compared_at, place) if health.compared_at else _("none yet"),
            _("%(time)s ago") % {"time": span(now - health.compared_at)} if health.compared_at else "",
            warn=late.is_late,
        )
    ]
    if is_told and late.due_at:
        facts.append(
            Fact(_("Next one by"), local_clock(late.due_at, place), _("late 10 min after that"), warn=late.is_late)
        )
    theirs, ours = health.theirs, health.ours
    facts.append(Fact(_("Asked by them today"), number_format(theirs.number, force_grouping=True), _refused(theirs)))
    if theirs.p95 is not None:
        facts.append(_speed(_("Our answers, 19 of 20"), theirs))
    if ours.p95 is not None:
        facts.append(_speed(_("Their answers, 19 of 20"), ours))
    number, wrong = theirs.number + ours.number, theirs.wrong + ours.wrong
    share = number_format(round(100 * wrong / number, 1), 1) if number else ""
    rate = _("%(share)s %%") % {"share": share} if number else _("nothing yet")
    facts.append(Fact(_("Errors today"), rate, _of(wrong, number), warn=bool(wrong)))
    return facts


def _of(wrong: int, number: int) -> str:
    return _("%(wrong)d of %(number)d") % {"wrong": wrong, "number": number} if number else ""


def _refused(answers: Answers) -> str:
    if not answers.refused:
        return ""
    words = ngettext("%(number)d refused with a reason", "%(number)d refused with a reason", answers.refused)
    return words % {"number": answers.refused}


def _speed(label: str, answers: Answers) -> Fact:
    return Fact(label, _("%(number)s ms") % {"number": number_format(round(answers.p95 or 0))}, _("or faster"))


def _troubles(health: Health, place: Location, now: datetime) -> list[str]:
    """What happened, what is safe, what to do. That it is late stands above the page, as on all pages."""
    connection, name = health.connection, health.connection.marketplace.name
    said = []
    if health.worker_silent is not None and health.lateness.reason is not LateBecause.NOT_TOLD:
        said.append(_stopped(health))
    if connection.locked_out_at:
        words = _(
            "%(name)s has not accepted our credentials since %(when)s. Nothing is lost: all waits, and no try is"
            " used up. Check the secret with %(name)s; what waits is sent once it is right."
        )
        said.append(words % {"name": name, "when": day_and_clock(connection.locked_out_at, place)})
    elif connection.quiet_until and connection.quiet_until > now:
        words = _("%(name)s did not answer and is left alone until %(when)s. What waits is sent then by itself.")
        said.append(words % {"name": name, "when": local_clock(connection.quiet_until, place, seconds=True)})
    if connection.state == Connection.State.PAUSED:
        said.append(_("Paused: nothing new is sold there, and what is sold stays."))
    return said


def _stopped(health: Health) -> str:
    safe = _("Pages, check-ins and bookings go on, and what is to be told waits and is not lost.")
    if health.worker_silent == timedelta.max or health.worker_silent is None:
        never = _("The queue is stopped: no worker has answered yet.")
        return f"{never} {safe}"
    words = _("The queue is stopped: the worker has not answered for %(time)s.")
    return f"{words % {'time': span(health.worker_silent)}} {safe}"
