"""Calls and answers to look at, for the readable page; a test holds them against the document's schemas."""

from typing import Any

_BASE = "https://studio.example/api/groupx/v1"
_PERSON = "0b9d6a52-5a0e-4a6e-9a55-0f4d8a3c2b11"
_HEADERS = """\\
     -H 'X-Client-ID: wellpass-demo' \\
     -H 'X-Client-Secret: wellpass-demo-secret' \\
     -H 'X-Location-ID: centrum'"""
_KEY = """ \\
     -H 'Idempotency-Key: 5f0c1c1e-fit-4711'"""

_CLASS: dict[str, Any] = {
    "brief": {
        "id": "4711",
        "name": "Vinyasa Flow",
        "startDateTime": "2026-03-02T18:00:00Z",
        "endDateTime": "2026-03-02T19:00:00Z",
        "free": True,
        "reservable": True,
        "instructor": {"firstName": "Mira", "lastName": "Okafor", "fullName": "Mira Okafor"},
        "activity": {"name": "Vinyasa Flow"},
        "locationId": "centrum",
    },
    "bookingDetails": {"capacity": 6, "booked": 3, "waitlistCapacity": 10, "waitlistBooked": 0},
    "details": {
        "description": "Breath and movement, for everybody.",
        "customInfo": [
            {"key": "kind", "value": "class"},
            {"key": "freeCancellationUntil", "value": "2026-03-02T14:00:00Z"},
        ],
        "room": {"name": "Studio 1"},
    },
}
_NO = {"eligible": False, "lackOfProduct": False, "reason": "Booked already"}
_OUT: dict[str, Any] = {
    "exerciserId": _PERSON,
    "booked": False,
    "waitlistBooked": False,
    "waitlistPosition": 0,
    "checkedIn": False,
    "eligibility": {
        "addToClassEligibility": {"eligible": True},
        "removeFromClassEligibility": {"eligible": False},
        "addToWaitlistEligibility": {
            "eligible": False,
            "lackOfProduct": False,
            "reason": "The class has free places: it can be booked",
        },
        "removeFromWaitlistEligibility": {"eligible": False},
    },
}
_IN: dict[str, Any] = {
    **_OUT,
    "booked": True,
    "bookingId": "tresen-6f3c0d5e9a7b1842",
    "spotBooked": "A2",
    "eligibility": {
        "addToClassEligibility": _NO,
        "removeFromClassEligibility": {"eligible": True},
        "addToWaitlistEligibility": _NO,
        "removeFromWaitlistEligibility": {"eligible": False},
    },
}


def _call(method: str, path: str, *, key: bool = False, body: str = "") -> str:
    words = f"curl -X {method} '{_BASE}{path}'"
    sent = (
        f""" \\
     -d '{body}'"""
        if body
        else ""
    )
    return f"{words} {_HEADERS}{_KEY if key else ''}{sent}"


_DAYS = "startDateTime=2026-03-02T00:00:00Z&endDateTime=2026-03-03T00:00:00Z"
_ATTENDEE = f"/classes/4711/attendees/{_PERSON}"
_WAITING = f"/classes/4711/waitlist/attendees/{_PERSON}"
_LATE = {"late": True, "freeUntil": "2026-03-02T14:00:00Z", "rule": "contract"}

_ASKED = [
    {"criterion": "class", "weight": 40},
    {"criterion": "teacher", "weight": 30},
    {"criterion": "place", "weight": 15},
    {"criterion": "welcome", "weight": 15},
]
_MARKS = {"class": 4, "teacher": 5, "place": 3, "welcome": 5}
_REVIEW: dict[str, Any] = {
    "asked": _ASKED,
    "openUntil": "2026-03-16T19:00:00Z",
    "eligible": True,
    "review": {
        "marks": _MARKS,
        "score": 4.3,
        "text": "Mira explains so well. The showers were cold.",
        "writtenAt": "2026-03-02T20:10:00Z",
        "hidden": False,
        "visitDisputed": False,
        "authorDisputed": False,
    },
}
_REPLY = {"text": "Thank you! The boiler is mended.", "writtenAt": "2026-03-03T09:00:00Z", "edited": False}

# By operation: the call, and what is answered.
EXAMPLES: dict[str, tuple[str, Any]] = {
    "searchClasses": (_call("GET", f"/classes?locationId=centrum&{_DAYS}"), [_CLASS]),
    "getClassDetails": (
        _call("GET", f"/classes/4711?exerciserId={_PERSON}"),
        {**_CLASS, "attendeeBookingDetails": _OUT},
    ),
    "addAttendeeToClass": (_call("POST", _ATTENDEE, key=True), {**_CLASS, "attendeeBookingDetails": _IN}),
    "removeAttendeeFromClass": (
        _call("DELETE", _ATTENDEE, key=True),
        {**_CLASS, "attendeeBookingDetails": _OUT, "cancellation": _LATE},
    ),
    "checkIn": (
        _call("POST", f"{_ATTENDEE}/check-in", key=True),
        {**_CLASS, "attendeeBookingDetails": {**_IN, "checkedIn": True}},
    ),
    "removeCheckIn": (_call("DELETE", f"{_ATTENDEE}/check-in", key=True), {**_CLASS, "attendeeBookingDetails": _IN}),
    "writeReview": (
        _call(
            "PUT",
            f"{_ATTENDEE}/review",
            body='{"marks": {"class": 4, "teacher": 5, "place": 3, "welcome": 5}, "text": "Mira explains so well. …"}',
        ),
        _REVIEW,
    ),
    "getReview": (
        _call("GET", f"{_ATTENDEE}/review"),
        {**_REVIEW, "review": {**_REVIEW["review"], "reply": _REPLY}},
    ),
    "addAttendeeToWaitlist": (
        _call("POST", _WAITING, key=True),
        {
            "message": "The class has free places: it can be booked",
            "cause": "addToWaitlistFailed",
            "reason": "partnerRestriction",
        },
    ),
    "addExerciser": (
        _call(
            "POST",
            "/exercisers",
            key=True,
            body='{"marketplaceMemberId": "W-204", "firstName": "Kim", "lastName": "de Boer"}',
        ),
        {"exerciserId": _PERSON},
    ),
    "getExerciserClassSchedule": (
        _call("GET", f"/exercisers/{_PERSON}/schedule?{_DAYS}"),
        [{**_CLASS, "attendeeBookingDetails": _IN}],
    ),
}
