"""May the studio reply, and does a change show? One reply each, free to change for 24 hours (P12, Q36)."""

from datetime import datetime, timedelta
from enum import StrEnum

FREE_FOR = timedelta(hours=24)


class NoReply(StrEnum):
    """Why the studio's words are not taken."""

    HIDDEN = "hidden"  # nobody would read it
    ANSWERED = "answered"  # somebody else was quicker
    CHANGED = "changed"  # somebody changed it since the page was opened
    NONE = "none"  # there is no reply that stands


class NoReport(StrEnum):
    """Why no case is opened."""

    HIDDEN = "hidden"
    OPEN = "open"
    REPEATED = "repeated"  # the operator has looked at these words under this rule


def may_respond(*, hidden: bool, stands: bool) -> NoReply | None:
    """May the studio reply? Once to each review that is shown; anew after the reply was withdrawn. None: yes."""
    if hidden:
        return NoReply.HIDDEN
    return NoReply.ANSWERED if stands else None


def may_edit(*, hidden: bool, stands: bool) -> NoReply | None:
    """May the studio change its reply? While the review is shown and the reply stands. None: yes."""
    if not stands:
        return NoReply.NONE
    return NoReply.HIDDEN if hidden else None


def is_marked(written_at: datetime, *, now: datetime) -> bool:
    """Does a change show as "edited"? From 24 hours after the reply was first written.

    A reply that was withdrawn and is written anew counts from the first time, or withdrawing would be a way around it.
    """
    return now >= written_at + FREE_FOR


def may_report(*, hidden: bool, has_open_case: bool, repeated: bool = False) -> NoReport | None:
    """May the studio report it? Not what is hidden already, one open case at a time, and the same words once under each
    rule (`repeated`: they stay, the operator has found). None: yes."""
    if has_open_case:
        return NoReport.OPEN
    if hidden:
        return NoReport.HIDDEN
    return NoReport.REPEATED if repeated else None
