"""How long what went to and fro is kept."""

from datetime import datetime, timedelta

from marketplace.models import Call, Exchange, GivenAnswer, InboxMessage, SyncRun

# What was sent and compared is of use while somebody asks "why did they not know?"; invoices look at none of it.
KEEP_LOG = timedelta(days=90)
# What marketplaces sent names people; its outcome stays, with its key, so that a late copy is still known.
KEEP_CONTENT = timedelta(days=30)
# An answer is given again under its Idempotency-Key for so long.
KEEP_ANSWER = timedelta(hours=24)
AT_ONCE = 5000  # rows in one transaction


def clean_up(*, now: datetime) -> bool:
    """Forget old calls that ended well and old comparisons, and empty old messages; whether there is more to do.

    Calls that were given up wait for a person, messages that nobody handled too. One that was given up is emptied like
    the others, and cannot be applied again after that: what it said names a person. Of the log, requests and answers go
    as soon as the messages do, for they name the same people, and the lines later.
    """
    ended = [Call.State.DONE, Call.State.OVERTAKEN]
    calls = Call.objects.filter(state__in=ended, ended_at__lt=now - KEEP_LOG).values("pk")[:AT_ONCE]
    forgotten, _ = Call.objects.filter(pk__in=calls).delete()
    SyncRun.objects.filter(started_at__lt=now - KEEP_LOG).delete()
    full = InboxMessage.objects.exclude(body=b"", headers={})
    old = full.filter(received_at__lt=now - KEEP_CONTENT, handled_at__isnull=False).values("pk")[:AT_ONCE]
    emptied = InboxMessage.objects.filter(pk__in=old).update(body=b"", headers={})
    lines = Exchange.objects.filter(at__lt=now - KEEP_LOG).order_by("at").values("pk")[:AT_ONCE]
    gone, _ = Exchange.objects.filter(pk__in=lines).delete()
    wordy = Exchange.objects.filter(at__lt=now - KEEP_CONTENT).exclude(request="", answer="").values("pk")[:AT_ONCE]
    silenced = Exchange.objects.filter(pk__in=wordy).update(request="", answer="")
    answers = GivenAnswer.objects.filter(created_at__lt=now - KEEP_ANSWER).values("pk")[:AT_ONCE]
    lapsed, _ = GivenAnswer.objects.filter(pk__in=answers).delete()
    return AT_ONCE in {forgotten, emptied, gone, silenced, lapsed}
