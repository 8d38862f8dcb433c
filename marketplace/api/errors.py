"""What is answered instead of what was asked for: the contract's bodies, word for word."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any

BUSY = 5  # seconds after which it is worth asking again


@dataclass(frozen=True)
class Answer:
    """A status, a JSON body, and headers besides."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))

    @property
    def reason(self) -> str:
        """Why it was refused, for the log; "" where it was not."""
        if self.status < HTTPStatus.BAD_REQUEST:
            return ""
        errors = ", ".join(f"{name} {why}" for name, why in self.body.get("errors", {}).items())
        detail = errors or self.body.get("reason") or self.body.get("parameter") or ""
        return f"{self.body['cause']} {detail}: {self.body['message']}"[:300]


class Problem(Exception):
    """The call ends with this answer. `is_noted`: whether that is worth a line in the log."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body["cause"])
        self.answer = answer
        self.is_noted = True


def _problem(status: int, message: str, cause: str, headers: Mapping[str, str] | None = None, **more: Any) -> Problem:
    return Problem(Answer(status, {"message": message, "cause": cause, **more}, headers or {}))


def bad_request(errors: Mapping[str, str]) -> Problem:
    """400. `errors`: why, by the name of the parameter, header or field."""
    return _problem(HTTPStatus.BAD_REQUEST, "Bad Request", "badRequest", errors=dict(errors))


def unauthorized(message: str, level: str) -> Problem:
    """401. `level`: "client" or "location"."""
    return _problem(HTTPStatus.UNAUTHORIZED, message, "unauthorizedAccess", accessLevel=level)


def not_found(parameter: str, message: str) -> Problem:
    """404 of what a parameter names."""
    return _problem(HTTPStatus.NOT_FOUND, message, "entityNotFound", parameter=parameter)


def no_endpoint(message: str = "Requested endpoint does not exist") -> Problem:
    """404 of an address."""
    return _problem(HTTPStatus.NOT_FOUND, message, "resourceNotFound")


def wrong_method(allowed: str) -> Problem:
    """405. `allowed`: the methods of the address, with commas."""
    message = f"Method is not allowed, these are: {allowed}"
    return _problem(HTTPStatus.METHOD_NOT_ALLOWED, message, "methodNotAllowed", {"Allow": allowed})


def unprocessable(cause: str, reason: str, message: str) -> Problem:
    """422. Cause and reason are those that the document has for the operation."""
    return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, message, cause, reason=reason)


def too_many(seconds: int) -> Problem:
    """429, to be asked again after so many seconds."""
    message = f"Rate limit exceeded, try again in {seconds} s"
    return _problem(HTTPStatus.TOO_MANY_REQUESTS, message, "rateLimitsExceeded", {"Retry-After": str(seconds)})


def unexpected() -> Problem:
    """500. What went wrong stands in our log."""
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error", "internalUnexpectedError")


def unavailable() -> Problem:
    """503: the database is away, busy or out of connections."""
    message = "The system is unavailable, try again later"
    return _problem(HTTPStatus.SERVICE_UNAVAILABLE, message, "systemUnavailable", {"Retry-After": str(BUSY)})
