"""The demo is loaded from below; what it has of invoices is added here, after its marketplaces."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from bookings.demo.plan import DEMO
from bookings.signals import demo_loaded
from invoicing.demo.load import furnish
from portal.models import Studio


@receiver(demo_loaded, dispatch_uid="invoicing.demo")
def demo_is_invoiced(studio: Studio, now: datetime, **kwargs: Any) -> None:
    if studio.slug == DEMO.slug:
        furnish(studio, now=now)
