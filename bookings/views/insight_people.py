"""Insight, people: newcomers, how many of them came back within 30 and 90 days, and how long they stay."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.rules import insight as rules
from bookings.rules.insight import RETURNS, Bucket, is_over, per_cent
from bookings.selectors import insight_people as people
from bookings.selectors.insight import Spot
from bookings.selectors.insight_people import Cohorts, Newcomers
from bookings.views.insight_tables import (
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
    integer,
)

BAR_HEIGHT = 120
HEAT_STEPS = 5


@dataclass(frozen=True)
class CohortBar:
    """Heights from the bottom; None: it is not over yet."""

    label: str
    title: str
    number: int
    box: int
    within_30: int | None
    within_90: int | None
    share_30: int | None
    share_90: int | None

    @property
    def top_30(self) -> int:
        return self.box - (self.within_30 or 0)

    @property
    def top_90(self) -> int:
        return self.box - (self.within_90 or 0)


def people_parts(look: Look) -> list[Part]:
    found = people.newcomers(look.scope, look.today)
    for spot, by_source in found.items():
        for source, one in by_source.items() if not spot.before else ():
            look.saw(source, one.number)
    parts = [newcomers_part(look, found)]
    if look.period.by_month:
        parts.append(retention_part(look, found))
    return parts


def newcomers_part(look: Look, found: Cohorts) -> Part:
    buckets = look.period.buckets
    now = [_of(look, found, n, before=False) for n in range(len(buckets))]
    before = [_of(look, found, n, before=True) for n in range(len(buckets))]
    total = sum(one.number for one in now)
    headings = [
        Heading(bucket_heading(look.period), TEXT),
        Heading(_("Newcomers")),
        Heading(_("Back within 30 days"), nothing=not_over()),
        Heading(_("Share back within 30 days"), PER_CENT, nothing=not_over()),
        Heading(_("Back within 90 days"), nothing=not_over()),
        Heading(_("Share back within 90 days"), PER_CENT, nothing=not_over()),
        Heading(before_words(look.period)),
    ]
    lines = [
        Line([bucket_words(bucket), one.number, *_returned(look, bucket, one), earlier.number], only_people(one.number))
        for bucket, one, earlier in zip(buckets, now, before, strict=True)
    ]
    foot = [_("Total"), total, *_returned_in_all(look, now), sum(one.number for one in before)]
    return Part(
        "newcomers",
        _("Newcomers, and who came back"),
        _newcomers_said(look, now, before),
        Sheet(headings, lines, foot),
        "bookings/insight_newcomers.html" if total else "",
        [_bar(look, bucket, one, max(one.number for one in now)) for bucket, one in zip(buckets, now, strict=True)],
    )


def _of(look: Look, found: Cohorts, number: int, *, before: bool) -> Newcomers:
    total = Newcomers()
    for source, one in found.get(Spot(number, before), {}).items():
        if look.wants(source):
            total += one
    return total


def _over(look: Look, bucket: Bucket, days: int) -> bool:
    """Of a month that still runs, too: its end is then that of today."""
    return is_over(bucket.after, days, look.today)


def _returned(look: Look, bucket: Bucket, one: Newcomers) -> list[int | None]:
    cells: list[int | None] = []
    for days, number in zip(RETURNS, (one.within_30, one.within_90), strict=True):
        over = _over(look, bucket, days)
        cells += [number, per_cent(number, one.number) or 0] if over else [None, None]
    return cells


def _returned_in_all(look: Look, now: list[Newcomers]) -> list[int | None]:
    """Of the cohorts that are over: how many came back, and their share."""
    cells: list[int | None] = []
    for days, what in zip(RETURNS, ("within_30", "within_90"), strict=True):
        over = [one for bucket, one in zip(look.period.buckets, now, strict=True) if _over(look, bucket, days)]
        back, of = sum(getattr(one, what) for one in over), sum(one.number for one in over)
        cells += [back, per_cent(back, of)] if over else [None, None]
    return cells


def not_over() -> str:
    return _("not over yet")


def only_people(number: int) -> str:
    if not rules.is_small(number):
        return ""
    return ngettext("only %(number)d person", "only %(number)d people", number) % {"number": number}


def _newcomers_said(look: Look, now: list[Newcomers], before: list[Newcomers]) -> list[str]:
    total = sum(one.number for one in now)
    if not total:
        return [_("No newcomers in this period.")]
    said = [ngettext("%(number)s newcomer.", "%(number)s newcomers.", total) % {"number": integer(total)}]
    if change := change_words(look, total, sum(one.number for one in before)):
        said.append(f"{change[0].upper()}{change[1:]}.")
    back_30, share_30, back_90, share_90 = _returned_in_all(look, now)
    for days, back, share in ((30, back_30, share_30), (90, back_90, share_90)):
        if share is not None:
            said.append(
                _("Of those whose %(days)d days are over, %(share)d %% came back within them (%(number)s).")
                % {"days": days, "share": share, "number": integer(back or 0)}
            )
        else:
            said.append(_("No month's %(days)d days are over yet.") % {"days": days})
    return said


def _bar(look: Look, bucket: Bucket, one: Newcomers, highest: int) -> CohortBar:
    def height(number: int) -> int:
        return round(BAR_HEIGHT * number / highest) if highest else 0

    _back_30, share_30, _back_90, share_90 = _returned(look, bucket, one)
    return CohortBar(
        bucket_words(bucket, short=True),
        bucket_words(bucket),
        one.number,
        max(1, height(one.number)),
        height(one.within_30) if share_30 is not None else None,
        height(one.within_90) if share_90 is not None else None,
        share_30,
        share_90,
    )


@dataclass(frozen=True)
class RetentionCell:
    """`share` None: that month is not over."""

    share: int | None
    step: int


@dataclass(frozen=True)
class RetentionRow:
    label: str
    number: int
    cells: list[RetentionCell]


def retention_part(look: Look, found: Cohorts) -> Part:
    """By joining month: how many of its newcomers came in the first, second ... month after it."""
    buckets = look.period.buckets
    stayed = people.stayed(look.scope)
    most = len(buckets) - 1
    # The last bucket is the running month: who has not come in it still may.
    rows = []
    for n, bucket in enumerate(buckets[:-1]):
        number = _of(look, found, n, before=False).number
        if not number:
            continue
        shares: list[int | None] = []
        for distance in range(1, most):
            if n + distance >= len(buckets) - 1:
                shares.append(None)
            else:
                came = sum(by.get(distance, 0) for source, by in stayed.get(n, {}).items() if look.wants(source))
                shares.append(per_cent(came, number))
        cells = [RetentionCell(one, -(-HEAT_STEPS * one // 100) if one else 0) for one in shares]
        rows.append((RetentionRow(bucket_words(bucket), number, cells), shares))
    headings = [
        Heading(_("Joined in"), TEXT),
        Heading(_("Newcomers")),
        *[Heading(_month_after(distance), PER_CENT, nothing=not_over()) for distance in range(1, most)],
    ]
    lines = [Line([row.label, row.number, *shares], only_people(row.number)) for row, shares in rows]
    return Part(
        "retention",
        _("How long they stay, by joining month"),
        _retention_said([(row, shares) for row, shares in rows]),
        Sheet(headings, lines),
        "bookings/insight_retention.html" if rows else "",
        {"distances": list(range(1, most)), "rows": [row for row, _shares in rows]},
    )


def _month_after(distance: int) -> str:
    return ngettext("%(number)d month later", "%(number)d months later", distance) % {"number": distance}


def _retention_said(rows: list[tuple[RetentionRow, list[int | None]]]) -> list[str]:
    said = []
    for distance in (1, 3, 6):
        known = [
            (row.number, shares[distance - 1])
            for row, shares in rows
            if len(shares) >= distance and shares[distance - 1] is not None
        ]
        people_known = sum(number for number, _share in known)
        if people_known:
            share = round(sum(number * (one or 0) for number, one in known) / people_known)
            said.append(
                ngettext(
                    "%(number)d month later %(share)d %% came.",
                    "%(number)d months later %(share)d %% came.",
                    distance,
                )
                % {"number": distance, "share": share}
            )
    return said or [_("No month after a joining month is over yet.")]
