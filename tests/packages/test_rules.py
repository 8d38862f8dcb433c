"""The two decision trees of the package accounting: the worked examples of the source, and every edge of Q1-Q10."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages.rules import (
    Candidate,
    CountFacts,
    CountQuestion,
    Order,
    Outcome,
    PassedOver,
    Verdict,
    choose_purchase,
    counts,
)

FIVE_PACK, UNLIMITED = 1, 2
MAY, JUNE = datetime(2026, 5, 1, 10, tzinfo=UTC), datetime(2026, 6, 1, 10, tzinfo=UTC)
DAY = date(2026, 6, 15)


def purchase(number: int, bought: datetime = MAY, **facts: Any) -> Candidate:
    known = {"package_id": FIVE_PACK, "on_hold": False, "expires_on": None, "uses_left": 5} | facts
    return Candidate(purchase_id=number, purchased_at=bought, **known)


def taken(*candidates: Candidate, **asked: Any) -> int | None:
    choice = choose_purchase(candidates, **({"accepted": {FIVE_PACK}, "on": DAY} | asked))
    return choice.taken.purchase_id if choice.taken else None


class TestWhichPurchase:
    def test_an_item_without_packages_is_free_and_nothing_is_looked_at(self) -> None:
        choice = choose_purchase([purchase(1)], accepted=None, on=DAY)
        assert (choice.outcome, choice.taken, choice.looked_at) == (Outcome.FREE, None, ())

    def test_an_item_whose_packages_are_all_archived_is_not_free(self) -> None:
        choice = choose_purchase([purchase(1)], accepted=set(), on=DAY)
        assert choice.outcome is Outcome.UNPAID
        assert [look.passed_over for look in choice.looked_at] == [PassedOver.OTHER_PACKAGE]

    def test_the_most_recent_one_is_taken_although_an_earlier_one_has_uses_left(self) -> None:
        assert taken(purchase(1, MAY, uses_left=1), purchase(2, JUNE, uses_left=5)) == 2

    @pytest.mark.parametrize(
        ("left", "expected"), [((1, 5), 2), ((1, 0), 1), ((0, 0), None)], ids=["both", "newest used up", "both used up"]
    )
    def test_a_used_up_purchase_gives_way_to_the_next_newest(self, left: tuple[int, int], expected: int | None) -> None:
        assert taken(purchase(1, MAY, uses_left=left[0]), purchase(2, JUNE, uses_left=left[1])) == expected

    def test_over_use_takes_the_newest_even_when_used_up(self) -> None:
        used_up = purchase(2, JUNE, uses_left=0)
        assert taken(purchase(1, MAY), used_up, over_use=True) == 2
        assert taken(purchase(1, MAY), purchase(2, JUNE, uses_left=-1), over_use=True) == 2

    def test_the_newest_on_hold_is_passed_over(self) -> None:
        assert taken(purchase(1, MAY), purchase(2, JUNE, on_hold=True)) == 1

    @pytest.mark.parametrize(("on", "expected"), [(date(2026, 6, 30), 2), (date(2026, 7, 1), 1)])
    def test_the_last_day_is_the_last_day(self, on: date, expected: int) -> None:
        ends = purchase(2, JUNE, expires_on=date(2026, 6, 30))
        assert taken(purchase(1, MAY), ends, on=on) == expected

    def test_one_expired_by_hand_or_refunded_is_never_taken(self) -> None:
        assert taken(purchase(1, expired_by_hand=True)) is None
        assert taken(purchase(1, refunded=True)) is None

    def test_most_recent_is_across_packages_and_by_the_time_of_purchase(self) -> None:
        """Q5: a back-dated import has a higher number and does not become the most recent."""
        imported = purchase(9, MAY, package_id=UNLIMITED, uses_left=None)
        assert taken(purchase(2, JUNE), imported, accepted={FIVE_PACK, UNLIMITED}) == 2

    def test_bought_at_the_same_moment_the_higher_number_is_taken(self) -> None:
        assert taken(purchase(7), purchase(8), purchase(6)) == 8

    def test_each_purchase_says_why_it_was_passed_over(self) -> None:
        choice = choose_purchase(
            [
                purchase(1, uses_left=0),
                purchase(2, expires_on=date(2026, 6, 14)),
                purchase(3, on_hold=True),
                purchase(4, package_id=UNLIMITED),
                purchase(5, refunded=True),
            ],
            accepted={FIVE_PACK},
            on=DAY,
        )
        assert choice.outcome is Outcome.UNPAID
        assert [(look.candidate.purchase_id, look.passed_over) for look in choice.looked_at] == [
            (5, PassedOver.REFUNDED),
            (4, PassedOver.OTHER_PACKAGE),
            (3, PassedOver.ON_HOLD),
            (2, PassedOver.EXPIRED),
            (1, PassedOver.USED_UP),
        ]

    @pytest.mark.parametrize(
        ("order", "expected"), [(Order.NEWEST_FIRST, 3), (Order.OLDEST_FIRST, 1), (Order.EXPIRES_FIRST, 2)]
    )
    def test_the_studio_chooses_the_order(self, order: Order, expected: int) -> None:
        bought = [
            purchase(1, MAY, expires_on=date(2026, 8, 1)),
            purchase(2, MAY + timedelta(days=1), expires_on=date(2026, 7, 1)),
            purchase(3, JUNE),
        ]
        assert taken(*bought, order=order) == expected

    @given(
        st.lists(
            st.builds(
                purchase,
                st.integers(1, 10**6),
                st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
                package_id=st.integers(1, 3),
                on_hold=st.booleans(),
                expires_on=st.none() | st.dates(date(2026, 6, 1), date(2026, 6, 30)),
                uses_left=st.none() | st.integers(-1, 3),
            ),
            unique_by=lambda one: one.purchase_id,
        ),
        st.sampled_from(Order),
        st.randoms(),
    )
    def test_the_order_in_which_purchases_are_given_changes_nothing(
        self, bought: Any, order: Order, chance: Any
    ) -> None:
        asked = {"accepted": {1, 2}, "on": DAY, "order": order}
        choice = choose_purchase(bought, **asked)
        shuffled = list(bought)
        chance.shuffle(shuffled)
        assert choose_purchase(shuffled, **asked) == choice
        usable = [look.candidate for look in choice.looked_at if look.passed_over is None]
        assert choice.taken == (usable[0] if usable else None)
        assert sorted(look.candidate.purchase_id for look in choice.looked_at) == sorted(
            one.purchase_id for one in bought
        )


END = datetime(2026, 6, 15, 17, tzinfo=UTC)


def reserved(**facts: Any) -> CountFacts:
    known = {
        "has_purchase": True,
        "session_cancelled_at": None,
        "cancelled_at": None,
        "cancelled_late": False,
        "late_cancel_uses": False,
        "checked_in_at": None,
        "marked_no_show": False,
        "over_at": END,
    }
    return CountFacts(**(known | facts))


class TestDoesItCount:
    @pytest.mark.parametrize(
        ("facts", "now", "verdict"),
        [
            pytest.param({"has_purchase": False, "checked_in_at": END}, END, Verdict.NOT_COUNTED, id="no purchase"),
            pytest.param({"cancelled_at": MAY}, END, Verdict.NOT_COUNTED, id="cancelled in time"),
            pytest.param(
                {"cancelled_at": MAY, "late_cancel_uses": True}, END, Verdict.NOT_COUNTED, id="in time, switch on"
            ),
            pytest.param(
                {"cancelled_at": MAY, "cancelled_late": True}, END, Verdict.NOT_COUNTED, id="late, switch off"
            ),
            pytest.param(
                {"cancelled_at": MAY, "cancelled_late": True, "late_cancel_uses": True},
                MAY,
                Verdict.COUNTED,
                id="late, switch on",
            ),
            pytest.param(
                {"cancelled_at": MAY, "cancelled_late": True, "late_cancel_uses": True, "session_cancelled_at": END},
                END,
                Verdict.NOT_COUNTED,
                id="late, but then nobody had the session",
            ),
            pytest.param({"checked_in_at": MAY}, MAY, Verdict.COUNTED, id="checked in, before the end"),
            pytest.param({"session_cancelled_at": MAY}, END, Verdict.NOT_COUNTED, id="session cancelled"),
            pytest.param({}, END - timedelta(seconds=1), Verdict.NOT_YET, id="not over"),
            pytest.param({}, END, Verdict.COUNTED, id="no-show by the clock, without any sweep"),
            pytest.param({"marked_no_show": True}, MAY, Verdict.COUNTED, id="no-show by the desk"),
        ],
    )
    def test_counting(self, facts: dict[str, Any], now: datetime, verdict: Verdict) -> None:
        assert counts(reserved(**facts), now=now).verdict is verdict

    def test_the_path_tells_each_question_and_the_moment_behind_it(self) -> None:
        path = counts(reserved(), now=END).path
        assert [(step.question, step.answer, step.fact) for step in path] == [
            (CountQuestion.PURCHASE, True, None),
            (CountQuestion.CANCELLED, False, None),
            (CountQuestion.CHECKED_IN, False, None),
            (CountQuestion.SESSION_CANCELLED, False, None),
            (CountQuestion.NO_SHOW, True, END),
        ]
