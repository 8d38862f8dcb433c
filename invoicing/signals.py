"""News of invoicing, sent inside the transaction that makes it."""

from django.dispatch import Signal

# invoice: the Invoice, a credit or a replacement too; now: the moment of the issue.
invoice_issued = Signal()
