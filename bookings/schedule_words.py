"""Booking rules as the forms of the schedule tell them: what applies, and who said so (Q20)."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.models import CalendarItem
from bookings.selectors.items import RULES, Ruled, rules_for
from portal.models import Location

RULE_NAMES: dict[str, Promise] = {
    "opens_hours": gettext_lazy("Booking opens"),
    "closes_minutes": gettext_lazy("Booking closes"),
    "cancel_hours": gettext_lazy("Free cancellation"),
}


def value_words(name: str, value: int | None) -> str:
    """ "12 hours before the start"; without a limit, what that means."""
    if value is None:
        return _("at once") if name == "opens_hours" else _("until the start")
    if name == "closes_minutes":
        words = ngettext("%(number)d minute before the start", "%(number)d minutes before the start", value)
    else:
        words = ngettext("%(number)d hour before the start", "%(number)d hours before the start", value)
    return words % {"number": value}


def origin_words(rule: Ruled) -> str:
    return {
        "item": _("set here"),
        "location": _("set at the location"),
        "studio": _("set by the studio"),
    }.get(rule.origin or "", _("no limit is set"))


def empty_words(locations: Iterable[Location]) -> dict[str, str]:
    """What applies where a form leaves a rule empty: one sentence where all locations agree, else one for each."""
    found: dict[str, dict[str, str]] = {name: {} for name in RULES}
    for place in locations:
        for rule in rules_for(None, place):
            found[rule.name][place.name] = f"{value_words(rule.name, rule.value)} ({origin_words(rule)})"
    sentences = {}
    for name, by_place in found.items():
        same = len(set(by_place.values())) == 1
        told = (
            next(iter(by_place.values()))
            if same
            else "; ".join(f"{place}: {words}" for place, words in by_place.items())
        )
        sentences[name] = _("Empty: %(rule)s.") % {"rule": told} if told else ""
    return sentences


def rule_lines(item: CalendarItem) -> list[tuple[str, str, str]]:
    """Name, value and origin of each rule that applies to the item."""
    return [
        (str(RULE_NAMES[rule.name]), value_words(rule.name, rule.value), origin_words(rule))
        for rule in rules_for(item, item.location)
    ]
