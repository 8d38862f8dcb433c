"""What may be booked, cancelled and checked in, and what a reservation's state is called.

Pure: frozen facts in, a decision with its path out. Nothing here reads a clock or a database.
"""

from bookings.rules.appointments import AppointmentFacts, free_starts, may_book_appointment
from bookings.rules.attendance import EARLY, AttendanceFacts, may_check_in, may_mark_no_show, minutes_late
from bookings.rules.booking import BookingFacts, MarketplaceFacts, is_paid, may_book, may_book_all, no_sessions
from bookings.rules.cancelling import CancelAs, CancelFacts, may_cancel, ways_to_cancel
from bookings.rules.decisions import Answer, Decision, Fact, Origin, Question, Step
from bookings.rules.policies import Agreed, Applied, Deadline, cancellation_deadline, rule_that_applies
from bookings.rules.rooms import SpotFacts, may_have_spot, may_name_room, may_remove_room, may_set_spots
from bookings.rules.scheduling import (
    CallOffFacts,
    EditFacts,
    RemovalFacts,
    SeriesFacts,
    may_call_off,
    may_copy_week,
    may_edit,
    may_recur,
    may_remove,
    may_remove_session,
    may_restore,
)
from bookings.rules.states import Attendance, Booking, Standing, State, state_of
from bookings.rules.undoing import UndoFacts, may_undo, nothing_to_undo
from bookings.rules.waiting import (
    MINUTE,
    OfferFacts,
    WaitFacts,
    Waiting,
    cut_off,
    hold_until,
    may_accept,
    may_leave,
    may_promote,
    may_wait,
    places_to_offer,
)

__all__ = [
    "EARLY",
    "MINUTE",
    "Agreed",
    "Answer",
    "Applied",
    "AppointmentFacts",
    "Attendance",
    "AttendanceFacts",
    "Booking",
    "BookingFacts",
    "CallOffFacts",
    "CancelAs",
    "CancelFacts",
    "Deadline",
    "Decision",
    "EditFacts",
    "Fact",
    "MarketplaceFacts",
    "OfferFacts",
    "Origin",
    "Question",
    "RemovalFacts",
    "SeriesFacts",
    "SpotFacts",
    "Standing",
    "State",
    "Step",
    "UndoFacts",
    "WaitFacts",
    "Waiting",
    "cancellation_deadline",
    "cut_off",
    "free_starts",
    "hold_until",
    "is_paid",
    "may_accept",
    "may_book",
    "may_book_all",
    "may_book_appointment",
    "may_call_off",
    "may_cancel",
    "may_check_in",
    "may_copy_week",
    "may_edit",
    "may_have_spot",
    "may_leave",
    "may_mark_no_show",
    "may_name_room",
    "may_promote",
    "may_recur",
    "may_remove",
    "may_remove_room",
    "may_remove_session",
    "may_restore",
    "may_set_spots",
    "may_undo",
    "may_wait",
    "minutes_late",
    "no_sessions",
    "nothing_to_undo",
    "places_to_offer",
    "rule_that_applies",
    "state_of",
    "ways_to_cancel",
]
