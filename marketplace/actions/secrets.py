"""Changing what a marketplace proves itself with, without losing a call."""

from datetime import datetime, timedelta

from django.db import transaction

from marketplace.models import Connection
from portal.changes import record_change
from portal.models import StaffLogin

# So long both are good, unless the old one is to end at once.
OVERLAP = timedelta(days=7)


def change_secret(
    connection: Connection, secret: str, *, by: StaffLogin | None, now: datetime, overlap: timedelta = OVERLAP
) -> Connection:
    """Let the marketplace prove itself with `secret`, and with the one before it for `overlap` from now on.

    The log says that it was changed, never what it is.
    """
    with transaction.atomic():
        found = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        had_one = bool(found.sealed_secret) and overlap > timedelta(0)
        found.sealed_previous_secret = found.sealed_secret if had_one else ""
        found.previous_secret_until = now + overlap if had_one else None
        found.secret = secret
        found.save(update_fields=["sealed_secret", "sealed_previous_secret", "previous_secret_until"])
        record_change(found, "secret_changed", studio=found.studio, by=by, now=now)
    return found
