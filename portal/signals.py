"""Named news of the ground floor, sent inside the transaction (`design.md`: news travels left)."""

from django.dispatch import Signal

# location: Location as saved, before: the old zone's name, by: StaffLogin, now: datetime. A location has another zone.
zone_changed = Signal()
