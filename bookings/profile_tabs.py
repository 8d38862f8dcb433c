"""Tabs of a member's profile that other apps bring.

Apps that bookings does not know register theirs in their `AppConfig.ready`. The page extends
`bookings/member_base.html` with the context of `bookings.views.member_head.head`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise

from portal.roles import Right


@dataclass(frozen=True)
class ProfileTab:
    """`name`: the name of its address with the app's, which takes studio and member. It stands before the notes."""

    name: str
    word: str | Promise
    right: Right


_tabs: dict[str, ProfileTab] = {}


def register(tab: ProfileTab) -> None:
    _tabs[tab.name] = tab


def tabs_for(rights: Iterable[Right]) -> list[ProfileTab]:
    """Those that somebody with these rights may open, in the order they were registered in."""
    held = frozenset(rights)
    return [tab for tab in _tabs.values() if tab.right in held]
