"""The files of an issued invoice, all of them from one `EInvoice` and nothing else (docs/einvoices.md)."""

import hashlib
import re
from dataclasses import dataclass, field
from importlib.metadata import version

from invoicing.documents import cii, embedding, pdf, ubl, wording
from invoicing.documents.letters import Unprintable, shown
from invoicing.documents.model import EInvoice
from invoicing.documents.needs import FACTURX, KINDS, PDF, PEPPOL, XRECHNUNG, lacking
from invoicing.documents.pdf import unprintable
from invoicing.documents.writing import clean

__all__ = [
    "FACTURX",
    "KINDS",
    "PDF",
    "PEPPOL",
    "XRECHNUNG",
    "Made",
    "Unprintable",
    "lacking",
    "made",
    "unprintable",
    "versions",
]

XML = "application/xml"
LIBRARIES = ("typst", "pikepdf", "lxml")


@dataclass(frozen=True, kw_only=True)
class Made:
    """One file, ready to be stored."""

    kind: str
    file_name: str
    media_type: str
    content: bytes = field(repr=False)
    sha256: str


def made(invoice: EInvoice) -> list[Made]:
    """Every kind that lacks nothing, in the order of KINDS: the PDF with its XML inside, that XML, XRechnung, Peppol.

    The same invoice gives the same bytes, as long as `versions()` are the same. Raises Unprintable, and ValueError for
    amounts with more than two decimals; nothing is made then.
    """
    kinds = [kind for kind in KINDS if not lacking(invoice, kind)]
    return [_made(invoice, kind) for kind in kinds]


def versions() -> dict[str, str]:
    """What made the files, to be kept beside them: another version may write the same invoice in other bytes."""
    return {name: version(name) for name in LIBRARIES}


def _made(invoice: EInvoice, kind: str) -> Made:
    name = re.sub(r"[^\w-]+", "-", invoice.number).strip("-") or "invoice"
    match kind:
        case "pdf":
            content, file_name, media_type = _hybrid(invoice), f"{name}.pdf", "application/pdf"
        case "facturx":
            content, file_name, media_type = cii.written(invoice), f"{name}-factur-x.xml", XML
        case "xrechnung":
            content, file_name, media_type = ubl.written(invoice, ubl.XRECHNUNG), f"{name}-xrechnung.xml", XML
        case _:
            content = ubl.written(invoice, ubl.peppol_profile(invoice))
            file_name, media_type = f"{name}-peppol.xml", XML
    return Made(
        kind=kind,
        file_name=file_name,
        media_type=media_type,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _hybrid(invoice: EInvoice) -> bytes:
    writer = invoice.buyer if invoice.type_code.is_self_billed else invoice.seller
    return embedding.embedded(
        pdf.written(invoice),
        cii.written(invoice),
        issued_at=invoice.issued_at,
        title=shown(f"{wording.title_of(invoice)} {clean(invoice.number)}"),
        author=shown(clean(writer.name)),
        language=invoice.language,
    )
