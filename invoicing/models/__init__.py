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
from invoicing.models.parties import Payer, SelfBillingAgreement, Seller, TaxStatus
from invoicing.models.payout import Payout, PayoutEvent
from invoicing.models.statement import (
    Statement,
    StatementAnswer,
    StatementChunk,
    StatementLine,
    StatementMapping,
)

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
    "Statement",
    "StatementAnswer",
    "StatementChunk",
    "StatementLine",
    "StatementMapping",
    "TaxStatus",
]
