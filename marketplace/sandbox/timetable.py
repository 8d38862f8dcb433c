"""Our own copy of the studio's timetable, kept from its messages and from what it answers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from marketplace.sandbox import moments
from marketplace.sandbox.store import Row, Store

TEXTS = ("locationId", "name", "kind", "description", "room", "instructor")
COLUMNS = ("location", "name", "kind", "description", "room", "instructor")


def hear(store: Store, kind: str, data: dict[str, Any], *, at: str) -> str:
    """Take in a message of the studio; returns what it meant here, for the list of calls. `at`: when it happened."""
    if kind == "session.changed":
        told: dict[str, Any] = dict(zip(COLUMNS, (_text(data.get(name)) for name in TEXTS), strict=True))
        told |= {"starts_at": _text(data.get("startDateTime")), "ends_at": _text(data.get("endDateTime"))}
        told |= {"free_until": _text(data.get("freeUntil")), "stand": _stand(data.get("stand"))}
        told |= {name: _count(data.get(name)) for name in ("capacity", "booked", "free")}
        return _keep(store, _text(data.get("classId")), {**told, "source": "message"}, at=at)
    if kind in {"session.cancelled", "session.withdrawn"}:
        return take_away(store, _text(data.get("classId")), kind.removeprefix("session."), at=at)
    if kind == "booking.decided":
        return _decided(store, data, at=at)
    if kind == "ping":
        return "pong"
    if kind == "attendance.changed":
        return _attended(store, data)
    return "unknown kind"


def found(store: Store, answer: object, *, asked_at: datetime, since: datetime, until: datetime, location: str) -> int:
    """Take in the studio's list of classes of a location and a time; how many. What it no longer lists is gone."""
    at = moments.written(asked_at)
    listed = [one for one in answer if isinstance(one, dict)] if isinstance(answer, list) else []
    for one in listed:
        take_in(store, one, at=at)
    names = {str(_part(one, "brief").get("id")) for one in listed}
    known = store.rows(
        "SELECT id FROM class WHERE location = ? AND starts_at >= ? AND starts_at < ? AND stand IN ('on', 'held')"
        " AND told_at <= ?",
        *(location, moments.written(since), moments.written(until), at),
    )
    for row in known:
        if row["id"] not in names:
            take_away(store, row["id"], "withdrawn", at=at)
    return len(listed)


def take_in(store: Store, answer: dict[str, Any], *, at: str) -> None:
    """Take in what the studio answered about one class."""
    brief, details, places = (_part(answer, name) for name in ("brief", "details", "bookingDetails"))
    told: dict[str, Any] = {
        "location": _text(brief.get("locationId")),
        "name": _text(brief.get("name")),
        "kind": _beside(answer, "kind"),
        "instructor": _text(_part(brief, "instructor").get("fullName")),
        "starts_at": _text(brief.get("startDateTime")),
        "ends_at": _text(brief.get("endDateTime")),
        "stand": "on" if brief.get("reservable", True) else "held",
        "source": "pull",
    }
    if details:
        told |= {"description": _text(details.get("description")), "room": _text(_part(details, "room").get("name"))}
        told |= {"free_until": free_until(answer)}
    if places:
        capacity, booked = _count(places.get("capacity")), _count(places.get("booked"))
        told |= {"capacity": capacity, "booked": booked}
        told["free"] = None if capacity is None or booked is None else max(0, capacity - booked)
    _keep(store, _text(brief.get("id")), {name: value for name, value in told.items() if value != ""}, at=at)


def free_until(answer: dict[str, Any]) -> str:
    """Until when a booking can be cancelled free of charge; empty: the studio does not say."""
    return _beside(answer, "freeCancellationUntil")


def spot(answer: dict[str, Any]) -> str:
    """The place in the room that the studio gave the member who asked."""
    return _text(_part(answer, "attendeeBookingDetails").get("spotBooked"))


def _beside(answer: dict[str, Any], key: str) -> str:
    """What the studio says in the pairs that the API has for whatever it has no field for."""
    pairs = (pair for place in ("brief", "details") for pair in _pairs(_part(answer, place).get("customInfo")))
    return next((_text(pair.get("value")) for pair in pairs if pair.get("key") == key), "")


def _keep(store: Store, name: str, told: dict[str, Any], *, at: str) -> str:
    """Write down what was told, unless something later was."""
    if not name:
        return "without a class"
    store.run("INSERT OR IGNORE INTO class (id, source, told_at) VALUES (?, '', '')", name)
    sets = ", ".join(f"{column} = ?" for column in told)
    changed = store.run(
        f"UPDATE class SET {sets}, told_at = ? WHERE id = ? AND told_at <= ?",  # noqa: S608 - columns are our own words
        *(*told.values(), at, name, at),
    )
    return "noted" if changed else "older than what is known"


def take_away(store: Store, name: str, stand: str, *, at: str) -> str:
    """A class is `cancelled` for everybody, or `withdrawn` from us alone."""
    known = store.row("SELECT stand, told_at FROM class WHERE id = ?", name)
    if known is None:
        return "unknown class"
    if (stand, known["stand"]) == ("withdrawn", "cancelled"):  # we know why it is gone
        return "known"
    if (stand, known["stand"]) == ("cancelled", "withdrawn"):  # missing from a list already; now we hear why
        at = max(at, known["told_at"])
    said = _keep(store, name, {"stand": stand}, at=at)
    if said == "noted" and stand == "cancelled":
        store.run(
            "UPDATE booking SET state = 'cancelled_by_studio', cancelled_at = ? "
            "WHERE class_id = ? AND state IN ('asked', 'booked', 'waiting')",
            *(at, name),
        )
    return said


def _booking(store: Store, data: dict[str, Any]) -> Row | None:
    """The booking that a message is about: by our own number, else by class and person."""
    by_number = store.row("SELECT * FROM booking WHERE id = ?", _text(data.get("bookingId")))
    return by_number or store.row(
        "SELECT booking.* FROM booking JOIN member ON member.id = booking.member_id "
        "WHERE class_id = ? AND exerciser_id = ? AND exerciser_id <> '' ORDER BY asked_at DESC, booking.rowid DESC",
        *(_text(data.get("classId")), _text(data.get("exerciserId"))),
    )


def _decided(store: Store, data: dict[str, Any], *, at: str) -> str:
    booking = _booking(store, data)
    if booking is None:
        return "unknown booking"
    if exerciser := _text(data.get("exerciserId")):
        store.change("member", booking["member_id"], exerciser_id=exerciser)
    if booking["state"] != "asked":
        return f"already {booking['state']}"
    accepted = data.get("decision") == "accepted"
    state = "booked" if accepted else "refused"
    store.change("booking", booking["id"], state=state, answered_at=at, reason=_text(data.get("reason")))
    return state


def _attended(store: Store, data: dict[str, Any]) -> str:
    booking = _booking(store, data)
    if booking is None:
        return "unknown booking"
    at, what = _text(data.get("at")), _text(data.get("what"))
    if at < booking["attendance_at"]:
        return "older than what is known"
    values = {"attendance": what, "attendance_at": at}
    if what in {"cancelled", "withdrawn"} and booking["state"] in {"asked", "booked"}:
        values |= {"state": "cancelled_by_studio", "cancelled_at": at}
    if what == "reinstated" and booking["state"] == "cancelled_by_studio":
        values |= {"state": "booked", "cancelled_at": ""}
    store.change("booking", booking["id"], **values)
    return what


def _stand(value: object) -> str:
    return "held" if value in {"held", "off", "closed"} else "on"


def _part(whole: dict[str, Any], name: str) -> dict[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}


def _pairs(value: object) -> Iterable[dict[str, Any]]:
    return [pair for pair in value if isinstance(pair, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
