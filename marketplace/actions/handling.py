"""Applying what was kept: by a worker, again when it failed, and by a person's wish when it was given up."""

import logging
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models.functions import Now

from marketplace.actions.applying import apply
from marketplace.actions.inbox import conclude
from marketplace.models import Conflict, InboxMessage
from portal.jobs import enqueue
from portal.models import Job, Studio
from portal.redaction import describe

logger = logging.getLogger(__name__)

APPLY = "marketplace.apply"
TRIES = 10  # over three quarters of an hour
# A message that waits longer has lost its job, or waits for a try.
OVERDUE = timedelta(minutes=5)
AT_ONCE = 500
Outcome = InboxMessage.Outcome


class NotConcluded(Exception):
    """A message was applied, and nothing was said about what became of it: our mistake."""


def enqueue_message(message: InboxMessage) -> Job:
    """Have a worker apply it after the commit. Raises OutsideTransaction."""
    return enqueue(
        APPLY,
        key=f"{APPLY} {message.pk} {uuid4()}",
        payload={"message": message.pk},
        studio=Studio(pk=message.studio_id),
        max_attempts=TRIES,
    )


def apply_stored(message_id: int, *, is_last: bool, now: datetime) -> None:
    """Apply one message, in the caller's transaction; nothing where that was done before.

    What fails is tried again by its job; when it `is_last`, the message waits for a person with the reason.
    """
    message = InboxMessage.objects.select_for_update().filter(pk=message_id, handled_at=None).first()
    if message is None:
        return
    try:
        with transaction.atomic():
            apply(message, now=now)
            if InboxMessage.objects.filter(pk=message_id, handled_at=None).exists():
                raise NotConcluded
    except Exception as error:
        if not is_last:
            raise
        logger.error("message given up", extra={"inbox": message_id, "error": describe(error)})  # noqa: TRY400 - it may hold a name
        conclude(message, Outcome.FOR_A_PERSON, reason=describe(error)[:200], now=now)


def can_be_applied_again(message: InboxMessage) -> bool:
    """Whether trying again may help: not where two sides say different things, which only a person can settle, nor
    where what it said is not kept any more. In lists ask with `selectors.messages.with_emptied`."""
    if message.outcome != Outcome.FOR_A_PERSON or message.reason in Conflict.Kind.values:
        return False
    is_emptied = getattr(message, "is_emptied", None)
    return not (is_emptied if is_emptied is not None else not message.body and not message.headers)


def apply_again(message: InboxMessage) -> bool:
    """Try a message again that was given up; False when it does not wait for that (any more)."""
    with transaction.atomic():
        found = InboxMessage.objects.select_for_update().get(pk=message.pk)
        if not can_be_applied_again(found):
            return False
        InboxMessage.objects.filter(pk=found.pk).update(outcome="", reason="", handled_at=None)
        enqueue_message(found)
    return True


def apply_overdue(*, now: datetime) -> int:
    """Give messages that nobody handles a job again, in case theirs was lost; how many.

    Those whose job was given up because its workers died wait for a person.
    """
    with transaction.atomic():
        waiting = InboxMessage.objects.filter(handled_at=None, received_at__lt=Now() - OVERDUE).order_by("pk")
        messages = list(waiting.select_for_update(skip_locked=True)[:AT_ONCE])
        jobs = Job.objects.filter(kind=APPLY, done_at=None, payload__message__in=[one.pk for one in messages])
        is_dead = {}
        for job in jobs.order_by("pk"):  # the last one says how it stands
            is_dead[job.payload["message"]] = job.dead_at is not None
        for message in messages:
            if message.pk not in is_dead:
                enqueue_message(message)
            elif is_dead[message.pk]:
                conclude(message, Outcome.FOR_A_PERSON, reason="The worker died or was killed.", now=now)
    return len([one for one in messages if one.pk not in is_dead])
