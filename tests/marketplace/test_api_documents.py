"""Schemathesis asks our API what each document allows and what it does not, and holds the answers against it."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from django.core.handlers.wsgi import WSGIHandler
from django.db.backends.base.base import BaseDatabaseWrapper
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as turns
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode

from marketplace import limits
from marketplace.api.document import BASE, DOCUMENT
from marketplace.api.examples import EXAMPLES
from tests.marketplace.door import Door, attendee, utc

# The contract itself, where it lies beside the project: it is not ours to publish.
CONTRACT = Path(__file__).parents[3] / "shared/specs/egym-canonical-groupx-classes-openapi.yml"
DOCUMENTS: dict[str, dict[str, Any]] = {"ours": DOCUMENT}
if CONTRACT.exists():
    DOCUMENTS["the contract"] = yaml.safe_load(CONTRACT.read_text())
TURNS = 4  # of each kind for each operation
POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
OF_EVERY_OPERATION = {400, 401, 404, 405, 429, 500, 503}

# The one place of what schemathesis says and we do not change: (what it says, where it is so, why).
EXPLAINED = (
    (
        "RejectedPositiveData",
        lambda _document, answer: answer.status_code == 422,
        "A request can be well-formed and still be refused by a rule; each such answer is in the document.",
    ),
    (
        "RejectedPositiveData",
        lambda _document, answer: "lessThanStartDateTime" in errors_of(answer).values(),
        "No schema can say that one parameter must not come after another.",
    ),
    (
        "RejectedPositiveData",
        lambda _document, answer: errors_of(answer) == {"email": "wrongFormat"},
        "JSON Schema's `email` allows addresses that no mail server takes (quoted names, one-word hosts).",
    ),
    (
        "RejectedPositiveData",
        lambda document, answer: document == "the contract" and answer.status_code == 400,
        "The contract marks access headers as optional and lets its meta options require them; and it writes times as"
        " `date-time`, of which its text allows one spelling.",
    ),
    (
        "UndefinedStatusCode",
        lambda document, answer: document == "the contract" and answer.status_code in OF_EVERY_OPERATION,
        "The contract describes the errors of all operations in its text and not at each of them.",
    ),
)


def errors_of(answer: Any) -> dict[str, str]:
    return answer.json().get("errors", {}) if answer.status_code == 400 else {}


@pytest.fixture(autouse=True)
def many_calls(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is too fast here; and a server that is called directly closes no connection of the test's transaction."""
    settings.API_CALLS = 10**9
    monkeypatch.setattr(limits, "WRONG_PROOFS", 10**9)
    monkeypatch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", lambda _self: None)


def unexplained(document: str, case: Any) -> list[str]:
    """Asks, and says what is wrong with the answer."""
    answer = case.call()
    try:
        case.validate_response(answer)
    except BaseExceptionGroup as found:
        wrong = list(found.exceptions)
    except schemathesis.errors.Failure as one:
        wrong = [one]
    else:
        return []
    return [
        f"{case.method} {case.formatted_path}: {answer.status_code} {problem}"
        for problem in wrong
        if not any(type(problem).__name__ == name and holds(document, answer) for name, holds, _why in EXPLAINED)
    ]


def ask(document: str, operation: Any, mode: GenerationMode, **fixed: Any) -> list[str]:
    found: list[str] = []

    @turns(
        max_examples=TURNS,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(mode, **fixed))
    def turn(case: Any) -> None:
        found.extend(unexplained(document, case))

    turn()
    return found


def operations(document: str) -> list[Any]:
    schema = schemathesis.openapi.from_dict({**DOCUMENTS[document], "servers": [{"url": BASE}]})
    schema.app = WSGIHandler()
    return [one.ok() for one in schema.get_all_operations()]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_allows_is_answered_as_it_says(document: str, door: Door) -> None:
    """With access data and rows that exist; with rows that do not; without access data."""
    ids = {"classId": str(door.session().pk), "exerciserId": str(door.guest().key)}
    wrong: list[str] = []
    for one in operations(document):
        known = {name: value for name, value in ids.items() if f"{{{name}}}" in one.path}
        if known:
            wrong += ask(document, one, POSITIVE, headers=door.headers, path_parameters=known)
        wrong += ask(document, one, POSITIVE, headers=door.headers)
        wrong += ask(document, one, POSITIVE)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_does_not_allow_is_refused_as_it_says(document: str, door: Door) -> None:
    """Parameters and bodies of other shapes; and of ours, access data of other shapes."""
    wrong: list[str] = []
    for one in operations(document):
        if one.body or any(name.endswith("DateTime") for name in [parameter.name for parameter in one.query]):
            wrong += ask(document, one, NEGATIVE, headers=door.headers)
        if document == "ours" and one.headers:
            wrong += ask(document, one, NEGATIVE)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_an_ordinary_day_is_written_as_the_document_says(document: str, door: Door) -> None:
    """Each operation of the contract once, answered with 200."""
    session, guest = door.session(), door.guest()
    full, other = door.session(capacity=1), door.guest()
    assert door.post(attendee(full, other)).status_code == 200
    day = {"startDateTime": utc(session.starts_at), "endDateTime": utc(session.starts_at)}
    here = {"classId": str(session.pk), "exerciserId": str(guest.key)}
    there = {**here, "classId": str(full.pk)}
    place, line = "/classes/{classId}/attendees/{exerciserId}", "/classes/{classId}/waitlist/attendees/{exerciserId}"
    schedule = "/exercisers/{exerciserId}/schedule"
    by_path = {(one.path, one.method.upper()): one for one in operations(document)}
    for path, method, words, query in (
        ("/classes", "GET", {}, {"locationId": "centrum", **day}),
        ("/classes/{classId}", "GET", {"classId": str(session.pk)}, {}),
        ("/classes/{classId}", "GET", {"classId": str(session.pk)}, {"exerciserId": str(guest.key)}),
        (place, "POST", here, {}),
        (line, "POST", there, {}),
        (schedule, "GET", {"exerciserId": str(guest.key)}, day),
        (line, "DELETE", there, {}),
        (place, "DELETE", here, {}),
    ):
        case = by_path[path, method].Case(path_parameters=words, query=query, headers=door.headers)
        answer = case.call_and_validate()
        assert answer.status_code == 200, (method, path, answer.text)
        assert answer.json(), (method, path)


def test_the_document_is_whole() -> None:
    schemathesis.openapi.from_dict(DOCUMENT).validate()
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            assert operation["responses"], (path, method)


@pytest.mark.parametrize("key", EXAMPLES)
def test_what_the_page_shows_is_what_the_document_says(key: str) -> None:
    _call, answer = EXAMPLES[key]
    operation = next(
        one for methods in DOCUMENT["paths"].values() for one in methods.values() if one["operationId"] == key
    )
    status = "422" if "cause" in answer else "200"
    schema = operation["responses"][status]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(answer)
