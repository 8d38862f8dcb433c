"""Whether mails leave the house: noted with each, for the page that says how the parts are doing."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models.functions import Now

from portal.models import Heartbeat

#: Names of heartbeats; no worker is called so, and the nightly clean-up leaves them.
PREFIX = "mail "
SENT, REFUSED = f"{PREFIX}sent", f"{PREFIX}refused"


@contextmanager
def noted(*of_the_address: type[Exception]) -> Iterator[None]:
    """Around handing a mail over. `of_the_address`: refusals that say nothing of the mail server."""
    try:
        yield
    except of_the_address:
        raise
    except Exception:
        _note(REFUSED)
        raise
    _note(SENT)


def _note(name: str) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": Now()})
