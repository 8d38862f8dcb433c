"""Links of items and packages in words: who can book, and what a change of them would mean (Q10)."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.actions.linking import LinkPlan, Links


class Access(StrEnum):
    """Who can book an item, as far as packages say."""

    FREE = "free"
    PACKAGE = "package"
    NOTHING_ON_SALE = "nothing_on_sale"
    CLOSED = "closed"


def access_of(links: Links, item: int, on_sale: set[int]) -> Access:
    """`on_sale`: the packages that are not archived."""
    linked = links.of(item)
    if linked:
        return Access.PACKAGE if linked & on_sale else Access.NOTHING_ON_SALE
    return Access.CLOSED if item in links.closed else Access.FREE


@dataclass(frozen=True)
class Told:
    """What has to be said before links are saved. `asks`: whether what becomes free should rather be kept closed."""

    lines: list[str]
    asks: str = ""
    keep: str = ""


def told(plan: LinkPlan) -> Told:
    lines = []
    for one in plan.becoming_paid:
        if one.booked:
            words = ngettext(
                "%(name)s is free no longer. %(number)d booking that was free stays free.",
                "%(name)s is free no longer. %(number)d bookings that were free stay free.",
                one.booked,
            )
            lines.append(words % {"name": one.item.name, "number": one.booked})
    if not plan.becoming_free:
        return Told(lines)
    for one in plan.becoming_free:
        words = ngettext("%(name)s: %(number)d date to come", "%(name)s: %(number)d dates to come", one.dates)
        lines.append(words % {"name": one.item.name, "number": one.dates})
    dates = sum(one.dates for one in plan.becoming_free)
    asks = ngettext(
        "%(number)d class becomes free from now on. Keep it closed instead?",
        "%(number)d classes become free from now on. Keep them closed instead?",
        dates,
    )
    none = _("Without a package it is free: anyone can book. Keep it closed instead?")
    return Told(lines, asks % {"number": dates} if dates else none, _("Keep closed"))
