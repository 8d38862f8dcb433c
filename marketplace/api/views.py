"""The addresses of `/api/groupx/v1/`."""

from dataclasses import replace

from bookings.actions import Refused
from bookings.models import ScheduledSession
from marketplace import actions
from marketplace.api import reading
from marketplace.api.endpoint import Call, Endpoint, answers
from marketplace.api.errors import Answer, no_endpoint, not_found, unprocessable
from marketplace.api.reasons import FULL, NOT_ATTENDEE, NOT_CHECKED_IN, NOT_IN_WAITLIST, Operation, refused
from marketplace.api.shown import About, cancellation, shown
from marketplace.models import Guest
from marketplace.selectors.calling import guest_of
from marketplace.selectors.classes import SeenClass, on_sale, one_class, schedule_of


def search(call: Call) -> Answer:
    given = call.request.GET.get("locationId", "")
    start, end = reading.time_range(call.request, **({} if given else {"locationId": "missing"}))
    if given != call.caller.place:
        raise not_found("locationId", f"Location '{given[:40]}' is not found")
    found = on_sale(call.caller, start, end, now=call.now)
    call.answer_words = f"{len(found)} classes"
    return Answer(200, [shown(one) for one in found])


def details(call: Call, class_id: str) -> Answer:
    wanted = call.request.GET.get("exerciserId")
    guest = None
    if wanted is not None:
        call.subject = "check"
        guest = known_guest(call, wanted)
    seen = known_class(call, class_id, guest, anywhere=True)
    return Answer(200, shown(seen, _about(call, seen, guest) if guest else None))


def book(call: Call, class_id: str, exerciser_id: str) -> Answer:
    guest = known_guest(call, exerciser_id)
    seen = known_class(call, class_id, guest)
    if call.request.GET.get("spot"):
        message = "No spot can be chosen here, one is assigned with the booking: ask without 'spot'"
        raise unprocessable(Operation.BOOK, FULL, message)
    try:
        visit = actions.book(
            call.caller.connection, seen.session, guest, action_id=call.action_id, seen=seen.held, now=call.now
        )
    except Refused as error:
        raise refused(Operation.BOOK, error) from None
    except ScheduledSession.DoesNotExist:  # removed a moment ago
        raise reading.class_not_found(class_id) from None
    call.booking_ref = visit.booking_ref
    return Answer(200, _afterwards(call, seen, guest))


def move(call: Call, class_id: str, exerciser_id: str) -> Answer:
    """Another spot: members of marketplaces choose none."""
    raise no_endpoint("Requested endpoint is not supported")


def remove(call: Call, class_id: str, exerciser_id: str) -> Answer:
    guest = known_guest(call, exerciser_id)
    seen = known_class(call, class_id, guest, anywhere=True)
    call.booking_ref = seen.own.booking_ref if seen.own else ""
    try:
        done = actions.cancel(call.caller.connection, seen.session, guest, action_id=call.action_id, now=call.now)
    except actions.NotBooked:
        raise _not_attendee(Operation.REMOVE) from None
    except Refused as error:
        raise refused(Operation.REMOVE, error) from None
    return Answer(200, {**_afterwards(call, seen, guest), "cancellation": cancellation(done)})


def wait(call: Call, class_id: str, exerciser_id: str) -> Answer:
    guest = known_guest(call, exerciser_id)
    seen = known_class(call, class_id, guest)
    try:
        actions.join_waiting(call.caller.connection, seen.session, guest, action_id=call.action_id, now=call.now)
    except Refused as error:
        raise refused(Operation.WAIT, error) from None
    return Answer(200, _afterwards(call, seen, guest))


def leave(call: Call, class_id: str, exerciser_id: str) -> Answer:
    guest = known_guest(call, exerciser_id)
    seen = known_class(call, class_id, guest, anywhere=True)
    try:
        actions.leave_waiting(call.caller.connection, seen.session, guest, action_id=call.action_id, now=call.now)
    except actions.NotWaiting:
        message = "The exerciser is not in the waiting list of the class"
        raise unprocessable(Operation.LEAVE, NOT_IN_WAITLIST, message) from None
    except Refused as error:
        raise refused(Operation.LEAVE, error) from None
    return Answer(200, _afterwards(call, seen, guest))


def check_in(call: Call, class_id: str, exerciser_id: str) -> Answer:
    guest = known_guest(call, exerciser_id)
    seen = known_class(call, class_id, guest, anywhere=True)
    try:
        visit = actions.check_in(call.caller.connection, seen.session, guest, action_id=call.action_id, now=call.now)
    except actions.NotBooked:
        raise _not_attendee(Operation.CHECK_IN) from None
    except Refused as error:
        raise refused(Operation.CHECK_IN, error) from None
    call.booking_ref = visit.booking_ref
    return Answer(200, _afterwards(call, seen, guest))


def take_back_check_in(call: Call, class_id: str, exerciser_id: str) -> Answer:
    guest = known_guest(call, exerciser_id)
    seen = known_class(call, class_id, guest, anywhere=True)
    if seen.own is None:
        raise _not_attendee(Operation.TAKE_BACK)
    call.booking_ref = seen.own.booking_ref
    if not seen.own.confirmed:
        message = "The exerciser is not checked in by the marketplace"
        raise unprocessable(Operation.TAKE_BACK, NOT_CHECKED_IN, message)
    try:
        actions.take_back_check_in(call.caller.connection, seen.session, guest, action_id=call.action_id, now=call.now)
    except Refused as error:
        raise refused(Operation.TAKE_BACK, error) from None
    return Answer(200, _afterwards(call, seen, guest))


def welcome(call: Call) -> Answer:
    person = reading.person(reading.body(call.request))
    # Names and addresses are the member's; the log has the marketplace's own id.
    call.request_words = f'{{"marketplaceMemberId": "{person["external_id"]}", …}}'
    guest, is_new = actions.welcome(call.caller.connection, now=call.now, **person)
    return Answer(201 if is_new else 200, {"exerciserId": str(guest.key)})


def schedule(call: Call, exerciser_id: str) -> Answer:
    guest = known_guest(call, exerciser_id)
    start, end = reading.time_range(call.request)
    found = schedule_of(call.caller, guest, start, end, now=call.now)
    call.answer_words = f"{len(found)} classes"
    return Answer(200, [shown(one, _about(call, one, guest)) for one in found])


def known_guest(call: Call, text: str) -> Guest:
    guest = guest_of(call.caller.connection, reading.exerciser_id(text))
    if guest is None:
        raise reading.exerciser_not_found(text)
    return guest


def known_class(call: Call, text: str, guest: Guest | None, *, anywhere: bool = False) -> SeenClass:
    """What the marketplace may see. `anywhere`: where the guest is booked or waits, too. Raises Problem."""
    seen = one_class(call.caller, reading.class_id(text), guest, now=call.now, anywhere=anywhere)
    if seen is None:
        raise reading.class_not_found(text)
    call.session_id = seen.session.pk
    if not seen.is_visible:
        raise reading.class_not_found(text)
    return seen


def _about(call: Call, seen: SeenClass, guest: Guest) -> About:
    """What the guest could do next is asked only where they have no place."""
    if seen.own is not None:
        return About(guest, None)
    may = actions.explain(call.caller.connection, seen.session, guest, now=call.now, known=seen.known)
    return About(guest, may)


def _afterwards(call: Call, before: SeenClass, guest: Guest) -> dict[str, object]:
    """The class as it is now, after what was done."""
    there = replace(call.caller, location_id=before.session.location_id)
    seen = one_class(there, before.session.pk, guest, now=call.now) or before
    return shown(seen, _about(call, seen, guest))


def _not_attendee(operation: Operation) -> Exception:
    return unprocessable(operation, NOT_ATTENDEE, "The exerciser is not an attendee of the class")


classes = answers(GET=Endpoint("search", search, is_visit=True))
one = answers(GET=Endpoint("details", details, is_visit=True))
attendee = answers(
    POST=Endpoint("book", book, writes=True),
    PUT=Endpoint("move", move),
    DELETE=Endpoint("remove", remove, writes=True),
)
waiting = answers(
    POST=Endpoint("join_waiting", wait, writes=True), DELETE=Endpoint("leave_waiting", leave, writes=True)
)
presence = answers(
    POST=Endpoint("check_in", check_in, writes=True),
    DELETE=Endpoint("take_back_check_in", take_back_check_in, writes=True),
)
exercisers = answers(POST=Endpoint("welcome", welcome, writes=True, personal=True))
own_schedule = answers(GET=Endpoint("schedule", schedule))
