"""Asking a marketplace whether it is there and knows us, when a person wants to see it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from marketplace.actions.exchanging import note
from marketplace.adapters import Failed, Spoken, adapter_of
from marketplace.models import Connection, Exchange


@dataclass(frozen=True)
class Pinged:
    """`status` None: nobody answered. `text`: what the marketplace said, or why nothing was said."""

    is_well: bool
    status: int | None
    text: str
    milliseconds: int


def ping(connection: Connection, *, now: datetime) -> Pinged:
    """Call the marketplace once, whatever the connection's state, and keep that in its log. Takes ten seconds at most;
    outside of a transaction. Raises UnknownAdapter.

    It changes nothing, here or there: a marketplace that is left alone for a while stays left alone.
    """
    adapter = adapter_of(connection)
    try:
        answer = adapter.ping(key=uuid4())
    except Failed as error:
        return _noted(connection, error.spoken, str(error), is_well=False, now=now)
    return _noted(connection, answer.spoken, answer.text, is_well=True, now=now)


def _noted(connection: Connection, spoken: Spoken | None, text: str, *, is_well: bool, now: datetime) -> Pinged:
    line = spoken or Spoken(subject="ping", at=now, milliseconds=0, method="", path="", request="")
    note(connection, Exchange.Direction.OUT, line, reason="" if is_well else text)
    return Pinged(is_well, line.status, text, line.milliseconds)
