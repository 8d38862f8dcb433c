"""The paper: PDF/A-3b, the XML inside, the same bytes each time, and no letter that could not be shown."""

import gc
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.utils import translation
from lxml import etree
from pikepdf import Name, Pdf, pdfa
from pypdf import PdfReader

from invoicing.documents import Unprintable, cii, made, pdf, unprintable, versions
from invoicing.documents.embedding import NAMESPACE, embedded
from invoicing.documents.letters import missing, shown
from invoicing.documents.model import EInvoice
from tests.invoicing.documents_cases import BARE, CASES, FOREIGN, MARKETPLACE, STUDIOS, case

FX = f"{{{NAMESPACE}}}"
PDFA_PROPERTY = "{http://www.aiim.org/pdfa/ns/property#}"
PDFA_SCHEMA = "{http://www.aiim.org/pdfa/ns/schema#}"


def file_of(invoice: EInvoice) -> bytes:
    return next(one.content for one in made(invoice) if one.kind == "pdf")


def words_of(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).split())


def findings(path: Path, content: bytes) -> set[tuple[str, str]]:
    path.write_bytes(content)
    gc.disable()  # the checker takes each warning of this process for a fault of the file, also of what is swept up
    try:
        return {(one.rule, one.message) for one in pdfa.validate_written(path, "3b").findings}
    finally:
        gc.enable()


@pytest.mark.parametrize("name", [*CASES, "bare"])
def test_it_is_pdf_a_3b(name: str, tmp_path: Path) -> None:
    """The checker knows no extension schemas and refuses each Factur-X for them: of what it finds, that may be left."""
    found = findings(tmp_path / "x.pdf", file_of({**CASES, "bare": BARE}[name]))
    assert {rule for rule, _message in found} == {"ISO_19005_3:6.6.2.3.1-1"}
    prefixes = {message.split()[2].partition("=")[0].partition(":")[0] for _rule, message in found}
    assert prefixes == {"fx", "pdfaExtension", "pdfaSchema", "pdfaProperty"}


def test_without_its_description_of_factur_x_nothing_at_all_is_found(tmp_path: Path) -> None:
    with Pdf.open(BytesIO(file_of(CASES["de"]))) as paper:
        packet = etree.fromstring(paper.Root.Metadata.read_bytes())
        described = packet[0]
        for part in list(described):
            if "fx" in part.nsmap or "pdfaExtension" in part.nsmap:
                described.remove(part)
        paper.Root.Metadata.write(etree.tostring(packet))
        plain = BytesIO()
        paper.save(plain, **pdfa.resolve_save_kwargs("3b"))
    assert findings(tmp_path / "plain.pdf", plain.getvalue()) == set()


def test_the_checker_finds_what_is_wrong(tmp_path: Path) -> None:
    with Pdf.open(BytesIO(file_of(CASES["de"]))) as paper:
        paper.Root.OpenAction = pikepdf.Dictionary(S=Name.JavaScript, JS=pikepdf.String("1"))
        broken = BytesIO()
        paper.save(broken, **pdfa.resolve_save_kwargs("3b"))
    assert {rule for rule, _message in findings(tmp_path / "wrong.pdf", broken.getvalue())} > {
        "ISO_19005_3:6.6.2.3.1-1"
    }


@pytest.mark.parametrize("name", ["de", "correction", "names"])
def test_the_xml_is_inside_as_the_same_in_another_form(name: str) -> None:
    invoice = CASES[name]
    with Pdf.open(BytesIO(file_of(invoice))) as paper:
        (attached,) = paper.Root.AF
        assert list(paper.Root.Names.EmbeddedFiles.Names) == ["factur-x.xml", attached]
        assert (attached.Type, attached.AFRelationship) == (Name.Filespec, Name.Alternative)
        assert (str(attached.F), str(attached.UF)) == ("factur-x.xml", "factur-x.xml")
        stream = attached.EF.F
        assert (stream.Type, stream.Subtype) == (Name.EmbeddedFile, Name("/text/xml"))
        assert stream.read_bytes() == cii.written(invoice)
        assert str(stream.Params.ModDate) == "D:20261105050000+00'00'"
        assert stream.Params.Size == len(cii.written(invoice))
        packet = etree.fromstring(paper.Root.Metadata.read_bytes())
        info = {name: str(value) for name, value in paper.docinfo.items()}
    said = {tag: packet.findtext(f".//{FX}{tag}") for tag in ("DocumentType", "DocumentFileName", "Version")}
    assert said == {"DocumentType": "INVOICE", "DocumentFileName": "factur-x.xml", "Version": "1.0"}
    assert packet.findtext(f".//{FX}ConformanceLevel") == "EN 16931"
    assert packet.findtext(f".//{PDFA_SCHEMA}namespaceURI") == NAMESPACE
    assert packet.findtext(f".//{PDFA_SCHEMA}prefix") == "fx"
    assert {node.text for node in packet.iter(f"{PDFA_PROPERTY}name")} == {
        "DocumentFileName",
        "DocumentType",
        "Version",
        "ConformanceLevel",
    }
    assert len(packet) == 1
    title = packet.find(".//{http://purl.org/dc/elements/1.1/}title")
    assert info["/Title"] == "".join(title.itertext()).strip()
    assert invoice.number in info["/Title"]


def test_who_reads_an_invoice_as_an_invoice_finds_it() -> None:
    """factur-x, another reader of such files, finds the XML and its level."""
    from facturx import get_level, get_xml_from_pdf  # noqa: PLC0415

    name, xml = get_xml_from_pdf(file_of(CASES["de"]), check_xsd=True, check_schematron=False)
    assert name == "factur-x.xml"
    assert xml == cii.written(CASES["de"])
    assert get_level(etree.fromstring(xml)) == "en16931"


def test_the_same_invoice_is_the_same_file_in_any_process_zone_and_language() -> None:
    here = {name: [one.sha256 for one in made(invoice)] for name, invoice in CASES.items()}
    with translation.override("nl"):
        again = {name: [one.sha256 for one in made(invoice)] for name, invoice in CASES.items()}
    assert again == here
    code = (
        "import django, json; django.setup();"
        "from invoicing.documents import made; from tests.invoicing.documents_cases import CASES;"
        "print(json.dumps({name: [one.sha256 for one in made(whole)] for name, whole in CASES.items()}))"
    )
    elsewhere = {**os.environ, "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "DJANGO_SETTINGS_MODULE": "config.settings"}
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=elsewhere, capture_output=True, text=True, timeout=60
    )
    assert json.loads(ran.stdout.splitlines()[-1]) == here, ran.stderr


def test_what_is_made_names_itself() -> None:
    files = made(replace(CASES["studio's own"], number="2026/10 A"))
    assert [(one.kind, one.file_name, one.media_type) for one in files] == [
        ("pdf", "2026-10-A.pdf", "application/pdf"),
        ("facturx", "2026-10-A-factur-x.xml", "application/xml"),
        ("xrechnung", "2026-10-A-xrechnung.xml", "application/xml"),
        ("peppol", "2026-10-A-peppol.xml", "application/xml"),
    ]
    assert all(one.sha256 == hashlib.sha256(one.content).hexdigest() for one in files)
    assert set(versions()) == {"typst", "pikepdf", "lxml"}


@pytest.mark.parametrize(("name", "letters"), [("chinese", "瑜伽"), ("emoji", "🧘🏽")])
def test_a_letter_that_cannot_be_shown_is_said_and_no_file_is_made(name: str, letters: str) -> None:
    invoice = case(seller=FOREIGN[name])
    # The account holder has the same name: each letter is told once.
    assert unprintable(invoice) == letters
    with pytest.raises(Unprintable) as refused:
        made(invoice)
    assert (refused.value.characters, refused.value.field) == (letters, "seller.name")


@pytest.mark.parametrize(
    "changed",
    [
        {"buyer": replace(MARKETPLACE, street="東京 1")},
        {"note": "東"},
        {"number": "東"},
        {"payment_terms": "東"},
        {"lines": (replace(case().lines[0], description="東"),)},
        {"vat": (replace(case().vat[0], exemption_reason="東"),)},
    ],
)
def test_every_text_is_looked_at(changed: dict[str, Any]) -> None:
    assert "東" in unprintable(case(**changed))


def test_names_of_europe_are_shown_as_they_are() -> None:
    names = "Łódź Ångström İstanbul Φίλοι Йога Žižek Ŵeß Škoda Ő Þór"
    assert unprintable(case(seller=replace(STUDIOS["DE"], name=names))) == ""
    assert names in words_of(file_of(case(seller=replace(STUDIOS["DE"], name=names))))
    assert shown("Cafe\u0301") == "Caf\u00e9"
    # Letters in two parts, signs that are not seen, other blanks: nothing to refuse.
    assert unprintable(case(seller=replace(STUDIOS["DE"], name="Cafe\u0301 Yo\u00adga\u2009Mitte\u200b\t\u0007"))) == ""


def test_whatever_is_not_refused_beforehand_is_printed(tmp_path: Path) -> None:
    """Each of the first 70,000 signs that is not said to be missing, by itself: Typst refuses none, and it is PDF/A."""
    signs = [chr(one) for one in range(1, 70_000) if not 0xD800 <= one < 0xE000 and not missing(chr(one))]
    assert len(signs) > 1600
    name = " ".join(signs)
    invoice = case(seller=replace(STUDIOS["DE"], name=name), lines=(replace(case().lines[0], description=name),))
    found = findings(tmp_path / "signs.pdf", file_of(invoice))
    assert {rule for rule, _message in found} == {"ISO_19005_3:6.6.2.3.1-1"}
    etree.fromstring(cii.written(invoice))


def test_markup_is_text() -> None:
    name = 'Körper & Geist #text("x") *Mitte* <b> $1$ [a] @b \\ //'
    assert name in words_of(file_of(case(seller=replace(STUDIOS["DE"], name=name))))


@pytest.mark.parametrize(
    ("name", "title", "note"),
    [
        ("de", "Gutschrift", "Gutschrift, ausgestellt vom Leistungsempfänger"),
        ("nl 21", "Factuur uitgereikt door afnemer", ""),
        ("negative", "Self-billing invoice", "Self-billing: issued by the buyer"),
        ("correction", "Korrektur zur Gutschrift Nr. WP-2026-00003", "Korrektur einer Gutschrift"),
        ("studio's own", "Factuur", ""),
        ("studio's credit", "Credit note for invoice WP-2026-00003", ""),
    ],
)
def test_the_head_says_what_it_is_in_its_language(name: str, title: str, note: str) -> None:
    words = words_of(file_of(CASES[name]))
    assert words.startswith(f"{title} {note}".strip())


def test_sixty_lines_go_over_pages_with_their_headings() -> None:
    pages = [page.extract_text() for page in PdfReader(BytesIO(file_of(CASES["60 lines"]))).pages]
    assert len(pages) >= 3
    with translation.override("de"):
        heading = translation.gettext("Quantity")
    assert all(heading in page for page in pages)
    assert all("WP-2026-00017" in page for page in pages)
    found = [int(one) for page in pages for one in re.findall(r"of group (\d+)", " ".join(page.split()))]
    assert found == list(range(1, 61))


def test_only_what_is_paid_out_names_an_account() -> None:
    assert "DE89 3704 0044 0532 0130 00" in words_of(file_of(CASES["de"]))
    assert "Paid out around 16 November 2026." in words_of(file_of(CASES["mixed"]))
    assert "Paid out" not in words_of(file_of(CASES["negative"]))
    assert "Set off." in words_of(file_of(replace(CASES["negative"], payment_terms="Set off.")))
    assert "DE89" not in words_of(file_of(CASES["negative"]))
    assert "DE89" not in words_of(file_of(CASES["correction"]))


def test_a_pdf_of_another_maker_keeps_what_it_has_by_name() -> None:
    """Named places stay; the list of attachments is ours alone."""
    with Pdf.open(BytesIO(pdf.written(CASES["de"]))) as paper:
        paper.Root.Names = pikepdf.Dictionary(Dests=pikepdf.Dictionary(Names=pikepdf.Array([])))
        before = BytesIO()
        paper.save(before)
    moment = CASES["de"].issued_at
    after = embedded(before.getvalue(), b"<a/>", issued_at=moment, title="A & B", author="C <D>", language="de")
    with Pdf.open(BytesIO(after)) as paper:
        assert set(paper.Root.Names.keys()) == {"/Dests", "/EmbeddedFiles"}
        assert b"A &amp; B" in paper.Root.Metadata.read_bytes()
