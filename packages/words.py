"""The terms of a package as people read them."""

from datetime import date, datetime
from decimal import Decimal

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from packages.models import PackageVersion

Unit = PackageVersion.Unit


def uses_words(uses: int | None) -> str:
    if uses is None:
        return _("unlimited")
    return ngettext("%(number)d use", "%(number)d uses", uses) % {"number": uses}


def validity_words(version: PackageVersion) -> str:
    """ "2 months from the day of purchase", "until 30 June 2027", "without an end"."""
    if version.valid_until is not None:
        return _("until %(day)s") % {"day": day_words(version.valid_until)}
    number = version.valid_for
    if number is None:
        return _("without an end")
    words = {
        Unit.DAYS: ngettext("%(number)d day", "%(number)d days", number),
        Unit.WEEKS: ngettext("%(number)d week", "%(number)d weeks", number),
        Unit.MONTHS: ngettext("%(number)d month", "%(number)d months", number),
    }[Unit(version.valid_unit)]
    return words % {"number": number}


def day_words(day: date | datetime) -> str:
    return date_format(day, _("D j M Y"))


def money_words(amount: Decimal, currency: str) -> str:
    return f"{number_format(amount, 2, use_l10n=True, force_grouping=True)} {currency}"


def kept_words(sold: int, next_number: int) -> str:
    """What a change of the terms does to what was sold, said before it is saved."""
    if not sold:
        return _("Nobody has bought it on these terms yet, so they are changed in place.")
    kept = ngettext(
        "%(number)d purchase keeps the terms it was sold with.",
        "%(number)d purchases keep the terms they were sold with.",
        sold,
    ) % {"number": sold}
    return kept + " " + _("Other terms become version %(number)d.") % {"number": next_number}
