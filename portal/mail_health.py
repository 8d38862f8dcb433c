"""Whether mails leave the house: noted with each, for the page that says how the parts are doing."""

from datetime import timedelta

from django.db import Error, connection, transaction
from django.db.models.functions import Now

from portal.models import Heartbeat

#: Names of heartbeats; no worker is called so, and the nightly clean-up leaves them.
PREFIX = "mail "
SENT, REFUSED, SILENT = f"{PREFIX}sent", f"{PREFIX}refused", f"{PREFIX}silent"
#: Silent for as long as somebody waits for a page; a job may still hear it.
SLOW = f"{PREFIX}slow"
#: A server that did not answer is left alone for so long: each mail that waits for it keeps a worker from other work,
#: or a page from other people.
LEFT_ALONE = timedelta(minutes=1)


def note(name: str) -> None:
    """That a mail was just sent or refused, or met silence. Raises nothing outside of a transaction, whatever
    is wrong with the database: what has been sent is sent."""
    try:
        with transaction.atomic():
            Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": Now()})
    except Error:
        if connection.in_atomic_block:
            raise


def is_left_alone(*, hasty: bool = False) -> bool:
    """Whether the server or provider was silent just now; `hasty`: or too slow for a page. One query."""
    names = [SILENT, SLOW] if hasty else [SILENT]
    return Heartbeat.objects.filter(name__in=names, seen_at__gt=Now() - LEFT_ALONE).exists()
