"""Classes as one marketplace may see them, with its guest in them: one composed query, for one class or for many.

What the API answers with. What marketplaces are told by us is `selectors.offers`; both ask the same rules.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bookings.models import ScheduledSession
from bookings.rules import Deadline, rule_that_applies
from bookings.selectors.bookable import Known, Others
from bookings.selectors.waiting import LinedUp
from marketplace.models import Connection, ContractTerms, Guest
from marketplace.rules import Publication, Stand
from marketplace.selectors.agreed import Held, agreed_by
from marketplace.selectors.calling import Caller
from marketplace.selectors.offers import deadline_of, publication_of, seats_of
from portal.joined import Joined

_OF_THE_DAY = """
(SELECT jsonb_build_object('id', terms.id, 'cancel_hours', terms.cancel_hours, 'quota', terms.quota)
 FROM marketplace_contractterms terms JOIN marketplace_contract contract ON contract.id = terms.contract_id
 CROSS JOIN LATERAL (SELECT (scheduledsession.starts_at AT TIME ZONE location.zone)::date AS day) AS its
 WHERE contract.connection_id = %(connection)s AND terms.first_on <= its.day
   AND (contract.ends_on IS NULL OR contract.ends_on >= its.day)
 ORDER BY terms.first_on DESC, terms.id DESC LIMIT 1)
"""
_SOLD = """
(SELECT jsonb_object_agg(by_source.source, by_source.places) FROM (
   SELECT source, count(*) AS places FROM bookings_reservation
   WHERE session_id = scheduledsession.id AND booking = 'booked' GROUP BY source) AS by_source)
"""
_OPEN = "state IN ('waiting', 'offered')"
_OWN_PLACE = """
(SELECT jsonb_build_object('reservation', reservation.id, 'spot', spot.label, 'booking', visit.booking_ref,
                           'attendance', reservation.attendance, 'confirmed', visit.confirmed_at IS NOT NULL,
                           'free_until', GREATEST(reservation.deadline_at, CASE
                             WHEN reservation.waived_until IS NOT NULL
                             THEN LEAST(reservation.waived_until, reservation.starts_at) END))
 FROM bookings_reservation reservation
 JOIN marketplace_visit visit ON visit.reservation_id = reservation.id AND visit.connection_id = %(connection)s
 LEFT JOIN bookings_spot spot ON spot.id = reservation.spot_id
 WHERE reservation.session_id = scheduledsession.id AND reservation.member_id = %(member)s
   AND reservation.booking = 'booked')
"""
_OWN_WAIT = f"""
(SELECT (SELECT count(*) FROM bookings_waitingentry before
         WHERE before.session_id = wait.session_id AND before.{_OPEN} AND before.id <= wait.id)
 FROM bookings_waitingentry wait
 WHERE wait.session_id = scheduledsession.id AND wait.member_id = %(member)s AND wait.{_OPEN}
   AND wait.source = %(source)s)
"""  # noqa: S608
_OTHERS = """
(SELECT jsonb_build_object(
   'here_since', max(coalesce(other.booked_at, other.starts_at)) FILTER (WHERE other.session_id = scheduledsession.id),
   'elsewhere', (array_agg(other_item.name ORDER BY other.starts_at DESC)
                 FILTER (WHERE other.session_id <> scheduledsession.id))[1])
 FROM bookings_reservation other
 JOIN bookings_scheduledsession other_session ON other_session.id = other.session_id
 JOIN bookings_calendaritem other_item ON other_item.id = other_session.item_id
 WHERE other.member_id = %(member)s AND other.booking = 'booked'
   AND (other.session_id = scheduledsession.id
     OR (other.starts_at > scheduledsession.starts_at - interval '1 day'
         AND other.starts_at < scheduledsession.ends_at AND other.ends_at > scheduledsession.starts_at)))
"""
_HAD_A_PLACE = """
EXISTS (SELECT FROM marketplace_visit visit JOIN marketplace_guest person ON person.id = visit.guest_id
        WHERE visit.session_id = scheduledsession.id AND visit.connection_id = %(connection)s
          AND person.member_id = %(member)s)
"""
_TOLD = """
EXISTS (SELECT FROM marketplace_listing listing WHERE listing.connection_id = %(connection)s
        AND listing.reference = scheduledsession.id AND listing.stand IN ('selling', 'held'))
"""
_CLASSES = Joined(
    ScheduledSession,
    "studio",
    "location",
    "item",
    prepared=True,
    more=(
        "(SELECT name FROM bookings_room room WHERE room.id = scheduledsession.room_id)",
        "(SELECT name FROM portal_teacher teacher WHERE teacher.id = scheduledsession.teacher_id)",
        _SOLD,
        _TOLD,
        _OF_THE_DAY,
        f"(SELECT count(*) FROM bookings_waitingentry WHERE session_id = scheduledsession.id AND {_OPEN})",  # noqa: S608
        _OWN_PLACE,
        _OWN_WAIT,
        _HAD_A_PLACE,
        "(SELECT external_id FROM marketplace_connectedlocation place WHERE place.connection_id = %(connection)s"
        " AND place.location_id = scheduledsession.location_id)",
        _OTHERS,
    ),
)
_HERE = "scheduledsession.studio_id = %(studio)s AND scheduledsession.location_id = %(location)s"
_ONE = f"{_HERE} AND scheduledsession.id = %(session)s"
_ONE_OF_THEIRS = f"""
scheduledsession.id = %(session)s AND scheduledsession.studio_id = %(studio)s
AND (scheduledsession.location_id = %(location)s OR {_HAD_A_PLACE} OR {_OWN_WAIT} IS NOT NULL)
"""
_ON_SALE = f"""
{_HERE} AND scheduledsession.starts_at BETWEEN %(start)s AND %(end)s AND scheduledsession.starts_at > %(now)s
AND scheduledsession.cancelled_at IS NULL AND item.allows_marketplaces
AND (scheduledsession.starts_at <= %(horizon)s OR {_TOLD})
ORDER BY scheduledsession.starts_at, scheduledsession.id
"""
_MINE = f"""
scheduledsession.studio_id = %(studio)s AND scheduledsession.starts_at BETWEEN %(start)s AND %(end)s
AND scheduledsession.cancelled_at IS NULL
AND scheduledsession.id IN (
  SELECT reservation.session_id FROM bookings_reservation reservation
  JOIN marketplace_visit visit ON visit.reservation_id = reservation.id AND visit.connection_id = %(connection)s
  WHERE reservation.member_id = %(member)s AND reservation.booking = 'booked'
  UNION SELECT session_id FROM bookings_waitingentry
  WHERE member_id = %(member)s AND source = %(source)s AND {_OPEN})
ORDER BY scheduledsession.starts_at, scheduledsession.id
"""  # noqa: S608


@dataclass(frozen=True)
class OwnPlace:
    """The place that the guest booked through this marketplace."""

    reservation_id: int
    booking_ref: str
    spot: str
    free_until: datetime
    is_in: bool  # as the desk has it, whoever said so
    confirmed: bool  # by the marketplace, whatever the desk made of it


@dataclass(frozen=True)
class SeenClass:
    """One class as the marketplace sees it now, and its guest in it, where it asks about one."""

    session: ScheduledSession
    place: str
    room: str
    teacher: str
    publication: Publication
    capacity: int
    booked: int
    waiting_places: int
    waiting: int
    deadline: Deadline
    own: OwnPlace | None
    # 1: the next. None: does not wait.
    position: int | None
    # The guest's member has or had a booking of this marketplace in it, whatever became of it.
    had_a_place: bool
    # The class has not begun, and the guest is not checked in.
    can_be_given_up: bool
    # For `actions.explain` and `actions.book`.
    known: Known
    held: Held

    @property
    def is_visible(self) -> bool:
        """Sold there, or the guest's: a class that is called off is nobody's."""
        if self.session.cancelled_at is not None:
            return False
        return self.publication.stand is Stand.SELLING or self.had_a_place or self.position is not None


def one_class(
    caller: Caller, session_id: int, guest: Guest | None, *, now: datetime, anywhere: bool = False
) -> SeenClass | None:
    """A class at the caller's location, visible or not.

    `anywhere`: also one where the guest has or had a place, or waits, wherever it is by now. A class is moved, a
    location loses its id: who is booked can still be asked about, cancelled and checked in.
    """
    condition = _ONE_OF_THEIRS if anywhere and guest is not None else _ONE
    found = _rows(caller, condition, guest, now, {"session": session_id})
    return found[0] if found else None


def on_sale(caller: Caller, start: datetime, end: datetime, *, now: datetime) -> list[SeenClass]:
    """What the marketplace sells at the caller's location, by start; both ends are in."""
    horizon = now + caller.connection.marketplace.horizon
    found = _rows(caller, _ON_SALE, None, now, {"start": start, "end": end, "now": now, "horizon": horizon})
    return [one for one in found if one.publication.stand is Stand.SELLING]


def schedule_of(caller: Caller, guest: Guest, start: datetime, end: datetime, *, now: datetime) -> list[SeenClass]:
    """Where the guest is booked or waits through this marketplace, at whichever location; past days too."""
    return _rows(caller, _MINE, guest, now, {"start": start, "end": end})


def _rows(
    caller: Caller, condition: str, guest: Guest | None, now: datetime, params: Mapping[str, Any]
) -> list[SeenClass]:
    connection = caller.connection
    given = {
        "connection": connection.pk,
        "studio": connection.studio_id,
        "location": caller.location_id,
        "source": connection.marketplace_id,
        "member": guest.member_id if guest else None,
        **params,
    }
    return [_seen(caller, session, more, now) for session, more in _CLASSES.rows(condition, given)]


def _seen(caller: Caller, session: ScheduledSession, more: list[Any], now: datetime) -> SeenClass:
    room, teacher, sold_by, is_told, of_the_day, waiting, own, position, had_a_place, place, others = more
    sold = json.loads(sold_by) if sold_by else {}
    terms = ContractTerms(**json.loads(of_the_day)) if of_the_day else None
    connection = caller.connection
    publication = publication_of(connection, session, sold=sold, is_told=is_told, place=place, terms=terms, now=now)
    seats = seats_of(connection, session, sold=sold, terms=terms, selling=publication.stand is Stand.SELLING)
    capacity, booked = seats.including_own
    places = rule_that_applies(
        item=session.item.waiting_places, location=None, studio=session.studio.waiting_places
    ).value
    mine = _own(json.loads(own)) if own else None
    held = _held(connection, terms, has_location=place is not None)
    return SeenClass(
        session=session,
        place=place or "",
        room=room or "",
        teacher=teacher or "",
        publication=publication,
        capacity=capacity,
        booked=booked,
        waiting_places=places or 0,
        waiting=waiting,
        deadline=deadline_of(session, terms),
        own=mine,
        position=position,
        had_a_place=had_a_place,
        can_be_given_up=mine is not None and not mine.is_in and now < session.starts_at,
        known=Known(
            line=None if waiting else LinedUp(is_over=session.cancelled_at is not None or now >= session.starts_at),
            others=_others(json.loads(others)),
            agreed=agreed_by(held, session),
            booked_by_source=sold,
        ),
        held=held,
    )


def _held(connection: Connection, terms: ContractTerms | None, *, has_location: bool) -> Held:
    return Held(
        state=Connection.State(connection.state),
        kinds=frozenset(connection.kinds),
        has_location=has_location,
        terms=terms.pk if terms else None,
        cancel_hours=terms.cancel_hours if terms else None,
        quota=terms.quota if terms else None,
    )


def _others(found: dict[str, str | None]) -> Others:
    since = found["here_since"]
    return Others(datetime.fromisoformat(since) if since else None, found["elsewhere"])


def _own(place: dict[str, Any]) -> OwnPlace:
    return OwnPlace(
        reservation_id=place["reservation"],
        booking_ref=place["booking"],
        spot=place["spot"] or "",
        free_until=datetime.fromisoformat(place["free_until"]),
        is_in=place["attendance"] == "checked_in",
        confirmed=place["confirmed"],
    )
