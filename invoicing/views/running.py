"""The months that are not issued yet, each as the list shows it: draft, forecast, dates, and what stands in the way."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from invoicing import rules
from invoicing.models import IssueAttempt
from invoicing.plans.obstacles import obstacles_of
from invoicing.rules import Obstacle
from invoicing.rules.forecast import Counted, Forecast, Part
from invoicing.selectors.drafts import Draft, draft
from invoicing.selectors.forecasts import forecasts
from invoicing.selectors.listing import OpenMonth
from invoicing.words import OBSTACLE_WORDS
from packages.words import money_words
from portal.models import Studio


@dataclass(frozen=True)
class Running:
    """One contract's month. `obstacles`: what stands in the way of its invoice; nothing to bill needs nothing."""

    open: OpenMonth
    draft: Draft
    forecast: Forecast | None
    path: list[str]
    obstacles: tuple[Obstacle, ...]
    closes_at: datetime
    issue_at: datetime
    is_over: bool
    is_late: bool
    dates: str
    late_words: str
    url: str

    @property
    def month(self) -> date:
        return self.open.month

    @property
    def connection(self) -> object:
        return self.open.contract.connection

    @property
    def currency(self) -> str:
        return self.open.contract.currency

    @property
    def key(self) -> str:
        return f"{self.month:%Y-%m}-{self.open.contract.pk}"

    @property
    def because(self) -> list[str | Promise]:
        """Why it cannot be issued as things are, in words."""
        return [OBSTACLE_WORDS[word] for word in self.obstacles]

    @property
    def few(self) -> str:
        return few_words(self.forecast) if self.forecast else ""


def running_months(studio: Studio, months: Iterable[OpenMonth], *, now: datetime, zone: ZoneInfo) -> list[Running]:
    """Each with its draft. The number of queries grows with the contracts, not with their visits."""
    found = [(one, draft(one.contract, one.month, now=now)) for one in months]
    # What is due and has nothing to bill is about to be noted as such.
    found = [(one, of) for one, of in found if not (of.is_empty and now >= rules.issue_at(one.month, zone))]
    return _all_running(studio, found, now=now, zone=zone)


def _all_running(
    studio: Studio, found: Sequence[tuple[OpenMonth, Draft]], *, now: datetime, zone: ZoneInfo
) -> list[Running]:
    today = now.astimezone(zone).date()
    guessed = forecasts([one for _open, one in found if one.month >= rules.month_of(today)], today=today, now=now)
    twins = Counter((one.contract.connection_id, one.month) for one, _of in found)
    running = []
    for one, of in found:
        guess = guessed.get((one.contract.pk, one.month))
        url = reverse("invoicing:invoice_draft", args=[studio.slug, one.month, one.contract.connection.marketplace_id])
        # Named where the connection had another contract in the same month.
        query = f"?contract={one.contract.pk}" if twins[one.contract.connection_id, one.month] > 1 else ""
        running.append(_running(one, of, guess, url + query, now=now, zone=zone))
    return running


def running_month(studio: Studio, one: OpenMonth, *, now: datetime, zone: ZoneInfo) -> Running:
    of = draft(one.contract, one.month, now=now)
    return _all_running(studio, [(one, of)], now=now, zone=zone)[0]


def _running(one: OpenMonth, of: Draft, guess: Forecast | None, url: str, *, now: datetime, zone: ZoneInfo) -> Running:
    issue_at, closes_at = rules.issue_at(one.month, zone), rules.closes_at(one.month, zone)
    return Running(
        open=one,
        draft=of,
        forecast=guess,
        path=path_words(guess, one.contract.currency) if guess else [],
        obstacles=() if of.is_empty else obstacles_of(one.contract, one.month, of.lines, now=now),
        closes_at=closes_at,
        issue_at=issue_at,
        is_over=now >= rules.ends_at(one.month, zone),
        is_late=now >= issue_at and not of.is_empty,
        dates=_dates_words(closes_at, issue_at, of.due_on, is_closed=now >= closes_at),
        late_words=_late_words(issue_at, one.attempt, zone),
        url=url,
    )


def _dates_words(closes_at: datetime, issue_at: datetime, due_on: date, *, is_closed: bool) -> str:
    """ "closes 3 Dec, issued 5 Dec, paid around 15 Dec (Tue)"."""
    # It closes at midnight: the day that is said is the last one.
    last = closes_at - timedelta(microseconds=1)
    told = {
        "closes": date_format(last, _("j M")),
        "issued": date_format(issue_at, _("j M")),
        "paid": around_words(due_on),
    }
    if is_closed:
        return _("closed %(closes)s, issued %(issued)s, paid %(paid)s") % told
    return _("closes %(closes)s, issued %(issued)s, paid %(paid)s") % told


def _late_words(issue_at: datetime, attempt: IssueAttempt | None, zone: ZoneInfo) -> str:
    """Said once the time of the issue is over."""
    expected = date_format(issue_at, _("j M, H:i"))
    if attempt is None:
        return _("Not created yet: expected %(expected)s. It comes by itself, within minutes.") % {"expected": expected}
    tried = date_format(attempt.tried_at.astimezone(zone), _("j M, H:i"))
    return _(
        "Not created yet: expected %(expected)s, last try %(tried)s. We try again every hour. What is in the way:"
    ) % {"expected": expected, "tried": tried}


def path_words(guess: Forecast, currency: str) -> list[str]:
    """How a forecast came about, a line for each part that there is."""
    parts = [part for part in guess.parts if part.number or part.part is Part.SO_FAR]
    return [_part_words(part, guess, currency) for part in parts]


def _part_words(part: Counted, guess: Forecast, currency: str) -> str:
    net = money_words(part.net, currency)
    if part.part is Part.SO_FAR:
        return _("%(net)s: payable so far") % {"net": net}
    if part.part is Part.BOOKED:
        words = ngettext(
            "%(net)s: %(number)d booked visit to come, at its rate, with %(share)s",
            "%(net)s: %(number)d booked visits to come, at their rate, with %(share)s",
            part.number,
        )
        return words % {"net": net, "number": part.number, "share": _share_words(guess)}
    words = ngettext(
        "%(net)s: %(number)d day without bookings yet, as its weekday went in %(weeks)s",
        "%(net)s: %(number)d days without bookings yet, as their weekdays went in %(weeks)s",
        part.number,
    )
    weeks = ngettext("the last week", "the last %(number)d weeks", guess.weeks) % {"number": guess.weeks}
    return words % {"net": net, "number": part.number, "weeks": weeks}


def _share_words(guess: Forecast) -> str:
    if not guess.visits:
        return _("everybody taken to come, because there are no visits yet to tell")
    words = _("%(percent)d %% who come, as in the last %(weeks)d weeks") % {
        "percent": round(100 * guess.shown / guess.visits),
        "weeks": guess.weeks,
    }
    return _("%(share)s; the others at the rate of no-shows") % {"share": words} if guess.absent_paid else words


def few_words(guess: Forecast) -> str:
    """Said beside a forecast that stands on little; "" where it does not."""
    if not guess.is_small:
        return ""
    return ngettext("only %(number)d visit to go by", "only %(number)d visits to go by", guess.visits) % {
        "number": guess.visits
    }


def around_words(day: date) -> str:
    """ "around 15 Dec (Tue)"."""
    return _("around %(day)s (%(weekday)s)") % {
        "day": date_format(day, _("j M")),
        "weekday": date_format(day, "D"),
    }
