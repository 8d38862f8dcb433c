"""What changes after the issue: a line of the next invoice, or a credit and a new one; never twice, never lost."""

from datetime import date, timedelta
from random import Random

import pytest
from django.db import IntegrityError, transaction
from django.db import connection as database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.models import ScheduledSession
from invoicing import actions
from invoicing.actions import NotToCorrect, Obstructed, correct, issue, issue_or_note
from invoicing.documents.model import from_json
from invoicing.models import (
    Invoice,
    NumberSeries,
    Payer,
    Payout,
    TaxStatus,
)
from invoicing.rules import Obstacle
from invoicing.selectors.checking import flaws
from invoicing.selectors.delta import changed_since
from invoicing.selectors.due import due, reopened
from marketplace.models import Connection, Contract
from tests.invoicing.papers import (
    DECEMBER,
    NOVEMBER,
    ON_5_DECEMBER,
    ON_5_JANUARY,
    D,
    balanced,
    become,
    issued,
    lines,
    with_papers,
)
from tests.invoicing.scenes import at

pytestmark = pytest.mark.django_db


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
