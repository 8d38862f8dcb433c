"""The operator's desk for invoices: who pays for a marketplace, and what became of the money."""

from invoicing.admin.invoices import InvoiceAdmin, IssueAttemptAdmin
from invoicing.admin.parties import PayerAdmin
from invoicing.admin.payouts import PayoutAdmin

__all__ = ["InvoiceAdmin", "IssueAttemptAdmin", "PayerAdmin", "PayoutAdmin"]
