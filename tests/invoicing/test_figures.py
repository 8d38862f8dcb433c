"""The statement that judges a month says of each visit what the rule says of it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoicing import rules
from invoicing.models import TaxStatus
from invoicing.rules import Because, Kind
from invoicing.selectors.figures import Figure, figures, summed
from marketplace.models import Conflict, ContractTerms
from tests.factories import LocationFactory
from tests.invoicing.scenes import House, at, house
from tests.invoicing.turns import Seen, in_turn

pytestmark = pytest.mark.django_db

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
LATER = at("2026-12-05 05:00")
D = Decimal
FULL = {
    "check_in_rate": D("9.50"),
    "no_show_rate": D("4.00"),
    "late_cancel_rate": D("3.00"),
    "late_cancel_paid": "unless_refilled",
}


def of_month(one: House, month: date = NOVEMBER, now: datetime = LATER) -> list[Figure]:
    return figures(one.connection.pk, month, rules.next_month(month), now=now)


def found(one: House, **asked: Any) -> list[tuple[str, str, str]]:
    return [(figure.kind, figure.because, str(figure.amount)) for figure in of_month(one, **asked)]


def rule_terms(terms: ContractTerms) -> rules.Terms:
    return rules.Terms(
        check_in=terms.check_in_rate,
        no_show=terms.no_show_rate,
        late_cancel=terms.late_cancel_rate,
        late_cancel_paid=terms.late_cancel_paid,
        additional=terms.additional_rate,
        paid_per_day=terms.paid_per_day,
        paid_per_30_days=terms.paid_per_30_days,
        flat=terms.flat_rate,
        steps=tuple(zip(terms.steps_from, terms.steps_rate, strict=True)),
    )


CLAUSES = st.fixed_dictionaries(
    {
        "no_show_rate": st.sampled_from([D(0), D("4.00")]),
        "late_cancel_rate": st.just(D("3.00")),
        "late_cancel_paid": st.sampled_from(["never", "unless_refilled", "always"]),
        "additional_rate": st.sampled_from([None, D("5.00")]),
        "paid_per_day": st.sampled_from([None, 1, 2]),
        "paid_per_30_days": st.sampled_from([None, 2, 3, 4]),
        "flat_rate": st.sampled_from([None, None, None, D("100.00")]),
        "steps": st.sampled_from([(), ((3, D("7.00")),), ((2, D("8.00")), (5, D("6.00")))]),
    }
)
VISITS = st.lists(
    st.tuples(
        st.integers(0, 70),  # the day, from 20 September on: weeks before, within and after the month
        st.sampled_from([6, 17, 22, 23]),  # the hour, in UTC: the last ones are the next day in summer
        st.integers(1, 2),  # the guest
        st.integers(0, 1),  # the location
        st.sampled_from(["check_in", "check_in", "check_in", "no_show", "late_cancel", "cancelled"]),
        st.sampled_from([None, None, True, False]),  # the marketplace's flag
    ),
    min_size=1,
    max_size=14,
    unique_by=lambda one: one[:3],
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clauses=CLAUSES, later=CLAUSES, visits=VISITS)
def test_the_statement_and_the_rule_say_the_same_of_every_visit(
    clauses: dict[str, Any], later: dict[str, Any], visits: list[Any]
) -> None:
    one = house()
    places = [one.place, LocationFactory(studio=one.connection.studio, zone="Europe/Amsterdam")]
    versions = [one.terms(**_version(clauses)), one.terms(date(2026, 10, 15), **_version(later))]
    made = {}
    for day, hour, guest, place, kind, flag in visits:
        starts_at = datetime(2026, 9, 20, hour, tzinfo=UTC) + timedelta(days=day)
        session = one.session(starts_at, places[place], capacity=day % 3 if kind == "late_cancel" else None)
        visit = one.visit(starts_at, kind, guest=guest, session=session, additional=flag)
        local = starts_at.astimezone(ZoneInfo("Europe/Amsterdam")).date()
        terms = rule_terms(versions[local >= date(2026, 10, 15)])
        if kind != "cancelled":
            made[visit.pk] = Seen(
                id=visit.pk,
                person=guest,
                location=place,
                day=local,
                starts_at=starts_at,
                kind=Kind(kind),
                terms=terms,
                flagged=flag,
                refilled=rules.is_refilled(1, day % 3),
            )
    context = [seen for seen in made.values() if date(2026, 9, 1) <= seen.day]
    for month in (OCTOBER, NOVEMBER):
        # Rows of a month before are judged, too, from 32 days before it on.
        known = [
            seen
            for seen in context
            if seen.starts_at >= datetime.combine(month, datetime.min.time(), UTC) - timedelta(days=32)
        ]
        judged = in_turn(known, month)
        wanted = {
            seen.id: (judged[seen.id].kind, judged[seen.id].because, judged[seen.id].amount)
            for seen in known
            if rules.month_of(seen.day) == month
        }
        said = {figure.visit: (figure.kind, figure.because, figure.amount) for figure in of_month(one, month)}
        assert said == wanted


def _version(clauses: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in clauses.items() if name != "steps"}
    steps = clauses["steps"]
    return {
        "check_in_rate": D("9.50"),
        "steps_from": [a for a, _ in steps],
        "steps_rate": [b for _, b in steps],
        **fields,
    }


def test_a_visit_belongs_to_the_local_month_in_which_its_class_starts() -> None:
    amsterdam, new_york = house(), house("America/New_York")
    for one in (amsterdam, new_york):
        one.terms(**FULL)
        one.visit(at("2026-10-31 23:30"))  # 1 November 00:30 in Amsterdam, 31 October 19:30 in New York
    assert [len(of_month(one, OCTOBER)) for one in (amsterdam, new_york)] == [0, 1]
    assert [len(of_month(one, NOVEMBER)) for one in (amsterdam, new_york)] == [1, 0]


def test_a_class_over_the_end_of_the_month_belongs_to_the_month_in_which_it_starts() -> None:
    one = house()
    one.terms(**FULL)
    one.visit(at("2026-11-30 22:30"))  # 23:30 to 00:30
    assert (len(of_month(one, NOVEMBER)), len(of_month(one, DECEMBER))) == (1, 0)


def test_days_around_the_night_of_the_clocks_are_local_days() -> None:
    """25 October 2026: 02:00 comes twice. One paid visit a day: the second one of the 25th is not paid."""
    one = house()
    one.terms(paid_per_day=1, **FULL)
    for moment in ("2026-10-24 22:30", "2026-10-25 22:30", "2026-10-25 23:30"):
        one.visit(at(moment))  # the 25th 00:30, the 25th 23:30, the 26th 00:30
    assert [because for _, because, _ in found(one, month=OCTOBER)] == ["check_in", "day_cap", "check_in"]


def test_each_visit_is_judged_by_the_version_of_its_day() -> None:
    one = house()
    one.terms(**FULL)
    newer = one.terms(date(2026, 11, 15), check_in_rate=D("10.00"))
    one.visit(at("2026-11-14 18:00"))
    one.visit(at("2026-11-15 08:00"))
    assert [str(figure.amount) for figure in of_month(one)] == ["9.50", "10.00"]
    assert of_month(one)[1].terms == newer.pk


def test_a_day_without_a_contract_is_named_and_worth_nothing() -> None:
    one = house()
    one.terms(date(2026, 11, 10), **FULL)
    one.visit(at("2026-11-09 18:00"))
    (figure,) = of_month(one)
    assert (figure.because, figure.amount, figure.contract) == (Because.NO_TERMS, 0, None)


def test_a_check_in_that_only_the_marketplace_has_counts_unless_a_person_says_otherwise() -> None:
    one = house()
    one.terms(**FULL)
    confirmed = one.visit(at("2026-11-09 18:00"), "booked", confirmed_at=at("2026-11-09 18:00"))
    assert found(one) == [("check_in", "check_in", "9.50")]
    Conflict.objects.create(
        studio=confirmed.studio,
        connection=confirmed.connection,
        visit=confirmed,
        kind=Conflict.Kind.CHECK_IN_NOT_TAKEN,
        about=LATER,
        opened_at=LATER,
        settled_at=LATER,
        verdict=Conflict.Verdict.WAS_NOT_HERE,
    )
    assert found(one) == [("no_show", "no_show", "4.00")]


def test_a_cancellation_by_the_marketplace_after_the_desks_check_in_takes_nothing_away() -> None:
    one = house()
    one.terms(**FULL)
    one.visit(at("2026-11-09 18:00"), cancelled_at=at("2026-11-09 19:40"))
    assert found(one) == [("check_in", "check_in", "9.50")]


def test_a_cancelled_class_is_worth_nothing_and_in_no_list() -> None:
    one = house()
    one.terms(**FULL)
    session = one.session(at("2026-11-09 18:00"), cancelled_at=at("2026-11-08 18:00"))
    one.visit(session.starts_at, "no_show", session=session)
    one.visit(session.starts_at, "late_cancel", session=session, guest=2)
    assert found(one) == []


def test_the_last_late_cancels_of_a_class_are_those_whose_places_stayed_empty() -> None:
    one = house()
    one.terms(**FULL)
    session = one.session(at("2026-11-09 18:00"), capacity=1)
    for guest, minutes in ((1, 50), (2, 20), (3, 40)):
        visit = one.visit(session.starts_at, "late_cancel", session=session, guest=guest)
        reservation = visit.reservation
        assert reservation
        reservation.cancelled_at = session.starts_at - timedelta(minutes=minutes)
        reservation.save()
    said = {figure.guest: figure.because for figure in of_month(one)}
    assert [said[one.guest(guest).pk] for guest in (1, 2, 3)] == ["refilled", "late_cancel", "refilled"]


def test_a_small_business_shows_no_tax_from_its_day_on() -> None:
    one = house()
    one.terms(tax_category="S", tax_rate=D("9.00"), **FULL)
    TaxStatus.objects.create(studio=one.connection.studio, first_on=date(2026, 11, 10), small_business=True)
    TaxStatus.objects.create(studio=one.connection.studio, first_on=date(2026, 11, 20), small_business=False)
    for day in (9, 10, 19, 20):
        one.visit(at(f"2026-11-{day:02} 18:00"))
    assert [(figure.tax_category, str(figure.tax_rate)) for figure in of_month(one)] == [
        ("S", "9.00"),
        ("E", "0"),
        ("E", "0"),
        ("S", "9.00"),
    ]


def test_sums_are_those_of_the_visits_and_cost_one_query() -> None:
    one = house()
    one.terms(**FULL)
    for day in range(1, 21):
        one.visit(at(f"2026-11-{day:02} 18:00"), "no_show" if day % 5 == 0 else "check_in", guest=day % 4)
    with CaptureQueriesContext(
        database,
    ) as asked:
        sums = summed([one.connection.pk], NOVEMBER, DECEMBER, now=LATER)
    assert len(asked) == 1
    assert [(one.kind, one.number, str(one.net)) for one in sums] == [
        ("check_in", 16, "152.00"),
        ("no_show", 4, "16.00"),
    ]
