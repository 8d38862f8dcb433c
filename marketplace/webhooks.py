"""Standard Webhooks 1.0: who sent these bytes, and when? The same for what we send and for what we are sent.

The signature is the library's. Its `verify` reads the clock itself and accepts five minutes, no other number, so the
comparison is here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest

from standardwebhooks import Webhook

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
LONGEST = 2_000  # characters of a header that are looked at
LONGEST_ID = 200
CLOCK = 60  # seconds by which two clocks may differ without anybody being told


class Unproven(Exception):
    """The headers are not there, or none of the signatures is of a secret that is good now."""


class Untimely(Exception):
    """The signature is right, and the message was sent too long ago or in the future: perhaps somebody repeats it."""


@dataclass(frozen=True)
class Signed:
    """What the headers prove. `secret`: which of the given ones, from 0. `ahead`: its clock minus ours."""

    id: str
    secret: int
    ahead: timedelta

    @property
    def remark(self) -> str:
        """What the log says of the sender's clock; nothing while it is right."""
        seconds = round(self.ahead.total_seconds())
        return f"Its clock is {_away(seconds)}." if abs(seconds) > CLOCK else ""


def headers(message_id: str, body: bytes, secrets: Sequence[str], *, now: datetime) -> dict[str, str]:
    """The three headers of a message that is sent now, signed with each of the secrets (while one is being changed,
    the receiver may know either)."""
    at = now.replace(microsecond=0)
    return {
        ID: message_id,
        TIMESTAMP: str(int(at.timestamp())),
        SIGNATURE: " ".join(sign(message_id, at, body, secret) for secret in secrets),
    }


def sign(message_id: str, at: datetime, body: bytes, secret: str) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over id, timestamp and the raw bytes."""
    # `whsec_` announces base64, as the convention has it; any other secret is taken as it is written.
    key = secret if secret.startswith(PREFIX) else secret.encode()
    return Webhook(key).sign(message_id, at.astimezone(UTC), body.decode())


def verify(
    given: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime, tolerance: timedelta
) -> Signed:
    """What the headers (names in lower case) prove about the raw bytes. Raises Unproven, or Untimely with the skew.

    Each secret is compared with each signature in constant time, and the time is looked at when the sender is known.
    """
    message_id, timestamp = given.get(ID, ""), given.get(TIMESTAMP, "")
    signatures = given.get(SIGNATURE, "")[:LONGEST].split()
    if not message_id or not timestamp or not signatures:
        raise Unproven(f"The headers {ID}, {TIMESTAMP} and {SIGNATURE} are needed.")
    if len(message_id) > LONGEST_ID or not message_id.isprintable():
        raise Unproven(f"The header {ID} has {LONGEST_ID} characters at most, none of them invisible.")
    at = _moment(timestamp)
    matching = [
        number
        for number, secret in enumerate(secrets)
        if any(compare_digest(_expected(message_id, at, body, secret), one.encode()) for one in signatures)
    ]
    if not matching:
        raise Unproven("None of the signatures is right.")
    ahead = at - now.replace(microsecond=0)
    if abs(ahead) > tolerance:
        seconds, most = round(ahead.total_seconds()), round(tolerance.total_seconds())
        raise Untimely(f"The timestamp is {_away(seconds)}, and {most} s are allowed.")
    return Signed(message_id, matching[0], ahead)


def _moment(timestamp: str) -> datetime:
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > len("9999999999"):
        raise Unproven(f"The header {TIMESTAMP} is whole seconds since 1970.")
    return datetime.fromtimestamp(int(timestamp), UTC)


def _expected(message_id: str, at: datetime, body: bytes, secret: str) -> bytes:
    try:
        return sign(message_id, at, body, secret).encode()
    except UnicodeDecodeError as error:
        raise Unproven("The body is not UTF-8.") from error


def _away(seconds: int) -> str:
    return f"{abs(seconds)} s {'ahead' if seconds > 0 else 'behind'}"
