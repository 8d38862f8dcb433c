"""That somebody opened or downloaded an invoice: once for each person and day, so that the timeline stays one."""

from datetime import datetime

from invoicing.actions.telling import tell
from invoicing.models import Invoice, InvoiceEvent
from invoicing.selectors.parties import home_of
from portal.models import StaffLogin


def note_reading(
    invoice: Invoice, kind: InvoiceEvent.Kind, *, by: StaffLogin, now: datetime, text: str = ""
) -> InvoiceEvent | None:
    """Append it, unless this person did the same (`kind` and `text`) on this local day already."""
    home = home_of(invoice.studio_id)
    today = now.astimezone(home.tz if home else None).replace(hour=0, minute=0, second=0, microsecond=0)
    before = InvoiceEvent.objects.filter(invoice=invoice, kind=kind, by=by, text=text, occurred_at__gte=today)
    if before.exists():
        return None
    return tell(invoice, kind, now=now, by=by, text=text)
