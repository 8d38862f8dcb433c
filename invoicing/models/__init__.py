from invoicing.models.invoice import (
    BilledVisit,
    Invoice,
    InvoiceDocument,
    InvoiceEvent,
    InvoiceLine,
    IssueAttempt,
    MonthClosing,
    NumberSeries,
)
from invoicing.models.parties import Payer, Seller, SelfBillingAgreement, TaxStatus
from invoicing.models.payout import Payout, PayoutEvent

__all__ = [
    "BilledVisit",
    "Invoice",
    "InvoiceDocument",
    "InvoiceEvent",
    "InvoiceLine",
    "IssueAttempt",
    "MonthClosing",
    "NumberSeries",
    "Payer",
    "Payout",
    "PayoutEvent",
    "SelfBillingAgreement",
    "Seller",
    "TaxStatus",
]
