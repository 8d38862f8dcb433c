"""The path of what is payable, in words: each question with its answer and the fact behind it (X1, Q18, Q19)."""

from decimal import Decimal
from typing import Any

import pytest

from invoicing.payable_words import QUESTIONS, Named, end_words, explained
from invoicing.rules import Because, Kind, Terms, VisitFacts, payable

D = Decimal
NAMED = Named(marketplace="Wellpass", location="Centrum", currency="EUR", terms="v3 from 1 Sep 2026")
TERMS: dict[str, Any] = {"check_in": D("8.40"), "no_show": D("4.20"), "late_cancel": D("4.20")}


def said(**facts: Any) -> tuple[list[tuple[str, str, str]], str]:
    terms = facts.pop("terms", {})
    made = VisitFacts(
        kind=facts.pop("kind", Kind.CHECK_IN), terms=None if terms is None else Terms(**TERMS | terms), **facts
    )
    found = explained(made, payable(made), NAMED)
    return [(one.question, one.answer, one.fact) for one in found.said], found.end


def test_a_check_in_tells_each_question_up_to_its_rate() -> None:
    assert said() == (
        [
            ("Is the class still to come?", "no", ""),
            ("Is its day without terms of a contract?", "no", "v3 from 1 Sep 2026"),
            ("Does a flat rate pay for the whole month?", "no", ""),
            ("Is it a check-in?", "yes", "8.40 EUR each"),
        ],
        "8.40 EUR, as a check-in.",
    )


@pytest.mark.parametrize(
    ("facts", "fact", "end"),
    [
        (
            {"terms": {"additional": D(5)}, "attended_here": 5},
            "visit 5 at Centrum within 30 days, by our rule",
            "5.00 EUR, as an additional workout.",
        ),
        ({"flagged": True}, "Wellpass says so", "8.40 EUR, as an additional workout."),
        (
            {"terms": {"paid_per_day": 1}, "of_day": 2},
            "visit 2 of the day, 1 is paid",
            "0.00 EUR: beyond the paid visits of a day.",
        ),
        (
            {"terms": {"paid_per_30_days": 10}, "paid_before": 10},
            "10 paid in the 30 days up to it, 10 are paid",
            "0.00 EUR: beyond the paid visits of 30 days.",
        ),
        (
            {"terms": {"steps": ((100, D(7)),)}, "of_month": 120},
            "paid check-in 120 of the month",
            "7.00 EUR, by the volume step.",
        ),
        ({"terms": {"flat": D(950)}}, "950.00 EUR a month", "0.00 EUR by itself: the flat rate pays for it."),
        ({"kind": Kind.NO_SHOW}, "4.20 EUR each", "4.20 EUR, as a no-show."),
        ({"kind": Kind.NO_SHOW, "terms": {"no_show": D(0)}}, "", "0.00 EUR: the contract pays no no-shows."),
        (
            {"kind": Kind.LATE_CANCEL, "terms": {"late_cancel_paid": "unless_refilled"}, "refilled": True},
            "somebody else took the place",
            "0.00 EUR: somebody else took the place.",
        ),
        ({"kind": Kind.LATE_CANCEL}, "", "0.00 EUR: the contract pays no late cancels."),
        (
            {"kind": Kind.LATE_CANCEL, "terms": {"late_cancel_paid": "always"}},
            "4.20 EUR each",
            "4.20 EUR, as a late cancel.",
        ),
        ({"kind": Kind.TO_COME}, "", "Not decided yet: the class is still to come."),
        ({"terms": None}, "", "Cannot be billed: no terms of a contract hold on that day."),
    ],
)
def test_what_decided_stands_last_with_its_fact(facts: dict[str, Any], fact: str, end: str) -> None:
    lines, told = said(**facts)

    assert (lines[-1][1:], told) == (("yes", fact), end)
    assert {answer for _question, answer, _fact in lines[:-1]} <= {"no"}


def test_a_refilled_place_that_is_paid_all_the_same_says_so() -> None:
    lines, _end = said(kind=Kind.LATE_CANCEL, terms={"late_cancel_paid": "always"}, refilled=True)

    assert ("Is it unpaid because somebody else took the place?", "no", "the contract pays it either way") in lines


def test_each_clause_has_words() -> None:
    assert set(QUESTIONS) == set(Because)
    assert all(end_words(one, D(0), NAMED) for one in Because)
