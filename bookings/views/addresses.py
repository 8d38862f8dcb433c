"""The addresses that every row of a long list needs."""

from functools import lru_cache

from django.urls import reverse


@lru_cache(maxsize=512)
def _pattern(name: str, studio: str) -> tuple[str, str]:
    """The address of a reservation's view, before and after its number: reversing 600 a page would cost as much."""
    before, after = reverse(f"bookings:{name}", args=[studio, 0]).rsplit("/0/", 1)
    return f"{before}/", f"/{after}"


def address_of(name: str, studio: str, reservation: int) -> str:
    """The address of this view of one reservation."""
    before, after = _pattern(name, studio)
    return f"{before}{reservation}{after}"
