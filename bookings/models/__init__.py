from bookings.models.feeds import CalendarFeed
from bookings.models.item import HUES, CalendarItem, ItemPackage
from bookings.models.places import Room, Spot
from bookings.models.recurrence import Recurrence
from bookings.models.reservation import Pulse, Reservation, ReservationEvent
from bookings.models.schedule import Own, ScheduledSession
from bookings.models.waiting import WaitingEntry, WaitingEvent

__all__ = [
    "HUES",
    "CalendarFeed",
    "CalendarItem",
    "ItemPackage",
    "Own",
    "Pulse",
    "Recurrence",
    "Reservation",
    "ReservationEvent",
    "Room",
    "ScheduledSession",
    "Spot",
    "WaitingEntry",
    "WaitingEvent",
]
