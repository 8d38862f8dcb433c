"""Purchases and the visits that use them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from bookings.models import CalendarItem
from packages.models import Purchase
from portal.models import Member
from tests.factories import ReservationFactory, SessionFactory
from tests.factories.packages import PurchaseFactory

DAY = timedelta(days=1)


def buy(member: Member, item: CalendarItem, *, days_ago: int = 1, **fields: Any) -> Purchase:
    version = item.packages.get().versions.get(number=1)
    return PurchaseFactory(member=member, version=version, purchased_at=timezone.now() - days_ago * DAY, **fields)


def visited(member: Member, item: CalendarItem, purchase: Purchase | None, *, days_ago: float, **fields: Any) -> Any:
    at = timezone.now() - days_ago * DAY
    fields.setdefault("attendance", "checked_in")
    if fields["attendance"] == "checked_in":
        fields["checked_in_at"] = at
    session = SessionFactory(item=item, starts_at=at)
    return ReservationFactory(session=session, member=member, purchase=purchase, assigned="rule", **fields)
