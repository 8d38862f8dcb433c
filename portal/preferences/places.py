"""Countries, time zones and public holidays, as libraries know them."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import available_timezones

import holidays
from babel import Locale
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.models import Location
from portal.preferences.registry import Conflict, Scope


def zones() -> list[str]:
    """IANA names that a person would look for: Europe/Berlin, not Etc/GMT+1."""
    return sorted(
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/", "right/"))
    )


def countries() -> list[tuple[str, str]]:
    """(ISO code, name in the reader's language), by name."""
    names = Locale.parse(get_language() or "en", sep="-").territories
    return sorted(
        ((code, name) for code, name in names.items() if len(code) == 2 and code.isalpha()), key=lambda pair: pair[1]
    )


def regions(country: str) -> list[str]:
    """The regions whose public holidays differ; empty for a country without, or one that is not known."""
    return list(holidays.list_supported_countries().get(country, []))


def public_holidays(place: Location, first: date, last: date) -> list[tuple[date, str]]:
    """The public holidays at this location from `first` to `last`, in order; none where no country is set.

    In the reader's language where the library has it, else in the country's own.
    """
    if place.country not in holidays.list_supported_countries():
        return []
    region = place.region if place.region in regions(place.country) else None
    spoken = holidays.list_localized_countries().get(place.country, [])
    language = next((word for word in spoken if word.split("_")[0] == (get_language() or "en")), None)
    years = range(first.year, last.year + 1)
    found = holidays.country_holidays(place.country, subdiv=region, years=years, language=language)
    return sorted((day, name) for day, name in found.items() if first <= day <= last)


def misplaced(scope: Scope, values: Mapping[str, Any]) -> list[Conflict]:
    """What of a location cannot be: a name twice, a region that the country does not have."""
    found = []
    others = scope.studio.locations.all()
    if scope.location and scope.location.pk:
        others = others.exclude(pk=scope.location.pk)
    if others.filter(name__iexact=values.get("name", "")).exists():
        found.append(Conflict(("name",), _("Another location has this name.")))
    country, region = values.get("country", ""), values.get("region", "")
    if region and region not in regions(country):
        known = ", ".join(regions(country))
        words = _("Not known there. Known: %(known)s") % {"known": known} if known else _("This country has none.")
        found.append(Conflict(("country", "region"), words))
    return found
