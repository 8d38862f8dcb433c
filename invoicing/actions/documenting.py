"""The files of an issued invoice, made once and kept byte for byte."""

from invoicing import documents
from invoicing.documents.model import from_json
from invoicing.models import Invoice, InvoiceDocument

DOCUMENTS = "invoicing.documents"


def make_documents(invoice: Invoice) -> list[InvoiceDocument]:
    """Make and store what is not stored yet; all of the invoice's files. Twice at once stores each once.

    A kind that lacks a fact that its standard asks for is not made (`documents.lacking`).
    """
    kept = set(invoice.documents.values_list("kind", flat=True))
    versions = documents.versions()
    InvoiceDocument.objects.bulk_create(
        (
            InvoiceDocument(
                studio_id=invoice.studio_id,
                invoice=invoice,
                kind=one.kind,
                file_name=one.file_name,
                media_type=one.media_type,
                content=one.content,
                sha256=one.sha256,
                versions=versions,
            )
            for one in documents.made(from_json(invoice.snapshot))
            if one.kind not in kept
        ),
        ignore_conflicts=True,
    )
    return list(invoice.documents.defer("content").order_by("kind"))
