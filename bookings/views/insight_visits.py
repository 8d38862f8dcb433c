"""Insight, visits: check-ins over time by source, and by weekday and hour."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.rules.insight import Bucket, per_cent
from bookings.selectors import insight as counted
from bookings.selectors.history_charts import SlotCount
from bookings.selectors.insight import Slot, Spot, Visits
from bookings.sources import is_own
from bookings.views.history_charts import Heat, heat_of
from bookings.views.insight_rates import rates_by_source_part, rates_part
from bookings.views.insight_tables import (
    BAR_HEIGHT,
    MEAN,
    TEXT,
    Heading,
    Line,
    Look,
    Part,
    Sheet,
    before_words,
    bucket_heading,
    bucket_words,
    change_words,
    in_order,
    integer,
    name,
    only_visits,
)

OWN_SHADES, MARKET_SHADES = 3, 4


@dataclass(frozen=True)
class Segment:
    shade: str
    top: int
    height: int


@dataclass(frozen=True)
class StackedBar:
    """`before_top`: where the outline of the period before begins; the drawing is `box` high."""

    label: str
    title: str
    value: int
    before: int
    box: int
    before_top: int
    segments: list[Segment]
    url: str
    is_current: bool


@dataclass(frozen=True)
class Stacked:
    bars: list[StackedBar]
    legend: list[tuple[str, str, int]]  # shade, name, number
    before: str


def visits_parts(look: Look) -> list[Part]:
    found = counted.visits(look.scope)
    for source, counts in found.of(before=False).items():
        look.saw(source, counts.came)
    held = counted.held(look.scope)
    return [
        check_ins_part(look, found),
        hours_part(look, found, held),
        rates_part(look, found),
        rates_by_source_part(look, found),
    ]


def check_ins_part(look: Look, found: Visits) -> Part:
    buckets = look.period.buckets
    of_now = {source: counts.came for source, counts in found.of(before=False).items() if look.wants(source)}
    sources = in_order({source: number for source, number in of_now.items() if number})
    came = [_came(look, found, n, before=False) for n in range(len(buckets))]
    before = [sum(_came(look, found, n, before=True).values()) for n in range(len(buckets))]
    total, total_before = sum(of_now.values()), sum(before)
    headings = [
        Heading(bucket_heading(look.period), TEXT),
        *[Heading(name(source)) for source in sources],
        Heading(_("Check-ins")),
        Heading(before_words(look.period)),
    ]
    lines = [
        Line(
            [bucket_words(bucket), *[one.get(source, 0) for source in sources], sum(one.values()), earlier],
            only_visits(sum(one.values())),
            _history(look, bucket),
        )
        for bucket, one, earlier in zip(buckets, came, before, strict=True)
    ]
    foot = [_("Total"), *[of_now[source] for source in sources], total, total_before]
    return Part(
        "check-ins",
        _("Check-ins by month and source") if look.period.by_month else _("Check-ins by week and source"),
        _check_ins_said(look, buckets, came, of_now, total, total_before),
        Sheet(headings, lines, foot),
        "bookings/insight_stack.html" if total or total_before else "",
        _stacked(look, came, before, of_now, sources),
    )


def _came(look: Look, found: Visits, number: int, *, before: bool) -> dict[str, int]:
    by_source = found.buckets.get(Spot(number, before), {})
    return {source: counts.came for source, counts in by_source.items() if counts.came and look.wants(source)}


def _history(look: Look, bucket: Bucket) -> str:
    return reverse("bookings:history_month", args=[look.slug, bucket.first]) if look.period.by_month else ""


def _check_ins_said(
    look: Look,
    buckets: tuple[Bucket, ...],
    came: list[dict[str, int]],
    of_now: dict[str, int],
    total: int,
    before: int,
) -> list[str]:
    if not total:
        return [_("No check-ins in this period.")]
    sums = [sum(one.values()) for one in came]
    best = max(range(len(sums)), key=lambda n: sums[n])
    said = [
        ngettext("%(number)s check-in.", "%(number)s check-ins.", total) % {"number": integer(total)},
        (_("Most in %(when)s: %(number)s.") if buckets[best].is_month else _("Most in the week %(when)s: %(number)s."))
        % {"when": bucket_words(buckets[best]), "number": integer(sums[best])},
    ]
    if change := change_words(look, total, before):
        said.append(f"{change[0].upper()}{change[1:]}.")
    theirs = sum(number for source, number in of_now.items() if not is_own(source))
    if theirs and theirs < total:
        said.append(_("%(share)d %% came through marketplaces.") % {"share": per_cent(theirs, total)})
    return said


def shades(sources: list[str]) -> dict[str, str]:
    """A shade for each source in order: blue for the studio's own, violet for marketplaces; too many share the last."""
    found, own, theirs = {}, 0, 0
    for source in sources:
        if is_own(source):
            own += 1
            found[source] = f"own-{min(own, OWN_SHADES)}"
        else:
            theirs += 1
            found[source] = f"market-{min(theirs, MARKET_SHADES)}"
    return found


def _stacked(
    look: Look, came: list[dict[str, int]], before: list[int], of_now: dict[str, int], sources: list[str]
) -> Stacked:
    highest = max([*(sum(one.values()) for one in came), *before], default=0) or 1
    shade = shades(sources)
    bars = []
    for bucket, one, earlier in zip(look.period.buckets, came, before, strict=True):
        edges, below = [], 0
        for source in sources:
            below += one.get(source, 0)
            edges.append(round(BAR_HEIGHT * below / highest))
        before_height = round(BAR_HEIGHT * earlier / highest)
        box = max([*edges, before_height, 1])
        starts = [0, *edges][: len(edges)]
        segments = [
            Segment(shade[source], box - edge, edge - start)
            for source, start, edge in zip(sources, starts, edges, strict=True)
            if edge > start
        ]
        bars.append(
            StackedBar(
                bucket_words(bucket, short=True), bucket_words(bucket), sum(one.values()), earlier, box,
                box - before_height, segments, _history(look, bucket), bucket is look.period.buckets[-1],
            )
        )  # fmt: skip
    legend = [(shade[source], name(source), of_now[source]) for source in sources]
    return Stacked(bars, legend, before_words(look.period, amid=True) if any(before) else "")


def hours_part(look: Look, found: Visits, held: dict[Slot, int]) -> Part:
    slots: dict[Slot, SlotCount] = {}
    for slot in sorted(found.slots.keys() | held.keys()):
        wanted = [both for source, both in found.slots.get(slot, {}).items() if look.wants(source)]
        now, before = sum(one[0] for one in wanted), sum(one[1] for one in wanted)
        if now or held.get(slot):
            slots[slot] = SlotCount(now, before, held.get(slot, 0))
    heat = heat_of(slots)
    headings = [
        Heading(_("Begins"), TEXT),
        Heading(_("Held")),
        Heading(_("Check-ins")),
        Heading(_("Per class"), MEAN, nothing=_("not held")),
        Heading(before_words(look.period)),
    ]
    lines = [
        Line([_slot_words(slot), one.held, one.visits, one.per_class, one.before], only_visits(one.visits))
        for slot, one in slots.items()
    ]
    sums = [sum(getattr(one, what) for one in slots.values()) for what in ("held", "visits", "before")]
    return Part(
        "hours",
        _("By weekday and hour"),
        _heat_said(heat, slots),
        Sheet(headings, lines, [_("Total"), sums[0], sums[1], None, sums[2]] if slots else None),
        "bookings/insight_heat.html" if heat else "",
        heat,
    )


def _slot_words(slot: Slot) -> str:
    return f"{WEEKDAYS[slot[0] - 1]}, {slot[1]}:00"


def _heat_said(heat: Heat | None, slots: dict[Slot, SlotCount]) -> list[str]:
    if heat is None:
        return [_("No check-ins in this period.")]
    best = max(slots, key=lambda slot: slots[slot].visits)
    said = [
        _("Most check-ins on %(weekday)s at %(hour)s: %(number)s of %(all)s.")
        % {
            "weekday": WEEKDAYS[best[0] - 1],
            "hour": f"{best[1]}:00",
            "number": integer(slots[best].visits),
            "all": integer(heat.visits),
        }
    ]
    empty = sum(1 for one in slots.values() if one.held and not one.visits)
    if empty:
        said.append(
            ngettext(
                "%(number)d time with classes had no check-in.", "%(number)d times with classes had no check-in.", empty
            )
            % {"number": empty}
        )
    return said
