"""What can be done with a reservation: one function per verb, one transaction each.

Each takes a client-made `action_id` and may be called again with it: the second call changes nothing and answers with
what the first one did (Q17). Each appends one event, raises the studio's pulse last, and sends `reservation_changed`
inside the transaction. Locks are taken in one order: session, reservation, pulse.
"""

from bookings.actions.appointments import book_appointment
from bookings.actions.attendance import check_in, mark_no_show
from bookings.actions.courses import CourseDone, RefusedFor, cancel_course, reserve_course
from bookings.actions.offers import settle_waiting
from bookings.actions.recording import ActionIdReused, Done, Refused
from bookings.actions.reservations import cancel, cancel_facts, reserve
from bookings.actions.spots import move_to_spot, swap_spots
from bookings.actions.sweep import sweep_no_shows
from bookings.actions.undo import reinstate, revert_check_in, revert_no_show, undo, withdraw
from bookings.actions.waiting import (
    Waited,
    accept_place,
    decline_place,
    join_waiting,
    leave_waiting,
    offer_place,
    promote,
    sweep_waiting,
)
from bookings.actions.walk_in import WalkIn, walk_in
from portal.members.joining import NewMember

__all__ = [
    "ActionIdReused",
    "CourseDone",
    "Done",
    "NewMember",
    "Refused",
    "RefusedFor",
    "Waited",
    "WalkIn",
    "accept_place",
    "book_appointment",
    "cancel",
    "cancel_course",
    "cancel_facts",
    "check_in",
    "decline_place",
    "join_waiting",
    "leave_waiting",
    "mark_no_show",
    "move_to_spot",
    "offer_place",
    "promote",
    "reinstate",
    "reserve",
    "reserve_course",
    "revert_check_in",
    "revert_no_show",
    "settle_waiting",
    "swap_spots",
    "sweep_no_shows",
    "sweep_waiting",
    "undo",
    "walk_in",
    "withdraw",
]
