"""Days on which nothing is scheduled by itself: closing days, and public holidays where a class keeps them."""

from contextlib import suppress
from datetime import date, timedelta
from functools import lru_cache

import holidays
from django.db.models import Q
from django.utils.translation import get_language

from portal.models import ClosingDays, Location


def days_off(location: Location, first: date, last: date, *, with_public: bool) -> dict[date, str]:
    """The days off from `first` to `last` and why; a closing day's reason before a holiday's name. One query."""
    off = public_holidays(location, first, last) if with_public else {}
    closings = ClosingDays.objects.filter(Q(location=location) | Q(location=None), studio=location.studio_id)
    for closing in closings.filter(first_on__lte=last, last_on__gte=first):
        day = max(closing.first_on, first)
        while day <= min(closing.last_on, last):
            off[day] = closing.reason
            day += timedelta(days=1)
    return off


def public_holidays(location: Location, first: date, last: date) -> dict[date, str]:
    """The public holidays where the location is, by its country and region, named in the reader's language.

    A region that is not known keeps what its whole country keeps. Empty where the country is not known
    (`knows_public_holidays`). A name is in the country's words where it has none in the reader's.
    """
    language = get_language() or "en"
    return {
        day: name
        for year in range(first.year, last.year + 1)
        for day, name in (_of_year(location.country.upper(), location.region, year, language) or {}).items()
        if first <= day <= last
    }


def knows_public_holidays(location: Location) -> bool:
    """Are public holidays known for the location's country?"""
    return _of_year(location.country.upper(), "", 2026, "en") is not None


@lru_cache(maxsize=500)
def _of_year(country: str, region: str, year: int, language: str) -> dict[date, str] | None:
    named = {"en": "en_US"}.get(language, language)
    for subdivision in (region or None, None):
        with suppress(NotImplementedError):
            return dict(holidays.country_holidays(country, subdiv=subdivision, years=year, language=named))
    return None
