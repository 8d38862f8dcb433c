"""Insight, visits: how many places were lost to no-shows and late cancels, over time and by source."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.rules import insight as rules
from bookings.rules.insight import Bucket, per_cent
from bookings.selectors.insight import Counts, Spot, Visits
from bookings.views.insight_tables import (
    BAR_HEIGHT,
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
    in_order,
    integer,
    name,
)


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
