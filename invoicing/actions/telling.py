"""What happens to an invoice after its issue, appended."""

from datetime import datetime

from invoicing.models import Invoice, InvoiceEvent
from portal.models import StaffLogin, User


def tell(
    invoice: Invoice,
    kind: InvoiceEvent.Kind,
    *,
    now: datetime,
    by: StaffLogin | None = None,
    operator: User | None = None,
    text: str = "",
) -> InvoiceEvent:
    """Append to the invoice's timeline: `by` a person of the studio, or the operator; neither: by itself."""
    return InvoiceEvent.objects.create(
        studio_id=invoice.studio_id, invoice=invoice, kind=kind, occurred_at=now, by=by, operator=operator, text=text
    )
