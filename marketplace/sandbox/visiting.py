"""What a member does: look, book, cancel, come. Asked in real time or sent as a message, as the switches say."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any
from uuid import uuid4

from marketplace.sandbox import moments, timetable
from marketplace.sandbox.courier import Courier
from marketplace.sandbox.environment import Environment
from marketplace.sandbox.store import Row, Store
from marketplace.sandbox.studio import Reply, Studio, segment
from marketplace.sandbox.switches import MESSAGES, PULL, Switches

DAYS_AHEAD = 14
ACTIVE = ("asked", "booked", "waiting")
CANCELLED = ("cancelled", "late_cancelled")
PATIENCE = timedelta(minutes=15)  # for the studio's decision; silence is a refusal


@dataclass(frozen=True)
class Outcome:
    """What a member is told. `text`: the studio's own sentence, or until when it was free; `rule`: whose rule it is."""

    kind: str
    text: str = ""
    rule: str = ""


class Visiting:
    """The marketplace's side of everything that its members do."""

    def __init__(self, environment: Environment, store: Store, courier: Courier, how: Switches) -> None:
        self.store, self.how = store, how
        self._environment, self._courier = environment, courier
        self._studio = Studio(environment, store, how)

    # Looking

    def look(self, *, now: datetime) -> bool:
        """Ask the studio for its classes of the next days; whether it answered. Only where this marketplace asks."""
        if self.how.way != PULL:
            return True
        until = now + timedelta(days=DAYS_AHEAD)
        query = {"startDateTime": moments.written(now), "endDateTime": moments.written(until)}
        asked_at = moments.now()

        def ask(location: str) -> bool:
            reply = self._studio.ask("GET", "/classes", location=location, query={"locationId": location, **query})
            if reply.is_good:
                answer = reply.data
                timetable.found(self.store, answer, asked_at=asked_at, since=now, until=until, location=location)
            return reply.is_good

        with ThreadPoolExecutor(len(self._environment.locations)) as together:
            return all(list(together.map(ask, self._environment.locations)))

    def look_at(self, name: str, member: Row | None) -> Reply:
        """Ask for one class, and whether this member may book it. Status 0 where this marketplace does not ask."""
        if self.how.way != PULL:
            return Reply(0)
        asked, location = _now(), self._location(name)

        def ask(exerciser: str) -> Reply:
            query = {"exerciserId": exerciser} if exerciser else {}
            return self._studio.ask("GET", f"/classes/{segment(name)}", location=location, query=query)

        reply = ask("") if member is None else self._as(member, ask)
        if reply.is_good and isinstance(reply.data, dict):
            timetable.take_in(self.store, reply.data, at=asked)
        elif reply.status == 404 and reply.parameter == "classId":
            timetable.take_away(self.store, name, "withdrawn", at=asked)
        return reply

    def agree(self, member: Row, *, now: datetime) -> None:
        """Bring a member's bookings up to what the studio says: an answer may have been lost, a place come free."""
        if self.how.way != PULL or not member["exerciser_id"]:
            return
        until = now + timedelta(days=DAYS_AHEAD)
        query = {"startDateTime": moments.written(now), "endDateTime": moments.written(until)}
        path = f"/exercisers/{segment(member['exerciser_id'])}/schedule"
        reply = self._studio.ask("GET", path, query=query)
        if not reply.is_good or not isinstance(reply.data, list):
            return
        said = {str(_part(one, "brief").get("id")): one for one in reply.data}
        ours = self.store.rows(
            f"{BOOKING} WHERE member_id = ? AND state IN ('booked', 'waiting') AND class.starts_at >= ?",
            *(member["id"], moments.written(now)),
        )
        for booking in ours:
            one = said.pop(booking["class_id"], None)
            state = _state(one) if one else "cancelled_by_studio"
            if state != booking["state"]:
                self.store.change("booking", booking["id"], state=state, answered_at=_now())
        for name, one in said.items():
            timetable.take_in(self.store, one, at=_now())
            self._new_booking(member, name, _state(one))

    def give_up(self, *, now: datetime) -> int:
        """Refuse what the studio has not decided in time; how many."""
        return self.store.run(
            "UPDATE booking SET state = 'refused', answered_at = ?, reason = 'no answer in 15 minutes' "
            "WHERE state = 'asked' AND asked_at < ?",
            *(moments.written(now), moments.written(now - PATIENCE)),
        )

    # Booking

    def book(self, member: Row, name: str) -> Outcome:
        booking = self._new_booking(member, name, "asked")
        if self.how.way == MESSAGES:
            additional = self._has_another(member, name)
            self.store.change("booking", booking, additional=int(additional))
            data = {"bookingId": booking, "classId": name, "additional": additional, **_person(member)}
            self._courier.queue("booking.requested", data, booking_id=booking)
            return Outcome("asked")
        return self._ask_for(booking, member, name, "attendees", "booked")

    def wait(self, member: Row, name: str) -> Outcome:
        """Join the waiting list."""
        return self._ask_for(self._new_booking(member, name, "asked"), member, name, "waitlist/attendees", "waiting")

    def cancel(self, booking: Row) -> Outcome:
        """Raises nothing: a refusal is an outcome, and the booking stays as it is."""
        if self.how.way == MESSAGES:
            return self._cancel_by_message(booking)
        kind = "waitlist/attendees" if booking["state"] == "waiting" else "attendees"
        reply = self._call_about("DELETE", booking, kind, step="cancel")
        if not reply.is_good:
            return Outcome("not_cancelled", reply.why_not or "?")
        said = _part(reply.data, "cancellation")
        state = "late_cancelled" if said.get("late") is True else "cancelled"
        rule, until = str(said.get("rule") or ""), str(said.get("freeUntil") or booking["free_until"])
        values = {"state": state, "cancelled_at": _now(), "late_rule": rule, "free_until": until}
        self.store.change("booking", booking["id"], **values)
        self._take_in(reply)
        return Outcome(state, until, rule)

    def cancel_all(self, bookings: Sequence[Row]) -> int:
        """Many cancellations at once, as when a member loses the right to book; how many came to pass."""
        with ThreadPoolExecutor(8) as together:
            return sum(done.kind in CANCELLED for done in together.map(self.cancel, bookings))

    def race(self, members: Sequence[Row], name: str) -> int:
        """All of them want one class in the same moment; how many are booked at once, or asked for by message."""
        with ThreadPoolExecutor(len(members) or 1) as together:
            return sum(done.kind in ACTIVE for done in together.map(lambda one: self.book(one, name), members))

    def check_in(self, booking: Row) -> Outcome:
        """The member stands at the door."""
        if self.how.way == PULL:
            reply = self._call_about("POST", booking, "attendees", after="/check-in", step="check-in")
            if not reply.is_good:
                return Outcome("not_checked_in", reply.why_not or "?")
        else:
            data = {"bookingId": booking["id"], "classId": booking["class_id"], "locationId": booking["location"]}
            data |= {"marketplaceMemberId": booking["member_id"]}
            self._courier.queue("member.checked_in", data, booking_id=booking["id"])
        self.store.change("booking", booking["id"], checked_in_at=_now())
        return Outcome("checked_in")

    def take_back_check_in(self, booking: Row) -> Outcome:
        """Only where the studio is asked: there is no such message."""
        reply = self._call_about("DELETE", booking, "attendees", after="/check-in", step="check-out")
        if not reply.is_good:
            return Outcome("not_taken_back", reply.why_not or "?")
        self.store.change("booking", booking["id"], checked_in_at="")
        return Outcome("taken_back")

    def come(self, member: Row, location: str, name: str = "") -> Outcome:
        """Check in at the door of a location, with no booking of ours; `name`: for this class."""
        data = {"marketplaceMemberId": member["id"], "locationId": location}
        self._courier.queue("member.checked_in", data | ({"classId": name} if name else {}))
        return Outcome("came")

    # Reviewing

    def look_at_review(self, member: Row, booking: Row) -> Reply:
        """What the studio asks about a visit, and what was said of it."""
        return self._review("GET", member, booking)

    def review(self, member: Row, booking: Row, said: dict[str, Any]) -> Reply:
        """Say it to the studio, or change it there. The same again changes nothing, so that it needs no key."""
        return self._review("PUT", member, booking, said)

    # Parts

    def _review(self, method: str, member: Row, booking: Row, body: dict[str, Any] | None = None) -> Reply:
        location = booking["location"] or ""

        def ask(exerciser: str) -> Reply:
            path = f"/classes/{segment(booking['class_id'])}/attendees/{segment(exerciser)}/review"
            return self._studio.ask(method, path, location=location, body=body)

        return self._as(member, ask)

    def _ask_for(self, booking: str, member: Row, name: str, kind: str, state: str) -> Outcome:
        location = self._location(name)

        def ask(exerciser: str) -> Reply:
            path = f"/classes/{segment(name)}/{kind}/{segment(exerciser)}"
            return self._studio.ask("POST", path, location=location, key=f"{booking}-{state}-{exerciser}")

        reply = self._as(member, ask)
        if not reply.is_good:
            why = reply.why_not or "no answer"
            self.store.change("booking", booking, state="refused", answered_at=_now(), reason=why)
            return Outcome("refused" if reply.status else "unanswered", why)
        given = {"free_until": timetable.free_until(reply.said), "spot": timetable.spot(reply.said)}
        self.store.change("booking", booking, state=state, answered_at=_now(), **given)
        self._take_in(reply)
        return Outcome(state)

    def _cancel_by_message(self, booking: Row) -> Outcome:
        until = booking["free_until"] or booking["class_free_until"]
        late = bool(until) and _now() > until
        data = {"bookingId": booking["id"], "classId": booking["class_id"], "late": late}
        self._courier.queue("booking.cancelled", data, booking_id=booking["id"])
        state = "late_cancelled" if late else "cancelled"
        self.store.change("booking", booking["id"], state=state, cancelled_at=_now(), late_rule="")
        return Outcome(state, until)

    def _call_about(self, method: str, booking: Row, kind: str, *, step: str, after: str = "") -> Reply:
        path = f"/classes/{segment(booking['class_id'])}/{kind}/{segment(booking['exerciser_id'])}{after}"
        # Checking in, out and in again are three requests; the same one sent again is not.
        key = f"{booking['id']}-{step}-{booking['checked_in_at']}"
        return self._studio.ask(method, path, location=booking["location"], key=key)

    def _new_booking(self, member: Row, name: str, state: str) -> str:
        known = self.store.row("SELECT free_until FROM class WHERE id = ?", name)
        number = f"FO-{moments.now():%y%m%d}-{token_hex(5).upper()}"
        until = known["free_until"] if known else ""
        values = {"id": number, "member_id": member["id"], "class_id": name, "state": state}
        self.store.put("booking", **values, asked_at=_now(), free_until=until)
        return number

    def _as(self, member: Row, ask: Callable[[str], Reply]) -> Reply:
        """Ask as this member, whom the studio is told about first, and again when it has forgotten them."""
        if member["exerciser_id"]:
            reply = ask(member["exerciser_id"])
            if reply.status != 404 or reply.parameter != "exerciserId":
                return reply
        reply = self._studio.ask("POST", "/exercisers", body=_person(member), key=str(uuid4()))
        name = str(reply.said.get("exerciserId") or "")
        if not reply.is_good or not name:
            return reply
        self.store.change("member", member["id"], exerciser_id=name)
        return ask(name)

    def _has_another(self, member: Row, name: str) -> bool:
        """Whether the member is booked into another class of that day, by the studio's clock."""
        zone = self._environment.zone
        rows = self.store.rows(f"{BOOKING} WHERE member_id = ? AND state IN ('asked', 'booked')", member["id"])
        this = self.store.row("SELECT starts_at FROM class WHERE id = ?", name)
        days = [moment.astimezone(zone).date() for row in rows if (moment := moments.read(row["starts_at"]))]
        wanted = moments.read(this["starts_at"]) if this else None
        # The new booking itself is among them.
        return wanted is not None and days.count(wanted.astimezone(zone).date()) > 1

    def _location(self, name: str) -> str:
        known = self.store.row("SELECT location FROM class WHERE id = ?", name)
        return known["location"] if known else ""

    def _take_in(self, reply: Reply) -> None:
        if isinstance(reply.data, dict) and "brief" in reply.data:
            timetable.take_in(self.store, reply.data, at=_now())


BOOKING = """
    SELECT booking.*, class.name, class.location, class.starts_at, class.ends_at, class.room, class.instructor,
        class.stand, class.free_until AS class_free_until, member.exerciser_id, member.first_name, member.last_name
    FROM booking JOIN member ON member.id = booking.member_id LEFT JOIN class ON class.id = booking.class_id
"""


def _person(member: Row) -> dict[str, str]:
    said = {"marketplaceMemberId": member["id"], "firstName": member["first_name"], "lastName": member["last_name"]}
    return said | ({"email": member["email"]} if member["email"] else {})


def _state(answer: Any) -> str:
    return "waiting" if _part(answer, "attendeeBookingDetails").get("waitlistBooked") is True else "booked"


def _part(answer: Any, name: str) -> dict[str, Any]:
    part = answer.get(name) if isinstance(answer, dict) else None
    return part if isinstance(part, dict) else {}


def _now() -> str:
    return moments.written(moments.now())
