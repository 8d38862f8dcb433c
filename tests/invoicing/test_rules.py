"""What is payable, when a month closes and is issued, what keeps it from that, what lines come to."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing import rules
from invoicing.rules import AdditionalBy, Because, Kind, Obstacle, Papers, Terms, VisitFacts, payable
from invoicing.rules.totals import Entry, totals

D = Decimal
TERMS = Terms(check_in=D("9.50"))
CHECK_IN = VisitFacts(kind=Kind.CHECK_IN, terms=TERMS)
NO_SHOW, LATE = replace(CHECK_IN, kind=Kind.NO_SHOW), replace(CHECK_IN, kind=Kind.LATE_CANCEL)
PAYS_LATE = replace(TERMS, late_cancel=D("3.00"), late_cancel_paid="unless_refilled")
AMSTERDAM, NEW_YORK = ZoneInfo("Europe/Amsterdam"), ZoneInfo("America/New_York")


def by(facts: VisitFacts, **terms: object) -> tuple[Because, Decimal]:
    """Which clause decides, and the amount."""
    assert facts.terms
    result = payable(replace(facts, terms=replace(facts.terms, **terms)))  # type: ignore[arg-type]
    return result.because, result.amount


CASES = {
    "a check-in": (CHECK_IN, {}, Because.CHECK_IN, "9.50"),
    "a no-show that is not paid": (NO_SHOW, {}, Because.NO_SHOW_UNPAID, "0"),
    "a no-show that is paid": (NO_SHOW, {"no_show": D("4.75")}, Because.NO_SHOW, "4.75"),
    "a late cancel, never paid": (LATE, {"late_cancel": D(3)}, Because.LATE_CANCEL_UNPAID, "0"),
    "a late cancel, always paid": (
        replace(LATE, refilled=True),
        {"late_cancel": D(3), "late_cancel_paid": "always"},
        Because.LATE_CANCEL,
        "3",
    ),
    "a late cancel whose place stayed empty": (
        LATE,
        {"late_cancel": D(3), "late_cancel_paid": "unless_refilled"},
        Because.LATE_CANCEL,
        "3",
    ),
    "a late cancel whose place was taken": (
        replace(LATE, refilled=True),
        {"late_cancel": D(3), "late_cancel_paid": "unless_refilled"},
        Because.REFILLED,
        "0",
    ),
    "additional, as the marketplace says, at the rate of a check-in": (
        replace(CHECK_IN, flagged=True),
        {},
        Because.ADDITIONAL,
        "9.50",
    ),
    "additional at a rate of its own": (
        replace(CHECK_IN, flagged=True),
        {"additional": D(5)},
        Because.ADDITIONAL,
        "5",
    ),
    "the fifth visit within 30 days": (
        replace(CHECK_IN, attended_here=5),
        {"additional": D(5)},
        Because.ADDITIONAL,
        "5",
    ),
    "the fourth": (replace(CHECK_IN, attended_here=4), {"additional": D(5)}, Because.CHECK_IN, "9.50"),
    "the fifth, where the marketplace says that it is none": (
        replace(CHECK_IN, attended_here=5, flagged=False),
        {"additional": D(5)},
        Because.CHECK_IN,
        "9.50",
    ),
    "the fifth, where the contract knows no additional workouts": (
        replace(CHECK_IN, attended_here=5),
        {},
        Because.CHECK_IN,
        "9.50",
    ),
    "the second of a day that pays one": (
        replace(CHECK_IN, of_day=2),
        {"paid_per_day": 1},
        Because.DAY_CAP,
        "0",
    ),
    "an additional workout is under no cap": (
        replace(CHECK_IN, of_day=2, paid_before=9, flagged=True),
        {"paid_per_day": 1, "paid_per_30_days": 2},
        Because.ADDITIONAL,
        "9.50",
    ),
    "the third of 30 days that pay two": (
        replace(CHECK_IN, paid_before=2),
        {"paid_per_30_days": 2},
        Because.PERIOD_CAP,
        "0",
    ),
    "a no-show is under the caps too": (
        replace(NO_SHOW, paid_before=2),
        {"paid_per_30_days": 2, "no_show": D(4)},
        Because.PERIOD_CAP,
        "0",
    ),
    "the day's cap is asked first": (
        replace(CHECK_IN, of_day=2, paid_before=2),
        {"paid_per_day": 1, "paid_per_30_days": 2},
        Because.DAY_CAP,
        "0",
    ),
    "below the first volume step": (
        replace(CHECK_IN, of_month=50),
        {"steps": ((51, D(8)), (101, D(7)))},
        Because.CHECK_IN,
        "9.50",
    ),
    "on a volume step": (replace(CHECK_IN, of_month=51), {"steps": ((51, D(8)), (101, D(7)))}, Because.STEP, "8"),
    "beyond the last one": (replace(CHECK_IN, of_month=500), {"steps": ((101, D(7)), (51, D(8)))}, Because.STEP, "7"),
    "under a flat rate": (replace(CHECK_IN, flagged=True), {"flat": D(300)}, Because.FLAT_RATE, "0"),
}


@pytest.mark.parametrize("case", CASES)
def test_which_clause_decides_and_what_it_pays(case: str) -> None:
    facts, terms, because, amount = CASES[case]
    assert by(facts, **terms) == (because, D(amount))


def test_without_a_contract_nothing_is_payable() -> None:
    result = payable(replace(CHECK_IN, terms=None))
    assert (result.because, result.amount, result.is_paid) == (Because.NO_TERMS, 0, False)


def test_who_says_that_a_workout_is_additional_is_told() -> None:
    terms = replace(TERMS, additional=D(5))
    assert payable(replace(CHECK_IN, terms=terms, flagged=True)).additional_by is AdditionalBy.MARKETPLACE
    assert payable(replace(CHECK_IN, terms=terms, attended_here=5)).additional_by is AdditionalBy.RULE
    assert payable(replace(CHECK_IN, terms=terms)).additional_by is None


TERMS_OF_ANY_KIND = st.builds(
    Terms,
    check_in=st.just(D("9.50")),
    no_show=st.sampled_from([D(0), D(4)]),
    late_cancel=st.sampled_from([D(0), D(3)]),
    late_cancel_paid=st.sampled_from(["never", "unless_refilled", "always"]),
    additional=st.sampled_from([None, D(5)]),
    paid_per_day=st.sampled_from([None, 0, 1]),
    paid_per_30_days=st.sampled_from([None, 0, 3]),
    flat=st.sampled_from([None, D(100)]),
    steps=st.sampled_from([(), ((3, D(8)),)]),
)


@given(
    st.builds(
        VisitFacts,
        kind=st.sampled_from([Kind.CHECK_IN, Kind.NO_SHOW, Kind.LATE_CANCEL, Kind.TO_COME]),
        terms=st.none() | TERMS_OF_ANY_KIND,
        flagged=st.sampled_from([None, True, False]),
        refilled=st.booleans(),
        attended_here=st.integers(1, 6),
        of_day=st.integers(1, 3),
        paid_before=st.integers(0, 4),
        of_month=st.integers(1, 5),
    )
)
def test_each_path_ends_in_the_one_clause_that_decided(facts: VisitFacts) -> None:
    result = payable(facts)
    assert [step.decided for step in result.path] == [False] * (len(result.path) - 1) + [True]
    assert result.path[-1].asked is result.because
    assert (result.amount > 0) == result.is_paid
    assert len({step.asked for step in result.path}) == len(result.path)


def test_a_flat_rate_goes_by_days_to_the_cent() -> None:
    assert list(map(str, rules.flat_shares([(D(100), 10)], of=30))) == ["33.33"]


@given(st.decimals(min_value=0, max_value=500, places=2), st.lists(st.integers(1, 7), min_size=1, max_size=4))
def test_a_flat_rate_that_stays_the_same_adds_up_to_itself_however_it_is_cut(rate: Decimal, days: list[int]) -> None:
    assert sum(rules.flat_shares([(rate, number) for number in days], of=sum(days))) == rate


MOMENTS = {
    # A month ends, closes and is issued by the clock on the wall, over the nights in which that changes.
    (date(2026, 10, 1), AMSTERDAM): ("2026-10-31 23:00", "2026-11-03 23:00", "2026-11-05 05:00"),
    (date(2026, 3, 1), AMSTERDAM): ("2026-03-31 22:00", "2026-04-03 22:00", "2026-04-05 04:00"),
    (date(2026, 10, 1), NEW_YORK): ("2026-11-01 04:00", "2026-11-04 04:00", "2026-11-05 11:00"),
    (date(2026, 12, 1), AMSTERDAM): ("2026-12-31 23:00", "2027-01-03 23:00", "2027-01-05 05:00"),
}


@pytest.mark.parametrize(("month", "zone"), MOMENTS)
def test_a_month_ends_closes_after_72_hours_and_is_issued_on_the_5th_at_six(month: date, zone: ZoneInfo) -> None:
    told = [rules.ends_at(month, zone), rules.closes_at(month, zone), rules.issue_at(month, zone)]
    assert tuple(f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" for moment in told) == MOMENTS[month, zone]


def test_the_newest_month_that_is_due_changes_on_the_5th_at_six() -> None:
    before, then = datetime(2026, 12, 5, 4, 59, tzinfo=UTC), datetime(2026, 12, 5, 5, 0, tzinfo=UTC)
    assert rules.newest_due(before, AMSTERDAM) == date(2026, 10, 1)
    assert rules.newest_due(then, AMSTERDAM) == date(2026, 11, 1)
    assert rules.newest_due(then, NEW_YORK) == date(2026, 10, 1)


def test_months_count_over_the_new_year() -> None:
    assert rules.next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    assert rules.month_before(date(2027, 1, 1), 3) == date(2026, 10, 1)
    assert rules.last_day(date(2028, 2, 1)) == date(2028, 2, 29)


COMPLETE = Papers(
    has_seller=True,
    has_payer=True,
    is_self_billed=True,
    has_agreement=True,
    has_iban=True,
    has_tax_id=True,
    reverse_charge=False,
    both_vat_ids=False,
)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, ()),
        ({"has_seller": False, "has_iban": False, "has_tax_id": False}, (Obstacle.NO_SELLER,)),
        ({"has_payer": False}, (Obstacle.NO_PAYER,)),
        ({"has_agreement": False}, (Obstacle.NO_AGREEMENT,)),
        ({"has_agreement": False, "is_self_billed": False}, ()),
        ({"has_iban": False, "has_tax_id": False}, (Obstacle.NO_BANK, Obstacle.NO_TAX_ID)),
        ({"reverse_charge": True}, (Obstacle.NO_VAT_ID,)),
        ({"reverse_charge": True, "both_vat_ids": True}, ()),
        ({"unprintable": "x", "earlier_open": True}, (Obstacle.UNPRINTABLE, Obstacle.EARLIER_MONTH)),
    ],
)
def test_what_keeps_an_invoice_from_being_issued(change: dict[str, bool], found: tuple[Obstacle, ...]) -> None:
    assert rules.obstacles(replace(COMPLETE, **change)) == found  # type: ignore[arg-type]


MONTH = date(2026, 11, 1)
ENTRIES = st.lists(
    st.builds(
        Entry,
        kind=st.just(Kind.CHECK_IN),
        because=st.just(Because.CHECK_IN),
        month=st.sampled_from([MONTH, date(2026, 10, 1)]),
        terms=st.just(1),
        quantity=st.integers(-5, 50),
        price=st.decimals(min_value=0, max_value=20, places=2),
        tax_category=st.just("S"),
        tax_rate=st.sampled_from([D("9.00"), D("19.00"), D("21.00")]),
    )
)


@given(ENTRIES)
def test_sums_add_up_and_the_order_of_lines_changes_nothing(entries: list[Entry]) -> None:
    sums = totals(entries, MONTH)
    assert sums == totals(entries[::-1], MONTH)
    assert sums.net == sum(entry.net for entry in entries)
    assert sums.gross == sums.net + sums.tax == sum(row.base + row.tax for row in sums.vat)
    assert all(abs(row.tax - row.base * row.rate / 100) <= D("0.005") for row in sums.vat)
    assert len({(row.category, row.rate) for row in sums.vat}) == len(sums.vat)
    # What is corrected of an earlier month is money, and no visit of this one.
    assert sums.check_ins == sum(entry.quantity for entry in entries if entry.month == MONTH)
    assert sums.adjustments == sum(entry.net for entry in entries if entry.month != MONTH)
