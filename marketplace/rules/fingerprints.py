"""What a marketplace is told of a session, in three parts that change apart, and the mark of each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256

from marketplace.rules.seats import Seats

# Raised when what is told gets another form: then everything is told once more.
FORM = 1


@dataclass(frozen=True, kw_only=True)
class Place:
    """When and where, and until when it is given up for free: some marketplaces never change these."""

    starts_at: datetime
    location: str  # as the marketplace calls it
    free_until: datetime


@dataclass(frozen=True, kw_only=True)
class Content:
    name: str
    kind: str
    description: str
    ends_at: datetime
    room: str
    teacher: str
    opens_at: datetime | None
    closes_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A session as one marketplace should show it."""

    place: Place
    content: Content
    seats: Seats
    # For a marketplace that tells "full" from "no new bookings" (Q26); what it hears of it is in the seats.
    is_selling: bool = True

    @cached_property
    def marks(self) -> "Marks":
        return Marks(
            place=fingerprint(vars(self.place)),
            content=fingerprint(vars(self.content)),
            seats=fingerprint(vars(self.seats)),
        )


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The fingerprints of an offer's parts."""

    place: str
    content: str
    seats: str


Value = str | int | bool | datetime | None


def fingerprint(values: Mapping[str, Value]) -> str:
    """64 hexadecimal digits, the same for the same values in any order and any time zone, and for no others."""
    plain = {name: _plain(value) for name, value in values.items()}
    text = json.dumps([FORM, plain], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()


def _plain(value: Value) -> str | int | bool | list[str] | None:
    """A moment is no text that looks like one."""
    return [value.astimezone(UTC).isoformat()] if isinstance(value, datetime) else value
