"""The seats arithmetic against a model that knows no arithmetic: it sells place after place until somebody says no."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from marketplace.rules import PLENTY, SeatFacts, Seats, seats

count = st.integers(0, 40)
limit = st.none() | count


@st.composite
def sessions(draw: st.DrawFn) -> SeatFacts:
    own, others, direct = draw(count), draw(count), draw(count)
    return SeatFacts(
        capacity=draw(limit),
        taken=own + others + direct,
        held=draw(st.integers(0, 3)),
        shared_quota=draw(limit),
        of_marketplaces=own + others,
        quota=draw(limit),
        own=own,
    )


def sell_until_refused(facts: SeatFacts) -> int | None:
    """How many more this marketplace sells; None when nobody ever says no."""
    sold = 0
    while sold <= 200:
        in_the_room = facts.taken + facts.held + sold
        if facts.capacity is not None and in_the_room + 1 > facts.capacity:
            return sold
        if facts.shared_quota is not None and facts.of_marketplaces + sold + 1 > facts.shared_quota:
            return sold
        if facts.quota is not None and facts.own + sold + 1 > facts.quota:
            return sold
        sold += 1
    return None


def wellhub_shows(told: Seats) -> int:
    capacity, booked = told.including_own
    return capacity - booked


def usc_shows(told: Seats, own: int) -> int:
    offered, booked_by_others = told.excluding_own
    return max(0, offered - booked_by_others - own)


@given(sessions())
def test_as_many_are_free_as_could_be_sold(facts: SeatFacts) -> None:
    assert seats(facts).free == sell_until_refused(facts)


@given(sessions())
def test_every_way_of_counting_shows_the_same_free_places(facts: SeatFacts) -> None:
    told = seats(facts)
    free = PLENTY if told.free is None else told.free
    assert wellhub_shows(told) == free
    assert usc_shows(told, facts.own) == free


@given(sessions())
def test_no_number_that_a_marketplace_is_told_is_negative(facts: SeatFacts) -> None:
    told = seats(facts)
    assert min(*told.including_own, *told.excluding_own) >= 0


@given(sessions())
def test_a_place_sold_here_is_one_less_here_until_there_is_none(facts: SeatFacts) -> None:
    before = seats(facts).free
    sold = replace(facts, taken=facts.taken + 1, of_marketplaces=facts.of_marketplaces + 1, own=facts.own + 1)
    assert seats(sold).free == (None if before is None else max(0, before - 1))


@given(sessions(), st.integers(1, 5))
def test_what_is_booked_elsewhere_never_adds_places_here(facts: SeatFacts, more: int) -> None:
    before, after = seats(facts).free, seats(replace(facts, taken=facts.taken + more)).free
    assert before is None or (after is not None and after <= before)


@given(sessions())
def test_stopped_it_keeps_what_it_sold_and_gets_no_more(facts: SeatFacts) -> None:
    told = seats(facts, selling=False)
    assert (told.offered, told.free) == (facts.own, 0)
    assert told.including_own == (facts.own, facts.own)
    assert usc_shows(told, facts.own) == 0


def test_overlapping_quotas_share_the_room() -> None:
    """20 places, 15 promised to each of two: what the other sold beyond the rest is gone here."""
    facts = SeatFacts(
        capacity=20, taken=12, held=1, shared_quota=None, of_marketplaces=12, quota=15, own=2
    )  # the other one sold ten
    assert seats(facts) == Seats(offered=15, own=2, free=7)


def test_a_class_over_its_capacity_has_none() -> None:
    facts = SeatFacts(capacity=10, taken=12, held=0, shared_quota=None, of_marketplaces=1, quota=4, own=1)
    assert seats(facts).free == 0
    assert seats(facts).excluding_own == (4, 3)
