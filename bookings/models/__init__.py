from bookings.models.reservation import Pulse, Reservation, ReservationEvent
from bookings.models.schedule import CalendarItem, Room, ScheduledSession, Spot

__all__ = [
    "CalendarItem",
    "Pulse",
    "Reservation",
    "ReservationEvent",
    "Room",
    "ScheduledSession",
    "Spot",
]
