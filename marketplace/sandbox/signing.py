"""Signatures of messages by the Standard Webhooks 1.0 convention, both ways.

webhook-signature: v1,<base64 of HMAC-SHA256(secret, id "." timestamp "." body)>
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

TOLERANCE = 5 * 60  # seconds


class Unsigned(Exception):
    """The message is not from whom it says, or too old to tell."""


def key_of(secret: str) -> bytes:
    """`whsec_` announces base64; any other secret is taken as it is written."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return secret.encode()


def signature(secret: str, name: str, timestamp: int, body: bytes) -> str:
    signed = f"{name}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()


def headers(secret: str, name: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message with this id, sent at this Unix time."""
    return {
        "webhook-id": name,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, name, timestamp, body),
    }


def verify(secret: str, given: Mapping[str, str], body: bytes, *, now: float) -> str:
    """The id of a message that is signed and recent. `given`: headers by lower-case name. Raises Unsigned."""
    name, sent, signatures = (given.get(f"webhook-{what}", "") for what in ("id", "timestamp", "signature"))
    if not name or not signatures or not sent.isascii() or not sent.isdigit():
        raise Unsigned("a header is missing")
    if abs(now - int(sent)) > TOLERANCE:
        raise Unsigned("too old or from the future")
    right = signature(secret, name, int(sent), body).encode()
    if not any(hmac.compare_digest(right, one.encode()) for one in signatures.split()):
        raise Unsigned("wrong signature")
    return name
