"""The lines of the sync log: one for each request between us and a marketplace, written when it is over."""

from django.db import IntegrityError, transaction

from marketplace.adapters import Spoken
from marketplace.models import Call, Connection, Exchange
from marketplace.models.exchange import RAW


def note(
    connection: Connection,
    direction: Exchange.Direction,
    spoken: Spoken,
    *,
    reason: str = "",
    session_id: int | None = None,
    call: Call | None = None,
) -> Exchange:
    """Keep what was said and answered, as much of it as is kept. A session that is gone by now is left out."""
    line = Exchange(
        studio_id=connection.studio_id,
        connection=connection,
        direction=direction,
        at=spoken.at,
        milliseconds=spoken.milliseconds,
        subject=storable(spoken.subject, 30),
        method=spoken.method[:10],
        path=storable(spoken.path, 500),
        status=spoken.status,
        reason=storable(reason, 300),
        session_id=session_id,
        booking_ref=storable(spoken.booking_ref, 100),
        call=call,
        attempt=max(call.attempts, 1) if call else 1,
        request=storable(spoken.request, RAW),
        answer=storable(spoken.answer, RAW),
    )
    try:
        with transaction.atomic():
            line.save(force_insert=True)
    except IntegrityError:
        if session_id is None:
            raise
        line.session = None
        line.save(force_insert=True)
    return line


def storable(text: str, most: int) -> str:
    """At most so many characters of it. PostgreSQL keeps no NUL and no half of a character, which JSON can name."""
    return text[:most].replace("\0", "\ufffd").encode(errors="replace").decode()
