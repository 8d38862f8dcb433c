"""Logs: one JSON object a line, made of fields named here and of nothing else, without personal data (S22)."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from pythonjsonlogger.json import JsonFormatter

from portal.redaction import describe, redact, trace

# What a line may hold besides time, level, logger and event. Our own code gives them as `extra`.
FIELDS = frozenset(
    {
        *("method", "route", "status", "seconds", "studio", "login"),
        *("job", "kind", "attempt", "count", "failures", "error"),
    }
)
# Whose messages we know to be free of personal data when they are filled in. A library's message is logged as its
# template, since what it fills in may be anything: an address, a path, a submitted value.
OURS = frozenset({"config", "portal", "packages", "bookings", "reviews", "marketplace", "invoicing"})
# Django puts the path or the offending value into these messages before they reach us.
EVENTS = {"django.request": "request failed", "django.security": "suspicious request refused"}
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_request_id: ContextVar[str] = ContextVar("request_id", default="")

logger = logging.getLogger(__name__)


class Formatter(JsonFormatter):
    """A line from a record: only allowed fields, text redacted, an exception as its class and places in the code."""

    converter = staticmethod(time.gmtime)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03}Z"
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["event"] = redact(_event(record))
        if request_id := _request_id.get():
            log_data["request"] = request_id
        for field in sorted(FIELDS & record.__dict__.keys()):
            value = record.__dict__[field]
            log_data[field] = redact(value) if isinstance(value, str) else value
        if record.exc_info and record.exc_info[1]:
            log_data["error"] = describe(record.exc_info[1])
            log_data["trace"] = trace(record.exc_info[2])
            if cause := record.exc_info[1].__cause__:
                log_data["cause"] = describe(cause)

    def format(self, record: logging.LogRecord) -> str:
        log_data: dict[str, Any] = {}
        self.add_fields(log_data, record, {})
        return self.serialize_log_record(log_data)


def _event(record: logging.LogRecord) -> str:
    for name, event in EVENTS.items():
        if record.name.startswith(name):
            return event
    if record.name.partition(".")[0] in OURS:
        return record.getMessage()
    return str(record.msg)


def logging_settings(level: str) -> dict[str, Any]:
    """Django's LOGGING: everything to standard error. No e-mail to administrators: it would hold local variables."""
    quiet = {"level": "WARNING"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": Formatter}},
        "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"level": level, "handlers": ["lines"]},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "propagate": False},
            # The request log below says it once, without the path.
            "django.request": {"level": "ERROR"},
            # Beat rings every five seconds.
            "celery.beat": quiet,
            "celery.worker.strategy": quiet,
            "celery.app.trace": quiet,
        },
    }


class RequestLog:
    """One line a request: what was asked for and how it ended, by whom as a number. Gives the request its id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")  # by the proxy
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        token = _request_id.set(request_id)
        began = time.monotonic()
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = request_id
            self._log(request, response, time.monotonic() - began)
            return response
        finally:
            _request_id.reset(token)

    def _log(self, request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
        route = request.resolver_match.view_name if request.resolver_match else None
        if route in {"livez", "healthz"} and response.status_code < 500:
            return
        login, studio = getattr(request, "login", None), getattr(request, "studio", None)
        logger.info(
            "request",
            extra={
                "method": request.method if request.method in {"GET", "HEAD", "POST"} else "other",
                "route": route,
                "status": response.status_code,
                "seconds": round(seconds, 4),
                "studio": studio.slug if studio else None,
                "login": login.pk if login else None,
            },
        )
