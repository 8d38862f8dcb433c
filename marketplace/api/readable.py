"""The document in the order in which a person reads it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from marketplace.api.examples import EXAMPLES

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


@dataclass(frozen=True)
class Parameter:
    name: str
    where: str
    required: bool
    about: str


@dataclass(frozen=True)
class Reply:
    status: int
    name: str
    about: str
    # What programs tell refusals apart by: (cause, its reasons).
    causes: list[tuple[str, list[str]]] = field(default_factory=list)


@dataclass(frozen=True)
class Chapter:
    """One operation."""

    key: str
    method: str
    path: str
    title: str
    about: str
    parameters: list[Parameter]
    replies: list[Reply]
    # A call and its answer, as a person would type and see them.
    call: str
    answer: str


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
                about=operation["description"],
                parameters=[_parameter(document, one) for one in operation.get("parameters", [])],
                replies=[_reply(document, int(status), one) for status, one in operation["responses"].items()],
                call=call,
                answer="" if answer is None else json.dumps(answer, indent=2, ensure_ascii=False),
            )


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
    return Parameter(found["name"], found["in"], found["required"], found["description"])


def _reply(document: Mapping[str, Any], status: int, one: Mapping[str, Any]) -> Reply:
    found = _found(document, one)
    schema = _found(document, found["content"]["application/json"]["schema"])
    causes = [cause for branch in schema.get("oneOf", [schema]) if (cause := _cause(branch))]
    return Reply(status, STATUSES[status], found["description"], causes)


def _cause(schema: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    fields = schema.get("properties", {})
    if "const" not in fields.get("cause", {}):
        return None
    reason = fields.get("reason", {})
    return fields["cause"]["const"], reason.get("enum", [reason["const"]] if "const" in reason else [])
