"""A month becomes an invoice: what is on it, once, in turn, and for good."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db import connection as database

from invoicing import actions
from invoicing.actions import Obstructed, issue, issue_or_note
from invoicing.documents.model import from_json
from invoicing.models import (
    BilledVisit,
    Invoice,
    InvoiceDocument,
    IssueAttempt,
    Payer,
    Payout,
    SelfBillingAgreement,
    Seller,
    TaxStatus,
)
from invoicing.rules import Obstacle
from invoicing.rules.chain import chained
from invoicing.selectors.checking import flaws, without_files
from invoicing.selectors.drafts import draft
from invoicing.selectors.due import due
from tests.factories.invoicing import PayerFactory, SellerFactory
from tests.invoicing.papers import (
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    ON_5_DECEMBER,
    ON_5_JANUARY,
    TERMS,
    D,
    issued,
    lines,
    with_papers,
)
from tests.invoicing.scenes import at, house

pytestmark = pytest.mark.django_db


def test_an_invoice_states_its_numbers_its_clauses_and_its_sums() -> None:
    one = with_papers(paid_per_day=1, late_cancel_rate=D("3.00"), late_cancel_paid="always", additional_rate=D("5.00"))
    for day in range(1, 5):
        one.visit(at(f"2026-11-{day:02} 18:00"))
    one.visit(at("2026-11-04 20:00"), additional=False)  # the second one of a day
    one.visit(at("2026-11-05 18:00"), additional=True)
    one.visit(at("2026-11-06 18:00"), "no_show")
    one.visit(at("2026-11-07 18:00"), "late_cancel")
    one.visit(at("2026-11-08 18:00"), "cancelled")
    invoice = issued(one)
    assert lines(invoice) == [
        ("check_in", "check_in", 4, "38.00"),
        ("additional", "additional", 1, "5.00"),
        ("no_show", "no_show", 1, "4.00"),
        ("late_cancel", "late_cancel", 1, "3.00"),
        ("check_in", "day_cap", 1, "0.00"),
    ]
    assert (invoice.check_ins, invoice.additional, invoice.no_shows, invoice.late_cancels) == (4, 1, 1, 1)
    assert (str(invoice.net), str(invoice.tax), str(invoice.gross)) == ("50.00", "9.50", "59.50")
    assert invoice.visits.count() == 8
    assert invoice.number == f"FITPASS-{one.connection.studio.slug.upper()}-2026-0001"
    assert (invoice.type_code, invoice.issued_on, invoice.due_on) == ("389", date(2026, 12, 5), date(2026, 12, 15))
    assert Payout.objects.get(invoice=invoice).amount == invoice.gross


def test_vat_is_of_the_sum_and_not_of_the_lines() -> None:
    """Three lines of 0.03: a cent of VAT each if they were rounded, none of the sum is."""
    one = with_papers(
        check_in_rate=D("0.03"), no_show_rate=D("0.03"), late_cancel_rate=D("0.03"), late_cancel_paid="always"
    )
    for day, kind in ((1, "check_in"), (2, "no_show"), (3, "late_cancel")):
        one.visit(at(f"2026-11-{day:02} 18:00"), kind)
    assert str(issued(one).tax) == "0.02"


def test_the_same_month_is_issued_once_however_often_it_is_asked_for() -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    first = issued(one)
    one.visit(at("2026-11-04 18:00"))
    assert issued(one) == first
    assert Invoice.objects.count() == 1


def test_a_month_without_visits_has_no_document_and_is_not_asked_again() -> None:
    one = with_papers()
    assert (one.contract.pk, NOVEMBER) in [(contract.pk, month) for contract, month in due(ON_5_DECEMBER)]
    for _, month in due(ON_5_DECEMBER):
        assert issue_or_note(one.contract, month, now=ON_5_DECEMBER) is None
    assert due(ON_5_DECEMBER) == []
    assert Invoice.objects.count() == 0


def test_what_is_missing_is_kept_and_tried_again() -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    Seller.objects.all().delete()
    Payer.objects.all().delete()
    for contract, month in due(ON_5_DECEMBER):
        issue_or_note(contract, month, now=ON_5_DECEMBER)
    attempt = IssueAttempt.objects.get(month=NOVEMBER)
    assert attempt.obstacles == [Obstacle.NO_SELLER, Obstacle.NO_PAYER]
    SellerFactory(studio=one.connection.studio)
    PayerFactory(marketplace=one.connection.marketplace)
    assert [month for _, month in due(ON_5_DECEMBER)] == [NOVEMBER]
    assert issue_or_note(one.contract, NOVEMBER, now=ON_5_DECEMBER)
    assert not IssueAttempt.objects.filter(month=NOVEMBER).exists()


@pytest.mark.parametrize(
    ("changes", "obstacle"),
    [
        ({"iban": ""}, Obstacle.NO_BANK),
        ({"vat_id": ""}, Obstacle.NO_TAX_ID),
        ({"legal_name": "Yoga \ue000"}, Obstacle.UNPRINTABLE),
    ],
)
def test_each_gap_has_its_name(changes: dict[str, str], obstacle: Obstacle) -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    Seller.objects.update(**changes)
    with pytest.raises(Obstructed) as refused:
        issue(one.contract, NOVEMBER, now=ON_5_DECEMBER)
    assert refused.value.obstacles == (obstacle,)
    assert (Invoice.objects.count(), BilledVisit.objects.count()) == (0, 0)


def test_months_are_issued_in_their_order() -> None:
    one = with_papers()
    one.visit(at("2026-10-03 16:00"))
    one.visit(at("2026-11-03 18:00"))
    with pytest.raises(Obstructed) as refused:
        issue(one.contract, NOVEMBER, now=ON_5_DECEMBER)
    assert refused.value.obstacles == (Obstacle.EARLIER_MONTH,)
    for contract, month in due(ON_5_DECEMBER):
        issue_or_note(contract, month, now=ON_5_DECEMBER)
    assert [(invoice.month, invoice.series_number) for invoice in Invoice.objects.order_by("id")] == [
        (OCTOBER, 1),
        (NOVEMBER, 2),
    ]


@pytest.mark.parametrize(
    ("zone", "last_moment"),
    [("Europe/Amsterdam", "2026-12-05 04:59:59"), ("America/New_York", "2026-12-05 10:59:59")],
)
def test_invoices_are_due_on_the_5th_at_six_by_the_clock_of_the_studio(zone: str, last_moment: str) -> None:
    one = house(zone)
    one.terms()
    before = at(last_moment)
    assert NOVEMBER not in [month for _, month in due(before)]
    assert NOVEMBER in [month for _, month in due(before + timedelta(seconds=1))]


def test_a_server_that_was_down_from_the_4th_to_the_6th_catches_up() -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    on_the_6th = at("2026-12-06 09:00")
    assert (one.contract.pk, NOVEMBER) in [(contract.pk, month) for contract, month in due(on_the_6th)]
    assert issued(one, now=on_the_6th).issued_on == date(2026, 12, 6)


def test_a_draft_is_what_would_be_issued() -> None:
    one = with_papers()
    for day in range(1, 4):
        one.visit(at(f"2026-11-{day:02} 18:00"), "no_show" if day == 2 else "check_in")
    one.visit(at("2026-11-29 18:00"), "booked")
    seen = draft(one.contract, NOVEMBER, now=at("2026-11-22 12:00"))
    assert (str(seen.totals.net), seen.to_come, seen.due_on) == ("23.00", 1, date(2026, 12, 15))
    later = draft(one.contract, NOVEMBER, now=ON_5_DECEMBER)
    invoice = issued(one)
    assert [(line.kind, line.quantity, line.net) for line in later.lines] == [
        (line.kind, line.quantity, line.net) for line in invoice.lines.all()
    ]
    assert (later.totals.gross, later.totals.check_ins) == (invoice.gross, invoice.check_ins)


def test_a_flat_rate_is_one_line_by_the_days_of_its_version() -> None:
    one = with_papers(NOVEMBER, flat_rate=D("100.00"), no_show_rate=D(0))
    one.terms(date(2026, 11, 11), **TERMS)
    one.visit(at("2026-11-03 18:00"))
    one.visit(at("2026-11-12 18:00"))
    assert lines(issued(one)) == [
        ("flat", "flat_rate", 1, "33.33"),
        ("check_in", "check_in", 1, "9.50"),
        ("check_in", "flat_rate", 1, "0.00"),
    ]


def test_a_small_business_shows_no_vat_and_says_why_also_in_the_month_in_which_it_ceases_to_be_one() -> None:
    one = with_papers()
    studio = one.connection.studio
    TaxStatus.objects.create(studio=studio, first_on=date(2026, 1, 1), small_business=True)
    TaxStatus.objects.create(studio=studio, first_on=date(2026, 11, 15), small_business=False)
    one.visit(at("2026-11-14 18:00"))
    one.visit(at("2026-11-15 18:00"))
    invoice = issued(one)
    assert (str(invoice.net), str(invoice.tax)) == ("19.00", "1.81")
    vat = {row.category: row.exemption_reason for row in from_json(invoice.snapshot).vat}
    assert (sorted(vat), "25" in vat["E"]) == (["E", "S"], True)


def test_a_studio_that_writes_its_own_invoices_numbers_them_itself_and_needs_no_agreement() -> None:
    one = house()
    one.terms(issuer="studio", **TERMS)
    SellerFactory(studio=one.connection.studio, prefix="LY")
    PayerFactory(marketplace=one.connection.marketplace)
    one.visit(at("2026-11-03 18:00"))
    invoice = issued(one)
    assert (invoice.type_code, invoice.number) == ("380", "LY-2026-0001")


def test_what_was_billed_as_paid_counts_for_the_caps_of_the_next_month() -> None:
    one = with_papers(paid_per_30_days=2)
    for day in (25, 26):
        one.visit(at(f"2026-11-{day} 18:00"))
    issued(one)
    one.visit(at("2026-12-10 18:00"))
    one.visit(at("2026-12-28 18:00"))
    assert [(line[1], line[2]) for line in lines(issued(one, DECEMBER, ON_5_JANUARY))] == [
        ("check_in", 1),
        ("period_cap", 1),
    ]


def test_postgresql_refuses_numbers_that_jump_or_go_back() -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    issued(one)
    for number in ("last + 2", "last - 1"):
        with pytest.raises(IntegrityError, match="follow"), transaction.atomic(), database.cursor() as cursor:
            cursor.execute(f"UPDATE invoicing_numberseries SET last = {number}")  # noqa: S608


def test_files_are_made_once_and_the_chain_of_hashes_holds() -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    first = issued(one)
    made = actions.make_documents(first)
    assert [document.kind for document in actions.make_documents(first)] == [document.kind for document in made]
    assert InvoiceDocument.objects.filter(kind="pdf").count() == 1
    one.visit(at("2026-12-03 18:00"))
    second = issued(one, DECEMBER, ON_5_JANUARY)
    assert second.previous_hash == first.hash == chained("", first.snapshot)
    assert second.hash == chained(first.hash, second.snapshot)


def test_moments_are_those_of_the_studio() -> None:
    """05:00 UTC on the 5th is still the 4th nowhere we issue, but the year may turn: by the studio's own day."""
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    invoice = issued(one, now=datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    assert (invoice.issued_on, invoice.number[-9:]) == (date(2027, 1, 1), "2027-0001")


def test_what_is_not_subject_to_tax_does_not_stand_beside_what_is() -> None:
    one = with_papers()
    one.terms(date(2026, 11, 16), check_in_rate=D("9.50"), tax_category="O")
    one.visit(at("2026-11-03 18:00"))
    one.visit(at("2026-11-20 18:00"))
    with pytest.raises(Obstructed) as refused:
        issue(one.contract, NOVEMBER, now=ON_5_DECEMBER)
    assert refused.value.obstacles == (Obstacle.MIXED_TAX,)


@pytest.mark.parametrize(
    ("ended_on", "is_issued"), [(date(2026, 12, 4), False), (date(2026, 12, 5), True), (None, True)]
)
def test_self_billing_ends_with_its_agreement(ended_on: date | None, is_issued: bool) -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    SelfBillingAgreement.objects.update(ended_on=ended_on)
    assert (issue_or_note(one.contract, NOVEMBER, now=ON_5_DECEMBER) is not None) == is_issued


def test_a_month_that_is_not_over_is_not_issued() -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    with pytest.raises(Obstructed) as refused:
        issue(one.contract, NOVEMBER, now=at("2026-11-30 22:59"))
    assert refused.value.obstacles == (Obstacle.NOT_OVER,)
    assert issue(one.contract, NOVEMBER, now=at("2026-11-30 23:00"))


def test_an_invoice_that_is_late_is_paid_on_a_business_day_all_the_same() -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    assert issued(one, now=at("2026-12-19 10:00")).due_on == date(2026, 12, 21)  # a Saturday


def test_a_month_that_waited_for_years_is_still_due() -> None:
    one = with_papers()
    assert due(at("2029-12-06 10:00"))[0] == (one.contract, OCTOBER)


def test_files_that_were_never_made_are_found_and_what_was_rewritten_too() -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    invoice = issued(one)
    assert list(without_files(at("2026-12-06 00:00"))) == [invoice]
    actions.make_documents(invoice)
    assert list(without_files(at("2026-12-06 00:00"))) == []
    assert flaws() == []
    with database.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE invoicing_invoice DISABLE TRIGGER USER;"
            "UPDATE invoicing_invoice SET snapshot = jsonb_set(snapshot, '{net}', '\"1.00\"');"
            "ALTER TABLE invoicing_invoice ENABLE TRIGGER USER"
        )
    assert [invoice.number in flaw for flaw in flaws()] == [True]
