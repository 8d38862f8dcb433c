"""A month becomes an invoice: what is on it, once, in turn, and for good."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db import connection as database
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.models import Reservation, ScheduledSession
from invoicing import actions
from invoicing.actions import NotToCorrect, Obstructed, correct, issue, issue_or_note
from invoicing.documents.model import from_json
from invoicing.models import (
    BilledVisit,
    Invoice,
    InvoiceDocument,
    IssueAttempt,
    NumberSeries,
    Payer,
    Payout,
    SelfBillingAgreement,
    Seller,
    TaxStatus,
)
from invoicing.rules import Obstacle
from invoicing.rules.chain import chained
from invoicing.selectors.checking import flaws, without_files
from invoicing.selectors.delta import changed_since
from invoicing.selectors.drafts import draft
from invoicing.selectors.due import due, reopened
from invoicing.selectors.figures import summed
from marketplace.models import Connection, Contract, Visit
from tests.factories.invoicing import AgreementFactory, PayerFactory, SellerFactory
from tests.invoicing.scenes import House, at, house

pytestmark = pytest.mark.django_db

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
ON_5_DECEMBER = at("2026-12-05 05:00")
ON_5_JANUARY = at("2027-01-05 05:00")
D = Decimal
TERMS = {
    "check_in_rate": D("9.50"),
    "no_show_rate": D("4.00"),
    "tax_category": "S",
    "tax_rate": D("19.00"),
}


def with_papers(first_on: date = date(2020, 1, 1), **terms: Any) -> House:
    """A house that lacks nothing."""
    one = house()
    one.terms(first_on, **TERMS | terms)
    SellerFactory(studio=one.connection.studio)
    PayerFactory(marketplace=one.connection.marketplace)
    AgreementFactory(contract=one.contract)
    return one


def issued(one: House, month: date = NOVEMBER, now: datetime = ON_5_DECEMBER) -> Invoice:
    invoice = issue(one.contract, month, now=now)
    assert invoice is not None
    return invoice


def lines(invoice: Invoice) -> list[tuple[str, str, int, str]]:
    return [(line.kind, line.because, line.quantity, str(line.net)) for line in invoice.lines.all()]


def balanced(one: House) -> bool:
    """All documents together come to what the visits are worth now, and no visit stands on two of them."""
    documents = sum(-invoice.net if invoice.is_credit else invoice.net for invoice in one.contract.invoices.all())
    sums = summed([one.connection.pk], date(2026, 1, 1), date(2027, 6, 1), now=at("2027-06-01 00:00"))
    standing = list(BilledVisit.objects.standing().values_list("visit", flat=True))
    return documents == sum(row.net for row in sums) and len(standing) == len(set(standing))


def become(visit: Visit, what: str) -> None:
    """The guest came, missed the class, or had cancelled in time."""
    reservation = Reservation.objects.get(pk=visit.reservation_id)
    with transaction.atomic():
        was, now = reservation.booking == "booked", what != "cancelled"
        ScheduledSession.objects.filter(pk=reservation.session_id).update(
            places_taken=F("places_taken") + int(now) - int(was)
        )
        reservation.booking = "booked" if now else "cancelled"
        reservation.attendance = {"came": "checked_in", "missed": "no_show"}.get(what, "unknown")
        reservation.checked_in_at = reservation.starts_at if what == "came" else None
        reservation.cancelled_at = None if now else reservation.starts_at - timedelta(days=1)
        reservation.save()


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


def test_later_changes_are_listed_and_become_lines_of_the_next_invoice() -> None:
    one = with_papers()
    wrong, _right = one.visit(at("2026-11-03 18:00")), one.visit(at("2026-11-04 18:00"))
    november = issued(one)
    become(wrong, "missed")
    forgotten = one.visit(at("2026-11-20 18:00"))
    assert [(change.visit, str(change.difference)) for change in changed_since(november, now=ON_5_JANUARY)] == [
        (wrong.pk, "-5.50"),
        (forgotten.pk, "9.50"),
    ]
    one.visit(at("2026-12-03 18:00"))
    december = issued(one, DECEMBER, ON_5_JANUARY)
    assert lines(december) == [
        ("check_in", "check_in", 1, "9.50"),
        ("check_in", "check_in", 1, "9.50"),
        ("no_show", "no_show", 1, "4.00"),
        ("check_in", "check_in", -1, "-9.50"),
    ]
    assert [line.month for line in december.lines.all()] == [DECEMBER, NOVEMBER, NOVEMBER, NOVEMBER]
    assert (str(december.adjustments), str(december.net)) == ("4.00", "13.50")
    assert changed_since(november, now=ON_5_JANUARY) == []
    november.refresh_from_db()
    assert str(november.net) == "19.00"
    assert balanced(one)


def test_a_change_that_is_taken_back_is_billed_again() -> None:
    one = with_papers()
    visit = one.visit(at("2026-11-03 18:00"))
    issued(one)
    become(visit, "cancelled")
    december = issued(one, DECEMBER, ON_5_JANUARY)
    assert (lines(december), str(december.gross)) == ([("check_in", "check_in", -1, "-9.50")], "-11.31")
    assert not Payout.objects.filter(invoice=december).exists()
    become(visit, "came")
    january = issued(one, date(2027, 1, 1), at("2027-02-05 05:00"))
    assert lines(january) == [("check_in", "check_in", 1, "9.50")]
    assert balanced(one)


def test_a_class_that_moves_into_the_next_month_is_billed_there_and_not_twice() -> None:
    one = with_papers()
    visit = one.visit(at("2026-11-30 18:00"))
    issued(one)
    later = {"starts_at": at("2026-12-02 18:00"), "ends_at": at("2026-12-02 19:00")}
    ScheduledSession.objects.filter(pk=visit.session_id).update(**later)
    # Billed in November, for the same amount; its month is now December.
    assert issue(one.contract, DECEMBER, now=ON_5_JANUARY) is None
    assert balanced(one)


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


def test_a_correction_takes_the_whole_back_and_issues_it_anew() -> None:
    one = with_papers()
    wrong = one.visit(at("2026-11-03 18:00"))
    one.visit(at("2026-11-04 18:00"))
    november = issued(one)
    become(wrong, "missed")
    credit, replacement = correct(november, now=at("2026-12-10 10:00"))
    assert replacement
    assert (credit.type_code, credit.number[-11:], str(credit.gross)) == ("261", "C-2026-0001", str(november.gross))
    assert lines(replacement) == [("check_in", "check_in", 1, "9.50"), ("no_show", "no_show", 1, "4.00")]
    assert replacement.number.endswith("2026-0002")
    paper = from_json(credit.snapshot)
    assert paper.preceding
    assert paper.preceding.number == november.number
    with pytest.raises(NotToCorrect):
        correct(november, now=at("2026-12-10 10:01"))
    assert changed_since(replacement, now=ON_5_JANUARY) == []
    assert issue(one.contract, DECEMBER, now=ON_5_JANUARY) is None
    assert list(Invoice.objects.standing()) == [replacement]
    assert balanced(one)


def test_a_correction_keeps_what_the_old_invoice_took_back_of_earlier_months() -> None:
    one = with_papers()
    wrong = one.visit(at("2026-11-03 18:00"))
    one.visit(at("2026-11-04 18:00"))
    issued(one)
    become(wrong, "missed")
    one.visit(at("2026-12-03 18:00"))
    december = issued(one, DECEMBER, ON_5_JANUARY)
    one.visit(at("2026-12-04 18:00"))
    credit, replacement = correct(december, now=at("2027-01-10 10:00"))
    assert replacement
    assert str(credit.net) == str(december.net) == "4.00"
    assert str(replacement.net) == "13.50"
    assert balanced(one)


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


@pytest.mark.parametrize(
    "table", ["invoice", "invoiceline", "billedvisit", "invoicedocument", "invoiceevent", "payout"]
)
def test_postgresql_refuses_to_change_or_delete_what_was_issued(table: str) -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    actions.make_documents(issued(one))
    for attempt in (f"UPDATE invoicing_{table} SET id = id + 1000", f"DELETE FROM invoicing_{table}"):  # noqa: S608
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), database.cursor() as cursor:
            cursor.execute(attempt)


def test_postgresql_refuses_numbers_that_jump_or_go_back() -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    issued(one)
    for number in ("last + 2", "last - 1"):
        with pytest.raises(IntegrityError, match="follow"), transaction.atomic(), database.cursor() as cursor:
            cursor.execute(f"UPDATE invoicing_numberseries SET last = {number}")  # noqa: S608


def test_postgresql_refuses_what_is_added_to_an_invoice_later() -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    invoice = issued(one)
    line, row = invoice.lines.get(), invoice.visits.get()
    line.pk, line.position = None, 2
    row.pk, row.replaces = None, invoice.visits.get()
    for later in (line, row):
        with pytest.raises(IntegrityError, match="nothing is added"), transaction.atomic():
            later.save(force_insert=True)
    with pytest.raises(IntegrityError, match="begins"), transaction.atomic():
        NumberSeries.objects.create(studio=invoice.studio, prefix="X", year=2026, last=50)


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


def test_a_correction_after_an_adjustment_takes_nothing_back_twice() -> None:
    """November is adjusted by December, and then corrected: what December took back is not taken back again."""
    one = with_papers()
    wrong = one.visit(at("2026-11-03 18:00"))
    one.visit(at("2026-11-04 18:00"))
    november = issued(one)
    become(wrong, "missed")
    issued(one, DECEMBER, ON_5_JANUARY)
    correct(november, now=at("2027-01-10 10:00"))
    assert balanced(one)


STEPS = st.lists(st.sampled_from(["visit", "late", "came", "missed", "cancelled", "issue", "correct"]), max_size=12)
MONTHS = ((NOVEMBER, "2026-12-05 12:00"), (DECEMBER, "2027-01-05 12:00"), (date(2027, 1, 1), "2027-02-05 12:00"))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, choices=st.randoms(use_true_random=False))
def test_however_it_is_issued_changed_and_corrected_all_documents_come_to_what_is_owed(
    steps: list[str], choices: Random
) -> None:
    one = with_papers(date(2026, 11, 1))
    Connection.objects.filter(pk=one.connection.pk).update(activated_at=at("2026-11-01 12:00"))
    guests = iter(range(100))
    visits = [one.visit(at("2026-11-02 18:00"), guest=next(guests)) for _ in range(2)]
    left = list(MONTHS)
    for step in [*steps, "issue", "issue", "issue"]:
        standing = list(Invoice.objects.standing().filter(contract=one.contract).order_by("pk"))
        if step in {"visit", "late"} and left:
            month = NOVEMBER if step == "late" else left[0][0]
            visits.append(one.visit(at(f"{month:%Y-%m}-20 18:00"), guest=next(guests)))
        elif step == "issue" and left:
            month, moment = left.pop(0)
            issue(one.contract, month, now=at(moment))
        elif step == "correct" and standing and left:
            correct(choices.choice(standing), now=at(left[0][1]) - timedelta(days=20))
        elif step in {"came", "missed", "cancelled"} and left:
            become(choices.choice(visits), step)
    assert balanced(one)
    assert flaws() == []


def test_a_flat_rate_is_corrected_where_the_contract_ended_or_the_tax_status_was_another() -> None:
    one = with_papers(NOVEMBER, flat_rate=D("100.00"), no_show_rate=D(0))
    one.visit(at("2026-11-03 18:00"))
    november = issued(one)
    assert (str(november.net), str(november.tax)) == ("100.00", "19.00")
    Contract.objects.filter(pk=one.contract.pk).update(ends_on=date(2026, 11, 15))
    TaxStatus.objects.create(studio=one.connection.studio, first_on=NOVEMBER, small_business=True)
    one.contract.refresh_from_db()
    _, replacement = correct(Invoice.objects.get(pk=november.pk), now=at("2026-12-10 10:00"))
    assert replacement
    assert (str(replacement.net), str(replacement.tax)) == ("50.00", "0.00")


def test_a_flat_rate_that_changed_after_the_issue_is_a_line_of_the_next_invoice() -> None:
    one = with_papers(NOVEMBER, flat_rate=D("100.00"), no_show_rate=D(0))
    issued(one)
    TaxStatus.objects.create(studio=one.connection.studio, first_on=date(2026, 11, 16), small_business=True)
    december = issued(one, DECEMBER, ON_5_JANUARY)
    assert [(line.month.month, line.quantity, str(line.price), line.tax_category) for line in december.lines.all()] == [
        (12, 1, "100.00", "E"),
        (11, 1, "50.00", "S"),
        (11, 1, "50.00", "E"),
        (11, -1, "100.00", "S"),
    ]


def test_a_replacement_that_lacks_something_is_not_issued() -> None:
    one = with_papers()
    one.visit(at("2026-11-03 18:00"))
    november = issued(one)
    one.terms(date(2026, 11, 2), check_in_rate=D("9.50"), tax_category="AE")
    Payer.objects.update(vat_id="")
    with pytest.raises(Obstructed) as refused:
        correct(november, now=at("2026-12-10 10:00"))
    assert refused.value.obstacles == (Obstacle.NO_VAT_ID,)
    assert list(Invoice.objects.all()) == [november]


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
    assert due(at("2027-12-06 10:00"))[0] == (one.contract, date(2024, 1, 1))


def test_somebody_who_comes_to_light_in_an_empty_month_opens_it_again() -> None:
    one = with_papers(NOVEMBER)
    Contract.objects.filter(pk=one.contract.pk).update(ends_on=date(2026, 11, 30))
    issue_or_note(one.contract, NOVEMBER, now=ON_5_DECEMBER)
    assert [attempt.month for attempt in reopened(ON_5_DECEMBER)] == []
    one.visit(at("2026-11-03 18:00"))
    (attempt,) = reopened(ON_5_DECEMBER)
    attempt.delete()
    assert (one.contract, NOVEMBER) in due(ON_5_DECEMBER)


def test_a_class_that_moved_into_another_month_is_no_change() -> None:
    one = with_papers()
    visit = one.visit(at("2026-11-30 18:00"))
    november = issued(one)
    later = {"starts_at": at("2026-12-02 18:00"), "ends_at": at("2026-12-02 19:00")}
    ScheduledSession.objects.filter(pk=visit.session_id).update(**later)
    one.visit(at("2026-12-05 18:00"))
    december = issued(one, DECEMBER, ON_5_JANUARY)
    for invoice in (november, december):
        assert changed_since(invoice, now=ON_5_JANUARY) == []
    become(visit, "missed")
    assert [str(one.difference) for one in changed_since(november, now=ON_5_JANUARY)] == ["-5.50"]


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
