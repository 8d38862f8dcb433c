"""What a member does: look, book, cancel, come. Asked in real time or sent as a message, as the switches say."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marketplace.sandbox import moments, timetable
from marketplace.sandbox.courier import Courier
from marketplace.sandbox.environment import Environment
from marketplace.sandbox.store import Row, Store
from marketplace.sandbox.studio import Reply, Studio, segment
from marketplace.sandbox.switches import MESSAGES, PULL, Switches

DAYS_AHEAD = 14
ACTIVE = ("asked", "booked", "waiting")


@dataclass(frozen=True)
class Outcome:
    """What a member is told: `kind` is a word of the catalogue, `text` the studio's own sentence."""

    kind: str
    text: str = ""


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
        good = True
        for location in self._environment.locations:
            reply = self._studio.ask("GET", "/classes", location=location, query={"locationId": location, **query})
            good = good and reply.is_good
            if reply.is_good:
                timetable.found(
                    self.store, reply.data, asked_at=moments.now(), since=now, until=until, location=location
                )
        return good

    def look_at(self, name: str, member: Row | None) -> Reply:
        """Ask for one class, and whether this member may book it. Status 0 where this marketplace does not ask."""
        if self.how.way != PULL:
            return Reply(0)
        exerciser = self._exerciser(member) if member is not None else ""
        query = {"exerciserId": exerciser} if exerciser else {}
        asked = moments.written(moments.now())
        reply = self._studio.ask("GET", f"/classes/{segment(name)}", location=self._location(name), query=query)
        if reply.is_good and isinstance(reply.data, dict):
            timetable.take_in(self.store, reply.data, at=asked)
        return reply

    # Booking

    def book(self, member: Row, name: str) -> Outcome:
        booking = self._new_booking(member, name, "asked")
        if self.how.way == MESSAGES:
            data = {"bookingId": booking, "classId": name, **_person(member)}
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
        late, rule = _lateness(reply.data)
        state = "late_cancelled" if late else "cancelled"
        self.store.change("booking", booking["id"], state=state, cancelled_at=_now(), late_rule=rule)
        self._take_in(reply)
        return Outcome(state, rule)

    def cancel_all(self, bookings: Sequence[Row]) -> None:
        """Many cancellations at once, as when a member loses the right to book."""
        with ThreadPoolExecutor(8) as together:
            list(together.map(self.cancel, bookings))

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

    # Parts

    def _ask_for(self, booking: str, member: Row, name: str, kind: str, state: str) -> Outcome:
        exerciser = self._exerciser(member)
        if not exerciser:
            self.store.change("booking", booking, state="refused", answered_at=_now(), reason="no answer")
            return Outcome("unanswered")
        path = f"/classes/{segment(name)}/{kind}/{segment(exerciser)}"
        reply = self._studio.ask("POST", path, location=self._location(name), key=f"{booking}-{state}")
        if not reply.is_good:
            why = reply.why_not or "no answer"
            self.store.change("booking", booking, state="refused", answered_at=_now(), reason=why)
            return Outcome("refused" if reply.status else "unanswered", why)
        until = timetable.free_until(reply.data) if isinstance(reply.data, dict) else ""
        self.store.change("booking", booking, state=state, answered_at=_now(), free_until=until)
        self._take_in(reply)
        return Outcome(state)

    def _cancel_by_message(self, booking: Row) -> Outcome:
        until = booking["free_until"] or booking["class_free_until"]
        late = bool(until) and _now() > until
        data = {"bookingId": booking["id"], "classId": booking["class_id"], "late": late}
        self._courier.queue("booking.cancelled", data, booking_id=booking["id"])
        state = "late_cancelled" if late else "cancelled"
        self.store.change("booking", booking["id"], state=state, cancelled_at=_now(), late_rule=until)
        return Outcome(state, until)

    def _call_about(self, method: str, booking: Row, kind: str, *, step: str, after: str = "") -> Reply:
        path = f"/classes/{segment(booking['class_id'])}/{kind}/{segment(booking['exerciser_id'])}{after}"
        # Checking in, out and in again are three requests; the same one sent again is not.
        key = f"{booking['id']}-{step}-{booking['checked_in_at']}"
        return self._studio.ask(method, path, location=booking["location"], key=key)

    def _new_booking(self, member: Row, name: str, state: str) -> str:
        known = self.store.row("SELECT free_until FROM class WHERE id = ?", name)
        row = self.store.row("SELECT count(*) AS number FROM booking")
        number = f"FO-{moments.now():%y%m%d%H%M%S}-{(row['number'] if row else 0) + 1:04d}"
        until = known["free_until"] if known else ""
        values = {"id": number, "member_id": member["id"], "class_id": name, "state": state}
        self.store.put("booking", **values, asked_at=_now(), free_until=until)
        return number

    def _exerciser(self, member: Row) -> str:
        """What the studio calls this member; it is told who they are at first. Empty: it did not answer."""
        if member["exerciser_id"]:
            return str(member["exerciser_id"])
        reply = self._studio.ask("POST", "/exercisers", body=_person(member), key=f"member-{member['id']}")
        name = str(reply.data.get("exerciserId") or "") if reply.is_good and isinstance(reply.data, dict) else ""
        if name:
            self.store.change("member", member["id"], exerciser_id=name)
        return name

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


def _lateness(answer: Any) -> tuple[bool, str]:
    """Whether a cancellation was late, and until when and by whose rule it was free."""
    said = answer.get("cancellation") if isinstance(answer, dict) else None
    if not isinstance(said, dict):
        return False, ""
    return bool(said.get("late")), str(said.get("freeUntil") or "")


def _now() -> str:
    return moments.written(moments.now())
