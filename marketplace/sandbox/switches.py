"""How this marketplace works, and in which ways it misbehaves when told to."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

PULL, MESSAGES, CHECK_IN = "pull", "messages", "check_in"
WAYS = {
    PULL: "Asks the studio in real time",
    MESSAGES: "Sends messages and waits for the studio’s decision",
    CHECK_IN: "Check-in only, nothing can be booked",
}

# What each does. Off unless switched on.
FAULTS = {
    "duplicates": "Say everything three times at once",
    "reorder": "A cancellation overtakes its booking",
    "drop": "Lose messages on the way; lose the first answer to a call",
    "wrong_signature": "Sign with the wrong secret",
    "replay": "Sign with the signature of an earlier message",
    "answer_500": "Answer the studio’s messages with 500",
    "time_out": "Take the studio’s messages and do not answer",
}
DIFFERENCES = {
    "missing": "One visit is missing",
    "extra": "A visit that never was",
    "capped": "One visit is capped at 0",
    "price": "One visit at another price",
    "correction": "A correction of the month before",
    "flat": "A flat-rate line",
    "twice": "One visit stands twice",
}
# As the demo studio has them in its contract with us.
RATES = {"check_in": "8.40", "no_show": "4.20", "late_cancel": "4.20", "additional": "8.40", "tax": "9"}
LONGEST_DELAY = 600  # seconds
FURTHEST_CLOCK = 24 * 60  # minutes


@dataclass(frozen=True, kw_only=True)
class Switches:
    way: str
    faults: frozenset[str]
    differences: frozenset[str]
    delay: int  # seconds
    skew: int  # minutes that our clock is ahead
    rates: dict[str, Decimal]


def switches(stored: Mapping[str, str]) -> Switches:
    """As they stand; whatever is not stored, or makes no sense, is as at the start."""
    way = stored.get("way", PULL)
    return Switches(
        way=way if way in WAYS else PULL,
        faults=frozenset(name for name in FAULTS if stored.get(name) == "1"),
        differences=frozenset(name for name in DIFFERENCES if stored.get(name) == "1"),
        delay=_number(stored.get("delay", ""), 0, LONGEST_DELAY),
        skew=_number(stored.get("skew", ""), -FURTHEST_CLOCK, FURTHEST_CLOCK),
        rates={name: _amount(stored.get(f"rate_{name}", ""), rate) for name, rate in RATES.items()},
    )


def to_store(posted: Mapping[str, str]) -> dict[str, str]:
    """What a posted form of all switches says, as it is stored."""
    found = {"way": posted.get("way", PULL), "delay": posted.get("delay", ""), "skew": posted.get("skew", "")}
    found |= {name: "1" if name in posted else "0" for name in (*FAULTS, *DIFFERENCES)}
    return found | {f"rate_{name}": posted.get(f"rate_{name}", "") for name in RATES}


def _number(text: str, least: int, most: int) -> int:
    try:
        return min(max(int(text), least), most)
    except ValueError:
        return 0


def _amount(text: str, otherwise: str) -> Decimal:
    try:
        amount = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return Decimal(otherwise)
    return amount if amount.is_finite() and 0 <= amount < 10_000 else Decimal(otherwise)
