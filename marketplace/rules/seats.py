"""How many places a marketplace may sell, and how each marketplace wants to be told."""

from dataclasses import dataclass

# For a marketplace that needs a number where there is no limit: always so many are free.
PLENTY = 100


@dataclass(frozen=True, kw_only=True)
class SeatFacts:
    """Who has places in a session, and who is promised how many; None is unlimited.

    `shared_quota` is the class's: what all marketplaces together may sell. `quota` is the contract's: what this one
    may.
    """

    capacity: int | None
    taken: int  # booked, by whatever road
    held: int  # for people of the waiting list who were offered one
    shared_quota: int | None
    of_marketplaces: int  # of the booked, those of all marketplaces
    quota: int | None
    own: int  # of the booked, those of this marketplace


@dataclass(frozen=True, kw_only=True)
class Seats:
    """What one marketplace is told. `offered` and `free` are None together: unlimited."""

    offered: int | None
    own: int
    free: int | None

    @property
    def including_own(self) -> tuple[int, int]:
        """(capacity, booked) for a marketplace that counts its own bookings as booked and shows the rest (Wellhub)."""
        if self.offered is None or self.free is None:
            return self.own + PLENTY, self.own
        return self.offered, self.offered - self.free

    @property
    def excluding_own(self) -> tuple[int, int]:
        """(seats, booked by others) for one that takes its own bookings off by itself (Urban Sports Club)."""
        if self.offered is None or self.free is None:
            return self.own + PLENTY, 0
        return self.offered, max(0, self.offered - self.own - self.free)


def seats(facts: SeatFacts, *, selling: bool = True) -> Seats:
    """How many places does this marketplace have, and how many may it still sell?

    The least of what three limits leave: its own quota, what all marketplaces may sell, the room. A class over its
    capacity leaves none, never less. Not `selling`: it keeps those that it sold and gets no more (Q26). The number is a
    promise for an app; who books is asked again under the session's lock.
    """
    if not selling:
        return Seats(offered=facts.own, own=facts.own, free=0)
    limits = (
        (facts.quota, facts.own),
        (facts.shared_quota, facts.of_marketplaces),
        (facts.capacity, facts.taken + facts.held),
    )
    offered = [limit for limit, _used in limits if limit is not None]
    if not offered:
        return Seats(offered=None, own=facts.own, free=None)
    free = min(limit - used for limit, used in limits if limit is not None)
    return Seats(offered=min(offered), own=facts.own, free=max(0, free))
