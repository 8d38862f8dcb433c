"""The document in the order in which a person reads it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from marketplace.api.examples import EXAMPLES
from marketplace.api.reading import CLIENT, LOCATION, SECRET

STATUSES = {
    200: "OK",
    201: "Created",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    422: "Refused",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Unavailable",
}

# What is said once for all operations.
HEADERS = frozenset({CLIENT, SECRET, LOCATION})
SHAPES = ("Brief", "BookingDetails", "Details", "AttendeeBookingDetails", "Cancellation", "VisitReview")
OF_ALL = frozenset({400, 401, 404, 405, 429, 500, 503})


@dataclass(frozen=True)
class Parameter:
    name: str
    where: str
    required: bool
    about: SafeString


@dataclass(frozen=True)
class Reply:
    status: int
    name: str
    about: SafeString
    # What programs tell refusals apart by: (cause, its reasons).
    causes: list[tuple[str, list[str]]] = field(default_factory=list)


@dataclass(frozen=True)
class Chapter:
    """One operation."""

    key: str
    method: str
    path: str
    title: str
    about: SafeString
    parameters: list[Parameter]
    # Of the body.
    fields: list[Parameter]
    replies: list[Reply]
    # A call and its answer, as a person would type and see them.
    call: str
    answer: str


def paragraphs(text: str) -> list[SafeString]:
    """Of a longer text, by its empty lines."""
    return [_worded(one) for one in text.split("\n\n")]


def _worded(text: str) -> SafeString:
    """With what stands between back-ticks as code."""
    parts = text.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if at % 2 else part,) for at, part in enumerate(parts))
    )


def chapters(document: Mapping[str, Any]) -> Iterator[Chapter]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            key = operation["operationId"]
            call, answer = EXAMPLES.get(key, ("", None))
            yield Chapter(
                key=key,
                method=method.upper(),
                path=path,
                title=operation["summary"],
                about=_worded(operation["description"]),
                parameters=[
                    _parameter(document, one)
                    for one in operation.get("parameters", [])
                    if one.get("$ref", "").rpartition("/")[2] not in HEADERS
                ],
                fields=_fields(document, operation),
                replies=[
                    _reply(document, int(status), one)
                    for status, one in operation["responses"].items()
                    if int(status) not in OF_ALL or method == "put"
                ],
                call=call,
                answer="" if answer is None else json.dumps(answer, indent=2, ensure_ascii=False),
            )


@dataclass(frozen=True)
class Shape:
    """A part of an answer and its fields."""

    name: str
    about: SafeString
    fields: list[tuple[str, SafeString]]


def shapes(document: Mapping[str, Any]) -> list[Shape]:
    """What a class is made of in an answer."""
    schemas = document["components"]["schemas"]
    return [
        Shape(
            name=name,
            about=_worded(schema.get("description", "")),
            fields=[(field, _worded(one.get("description", ""))) for field, one in schema["properties"].items()],
        )
        for name, schema in ((name, schemas[name]) for name in SHAPES)
    ]


def everywhere(document: Mapping[str, Any]) -> list[Reply]:
    """The errors that every operation may answer with, said once."""
    first = next(iter(document["paths"].values()))["get"]["responses"]
    return [_reply(document, int(status), one) for status, one in first.items() if int(status) in OF_ALL]


def _found(document: Mapping[str, Any], one: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference leads to; anything else as it is."""
    if "$ref" not in one:
        return one
    found: Any = document
    for word in one["$ref"].removeprefix("#/").split("/"):
        found = found[word]
    return found


def _parameter(document: Mapping[str, Any], one: Mapping[str, Any]) -> Parameter:
    found = _found(document, one)
    return Parameter(found["name"], found["in"], found["required"], _worded(found["description"]))


def _fields(document: Mapping[str, Any], operation: Mapping[str, Any]) -> list[Parameter]:
    if "requestBody" not in operation:
        return []
    schema = _found(document, operation["requestBody"]["content"]["application/json"]["schema"])
    return [
        Parameter(name, "body", name in schema["required"], _worded(one.get("description", "")))
        for name, one in schema["properties"].items()
    ]


def _reply(document: Mapping[str, Any], status: int, one: Mapping[str, Any]) -> Reply:
    found = _found(document, one)
    schema = _found(document, found["content"]["application/json"]["schema"])
    causes = [cause for branch in schema.get("oneOf", [schema]) if (cause := _cause(branch))]
    return Reply(status, STATUSES[status], _worded(found["description"]), causes)


def _cause(schema: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    fields = schema.get("properties", {})
    if not fields.get("cause", {}).get("const"):
        return None
    reason = fields.get("reason", {})
    return fields["cause"]["const"], reason.get("enum", [reason["const"]] if "const" in reason else [])
