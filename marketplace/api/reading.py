"""What a call gives us: headers, parameters, words of its address, a body; each read strictly."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest
from django.http.request import RawPostDataException

from marketplace.api.errors import bad_request, not_found
from portal.models import Member

MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_NUMBER = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_NAMED = re.compile(r"[A-Za-z0-9]")
LARGEST_BODY = 64 * 1024  # bytes; what is asked for with a body is a name and an address

CLIENT, SECRET, LOCATION, KEY = "X-Client-ID", "X-Client-Secret", "X-Location-ID", "Idempotency-Key"


def proof(request: HttpRequest) -> tuple[str, str, str]:
    """Client id, secret and location id. Raises Problem where one is missing."""
    given = {name: request.headers.get(name, "") for name in (CLIENT, SECRET, LOCATION)}
    if missing := {name: "missing" for name, value in given.items() if not value}:
        raise bad_request(missing)
    # PostgreSQL cannot hold a NUL: what has one is nobody's.
    client_id, secret, place = (value.replace("\0", "\ufffd") for value in given.values())
    return client_id, secret, place


def key_of(request: HttpRequest) -> str | None:
    """The `Idempotency-Key`; None: without one. Raises Problem."""
    key = request.headers.get(KEY)
    if key is not None and not _KEY.fullmatch(key):
        raise bad_request({KEY: "wrongFormat"})
    return key


def moment(text: str) -> datetime | None:
    """`2010-08-21T22:31:20Z`, and nothing that only looks like it; None: it is not one."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(MOMENT)


def time_range(request: HttpRequest, **errors: str) -> tuple[datetime, datetime]:
    """`startDateTime` and `endDateTime`. `errors`: those of other parameters. Raises Problem."""
    found: dict[str, datetime] = {}
    for name in ("startDateTime", "endDateTime"):
        text = request.GET.get(name, "")
        if not text:
            errors[name] = "missing"
        elif (read := moment(text)) is None:
            errors[name] = "wrongFormat"
        else:
            found[name] = read
    start, end = found.get("startDateTime"), found.get("endDateTime")
    if start and end and start > end:
        errors |= {"startDateTime": "greaterThanEndDateTime", "endDateTime": "lessThanStartDateTime"}
    if errors or start is None or end is None:
        raise bad_request(errors)
    return start, end


def class_id(text: str) -> int:
    """Raises Problem where no class can have it."""
    if not _NUMBER.fullmatch(text):
        raise class_not_found(text)
    return int(text)


def exerciser_id(text: str) -> UUID:
    """Raises Problem where no guest can have it."""
    try:
        found = UUID(text)
    except ValueError:
        raise exerciser_not_found(text) from None
    if str(found) != text.lower():
        raise exerciser_not_found(text)
    return found


def class_not_found(text: str) -> Exception:
    return not_found("classId", f"Class '{text[:40]}' is not found")


def exerciser_not_found(text: str) -> Exception:
    return not_found("exerciserId", f"Exerciser '{text[:40]}' is not found")


def body(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of the body. Raises Problem."""
    try:
        found = json.loads(request.body.decode())
    except (ValueError, RecursionError, RawPostDataException):
        found = None
    if not isinstance(found, dict):
        raise bad_request({"body": "wrongFormat"})
    return found


def person(given: Mapping[str, Any]) -> dict[str, str]:
    """`external_id`, `first_name`, `last_name`, `email` of a body. Raises Problem."""
    errors: dict[str, str] = {}
    lengths = {
        "marketplaceMemberId": 100,
        "firstName": Member._meta.get_field("first_name").max_length or 0,
        "lastName": Member._meta.get_field("last_name").max_length or 0,
        "email": Member._meta.get_field("email").max_length or 0,
    }
    found = {name: _text(given.get(name), most, name, errors) for name, most in lengths.items()}
    if not found["marketplaceMemberId"]:
        errors.setdefault("marketplaceMemberId", "missing")
    elif not _NAMED.search(found["marketplaceMemberId"]):
        errors["marketplaceMemberId"] = "wrongFormat"
    if found["email"] and not _is_email(found["email"]):
        errors["email"] = "wrongFormat"
    if errors:
        raise bad_request(errors)
    ours = {"marketplaceMemberId": "external_id", "firstName": "first_name", "lastName": "last_name", "email": "email"}
    return {ours[name]: value for name, value in found.items()}


def _text(value: Any, most: int, name: str, errors: dict[str, str]) -> str:
    """A field that may be missing, trimmed."""
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most or not can_be_written(value):
        errors[name] = "wrongFormat"
        return ""
    return value.strip()


def can_be_written(text: str) -> bool:
    """Half a character (a lone surrogate) cannot, and PostgreSQL holds no NUL."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
