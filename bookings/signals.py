"""Named news of bookings, sent inside the transaction; receivers write job rows and hold no rules."""

from django.dispatch import Signal

# reservation: Reservation, event: ReservationEvent. After each change of a reservation.
reservation_changed = Signal()
# entry: WaitingEntry, event: WaitingEvent. After each change on a waiting list.
waiting_changed = Signal()
# studio: Studio, session_ids: list[int], kind: "made", "changed", "cancelled", "restored" or "removed", by: StaffLogin
# or None, now: datetime. After each change of the schedule, once for each kind; removed sessions are gone.
session_changed = Signal()
# item: CalendarItem, by: StaffLogin or None, now: datetime. After a change of what the item itself says; what its
# sessions become is `session_changed`.
item_changed = Signal()
# studio: Studio, now: datetime. After the demo made or looked at one of its studios, for what other apps have of it.
demo_loaded = Signal()
