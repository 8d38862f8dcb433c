"""The shapes of the document: what is sent and answered, each once."""

from typing import Any

Schema = dict[str, Any]
TIME = "2026-03-02T18:00:00Z"
WITHOUT_NUL = r"^[^\u0000]*$"
NAMED = r"^[^\u0000]*[A-Za-z0-9][^\u0000]*$"


def text(about: str = "", **more: Any) -> Schema:
    return {"type": "string", **({"description": about} if about else {}), **more}


def moment(about: str) -> Schema:
    return text(about, format="date-time", pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", examples=[TIME])


def yes_no(about: str) -> Schema:
    return {"type": "boolean", "description": about}


def number(about: str) -> Schema:
    return {"type": "integer", "format": "int32", "minimum": 0, "description": about}


def record(required: tuple[str, ...], about: str = "", **properties: Schema) -> Schema:
    said: Schema = {"description": about} if about else {}
    return {"type": "object", **said, "properties": properties, "required": list(required)}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def error(cause: str, about: str, **more: Schema) -> Schema:
    """The body of an error. All have a message for people and a cause for programs."""
    message = text("What went wrong, for people. Its wording may change.")
    return record(("message", "cause", *more), about, message=message, cause={"const": cause}, **more)


_MARK: Schema = {"type": "integer", "minimum": 1, "maximum": 5}

SCHEMAS: dict[str, Schema] = {
    "Brief": record(
        ("id", "name", "startDateTime", "endDateTime", "free", "instructor", "activity"),
        "What a list shows of a class.",
        id=text("Names the class in every other call.", examples=["4711"]),
        name=text(examples=["Vinyasa Flow"]),
        startDateTime=moment("When it starts."),
        endDateTime=moment("When it ends."),
        locationId=text("The location, by the id that was agreed for it.", examples=["centrum"]),
        free=yes_no("Always true: the marketplace's pass pays, the member pays nothing at the studio."),
        reservable=yes_no("Whether it is sold at this moment."),
        waitlisted=yes_no("Whether the exerciser waits for a place. Only where one was asked about."),
        instructor=record(
            ("fullName",),
            "Who teaches; the studio where nobody is named yet.",
            firstName=text(),
            lastName=text(),
            fullName=text(examples=["Mira Okafor"]),
        ),
        activity=record(("name",), name=text(examples=["Vinyasa Flow"])),
    ),
    "BookingDetails": record(
        ("capacity", "booked", "waitlistCapacity", "waitlistBooked"),
        "Places that this marketplace may sell. `capacity - booked` are free for it; where there is no limit, 100 are.",
        capacity=number("Places offered to the marketplace."),
        booked=number("Of them, those that are not free any more, whoever took them."),
        waitlistCapacity=number("How many may wait, from all roads."),
        waitlistBooked=number("How many wait."),
    ),
    "Details": record(
        ("description", "customInfo"),
        "What a page about the class shows.",
        description=text(),
        room=record(("name",), name=text(examples=["Studio 1"])),
        customInfo={
            "type": "array",
            "description": "`kind`: `class` or `workshop`. `freeCancellationUntil`: until then it costs nothing.",
            "items": record(("key", "value"), key=text(), value=text()),
        },
    ),
    "Eligibility": record(("eligible",), eligible=yes_no("Whether the call would be accepted now.")),
    "ExplainedEligibility": record(
        ("eligible",),
        eligible=yes_no("Whether the call would be accepted now."),
        lackOfProduct=yes_no("Whether it fails because nothing pays. Missing where it is eligible."),
        reason=text("Why not, for people. Missing where it is eligible."),
    ),
    "AttendeeBookingDetails": record(
        ("exerciserId", "booked", "waitlistBooked", "waitlistPosition", "checkedIn", "eligibility"),
        "The exerciser in this class. Only where one was asked about.",
        exerciserId=text(),
        booked=yes_no("Has a place by this marketplace."),
        bookingId=text("The number of the booking, as webhooks have it. Only with a place."),
        spotBooked=text("The spot that was assigned, where the room has numbered ones.", examples=["A2"]),
        checkedIn=yes_no("Whether the exerciser is checked in at the studio, whoever did it."),
        waitlistBooked=yes_no("Waits for a place by this marketplace."),
        waitlistPosition=number("1 is the next; 0: does not wait."),
        eligibility=record(
            (
                "addToClassEligibility",
                "removeFromClassEligibility",
                "addToWaitlistEligibility",
                "removeFromWaitlistEligibility",
            ),
            "What the exerciser could do now, by the very rules of the calls that do it.",
            addToClassEligibility=ref("ExplainedEligibility"),
            removeFromClassEligibility=ref("Eligibility"),
            addToWaitlistEligibility=ref("ExplainedEligibility"),
            removeFromWaitlistEligibility=ref("Eligibility"),
        ),
    ),
    "Cancellation": record(
        ("late", "freeUntil", "rule"),
        "How the cancellation was judged.",
        late=yes_no("Whether it came after `freeUntil`."),
        freeUntil=moment("Until when it was free of charge, as it was agreed when the place was booked."),
        rule={
            "enum": ["contract", "class", "location", "studio", "classChanged"],
            "description": "Whose rule that is: the contract's first; `classChanged`: free because the class was"
            " changed after the booking.",
        },
    ),
    "Class": record(
        ("brief", "bookingDetails", "details"),
        brief=ref("Brief"),
        bookingDetails=ref("BookingDetails"),
        details=ref("Details"),
        attendeeBookingDetails=ref("AttendeeBookingDetails"),
    ),
    "CancelledClass": {
        "allOf": [ref("Class"), record(("cancellation",), cancellation=ref("Cancellation"))],
    },
    "Person": record(
        ("marketplaceMemberId",),
        "A member of the marketplace. Names and e-mail may be missing or null.",
        marketplaceMemberId=text("What the marketplace calls the person.", minLength=1, maxLength=100, pattern=NAMED),
        firstName={"type": ["string", "null"], "maxLength": 100, "pattern": WITHOUT_NUL},
        lastName={"type": ["string", "null"], "maxLength": 100, "pattern": WITHOUT_NUL},
        email={"type": ["string", "null"], "format": "email", "maxLength": 254},
    ),
    "Exerciser": record(("exerciserId",), exerciserId=text("Names the person in every other call.", format="uuid")),
    "Review": record(
        ("marks",),
        "What a member says of a visit.",
        marks={
            "type": "object",
            "description": "1 (poor) to 5 (excellent) for each criterion that is asked.",
            "properties": dict.fromkeys(("class", "teacher", "place", "welcome"), _MARK),
            "additionalProperties": False,
        },
        text={
            "type": ["string", "null"],
            "description": "Plain text; signs that are not seen are taken out.",
            "maxLength": 4000,
            "pattern": WITHOUT_NUL,
        },
    ),
    "VisitReview": record(
        ("asked", "openUntil", "eligible"),
        "What is asked of a visit, and what was said.",
        asked={
            "type": "array",
            "description": "The criteria with their weights. Score: the sum of marks by weight, over all weights.",
            "items": record(
                ("criterion", "weight"),
                criterion={"enum": ["class", "teacher", "place", "welcome"]},
                weight=number("Its share; the weights need not make 100."),
            ),
        },
        openUntil=moment("Until then it can be written, and changed: 14 days after the class."),
        eligible=yes_no("Whether `PUT` would be accepted now."),
        reason={"enum": ["classNotOver", "visitWithoutCheckIn", "reviewClosed"], "description": "Why it would not."},
        message=text("The same for people. Its wording may change."),
        review=record(
            ("marks", "score", "text", "writtenAt", "hidden", "visitDisputed", "authorDisputed"),
            "What was written. Missing: nothing.",
            marks={"type": "object", "additionalProperties": _MARK},
            score={"type": "number", "minimum": 1, "maximum": 5, "description": "Rounded to two decimals."},
            text=text(),
            writtenAt=moment("When it was written."),
            changedAt=moment("When it was changed last. Missing: never."),
            hidden=yes_no("Hidden by the operator of the installation, not by the studio; it does not count."),
            hiddenFor=text("The rule that it breaches. Only of a hidden one."),
            hiddenBecause=text("The operator's reason, for its author. Only of a hidden one."),
            visitDisputed=yes_no("The studio has taken the check-in back: shown, and not counted until it is settled."),
            authorDisputed=yes_no(
                "It was changed by the link of our mail, and the studio had changed that address: shown, not counted "
                "until it is settled."
            ),
            reply=record(
                ("text", "writtenAt", "edited"),
                "The studio's answer. Missing: none, or withdrawn.",
                text=text(),
                writtenAt=moment("When it was written, or changed last."),
                edited=yes_no("Changed later than 24 hours after it was written."),
            ),
        ),
    ),
    "BadRequest": error(
        "badRequest",
        "Something is missing or not understood.",
        errors={
            "type": "object",
            "description": "By the name of the parameter, header or field: why it is refused.",
            "minProperties": 1,
            "additionalProperties": {
                "enum": [
                    "missing",
                    "wrongFormat",
                    "greaterThanEndDateTime",
                    "lessThanStartDateTime",
                    "notSupported",
                    "tooLarge",
                ],
            },
        },
    ),
    "Unauthorized": error(
        "unauthorizedAccess",
        "The access data are not good (any more).",
        accessLevel={"enum": ["client", "location"], "description": "Which of them."},
    ),
    "EntityNotFound": error(
        "entityNotFound",
        "What a parameter names does not exist, or is not yours to see.",
        parameter={"enum": ["locationId", "classId", "exerciserId"]},
    ),
    "ResourceNotFound": error("resourceNotFound", "The address does not exist, or is switched off by a meta option."),
    "MethodNotAllowed": error("methodNotAllowed", "The address has other methods; `Allow` names them."),
    "RateLimitsExceeded": error(
        "rateLimitsExceeded", "Too many calls; `Retry-After` says in how many seconds to go on."
    ),
    "InternalUnexpectedError": error("internalUnexpectedError", "Our mistake. Try again, with growing pauses."),
    "SystemUnavailable": error("systemUnavailable", "Too busy or under maintenance. Try again after `Retry-After` s."),
}


def refusal(cause: str, reasons: list[str], key: tuple[str, str]) -> Schema:
    """422 of one operation: its own cause and reasons, and those of a key that was used before."""
    own = error(cause, "A rule of the studio or of the contract says no.", reason={"enum": reasons})
    reused = error(key[0], "The `Idempotency-Key` belongs to another request.", reason={"const": key[1]})
    return {"oneOf": [own, reused]}
