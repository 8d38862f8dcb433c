"""The files of invoices without their bytes."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Length

from invoicing.models import Invoice


def documents_with_size(invoice: Invoice) -> QuerySet[Any]:
    """Those that are made, each with `size` in bytes."""
    return invoice.documents.defer("content").annotate(size=Length("content"))
