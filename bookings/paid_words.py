"""What pays for a visit, in the few words that fit on a row: "5 Pack, 4 of 5 left", "Month, until 30 Nov 2026"."""

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bookings.selectors.paid import Paid
from bookings.selectors.wallet import Balance
from packages.models import Hold, Purchase
from packages.rules import is_over


def left_words(left: int | None, limit: int | None) -> str:
    if limit is None or left is None:
        return _("unlimited")
    if left < 0:
        return _("%(used)d of %(limit)d spoken for") % {"used": limit - left, "limit": limit}
    return _("%(left)d of %(limit)d left") % {"left": left, "limit": limit}


def rest_words(paid: Paid) -> str:
    """What is left of it: uses, or of an unlimited one its last day."""
    if paid.limit is None and paid.until is not None:
        return _("until %(day)s") % {"day": date_format(paid.until, _("j M Y"))}
    return left_words(paid.left, paid.limit)


def balance_words(name: str, before: Balance, after: Balance) -> str:
    """ "5 Pack: 4 → 3 of 5 left"."""
    if after.limit is None:
        return _("%(package)s: unlimited") % {"package": name}
    return _("%(package)s: %(before)d → %(after)d of %(limit)d left") % {
        "package": name, "before": before.free or 0, "after": after.free or 0, "limit": after.limit,
    }  # fmt: skip


def against_words(purchase: Purchase, holds: list[Hold], balance: Balance, on: date) -> list[str]:
    """Why the rule would not take it for a visit on that day; it can be chosen by hand all the same (K5)."""
    found = []
    if purchase.refunded_at is not None:
        found.append(_("refunded"))
    if any(hold.covers(on) for hold in holds):
        found.append(_("on hold"))
    if purchase.expired_at is not None or is_over(purchase.expires_on, on):
        found.append(_("expired"))
    if balance.free is not None and balance.free <= 0:
        found.append(_("used up"))
    return found
