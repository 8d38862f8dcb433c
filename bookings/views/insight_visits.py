"""Insight, visits: check-ins over time by source, by weekday and hour, and how many places were lost."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.rules import insight as rules
from bookings.rules.insight import Bucket, per_cent
from bookings.selectors import insight as counted
from bookings.selectors.history_charts import SlotCount
from bookings.selectors.insight import Counts, Slot, Spot, Visits
from bookings.sources import is_own
from bookings.views.history_charts import Heat, heat_of
from bookings.views.insight_tables import (
    MEAN,
    PER_CENT,
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

BAR_HEIGHT = 120
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


@dataclass(frozen=True)
class RateBar:
    label: str
    title: str
    no_show: int | None
    late: int | None
    no_show_height: int
    late_height: int

    @property
    def box(self) -> int:
        return max(self.no_show_height, self.late_height, 1)

    @property
    def no_show_top(self) -> int:
        return self.box - self.no_show_height

    @property
    def late_top(self) -> int:
        return self.box - self.late_height


def rates_part(look: Look, found: Visits) -> Part:
    buckets = look.period.buckets
    now = [_sum(look, found, n, before=False) for n in range(len(buckets))]
    before = [_sum(look, found, n, before=True) for n in range(len(buckets))]
    total, total_before = _added(now), _added(before)
    headings = [Heading(bucket_heading(look.period), TEXT), *_rate_headings(look)]
    lines = [
        Line([bucket_words(bucket), *_rate_cells(one, earlier)], only_places(one.decided))
        for bucket, one, earlier in zip(buckets, now, before, strict=True)
    ]
    return Part(
        "rates",
        _("No-shows and late cancels"),
        _rates_said(total, total_before),
        Sheet(headings, lines, [_("Total"), *_rate_cells(total, total_before)]),
        "bookings/insight_rates.html" if total.decided else "",
        _rate_bars(buckets, now),
    )


def rates_by_source_part(look: Look, found: Visits) -> Part:
    now, before = found.of(before=False), found.of(before=True)
    sources = in_order({one: counts.decided for one, counts in now.items() if counts.decided and look.wants(one)})
    headings = [Heading(_("Source"), TEXT), *_rate_headings(look)]
    lines = [
        Line([name(one), *_rate_cells(now[one], before.get(one, Counts()))], only_places(now[one].decided))
        for one in sources
    ]
    highest = max([rate for one in sources for rate in _rates(now[one])], default=0) or 1
    chart = [
        (name(one), *_rates(now[one]), *(round(100 * rate / highest) for rate in _rates(now[one]))) for one in sources
    ]
    return Part(
        "rates-by-source",
        _("No-shows and late cancels by source"),
        _by_source_said(now, sources),
        Sheet(headings, lines),
        "bookings/insight_rates_by_source.html" if sources else "",
        chart,
    )


def _sum(look: Look, found: Visits, number: int, *, before: bool) -> Counts:
    by_source = found.buckets.get(Spot(number, before), {})
    return _added([counts for source, counts in by_source.items() if look.wants(source)])


def _added(some: list[Counts]) -> Counts:
    total = Counts()
    for one in some:
        total += one
    return total


def only_places(number: int) -> str:
    if not rules.is_small(number):
        return ""
    return ngettext("only %(number)d place", "only %(number)d places", number) % {"number": number}


def _rate_headings(look: Look) -> list[Heading]:
    before = before_words(look.period, amid=True)
    return [
        Heading(_("Places")),
        Heading(_("No-shows")),
        Heading(_("No-show rate"), PER_CENT, nothing=_("no places")),
        Heading(_("Late cancels")),
        Heading(_("Late-cancel rate"), PER_CENT, nothing=_("no places")),
        Heading(_("No-show rate") + f", {before}", PER_CENT, nothing=_("no places")),
        Heading(_("Late-cancel rate") + f", {before}", PER_CENT, nothing=_("no places")),
    ]


def _rate_cells(now: Counts, before: Counts) -> list[int | None]:
    return [
        now.decided,
        now.no_shows,
        per_cent(now.no_shows, now.decided),
        now.late,
        per_cent(now.late, now.decided),
        per_cent(before.no_shows, before.decided),
        per_cent(before.late, before.decided),
    ]


def _rates(counts: Counts) -> tuple[int, int]:
    return per_cent(counts.no_shows, counts.decided) or 0, per_cent(counts.late, counts.decided) or 0


def _rates_said(now: Counts, before: Counts) -> list[str]:
    if not now.decided:
        return [_("No places were taken in this period.")]
    said = [
        _("%(no_show)d %% did not come (%(no_shows)s of %(places)s places), %(late)d %% cancelled late (%(lates)s).")
        % {
            "no_show": _rates(now)[0],
            "no_shows": integer(now.no_shows),
            "late": _rates(now)[1],
            "lates": integer(now.late),
            "places": integer(now.decided),
        }
    ]
    if before.decided:
        said.append(
            _("In the period before it was %(no_show)d %% and %(late)d %%.")
            % {"no_show": _rates(before)[0], "late": _rates(before)[1]}
        )
    return said


def _by_source_said(now: dict[str, Counts], sources: list[str]) -> list[str]:
    """Which source has the highest no-show rate among those with enough places to say so."""
    enough = [one for one in sources if now[one].decided >= rules.FEW]
    if not enough:
        return [_("Too few places to compare sources.")]
    most, least = max(enough, key=lambda one: _rates(now[one])), min(enough, key=lambda one: _rates(now[one]))
    facts = {
        "most": name(most), "rate": _rates(now[most])[0], "least": name(least), "other": _rates(now[least])[0],
    }  # fmt: skip
    if most == least:
        return [_("%(most)s: %(rate)d %% did not come.") % facts]
    return [_("Most no-shows: %(most)s, %(rate)d %%. Fewest: %(least)s, %(other)d %%.") % facts]


def _rate_bars(buckets: tuple[Bucket, ...], now: list[Counts]) -> list[RateBar]:
    highest = max((rate for one in now for rate in _rates(one)), default=0) or 1
    bars = []
    for bucket, one in zip(buckets, now, strict=True):
        heights = [round(BAR_HEIGHT * rate / highest) for rate in _rates(one)]
        known: tuple[int | None, int | None] = _rates(one) if one.decided else (None, None)
        bars.append(RateBar(bucket_words(bucket, short=True), bucket_words(bucket), *known, *heights))
    return bars
