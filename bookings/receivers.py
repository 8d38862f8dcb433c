"""News of the ground floor that sessions must follow."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from bookings.actions.zones import change_zone
from portal.models import Location, StaffLogin
from portal.signals import zone_changed


@receiver(zone_changed, dispatch_uid="bookings.zones")
def keep_the_wall_clock(location: Location, before: str, by: StaffLogin, now: datetime, **kwargs: Any) -> None:
    change_zone(location, before=before, by=by, now=now)
