"""What can a studio answer to an invoice, and how does the matter stand? (P9, einvoicing: objection)"""

from collections.abc import Sequence
from enum import StrEnum


class Answer(StrEnum):
    ACCEPT = "accept"
    QUESTION = "question"
    OBJECT = "object"
    CORRECTION = "correction"


class Stand(StrEnum):
    """Where the matter stands. QUESTIONED, OBJECTED and CORRECTION_WANTED wait for somebody."""

    OPEN = "open"
    ACCEPTED = "accepted"
    QUESTIONED = "questioned"
    OBJECTED = "objected"
    CORRECTION_WANTED = "correction_wanted"
    CORRECTED = "corrected"


WAITS = frozenset({Stand.QUESTIONED, Stand.OBJECTED, Stand.CORRECTION_WANTED})


def stand(told: Sequence[str]) -> Stand:
    """Where does it stand after these events (`InvoiceEvent.Kind`), the oldest first?

    An answer ends a question or the wish for a correction; then it stands as before. It does not end an objection:
    that takes effect by itself, and only a correction, or the studio's own acceptance, ends it.
    """
    now = settled = Stand.OPEN
    for kind in told:
        if now is Stand.CORRECTED:
            settled = Stand.CORRECTED
        if kind in {Stand.ACCEPTED, Stand.CORRECTED}:
            now = settled = Stand(kind)
        elif kind in WAITS:
            now = Stand(kind)
        elif kind == "answered" and now is not Stand.OBJECTED:
            now = settled
    return now


def possible(now: Stand, *, is_self_billed: bool, is_credit: bool) -> tuple[Answer, ...]:
    """What can be answered as it stands? One open matter at a time.

    Who objected can still accept: that takes the objection back. What was accepted is not objected to any more, but a
    mistake that is found later can be corrected. Objecting is for what another wrote in the studio's name. A credit is
    never corrected, and of what was corrected there is nothing left to accept.
    """
    waits = now in WAITS
    gone = now is Stand.CORRECTED
    found = {
        Answer.ACCEPT: not gone and now is not Stand.ACCEPTED,
        Answer.QUESTION: not waits,
        Answer.OBJECT: is_self_billed and now is Stand.OPEN,
        Answer.CORRECTION: not (is_credit or waits or gone),
    }
    return tuple(answer for answer, can in found.items() if can)
