"""Whether the books are whole: every number given, every frozen word as it was, every file made."""

from datetime import datetime

from django.db.models import Count, Exists, F, Max, OuterRef, QuerySet

from invoicing.documents.model import as_json, from_json
from invoicing.models import Invoice, InvoiceDocument, NumberSeries
from invoicing.rules.chain import chained


def flaws() -> list[str]:
    """What is wrong, by number of series or invoice; of every studio. Reads each frozen invoice once."""
    series = NumberSeries.objects.annotate(given=Count("invoices"), highest=Max("invoices__series_number"))
    found = [
        f"series {one.prefix}-{one.year} of studio {one.studio_id}: {one.given} invoices for {one.last} numbers"
        for one in series.exclude(given=F("last"), highest=F("last")).exclude(last=0)
    ]
    before: dict[int, str] = {}
    for invoice in Invoice.objects.order_by("studio", "id").iterator(chunk_size=500):
        said = chained(invoice.previous_hash, as_json(from_json(invoice.snapshot)))
        if invoice.previous_hash != before.get(invoice.studio_id, "") or invoice.hash != said:
            found.append(f"invoice {invoice.number} of studio {invoice.studio_id} is not what was issued")
        before[invoice.studio_id] = invoice.hash
    return found


def without_files(issued_before: datetime) -> QuerySet[Invoice]:
    """Invoices of any studio that have no PDF."""
    made = InvoiceDocument.objects.filter(invoice=OuterRef("pk"), kind="pdf")
    return Invoice.objects.filter(~Exists(made), issued_at__lt=issued_before).select_related("studio").order_by("pk")
