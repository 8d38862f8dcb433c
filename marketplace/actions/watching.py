"""Noticing that a sync is late, and that it is on time again; each once, however many workers look."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from marketplace.models import Connection
from marketplace.notices import LATE
from marketplace.selectors.late import sync_standing_of, with_facts
from portal.jobs import enqueue
from portal.notices.telling import readers

MAIL_LATE = "marketplace.mail_late"


def watch(*, now: datetime) -> int:
    """Look at every connection that is told something, or was late; how many became late or came back (I5)."""
    looked_at = Connection.objects.filter(Q(pk__in=Connection.objects.told()) | Q(late_at__isnull=False))
    turned = [one for one in with_facts(looked_at.order_by("pk")) if _has_turned(one, now)]
    return sum(_turn(one.pk, now=now) for one in turned)


def _has_turned(connection: Connection, now: datetime) -> bool:
    return sync_standing_of(connection, now=now).lateness.is_late != (connection.late_at is not None)


def _turn(connection_id: int, *, now: datetime) -> bool:
    """Write the other state down and tell people; False where somebody else has just done so."""
    with transaction.atomic():
        # Locked first, then looked at: whoever comes second sees what the first one wrote.
        Connection.objects.select_for_update(no_key=True, of=("self",)).filter(pk=connection_id).first()
        found = with_facts(Connection.objects.filter(pk=connection_id)).first()
        if found is None or not _has_turned(found, now):
            return False
        found.late_at = now if found.late_at is None else None
        found.save(update_fields=["late_at"])
        if found.late_at is not None:
            _mail(found, found.late_at)
        return True


def _mail(connection: Connection, late_at: datetime) -> None:
    """One job for each person who can do something about it; the key is the outage's, so nobody hears twice of it."""
    for login in readers(connection.studio, LATE):
        enqueue(
            MAIL_LATE,
            key=f"{MAIL_LATE} {connection.pk} {late_at.isoformat()} {login.pk}",
            payload={"connection": connection.pk, "late_at": late_at.isoformat(), "login": login.pk},
            studio=connection.studio,
        )
