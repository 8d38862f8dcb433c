"""The OpenAPI document of what marketplaces call, in our own words: shown at `/api/`, served at `/api/openapi.json`."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from marketplace.api.endpoint import REUSED, REUSED_REASON
from marketplace.api.reading import CLIENT, KEY, LOCATION, SECRET
from marketplace.api.reasons import NOT_ATTENDEE, REASONS, Operation
from marketplace.api.schemas import SCHEMAS, Schema, moment, ref, refusal, text
from marketplace.limits import WINDOW

BASE = "/api/groupx/v1"
# The contract's meta options: what of it this implementation offers.
META: Mapping[str, bool] = {
    "bookingEnabled": True,
    "waitlist": True,
    "spotBookingEnabled": False,
    "includeClientData": True,
    "includeChainData": False,
    "includeLocationGroupData": False,
    "includeLocationData": True,
    "includeUserData": False,
    "includeLocalizationData": False,
}
INTRODUCTION = f"""\
Marketplaces show the classes of a studio in their own app and book places for their members here. The API follows the
Canonical GroupX Classes contract; what goes beyond it is marked as an addition.

Times are UTC and written `yyyy-MM-ddTHH:mm:ssZ`, in both directions. Every answer is JSON; an error has a `message` for
people and a `cause` for programs.

Every call names the marketplace by `X-Client-ID` and `X-Client-Secret` and the location by `X-Location-ID`. A missing
header is 400, a wrong one 401. When the secret is changed, the one before it stays good for a time.

A class is visible while this marketplace may sell it, and to an exerciser who has or had a booking in it. Everything
else is 404, as if it did not exist.

Every call that writes takes an `Idempotency-Key` (an addition): for 24 hours the same key gets the same answer, also
when the calls come at once; with another request it is 422 `idempotencyFailed`. Without a key, a place that is booked
twice is refused with `userAlreadyAttendee`.

A client may call {settings.API_CALLS} times in {WINDOW} seconds; beyond that the answer is 429 with `Retry-After`."""

_HEADERS = [
    {"name": CLIENT, "about": "The marketplace. Wrong: 401.", "example": "wellpass-demo"},
    {"name": SECRET, "about": "Its secret. Wrong: 401.", "example": "wellpass-demo-secret"},
    {"name": LOCATION, "about": "The location of the studio, by the agreed id. Wrong: 401.", "example": "centrum"},
]
_ERRORS = {
    400: ("BadRequest", "Missing or not understood."),
    401: ("Unauthorized", "Access data are not good."),
    404: ("EntityNotFound", "Does not exist for you."),
    405: ("MethodNotAllowed", "Another method is meant."),
    429: ("RateLimitsExceeded", "Too many calls."),
    500: ("InternalUnexpectedError", "Our mistake."),
    503: ("SystemUnavailable", "Try again later."),
}

_SWITCHED_OFF = ("ResourceNotFound", "Not offered.")


def _parameter(name: str, where: str, schema: Schema, about: str, *, required: bool = True) -> Schema:
    return {"name": name, "in": where, "required": required, "description": about, "schema": schema}


def _components() -> Schema:
    headers = {
        str(one["name"]): _parameter(one["name"], "header", text(minLength=1, examples=[one["example"]]), one["about"])
        for one in _HEADERS
    }
    key = text(minLength=1, maxLength=255, pattern=r"^[\x21-\x7e]+$")
    return {
        "parameters": {
            **headers,
            KEY: _parameter(KEY, "header", key, "Any text of your own, new for each intention.", required=False),
            "classId": _parameter("classId", "path", text(), "Unknown or not visible: 404."),
            "exerciserId": _parameter("exerciserId", "path", text(), "As `POST /exercisers` answered. Unknown: 404."),
            "startDateTime": _parameter(
                "startDateTime",
                "query",
                moment("From then on."),
                "`missing`, `wrongFormat` or `greaterThanEndDateTime`: 400.",
            ),
            "endDateTime": _parameter(
                "endDateTime",
                "query",
                moment("Until then."),
                "`missing`, `wrongFormat` or `lessThanStartDateTime`: 400.",
            ),
        },
        "responses": {name: _answer(about, ref(name)) for name, about in (*_ERRORS.values(), _SWITCHED_OFF)},
        "schemas": SCHEMAS,
    }


def _answer(about: str, schema: Schema) -> Schema:
    found: Schema = {"description": about, "content": {"application/json": {"schema": schema}}}
    if schema == ref("RateLimitsExceeded") or schema == ref("SystemUnavailable"):
        found["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}
    if schema == ref("MethodNotAllowed"):
        found["headers"] = {"Allow": {"description": "The methods of the address.", "schema": text()}}
    return found


def _operation(
    name: str,
    summary: str,
    about: str,
    *parameters: str | Schema,
    answer: Schema,
    refuses: Operation | None = None,
    writes: bool = False,
    status: int = 200,
    said: str = "Done; the class as it is now.",
) -> Schema:
    """One operation with the answers that every one of them may give."""
    names = [CLIENT, SECRET, LOCATION, *([KEY] if writes else []), *parameters]
    responses: dict[str, Schema] = {str(status): _answer(said, answer)}
    responses |= {str(code): {"$ref": f"#/components/responses/{kind}"} for code, (kind, _about) in _ERRORS.items()}
    if refuses:
        schema = refusal(refuses.value, sorted(REASONS[refuses]), (REUSED, REUSED_REASON))
        if not writes:  # takes no key
            schema = schema["oneOf"][0]
        responses["422"] = _answer("Refused; nothing was changed.", schema)
    return {
        "operationId": name,
        "summary": summary,
        "description": about,
        "parameters": [{"$ref": f"#/components/parameters/{one}"} if isinstance(one, str) else one for one in names],
        "responses": dict(sorted(responses.items())),
    }


_GUEST = ("classId", "exerciserId")
_SPOT = _parameter(
    "spot",
    "query",
    text(),
    "A spot is assigned with the booking and cannot be chosen (`spotBookingEnabled` is off): with this parameter the"
    " call is refused with `noFreeSpots`.",
    required=False,
)


def _paths() -> Schema:
    return {
        "/classes": {
            "get": _operation(
                "searchClasses",
                "Search classes",
                "The classes that this marketplace may sell at the location now, from `startDateTime` to `endDateTime`"
                " (both included, by their start), the soonest first.",
                _parameter("locationId", "query", text(), "The location of `X-Location-ID`. Another one: 404."),
                "startDateTime",
                "endDateTime",
                answer={"type": "array", "items": ref("Class")},
                said="The classes.",
            )
        },
        "/classes/{classId}": {
            "get": _operation(
                "getClassDetails",
                "Class details",
                "One class; with `exerciserId` also what this person has and may do there, by the rules that a booking"
                " would be asked by. Nothing is held for the person.",
                "classId",
                _parameter("exerciserId", "query", text(), "Unknown: 404.", required=False),
                answer=ref("Class"),
                said="The class.",
            )
        },
        "/classes/{classId}/attendees/{exerciserId}": _attendees(),
        "/classes/{classId}/attendees/{exerciserId}/check-in": _check_ins(),
        "/classes/{classId}/attendees/{exerciserId}/review": _reviews(),
        "/classes/{classId}/waitlist/attendees/{exerciserId}": _waitlist(),
        "/exercisers": {"post": _welcome()},
        "/exercisers/{exerciserId}/schedule": {
            "get": _operation(
                "getExerciserClassSchedule",
                "An exerciser's schedule",
                "Where the person is booked or waits by this marketplace, at all of the studio's locations; past days"
                " too.",
                "exerciserId",
                "startDateTime",
                "endDateTime",
                answer={"type": "array", "items": ref("Class")},
                said="The classes.",
            )
        },
        "/meta": {"get": _meta()},
    }


def _attendees() -> Schema:
    not_supported = _operation(
        "updateBooking",
        "Change the spot",
        "Switched off by `spotBookingEnabled`: always 404 `resourceNotFound`.",
        *_GUEST,
        answer={},
    )
    del not_supported["responses"]["200"]
    not_supported["responses"]["404"] = {"$ref": "#/components/responses/ResourceNotFound"}
    return {
        "post": _operation(
            "addAttendeeToClass",
            "Book",
            "Takes a place for the person, with a spot where the room has numbered ones. The cancellation rule of the"
            " contract is copied onto the booking; what is agreed later does not touch it.",
            *_GUEST,
            _SPOT,
            answer=ref("Class"),
            refuses=Operation.BOOK,
            writes=True,
        ),
        "put": not_supported,
        "delete": _operation(
            "removeAttendeeFromClass",
            "Cancel",
            "Gives the place back. Addition: `cancellation` says whether that was late and by whose rule. After a"
            " check-in nothing is cancelled; the studio is asked to look at it.",
            *_GUEST,
            answer=ref("CancelledClass"),
            refuses=Operation.REMOVE,
            writes=True,
        ),
    }


def _check_ins() -> Schema:
    return {
        "post": _operation(
            "checkIn",
            "Check in (addition)",
            "The member is at the door, by the marketplace's own proof. Ticks the guest at the desk. Repeated, it"
            " changes nothing.",
            *_GUEST,
            answer=ref("Class"),
            refuses=Operation.CHECK_IN,
            writes=True,
        ),
        "delete": _operation(
            "removeCheckIn",
            "Take a check-in back (addition)",
            "The marketplace's check-in was a mistake. A tick that a person at the desk made stays.",
            *_GUEST,
            answer=ref("Class"),
            refuses=Operation.TAKE_BACK,
            writes=True,
        ),
    }


def _reviews() -> Schema:
    put = _operation(
        "writeReview",
        "Write or change a review (addition)",
        "What the member says of a visit with a check-in, from its end for 14 days; one for each visit. The same again"
        " changes nothing, so it can be repeated; what it said before is kept. More than ten changes an hour are 429."
        " Nobody can delete a review.",
        *_GUEST,
        answer=ref("VisitReview"),
        refuses=Operation.REVIEW,
        said="Kept; the review as it is now.",
    )
    put["requestBody"] = {"required": True, "content": {"application/json": {"schema": ref("Review")}}}
    get = _operation(
        "getReview",
        "Review of a visit (addition)",
        "What is asked, until when; and what the member said, with the studio's reply and whether it is hidden.",
        *_GUEST,
        answer=ref("VisitReview"),
        refuses=Operation.REVIEW,
        said="What is asked, and what was said.",
    )
    only = refusal(Operation.REVIEW.value, [NOT_ATTENDEE], (REUSED, REUSED_REASON))["oneOf"][0]
    get["responses"]["422"] = _answer("No place of the exerciser in the class.", only)
    return {"get": get, "put": put}


def _waitlist() -> Schema:
    return {
        "post": _operation(
            "addAttendeeToWaitlist",
            "Join the waiting list",
            "Only while the class is full. Who is next when a place comes free is decided by the studio's list.",
            *_GUEST,
            answer=ref("Class"),
            refuses=Operation.WAIT,
            writes=True,
        ),
        "delete": _operation(
            "removeAttendeeFromWaitlist",
            "Leave the waiting list",
            "Takes the person off the list.",
            *_GUEST,
            answer=ref("Class"),
            refuses=Operation.LEAVE,
            writes=True,
        ),
    }


def _welcome() -> Schema:
    found = _operation(
        "addExerciser",
        "Make a member known (addition)",
        "Answers what the person is called here, before the first booking. Who is known by `marketplaceMemberId`, or by"
        " the e-mail address, is found again (200) and otherwise made (201).",
        answer=ref("Exerciser"),
        writes=True,
        said="Known already.",
    )
    reused = refusal("", [], (REUSED, REUSED_REASON))["oneOf"][1]
    found["requestBody"] = {"required": True, "content": {"application/json": {"schema": ref("Person")}}}
    found["responses"] |= {"201": _answer("Made.", ref("Exerciser")), "422": _answer("Refused.", reused)}
    del found["responses"]["404"]
    found["responses"] = dict(sorted(found["responses"].items()))
    return found


def _meta() -> Schema:
    options = {"type": "object", "properties": {name: {"const": value} for name, value in META.items()}}
    return {
        "operationId": "getMeta",
        "summary": "Meta options (addition)",
        "description": "What of the contract is offered. Needs no access data.",
        "security": [],
        "responses": {
            "200": _answer("The options.", {**options, "required": list(META)}),
            "405": {"$ref": "#/components/responses/MethodNotAllowed"},
        },
    }


def document() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Classes for marketplaces",
            "version": "1.0",
            "description": INTRODUCTION,
            "x-meta-options": dict(META),
        },
        "servers": [{"url": BASE}],
        "paths": _paths(),
        "components": _components(),
    }


DOCUMENT = document()
