"""What may be done to a login, and what makes a PIN. Pure: the words for refusals are in `portal/staff/words.py`."""

from dataclasses import dataclass
from enum import StrEnum

SHORTEST_PIN, LONGEST_PIN = 4, 8
PIN_TRIES = 5
PIN_PAUSE_MINUTES = 15

_ROWS = ("01234567890", "98765432109", "2580", "0852", "147", "258", "369")  # runs, and the columns of a keypad
_WELL_KNOWN = {"1004", "5683", "1998", "6969", "1112", "1313", "1122", "1010", "2468", "1357", "159753", "112233"}


class Why(StrEnum):
    """Why a login cannot be given or changed as wished."""

    LAST_OWNER = "last_owner"
    OWNER_PINNED = "owner_pinned"
    REMOVED = "removed"
    ALREADY_HERE = "already_here"
    ALREADY_ASKED = "already_asked"
    NOT_OPEN = "not_open"
    TOO_MANY = "too_many"
    TOO_SOON = "too_soon"


class StaffRefused(Exception):
    """Nothing was done; `why` says the reason."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a login is, or would be: an owner or not, switched on or not, pinned to locations or not."""

    is_owner: bool
    is_active: bool
    is_pinned: bool

    @property
    def holds_the_studio(self) -> bool:
        return self.is_owner and self.is_active


def refusal(was: Standing, will_be: Standing, *, other_owners: int) -> Why | None:
    """May this login become that? Somebody must always be able to give logins: the last owner stays (P18).

    An owner is answerable for the whole studio and is never pinned to a part of it. `other_owners`: how many active
    owners there are besides. None is yes.
    """
    if was.holds_the_studio and not will_be.holds_the_studio and not other_owners:
        return Why.LAST_OWNER
    if will_be.is_owner and will_be.is_pinned:
        return Why.OWNER_PINNED
    return None


class WeakPin(StrEnum):
    NOT_DIGITS = "not_digits"
    LENGTH = "length"
    EASY = "easy"


def weakness(pin: str) -> WeakPin | None:
    """What is wrong with this PIN? Four to eight digits that nobody tries first; None: nothing."""
    if not (pin.isascii() and pin.isdecimal()):
        return WeakPin.NOT_DIGITS
    if not SHORTEST_PIN <= len(pin) <= LONGEST_PIN:
        return WeakPin.LENGTH
    is_row = any(pin in row for row in _ROWS)
    is_repeated = any(pin == pin[:size] * (len(pin) // size) for size in (1, 2) if len(pin) % size == 0)
    is_year = len(pin) == SHORTEST_PIN and pin[:2] in {"19", "20"}
    if is_row or is_repeated or is_year or pin in _WELL_KNOWN:
        return WeakPin.EASY
    return None
