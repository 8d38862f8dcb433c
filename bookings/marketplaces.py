"""What the screens of bookings show of marketplaces.

Marketplaces are another app, which bookings does not know. It registers its answers in its `AppConfig.ready`; until
then those here hold, of a house without marketplaces: nothing is shown. Each answer costs the same number of queries
for one session as for thirty.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bookings.invoices import Settled
from bookings.models import CalendarItem, ScheduledSession
from portal.models import Location, Member


@dataclass(frozen=True)
class Seen:
    """What one marketplace sees of a session, as a line: "Wellpass sees 18:00, 3 free", "2 min ago".

    `is_sold`: it can be booked there. `is_behind`: it should be, and is shown otherwise or not at all yet.
    """

    name: str
    words: str
    ago: str = ""
    is_sold: bool = False
    is_behind: bool = False


@dataclass(frozen=True)
class Outlet:
    """One connection beside the switch of a class: which kinds go there, and whether this class does.

    `goes` None: there is no class yet. `why_not` is a sentence.
    """

    name: str
    kinds: str
    goes: bool | None = None
    why_not: str = ""


@dataclass(frozen=True)
class SpecialPass:
    """The pass of one marketplace booking: 0 credits, for one class, open while that is to come and booked (Q22)."""

    name: str
    class_name: str
    moment: str
    is_open: bool
    reservation: int
    # What the visit comes to and why, for those who may see money.
    settled: Settled


class Marketplaces:
    """The answers. Whoever knows marketplaces makes a subclass of it and registers it."""

    def is_connected(self, studio_id: int) -> bool:
        """Whether a marketplace may have booked or ticked anybody at the studio."""
        return False

    def seen(self, sessions: Collection[ScheduledSession], *, now: datetime) -> dict[int, list[Seen]]:
        """By the session's key, a line for each connection; sessions of one studio, with their item and location."""
        return {}

    def outlets(self, studio_id: int, item: CalendarItem | None, *, now: datetime) -> list[Outlet]:
        """Which of the studio's connections get the class as it is, whatever its switch says; None: a new one."""
        return []

    def passes(self, member: Member, locations: Collection[Location], *, now: datetime) -> list[SpecialPass]:
        """The member's passes at these locations, newest class first."""
        return []

    def at_risk_url(self, studio: str, *, session: int | None = None, location: str = "") -> str:
        """Where the counter asks for visits that will not be paid, of one class or one location; empty: nowhere."""
        return ""


class _Registered:
    answers: Marketplaces = Marketplaces()


def register(answers: Marketplaces) -> None:
    _Registered.answers = answers


def marketplaces() -> Marketplaces:
    return _Registered.answers
