"""Insight, classes: how full each one was, who came, and how it was in the last four weeks and before."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.rules.insight import per_cent
from bookings.selectors import insight as counted
from bookings.selectors.insight import Seats
from bookings.selectors.local_days import midnight
from bookings.views.history_charts import Fill, fill_summary
from bookings.views.insight_tables import (
    PER_CENT,
    TEXT,
    Heading,
    Line,
    Look,
    Part,
    Sheet,
    before_words,
    change_words,
    integer,
)
from portal.access import StudioRequest

MOST_DRAWN = 30
FOUR_WEEKS = timedelta(days=28)
FEW_HELD = 4


def classes_parts(request: StudioRequest, look: Look) -> list[Part]:
    now, before = counted.classes(look.scope, _four_weeks_ago(look))
    for seats in now.values():
        for source, number in seats.booked.items():
            look.saw(source, number)
    items = {item.pk: item for item in request.studio.calendar_items.filter(pk__in=now).select_related("location")}
    ordered = sorted(now, key=lambda pk: (-(_share(look, now[pk]) or -1), items[pk].name, pk))
    nothing = Seats()
    lines, drawn = [], []
    for pk in ordered:
        seats, earlier, item = now[pk], before.get(pk, nothing), items[pk]
        fill = Fill(
            _share(look, seats),
            per_cent(_of(look, seats.shown), seats.offered),
            per_cent(_of(look, seats.recent), seats.offered_recent),
            _share(look, earlier),
            seats.offered,
        )
        lines.append(
            Line(
                [
                    item.name, item.location.name, seats.held, seats.offered or None, _of(look, seats.booked),
                    _of(look, seats.came), fill.booked, fill.shown, fill.mean, fill.before,
                ],
                _only_held(seats.held),
            )
        )  # fmt: skip
        if fill.booked is not None:
            drawn.append((item.name, fill))
    return [
        Part(
            "classes",
            _("How full the classes were"),
            _said(look, now, before, drawn),
            Sheet(_headings(look), lines, _foot(look, now, before) if lines else None),
            "bookings/insight_fill.html" if drawn else "",
            {"rows": drawn[:MOST_DRAWN], "more": max(0, len(drawn) - MOST_DRAWN)},
        )
    ]


def _headings(look: Look) -> list[Heading]:
    unknown = _("not recorded")
    return [
        Heading(_("Class"), TEXT),
        Heading(_("Location"), TEXT),
        Heading(_("Held")),
        Heading(_("Places"), nothing=unknown),
        Heading(_("Booked")),
        Heading(_("Came")),
        Heading(_("Occupancy"), PER_CENT, nothing=unknown),
        Heading(_("Shown"), PER_CENT, nothing=unknown),
        Heading(_("4 weeks"), PER_CENT, nothing=_("not held")),
        Heading(before_words(look.period), PER_CENT, nothing=_("not held")),
    ]


def _foot(look: Look, now: dict[int, Seats], before: dict[int, Seats]) -> list[object]:
    held, offered = (sum(getattr(one, what) for one in now.values()) for what in ("held", "offered"))
    booked, came, taken, shown = (
        sum(_of(look, getattr(one, what)) for one in now.values()) for what in ("booked", "came", "taken", "shown")
    )
    lately = sum(_of(look, one.recent) for one in now.values())
    return [
        _("Total"), _("see rows"), held, offered or None, booked, came,
        per_cent(taken, offered), per_cent(shown, offered),
        per_cent(lately, sum(one.offered_recent for one in now.values())),
        per_cent(sum(_of(look, one.taken) for one in before.values()), sum(one.offered for one in before.values())),
    ]  # fmt: skip


def _said(look: Look, now: dict[int, Seats], before: dict[int, Seats], drawn: list[tuple[str, Fill]]) -> list[str]:
    if not now:
        return [_("No classes in this period.")]
    held = sum(one.held for one in now.values())
    said = [
        ngettext("%(number)s class was held.", "%(number)s classes were held.", held) % {"number": integer(held)},
        fill_summary(drawn),
    ]
    if change := change_words(look, held, sum(one.held for one in before.values())):
        said.append(_("Classes held: %(change)s.") % {"change": change})
    return said


def _of(look: Look, by_source: dict[str, int]) -> int:
    return sum(number for source, number in by_source.items() if look.wants(source))


def _share(look: Look, seats: Seats) -> int | None:
    return per_cent(_of(look, seats.taken), seats.offered)


def _only_held(number: int) -> str:
    if not 0 < number < FEW_HELD:
        return ""
    return ngettext("held only once", "held only %(number)d times", number) % {"number": number}


def _four_weeks_ago(look: Look) -> datetime:
    """The last four weeks of the period, which may still run."""
    places = look.choice.shown
    end = min(look.now, midnight(look.period.after, places[0].tz)) if places else look.now
    return end - FOUR_WEEKS
