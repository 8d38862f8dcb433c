"""The ledger of a purchase in words: each plus, each minus, each change without either, with who and why (K8)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bookings.purchase_words import count_because, zone_of
from bookings.selectors.purchases import LedgerLine, ledger
from bookings.words import day_and_clock
from packages.models import LedgerEntry, Purchase
from packages.words import money_words
from portal.models import Location

Kind = LedgerEntry.Kind


@dataclass(frozen=True)
class Line:
    """`change`: "+5", "-1" or nothing; `left`: what is left after it, or how many were used of an unlimited one."""

    at: str
    words: str
    about: str
    reason: str
    change: str
    left: int
    by: str
    reservation: int | None = None


def ledger_lines(purchase: Purchase, visible: list[Location], *, with_money: bool, now: datetime) -> list[Line]:
    """Newest first. Visits at locations that the reader does not see count, without their class being told."""
    zone, seen = zone_of(visible), {place.pk for place in visible}
    purchase_lines = []
    for line in ledger(purchase, now=now):
        there = line.at.astimezone(zone)
        at = f"{date_format(there, 'SHORT_DATE_FORMAT')} {there:%H:%M}"
        change = f"{line.change:+d}".replace("-", "−") if line.change else ""
        if line.entry is not None:
            told = _entry(line.entry, purchase, with_money=with_money)
            by = line.entry.by.user.name if line.entry.by else _by_word(line.entry.by_word)
            words = str(line.entry.get_kind_display())
            purchase_lines.append(Line(at, words, told, line.entry.reason, change, line.left, by))
        else:
            purchase_lines.append(_visit(line, seen, at, change, now=now))
    return purchase_lines


def _visit(line: LedgerLine, seen: set[int], at: str, change: str, *, now: datetime) -> Line:
    visit = line.visit
    if visit.location_id not in seen:
        return Line(at, _("visit"), _("at another location"), "", change, line.left, "")
    about = f"{visit.session.item.name}, {day_and_clock(visit.starts_at, visit.location)}"
    return Line(at, count_because(visit.count(now), visit), about, "", change, line.left, "", visit.pk)


def _by_word(word: str) -> str:
    return {"import": _("an import"), "": _("a login that was deleted")}.get(word, word)


def _entry(entry: LedgerEntry, purchase: Purchase, *, with_money: bool) -> str:
    """What it was before and after, as far as the kind has something to tell."""
    after, before = entry.after, entry.before
    match entry.kind:
        case Kind.SOLD | Kind.IMPORTED if with_money and after.get("price") is not None:
            return money_words(Decimal(after["price"]), purchase.currency)
        case Kind.HELD:
            return _("from %(first)s to %(last)s") % {
                "first": _day(after.get("first_on")),
                "last": _day(after.get("last_on"), open_end=_("it is resumed")),
            }
        case Kind.RESUMED:
            return _("from %(first)s on") % {"first": _day(after.get("first_on"))}
        case Kind.EXTENDED:
            never = _("never")
            return _("last day before: %(before)s, now: %(after)s") % {
                "before": _day(before.get("expires_on"), open_end=never),
                "after": _day(after.get("expires_on"), open_end=never),
            }
        case Kind.ADJUSTED:
            return _("good for %(before)s before, now for %(after)s") % {
                "before": before.get("uses"),
                "after": after.get("uses"),
            }
        case Kind.REFUNDED if with_money and after.get("refunded") is not None:
            return money_words(Decimal(after["refunded"]), purchase.currency)
    return ""


def _day(text: str | None, *, open_end: str = "") -> str:
    day: date | None = parse_date(text) if text else None
    return date_format(day, _("j M Y")) if day else open_end
