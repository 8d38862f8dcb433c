"""Insight, marketplaces: what each source brings and costs, honestly (N9), and how many places they should have."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.insight_words import SURE_WORDS
from bookings.invoices import invoices
from bookings.rules.insight import Advice, is_small, per_cent, suggest_cap
from bookings.selectors import insight as counted
from bookings.selectors import insight_money as money
from bookings.selectors import insight_people as people
from bookings.selectors import insight_places as places
from bookings.selectors.insight import Counts
from bookings.selectors.insight_people import Newcomers
from bookings.selectors.insight_places import NOBODY, Displaced, SlotSeats
from bookings.sources import is_own
from bookings.views.insight_tables import (
    AMOUNT,
    MEAN,
    PER_CENT,
    TEXT,
    Heading,
    Line,
    Look,
    Part,
    Sheet,
    amounts_words,
    before_words,
    in_order,
    integer,
    name,
    only_visits,
)


@dataclass
class Balance:
    """One source over the period. `amounts` None: what its visits bring is not known here."""

    source: str
    counts: Counts = field(default_factory=Counts)
    before: Counts = field(default_factory=Counts)
    amounts: dict[str, Decimal] | None = None
    amounts_before: dict[str, Decimal] | None = None
    priced: int | None = None
    newcomers: Newcomers = field(default_factory=Newcomers)
    displaced: Displaced = NOBODY

    @property
    def name(self) -> str:
        return name(self.source)

    @property
    def is_own(self) -> bool:
        return is_own(self.source)

    @property
    def per_visit(self) -> dict[str, Decimal] | None:
        return _each(self.amounts, self.counts.came)

    @property
    def per_visit_before(self) -> dict[str, Decimal] | None:
        return _each(self.amounts_before, self.before.came)

    @property
    def one_amount(self) -> Decimal | None:
        """Of one currency; of several there is no number."""
        return _one(self.per_visit)


def _each(amounts: dict[str, Decimal] | None, visits: int) -> dict[str, Decimal] | None:
    if amounts is None or not visits:
        return None
    return {currency: amount / visits for currency, amount in amounts.items()}


def _one(amounts: dict[str, Decimal] | None) -> Decimal | None:
    if amounts is None or len(amounts) > 1:
        return None
    return next(iter(amounts.values()), Decimal(0))


def marketplaces_parts(look: Look) -> list[Part]:
    balances = balances_of(look)
    return [balance_part(look, balances), caps_part(look)]


def balances_of(look: Look) -> list[Balance]:
    """Each source with a visit in the period or the one before; own ones first. Twelve queries at most."""
    visits = counted.visits(look.scope, by_slot=False)
    now, before = visits.of(before=False), visits.of(before=True)
    found = {
        source: Balance(source, now.get(source, Counts()), before.get(source, Counts())) for source in now | before
    }
    _with_own_income(look, found)
    _with_marketplaces_income(look, found)
    for spot, by_source in people.newcomers(look.scope, look.today).items():
        for source, some in by_source.items():
            if source in found and not spot.before:
                found[source].newcomers += some
    for source, displaced in places.displaced(look.scope)[0].items():
        if source in found:
            found[source].displaced = displaced
    order = in_order({source: one.counts.came for source, one in found.items()})
    return [found[source] for source in order]


def _with_own_income(look: Look, found: dict[str, Balance]) -> None:
    now, before = money.own_income(look.scope)
    for source, one in found.items():
        if one.is_own:
            income = now.get(source, money.Income())
            one.amounts, one.priced = dict(income.amounts), income.priced
            one.amounts_before = dict(before.get(source, money.Income()).amounts)


def _with_marketplaces_income(look: Look, found: dict[str, Balance]) -> None:
    period, scope = look.period, look.scope
    spans = [(period.first, period.after), (period.before_first, period.before_after)]
    paid = invoices().income(scope.studio, scope.locations, spans, now=look.now)
    if paid is None:
        return
    for source, one in found.items():
        if not one.is_own:
            one.amounts, one.amounts_before = paid[0].get(source), paid[1].get(source)


def balance_part(look: Look, balances: list[Balance]) -> Part:
    total = sum(one.counts.came for one in balances)
    currencies = sorted({currency for one in balances for currency in one.amounts or ()})
    unit = f", {currencies[0]}" if len(currencies) == 1 else ""
    unknown = _("not known")
    before = before_words(look.period, amid=True)
    headings = [
        Heading(_("Source"), TEXT),
        Heading(_("Visits")),
        Heading(_("Share of visits"), PER_CENT),
        Heading(_("Income, net") + unit, AMOUNT, nothing=unknown),
        Heading(_("Income per visit") + unit, AMOUNT, nothing=unknown),
        Heading(_("No-show rate"), PER_CENT, nothing=_("no places")),
        Heading(_("Newcomers")),
        Heading(_("Their 90 days are over")),
        Heading(_("of these, bought directly")),
        Heading(_("Places that displaced")),
        Heading(_("Visits") + f", {before}"),
        Heading(_("Income per visit") + f"{unit}, {before}", AMOUNT, nothing=unknown),
    ]
    lines = [Line(_balance_cells(one, total), only_visits(one.counts.came)) for one in balances]
    highest = max((one.one_amount or Decimal(0) for one in balances), default=Decimal(0)) or Decimal(1)
    chart = [
        (one, per_cent(one.counts.came, total), amounts_words(one.per_visit or {}),
         round(100 * (one.one_amount or Decimal(0)) / highest))
        for one in balances if one.counts.came
    ]  # fmt: skip
    return Part(
        "balance",
        _("What each source brings"),
        list(_said(balances, total)),
        Sheet(headings, lines, _balance_foot(balances, total)),
        "bookings/insight_balance.html" if total else "",
        chart,
        is_open=True,
    )


def _balance_cells(one: Balance, total: int) -> list[object]:
    return [
        one.name, one.counts.came, per_cent(one.counts.came, total), _told(one.amounts), _told(one.per_visit),
        per_cent(one.counts.no_shows, one.counts.decided), one.newcomers.number, one.newcomers.ripe,
        one.newcomers.bought, None if one.is_own else one.displaced.at_most, one.before.came,
        _told(one.per_visit_before),
    ]  # fmt: skip


def _balance_foot(balances: list[Balance], total: int) -> list[object]:
    counts = Counts()
    newcomers = Newcomers()
    for one in balances:
        counts += one.counts
        newcomers += one.newcomers
    return [
        _("Total"), total, 100 if total else None, _("see rows"), _("see rows"),
        per_cent(counts.no_shows, counts.decided), newcomers.number, newcomers.ripe, newcomers.bought,
        sum(one.displaced.at_most for one in balances), sum(one.before.came for one in balances), _("see rows"),
    ]  # fmt: skip


def _told(amounts: dict[str, Decimal] | None) -> Decimal | str | None:
    """A number of one currency; of several, words."""
    if amounts is not None and len(amounts) > 1:
        return amounts_words(amounts)
    return _one(amounts)


def _said(balances: list[Balance], total: int) -> Iterable[str]:
    """The balance of each marketplace in sentences, and what own visits bring beside it."""
    if not total:
        yield _("No visits in this period.")
        return
    own = [one for one in balances if one.is_own]
    own_visits = sum(one.counts.came for one in own)
    own_amounts: dict[str, Decimal] = {}
    for one in own:
        for currency, amount in (one.amounts or {}).items():
            own_amounts[currency] = own_amounts.get(currency, Decimal(0)) + amount
    if own_visits and own_amounts:
        yield _("A visit of your own members brought %(amount)s on average.") % {
            "amount": amounts_words(_each(own_amounts, own_visits) or {})
        }
        unpaid = own_visits - sum(one.priced or 0 for one in own)
        if unpaid:
            yield ngettext(
                "Nothing was paid for %(number)s of their visits, which counts.",
                "Nothing was paid for %(number)s of their visits, which count.",
                unpaid,
            ) % {"number": integer(unpaid)}
    for one in balances:
        if not one.is_own and one.counts.came:
            yield _market_said(one, total)


def _market_said(one: Balance, total: int) -> str:
    said = [
        _("%(source)s: %(share)d %% of the visits")
        % {"source": one.name, "share": per_cent(one.counts.came, total) or 0}
    ]
    if one.per_visit is None:
        said.append(_("what a visit brings is not known"))
    else:
        said.append(_("a visit brought %(amount)s") % {"amount": amounts_words(one.per_visit) or "0"})
    if one.newcomers.ripe:
        said.append(
            _("%(bought)s of %(ripe)s newcomers bought directly within 90 days")
            % {"bought": integer(one.newcomers.bought), "ripe": integer(one.newcomers.ripe)}
        )
    if one.displaced.at_most:
        said.append(
            ngettext(
                "%(number)s place at most took the place of an own member",
                "%(number)s places at most took the place of an own member",
                one.displaced.at_most,
            )
            % {"number": integer(one.displaced.at_most)}
        )
    if is_small(one.counts.came):
        said.append(only_visits(one.counts.came))
    return ", ".join(said) + "."


def caps_part(look: Look) -> Part:
    found = places.slots(look.scope)
    headings = [
        Heading(_("Class"), TEXT),
        Heading(_("Begins"), TEXT),
        Heading(_("Held")),
        Heading(_("Own members turned away")),
        Heading(_("Places to marketplaces per class"), MEAN),
        Heading(_("Displaced at most")),
        Heading(_("Their limit now"), adds=False, nothing=_("no limit")),
        Heading(_("Suggestion"), TEXT),
        Heading(_("How sure"), TEXT),
    ]
    lines = [_cap_line(look, slot) for slot in found]
    return Part(
        "caps",
        _("Places for marketplaces, class by class"),
        _caps_said(found),
        Sheet(headings, lines),
        is_open=bool(found),
    )  # fmt: skip


def _cap_line(look: Look, slot: SlotSeats) -> Line:
    suggestion = suggest_cap(slot.facts)
    words = {
        Advice.CAP: _("at most %(number)s") % {"number": suggestion.cap},
        Advice.NONE_NEEDED: _("leave it: a limit would have changed little"),
        Advice.UNKNOWN: _("wait for more classes"),
    }[suggestion.advice]
    return Line(
        [
            slot.name, f"{WEEKDAYS[slot.weekday - 1]}, {slot.at:%H:%M}", slot.facts.held, slot.turned_away, slot.theirs,
            slot.at_most, slot.quota, words, SURE_WORDS[suggestion.sure] % {"number": slot.facts.held},
        ],
        url=reverse("bookings:item", args=[look.slug, slot.item]),
    )  # fmt: skip


def _caps_said(found: list[SlotSeats]) -> list[str]:
    if not found:
        return [
            _("As far as waiting lists tell, no own member was turned away from a class with marketplace places in it.")
        ]
    first = found[0]
    return [
        ngettext(
            "In %(number)d time slot marketplaces had places while own members found none.",
            "In %(number)d time slots marketplaces had places while own members found none.",
            len(found),
        )
        % {"number": len(found)},
        _("Most often: %(name)s, %(weekday)s at %(time)s.")
        % {"name": first.name, "weekday": WEEKDAYS[first.weekday - 1], "time": f"{first.at:%H:%M}"},
    ]
