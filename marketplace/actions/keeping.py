"""How long what went to and fro is kept."""

from datetime import datetime, timedelta

from marketplace.models import Call, InboxMessage, SyncRun

# What was sent and compared is of use while somebody asks "why did they not know?"; invoices look at none of it.
KEEP_LOG = timedelta(days=90)
# What marketplaces sent names people; its outcome stays, with its key, so that a late copy is still known.
KEEP_CONTENT = timedelta(days=30)
AT_ONCE = 5000  # rows in one transaction


def clean_up(*, now: datetime) -> bool:
    """Forget old calls that ended well and old comparisons, and empty old messages; whether there is more to do.

    Calls that were given up wait for a person, messages that nobody handled too.
    """
    ended = [Call.State.DONE, Call.State.OVERTAKEN]
    calls = Call.objects.filter(state__in=ended, ended_at__lt=now - KEEP_LOG).values("pk")[:AT_ONCE]
    forgotten, _ = Call.objects.filter(pk__in=calls).delete()
    SyncRun.objects.filter(started_at__lt=now - KEEP_LOG).delete()
    full = InboxMessage.objects.exclude(body=b"", headers={})
    old = full.filter(received_at__lt=now - KEEP_CONTENT, handled_at__isnull=False).values("pk")[:AT_ONCE]
    emptied = InboxMessage.objects.filter(pk__in=old).update(body=b"", headers={})
    return AT_ONCE in {forgotten, emptied}
