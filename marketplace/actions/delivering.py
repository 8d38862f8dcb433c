"""Sending what the outbox holds: one call at a time for each session, whoever's worker it is."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4, uuid5

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Now

from marketplace import rules
from marketplace.actions.exchanging import note
from marketplace.actions.outbox import ring
from marketplace.adapters import Adapter, Answer, CallRefused, Failed, LockedOut, Spoken, Unanswered, adapter_of
from marketplace.models import Call, Connection, Exchange, Listing
from marketplace.rules import Operation, Stand
from marketplace.selectors.offers import Wanted, wanted_for
from portal.redaction import describe, redact

logger = logging.getLogger(__name__)

# Longer than the two calls of ten seconds that one tell can take.
LEASE = timedelta(seconds=60)

# The oldest due call that is the first of its session, whose lane nobody holds. A call that was being sent when its
# worker died is due when the lease is over. Both rows are locked, so that what another worker has just sent is seen.
_NEXT = """
SELECT call.id
  FROM marketplace_call call
  JOIN marketplace_listing listing ON listing.id = call.listing_id
  JOIN marketplace_connection connection ON connection.id = call.connection_id
 WHERE call.connection_id = %s AND connection.state IN ('live', 'paused')
   AND (connection.quiet_until IS NULL OR connection.quiet_until <= statement_timestamp())
   AND (listing.lease_until IS NULL OR listing.lease_until < statement_timestamp())
   AND call.state IN ('waiting', 'sending') AND (call.state = 'sending' OR call.due_at <= statement_timestamp())
   AND NOT EXISTS (SELECT FROM marketplace_call earlier
                    WHERE earlier.listing_id = call.listing_id AND earlier.id < call.id
                      AND earlier.state IN ('waiting', 'sending'))
 ORDER BY call.due_at, call.id
 LIMIT 1
   FOR NO KEY UPDATE OF listing, call SKIP LOCKED
"""


class LeaseLost(Exception):
    """Another worker talks about this session now."""


@dataclass(frozen=True)
class Claimed:
    call: Call
    token: UUID

    @property
    def listing(self) -> Listing:
        return self.call.listing

    @property
    def connection(self) -> Connection:
        return self.call.connection


def deliver_next(connection_id: int, *, now: datetime) -> bool:
    """Send the connection's next due call and write down how that went; False when none is due.

    Outside of a transaction: the marketplace takes its time. A call may be sent twice, under the same key.
    """
    claimed = claim(connection_id)
    if claimed is None:
        return False
    try:
        if rules.pause_after(claimed.call.attempts - 1, 0) is None:
            _conclude_failed(claimed, "The worker died or was killed.")
        else:
            _send(claimed, now=now)
    except LeaseLost:
        logger.warning("marketplace call lost to another worker", extra={"call": claimed.call.pk})
    return True


def claim(connection_id: int) -> Claimed | None:
    """Take the next due call and its session's lane under a lease.

    The attempt is counted, whatever becomes of it, so that a call that kills its workers runs out of them.
    """
    with transaction.atomic():
        found = next(iter(Call.objects.raw(_NEXT, [connection_id])), None)
        if found is None:
            return None
        token = uuid4()
        Listing.objects.filter(pk=found.listing_id).update(lease_until=Now() + LEASE, lease_token=token)
        Call.objects.filter(pk=found.pk).update(state=Call.State.SENDING, attempts=F("attempts") + 1)
    call = Call.objects.select_related("listing", "connection__marketplace", "event__reservation", "visit__guest").get(
        pk=found.pk
    )
    return Claimed(call, token)


def _send(claimed: Claimed, *, now: datetime) -> None:
    try:
        adapter = adapter_of(claimed.connection)
        said, answer = _talk(claimed, adapter, now=now)
    except LeaseLost:
        raise
    except Unanswered as error:
        _conclude_unanswered(claimed, error)
    except LockedOut as error:
        _conclude_locked_out(claimed, error, now=now)
    except CallRefused as error:
        _conclude_refused(claimed, str(error))
    except Exception as error:  # noqa: BLE001 - the row remembers it, and the other calls go on
        _conclude_failed(claimed, describe(error))
    else:
        _conclude_done(claimed, said, answer)


def _talk(claimed: Claimed, adapter: Adapter, *, now: datetime) -> tuple[list[Operation], Answer | None]:
    """Say what is to be said, as things are now; each thing that was said is noted at once."""
    call, listing = claimed.call, claimed.listing
    if call.event is not None:
        return [], _ask(claimed, call.event.kind, partial(adapter.report, listing, call.event, key=call.key), now=now)
    if call.visit is not None:
        return [], _ask(claimed, "decide", partial(adapter.decide, listing, call.visit, key=call.key), now=now)
    wanted = wanted_for(claimed.connection, listing, now=now)
    marks = wanted.offer.marks if wanted.offer else None
    said, answer = [], None
    for operation in rules.what_to_tell(listing.told, wanted.publication, marks, can_move=adapter.can_move):
        listing.refused_marks = wanted.word  # until it is taken
        offer = None if operation in {Operation.CANCEL, Operation.WITHDRAW} else wanted.offer
        key = uuid5(call.key, f"{operation} {wanted.word}")
        answer = _ask(claimed, str(operation), partial(adapter.tell, operation, listing, offer, key=key), now=now)
        _note(claimed, operation, wanted, answer, now=now)
        said.append(operation)
    return said, answer


def _ask(claimed: Claimed, subject: str, ask: Callable[[], Answer], *, now: datetime) -> Answer:
    """Say one thing, and keep what became of it in the log, whatever that is. Raises what the adapter does."""
    try:
        answer = ask()
    except Exception as error:
        spoken = getattr(error, "spoken", None)
        reason = str(error) if isinstance(error, Failed) else describe(error)
        nothing = Spoken(subject=subject, at=now, milliseconds=0, method="", path="", request="")
        _log(claimed, spoken or nothing, reason)
        raise
    if answer.spoken is not None:
        _log(claimed, answer.spoken, "")
    return answer


def _log(claimed: Claimed, spoken: Spoken, reason: str) -> None:
    note(
        claimed.connection,
        Exchange.Direction.OUT,
        spoken,
        reason=redact(reason),
        session_id=claimed.listing.session_id,
        call=claimed.call,
    )


def _note(claimed: Claimed, operation: Operation, wanted: Wanted, answer: Answer, *, now: datetime) -> None:
    """The marketplace knows this now. Raises LeaseLost."""
    listing, offer = claimed.listing, wanted.offer
    listing.told_at, listing.answer, listing.refused_marks = now, redact(answer.text)[:300], ""
    listing.external_id = answer.external_id or listing.external_id
    if offer is None or operation in {Operation.CANCEL, Operation.WITHDRAW}:
        listing.stand = Stand.GONE
    else:
        listing.stand = wanted.publication.stand
        if operation is not Operation.SEATS:
            listing.place_mark, listing.content_mark = offer.marks.place, offer.marks.content
            listing.shown_start = offer.place.starts_at
        if operation is not Operation.CHANGE:
            listing.seats_mark = offer.marks.seats
            listing.shown_offered, listing.shown_free = offer.seats.offered, offer.seats.free
    names = [
        "told_at",
        "answer",
        "refused_marks",
        "external_id",
        "stand",
        "place_mark",
        "content_mark",
        "seats_mark",
        "shown_start",
        "shown_offered",
        "shown_free",
    ]
    _update_lane(claimed, **{name: getattr(listing, name) for name in names})


def _conclude_done(claimed: Claimed, said: list[Operation], answer: Answer | None) -> None:
    with transaction.atomic():
        _let_go(claimed)
        _end(claimed.call, Call.State.DONE, answer.text if answer else "", said=" ".join(said))
    if answer is not None:
        _it_answers(claimed.connection)


def _conclude_refused(claimed: Claimed, text: str) -> None:
    """Asking again cannot help: the call waits for a person, and the sync says nothing until something is different."""
    with transaction.atomic():
        _let_go(claimed, answer=redact(text)[:300], refused_marks=claimed.listing.refused_marks)
        _end(claimed.call, Call.State.DEAD, text)
    _it_answers(claimed.connection)


def _conclude_unanswered(claimed: Claimed, error: Unanswered) -> None:
    """It may have been heard or not: the same again later, under the same key. Until then nobody else calls."""
    with transaction.atomic():
        _let_go(claimed)
        _leave_alone(claimed.connection, error.retry_after)
        _put_off(claimed, str(error), unanswered=True)


def _conclude_locked_out(claimed: Claimed, error: LockedOut, *, now: datetime) -> None:
    """No call can pass until somebody sees to the credentials: all of them wait, and none loses an attempt."""
    with transaction.atomic():
        _let_go(claimed)
        _leave_alone(claimed.connection, timedelta(0))
        Connection.objects.filter(pk=claimed.connection.pk).update(locked_out_at=Coalesce("locked_out_at", Value(now)))
        _back(claimed, str(error), pause=timedelta(0), unanswered=True, counted=False)


def _conclude_failed(claimed: Claimed, text: str) -> None:
    """Our own fault, or an answer that nobody expected: this call alone is tried again."""
    logger.warning("marketplace call failed", extra={"call": claimed.call.pk, "error": text})
    with transaction.atomic():
        _let_go(claimed)
        _put_off(claimed, text, unanswered=False)


def _put_off(claimed: Claimed, text: str, *, unanswered: bool) -> None:
    """Try again later, or give up when the attempts are used up."""
    pause = rules.pause_after(claimed.call.attempts, random.random())  # noqa: S311 - spreads retries, hides nothing
    if pause is None:
        _end(claimed.call, Call.State.DEAD, text)
    else:
        _back(claimed, text, pause=pause, unanswered=unanswered)


def _back(claimed: Claimed, text: str, *, pause: timedelta, unanswered: bool, counted: bool = True) -> None:
    """The call waits again, at its place; a newer tell that came meanwhile is part of it."""
    call = claimed.call
    if call.kind == Call.Kind.TELL:
        newer = Call.objects.filter(listing=call.listing_id, kind=Call.Kind.TELL, state=Call.State.WAITING)
        newer.update(state=Call.State.OVERTAKEN, ended_at=Now())
    Call.objects.filter(pk=call.pk).update(
        state=Call.State.WAITING,
        attempts=call.attempts if counted else call.attempts - 1,
        due_at=Now() + pause,
        answer=redact(text)[:300],
        unanswered=unanswered,
    )
    due_at = Call.objects.values_list("due_at", flat=True).get(pk=call.pk)
    ring(claimed.connection, run_after=due_at)


def _leave_alone(connection: Connection, at_least: timedelta) -> None:
    """Nobody calls for a while; then one call asks whether it is back."""
    (found,) = Connection.objects.select_for_update(no_key=True).filter(pk=connection.pk)
    found.failures += 1
    silence = rules.silence_after(found.failures, random.random())  # noqa: S311 - spreads retries, hides nothing
    Connection.objects.filter(pk=found.pk).update(failures=found.failures, quiet_until=Now() + max(silence, at_least))
    found.refresh_from_db(fields=["quiet_until"])
    ring(found, run_after=found.quiet_until)


def _it_answers(connection: Connection) -> None:
    """Forget the failures; after an outage, everything that it delayed is due."""
    with transaction.atomic():
        (found,) = Connection.objects.select_for_update(no_key=True).filter(pk=connection.pk)
        was_away = found.failures >= rules.OUTAGE or found.locked_out_at is not None
        if not found.failures and not was_away:
            return
        Connection.objects.filter(pk=found.pk).update(failures=0, quiet_until=None, locked_out_at=None)
        if was_away:
            # What others hold they are about to send or to hasten themselves.
            delayed = Call.objects.filter(connection=found, state=Call.State.WAITING, unanswered=True)
            Call.objects.filter(
                pk__in=list(delayed.select_for_update(skip_locked=True).values_list("pk", flat=True))
            ).update(due_at=Now())
        ring(found)


def _end(call: Call, state: Call.State, answer: str, *, said: str = "") -> None:
    Call.objects.filter(pk=call.pk).update(state=state, ended_at=Now(), answer=redact(answer)[:300], said=said)


def _let_go(claimed: Claimed, **values: str) -> None:
    """Others may talk about this session again. Locks the lane until the commit. Raises LeaseLost."""
    _update_lane(claimed, lease_until=None, lease_token=None, **values)


def _update_lane(claimed: Claimed, **values: object) -> None:
    if not Listing.objects.filter(pk=claimed.listing.pk, lease_token=claimed.token).update(**values):
        raise LeaseLost
