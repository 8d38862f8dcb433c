"""Keeping what marketplaces send before anything is done about it."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from secrets import compare_digest

from marketplace.actions.exchanging import storable
from marketplace.models import Connection, InboxMessage

# What proves who calls is not kept.
SECRET_HEADERS = frozenset({"authorization", "cookie", "x-api-key", "x-client-secret"})
REASON = 200  # characters of it that are kept


def store(
    connection: Connection,
    *,
    proof: InboxMessage.Proof,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    key: str = "",
) -> tuple[InboxMessage, bool]:
    """Keep one call of a marketplace that has proved itself; the message, and whether it is new.

    A second one with its `key` is the first one. Without a key, equal bytes on the same path are one message.
    """
    key = key or sha256(f"{method} {path}\n".encode() + body).hexdigest()
    kept = {name: value for name, value in headers.items() if name.lower() not in SECRET_HEADERS}
    values = {"method": method, "path": path, "headers": kept, "body": body, "proof": proof}
    return InboxMessage.objects.get_or_create(
        connection=connection, key=key, defaults={"studio_id": connection.studio_id, **values}
    )


def conclude(message: InboxMessage, outcome: InboxMessage.Outcome, *, reason: str = "", now: datetime) -> bool:
    """Say what became of a message; False when that was said before."""
    return bool(
        InboxMessage.objects.filter(pk=message.pk, handled_at=None).update(
            outcome=outcome, reason=storable(reason, REASON), handled_at=now
        )
    )


def proof_of(connection: Connection, given: str, *, now: datetime) -> InboxMessage.Proof | None:
    """Which secret of the connection this is; None: neither. In constant time for each."""
    proofs = (InboxMessage.Proof.CURRENT, InboxMessage.Proof.PREVIOUS)
    known = zip(connection.secrets(now), proofs, strict=False)
    matching = [proof for secret, proof in known if compare_digest(secret.encode(), given.encode())]
    return matching[0] if matching else None
