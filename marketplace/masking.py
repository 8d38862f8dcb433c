"""What is shown of a raw request or answer: never what proves who calls, nor how a person can be reached (S22).

`for_support` leaves the house, so that names go, too.
"""

import re

from portal.redaction import HIDDEN, redact

_SECRETS = (
    "authorization", "proxy-authorization", "cookie", "set-cookie", "x-client-secret", "x-api-key", "api[_-]?key",
    "secret", "client_?secret", "password", "token", "access_?token", "refresh_?token", "webhook-signature",
    "signature",
)  # fmt: skip
_PERSON = (
    "first_?name", "last_?name", "name", "full_?name", "e-?mail", "phone", "phone_?number", "birth_?date",
    "date_?of_?birth",
)  # fmt: skip
# "name": "value" of JSON, with any escapes in it; and Name: value of a header, to the end of its line.
_JSON = r'("(?:{names})"\s*:\s*)("(?:[^"\\]|\\.)*"?|[-\w.]+)'
_SECRET_JSON = re.compile(_JSON.format(names="|".join(_SECRETS)), re.IGNORECASE)
_PERSON_JSON = re.compile(_JSON.format(names="|".join(_PERSON)), re.IGNORECASE)
_SECRET_HEADER = re.compile(rf"^(\s*(?:{'|'.join(_SECRETS)})\s*:\s*)(.+)$", re.IGNORECASE | re.MULTILINE)
# The names of things that both sides use; they prove nothing, and support asks for them.
_UUID = re.compile(r"(\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)", re.IGNORECASE)


def masked(text: str) -> str:
    """For the screen of somebody who may manage the connection."""
    text = _SECRET_JSON.sub(rf'\1"{HIDDEN}"', text)
    text = _SECRET_HEADER.sub(rf"\1{HIDDEN}", text)
    parts = _UUID.split(text)  # every second one is a UUID
    return "".join(part if at % 2 else redact(part) for at, part in enumerate(parts))


def for_support(text: str) -> str:
    """To be copied into a mail: without names, too."""
    return masked(_PERSON_JSON.sub(rf'\1"{HIDDEN}"', text))
