"""What of invoices leaves with a studio: rows, and each document byte for byte as it was issued."""

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from invoicing.models import (
    BilledVisit,
    Invoice,
    InvoiceDocument,
    InvoiceEvent,
    InvoiceLine,
    IssueAttempt,
    MonthClosing,
    NumberSeries,
    Payer,
    Payout,
    PayoutEvent,
    SelfBillingAgreement,
    Seller,
    Statement,
    StatementAnswer,
    StatementChunk,
    StatementLine,
    StatementMapping,
    TaxStatus,
)
from portal.imports.runs import clean_file_name
from portal.leaving.own import AS_FILES, MACHINERY, OPERATOR
from portal.leaving.registry import Kept, export, leave_out, register_files, register_retention
from portal.models import Studio


def register() -> None:
    export(Seller, "seller")
    export(TaxStatus, "tax_status")
    export(Payer, "payers", path="marketplace__connections__studio")
    export(SelfBillingAgreement, "self_billing_agreements")
    export(NumberSeries, "invoice_number_series")
    export(Invoice, "invoices")
    export(InvoiceLine, "invoice_lines")
    export(BilledVisit, "billed_visits")
    export(InvoiceDocument, "invoice_documents", without={"content": AS_FILES})
    export(InvoiceEvent, "invoice_events", without={"operator_id": OPERATOR})
    export(MonthClosing, "month_closings")
    export(IssueAttempt, "invoice_attempts")
    export(Payout, "payouts")
    export(PayoutEvent, "payout_events", without={"operator_id": OPERATOR})
    export(Statement, "statements", without={"job_id": MACHINERY})
    export(StatementLine, "statement_lines")
    export(StatementAnswer, "statement_answers")
    export(StatementMapping, "statement_mappings")
    leave_out(StatementChunk, lazy("Each statement stands whole below files/, as it was given to us."))
    register_files("invoices", documents)
    register_files("statements", statements)
    register_retention(
        lambda: [Kept(_("Invoices, their documents and payouts"), _("for good; the law asks for years of them"))]
    )


def documents(studio: Studio, now: datetime) -> Iterator[tuple[str, list[bytes]]]:
    """PDF and XML of each invoice, one at a time."""
    rows = InvoiceDocument.objects.filter(studio=studio).order_by("pk")
    for pk, name, content in rows.values_list("pk", "file_name", "content").iterator(chunk_size=1):
        yield f"files/invoices/{pk}_{clean_file_name(name)}", [bytes(content)]


def statements(studio: Studio, now: datetime) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The files of marketplaces' statements, a piece at a time."""
    for pk, name in Statement.objects.filter(studio=studio).order_by("pk").values_list("pk", "file_name"):
        chunks = StatementChunk.objects.filter(statement=pk).order_by("position").values_list("content", flat=True)
        yield f"files/statements/{pk}_{clean_file_name(name)}", (bytes(one) for one in chunks.iterator(chunk_size=1))
