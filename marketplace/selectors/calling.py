"""Who calls our API, at which location, and about whom: asked on each call, so each is one composed query."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from uuid import UUID

from marketplace.models import Connection, Guest
from portal.joined import Joined

_CALLER = Joined(
    Connection,
    "marketplace",
    prepared=True,
    more=(
        "(SELECT place.location_id FROM marketplace_connectedlocation place"
        " WHERE place.connection_id = connection.id AND place.external_id = %(place)s)",
    ),
)
_GUEST = Joined(Guest, "member", prepared=True)
# Nobody's secret: what is compared where there is none.
_NOBODYS = b"\0" * 32


@dataclass(frozen=True)
class Caller:
    """A marketplace that proved itself. `place`: a location as it calls it; `location_id` None: it has no such."""

    connection: Connection
    place: str
    location_id: int | None


def caller(client_id: str, secret: str, place: str, *, now: datetime) -> Caller | None:
    """Whose id and secret these are, of those who are live or paused; None: nobody's.

    The current secret is good, and the one before it for its time. A client that does not exist costs the same steps
    as a wrong secret.
    """
    rows = _CALLER.rows(
        "connection.client_id = %(client)s AND connection.client_id <> '' AND connection.state IN ('live', 'paused')",
        {"client": client_id, "place": place},
    )
    connection, more = rows[0] if rows else (None, [None])
    given = sha256(secret.encode("utf-8", "surrogatepass")).digest()
    is_right = [compare_digest(given, one) for one in _digests(connection, now)]
    return Caller(connection, place, more[0]) if connection is not None and any(is_right) else None


def _digests(connection: Connection | None, now: datetime) -> list[bytes]:
    """Always two: of the current secret and of the one before it."""
    if connection is None:
        return [_NOBODYS, _NOBODYS]
    until = connection.previous_secret_until
    sealed = (connection.sealed_secret, connection.sealed_previous_secret if until and now < until else "")
    return [_digest_of(one) if one else _NOBODYS for one in sealed]


@lru_cache(maxsize=256)
def _digest_of(sealed: str) -> bytes:
    """Opening a secret takes longer than the query that finds it; what is kept of it opens nothing."""
    return sha256(Connection(sealed_secret=sealed).secret.encode()).digest()


def guest_of(connection: Connection, key: UUID) -> Guest | None:
    """The guest of this connection whom our answers call `key`; of another connection there is none (None)."""
    return _GUEST.first("guest.connection_id = %s AND guest.key = %s", [connection.pk, key])
