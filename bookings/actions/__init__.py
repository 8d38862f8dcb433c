"""What can be done with a reservation: one function per verb, one transaction each.

Each takes a client-made `action_id` and may be called again with it: the second call changes nothing and answers with
what the first one did (Q17). Each appends one event, raises the studio's pulse last, and sends `reservation_changed`
inside the transaction. Locks are taken in one order: session, reservation, pulse.
"""

from bookings.actions.attendance import check_in, mark_no_show
from bookings.actions.recording import ActionIdReused, Done, Refused
from bookings.actions.reservations import cancel, cancel_facts, reserve
from bookings.actions.sweep import sweep_no_shows
from bookings.actions.undo import reinstate, revert_check_in, revert_no_show, undo, withdraw

__all__ = [
    "ActionIdReused",
    "Done",
    "Refused",
    "cancel",
    "cancel_facts",
    "check_in",
    "mark_no_show",
    "reinstate",
    "reserve",
    "revert_check_in",
    "revert_no_show",
    "sweep_no_shows",
    "undo",
    "withdraw",
]
