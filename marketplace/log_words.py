"""The lines of the sync log in plain words: what it was about, how it ended, why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bookings.models import ScheduledSession
from bookings.rules import Question
from bookings.words import QUESTIONS, day_and_clock
from marketplace.actions import can_be_applied_again
from marketplace.models import Call, Conflict, Exchange, InboxMessage, SyncRun
from marketplace.rules.retrying import PAUSES
from marketplace.selectors.log import CALL, EXCHANGE, MESSAGE, RUN, Key
from portal.models import Location
from portal.redaction import redact

MOST_ATTEMPTS = len(PAUSES) + 1

SUBJECTS: Mapping[str, Promise] = {
    # What we tell.
    "publish": _("class published"),
    "change": _("class changed"),
    "seats": _("places told"),
    "cancel": _("class cancelled"),
    "withdraw": _("class taken away"),
    "session.changed": _("class changed"),
    "session.cancelled": _("class cancelled"),
    "session.withdrawn": _("class taken away"),
    "attendance.changed": _("what became of a guest"),
    "report": _("what became of a guest"),
    "booking.decided": _("answer to a booking"),
    "decide": _("answer to a booking"),
    "ping": _("test"),
    # What marketplaces send and ask.
    "booking.requested": _("booking"),
    "booking.cancelled": _("cancellation"),
    "member.checked_in": _("check-in"),
    "search": _("list of classes"),
    "details": _("class details"),
    "check": _("is it bookable?"),
    "book": _("booking"),
    "move": _("booking moved"),
    "remove": _("cancellation"),
    "check_in": _("check-in"),
    "take_back_check_in": _("check-in taken back"),
    "review": _("review written"),
    "read_review": _("review looked at"),
    "join_waiting": _("waiting list joined"),
    "leave_waiting": _("waiting list left"),
    "schedule": _("a member's bookings"),
    "welcome": _("member made known"),
    "webhook": _("message"),
}
CALL_KINDS: Mapping[str, Promise] = {
    Call.Kind.TELL: _("class to be told"),
    Call.Kind.REPORT: _("what became of a guest"),
    Call.Kind.DECIDE: _("answer to a booking"),
}
STATUSES: Mapping[int, Promise] = {
    400: _("not understood"),
    401: _("credentials not accepted"),
    403: _("not allowed"),
    404: _("not found"),
    405: _("not offered"),
    408: _("took too long"),
    409: _("in conflict"),
    410: _("no longer taken"),
    413: _("too large"),
    422: _("refused"),
    429: _("too many requests"),
    503: _("cannot answer now"),
}


@dataclass(frozen=True)
class Line:
    """One line as it is shown. `mark`: "ok", "refused", "failed", "waits" or "dead"; None: nothing to show."""

    kind: str
    row: Any
    at: Any
    direction: str
    subject: str
    result: str
    mark: str
    reason: str = ""
    session: ScheduledSession | None = None
    booking: str = ""
    milliseconds: int | None = None
    attempt: int | None = None
    may_retry: bool = False

    @property
    def pk(self) -> int:
        return int(self.row.pk)

    @property
    def of(self) -> int:
        return MOST_ATTEMPTS

    @property
    def has_page(self) -> bool:
        return self.kind != RUN


def line_of(key: Key, row: Any, place: Location) -> Line:
    """`place`: in whose clock moments are told."""
    makers: dict[str, Callable[[Any, Location], Line]] = {
        EXCHANGE: _of_exchange,
        RUN: _of_run,
        CALL: _of_call,
        MESSAGE: _of_message,
    }
    return makers[key[0]](row, place)


def subject_words(subject: str) -> str:
    return str(SUBJECTS.get(subject, subject))


def reason_words(reason: str) -> str:
    """A question of the booking rules as people read it; else what was written down, without addresses and secrets."""
    if reason in set(Question) and Question(reason) in QUESTIONS:
        return gettext("%(question)s No.") % {"question": QUESTIONS[Question(reason)]}
    return redact(reason)


def direction_words(line: Line) -> str:
    return {"in": gettext("from them"), "out": gettext("to them")}.get(line.direction, gettext("here"))


def _of_exchange(row: Exchange, place: Location) -> Line:
    result, mark = _ended(row)
    return Line(
        kind=EXCHANGE,
        row=row,
        at=row.at,
        direction=row.direction,
        subject=subject_words(row.subject),
        result=result,
        mark=mark,
        reason=reason_words(row.reason),
        session=row.session,
        booking=row.booking_ref,
        milliseconds=row.milliseconds,
        attempt=row.attempt if row.call_id else None,
    )


def _ended(row: Exchange) -> tuple[str, str]:
    if row.status is None:
        return (gettext("not sent") if not row.method else gettext("no answer")), "failed"
    if row.status < 400:
        return gettext("done"), "ok"
    words = STATUSES.get(row.status) or (_("failed there") if row.direction == Exchange.Direction.OUT else _("failed"))
    is_plain = row.direction == Exchange.Direction.IN and row.status < 500
    return f"{words} ({row.status})", "refused" if is_plain else "failed"


def _of_run(row: SyncRun, place: Location) -> Line:
    compared = ngettext("%(number)d class compared", "%(number)d classes compared", row.compared) % {
        "number": row.compared
    }
    differed = ngettext("%(number)d differed and is told", "%(number)d differed and are told", row.differed)
    differed = differed % {"number": row.differed} if row.differed else gettext("all as they know it")
    return Line(
        kind=RUN,
        row=row,
        at=row.started_at,
        direction="",
        subject=gettext("full sync"),
        result=f"{compared}, {differed}",
        mark="ok",
        reason=str(row.get_cause_display()),
    )


def _of_call(row: Call, place: Location) -> Line:
    is_dead = row.state == Call.State.DEAD
    if is_dead:
        result = gettext("given up, waits for you")
    elif row.state == Call.State.SENDING:
        result = gettext("being sent")
    else:
        result = gettext("waits, next try %(when)s") % {"when": date_format(row.due_at.astimezone(place.tz), "H:i")}
    visit = row.visit or (getattr(row.event.reservation, "visit", None) if row.event else None)
    return Line(
        kind=CALL,
        row=row,
        at=row.ended_at or row.created_at,
        direction=Exchange.Direction.OUT,
        subject=str(CALL_KINDS[row.kind]),
        result=result,
        mark="dead" if is_dead else "waits",
        reason=redact(row.answer),
        session=row.listing.session,
        booking=visit.booking_ref if visit else "",
        attempt=row.attempts,
        may_retry=is_dead,
    )


def _of_message(row: InboxMessage, place: Location) -> Line:
    waits, is_conflict = row.handled_at is None, row.reason in Conflict.Kind.values
    return Line(
        kind=MESSAGE,
        row=row,
        at=row.received_at,
        direction=Exchange.Direction.IN,
        subject=gettext("message"),
        result=_of_message_result(row),
        mark="waits" if waits else "dead" if _verdict(row) is None else "ok",
        reason=str(Conflict.Kind(row.reason).label) if is_conflict else reason_words(row.reason),
        may_retry=can_be_applied_again(row),
    )


def _verdict(row: InboxMessage) -> str | None:
    """What a person said to the question of this message (`selectors.log`); None: nothing yet."""
    return getattr(row, "verdict", None)


def _of_message_result(row: InboxMessage) -> str:
    if row.handled_at is None:
        return gettext("not applied yet")
    verdict = _verdict(row)
    if verdict is None:
        return str(row.get_outcome_display())
    return (
        gettext("settled: %(verdict)s") % {"verdict": Conflict.Verdict(verdict).label}
        if verdict
        else gettext("settled")
    )


def session_words(session: ScheduledSession) -> str:
    """ "Vinyasa Flow, Sun 22 Nov, 18:00"."""
    return f"{session.item.name}, {day_and_clock(session.starts_at, session.location)}"
