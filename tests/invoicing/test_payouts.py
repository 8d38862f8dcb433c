"""When the money of an invoice comes, where it is, and what is told about it (P10, Q30)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from invoicing.actions import payouts
from invoicing.models import Invoice, Payout, PayoutEvent
from invoicing.payout_words import failed_note, failed_words, payout_said, payout_words
from invoicing.rules.payouts import (
    MonthMoney,
    PayoutAsked,
    PayoutFacts,
    PayoutState,
    SetOff,
    Telling,
    Told,
    payout_on,
    payout_state,
    set_offs,
    state_of,
)
from invoicing.selectors.payouts import by_month, expected, standing_of, standings, standings_of, with_state
from portal.models import Job
from portal.roles import Preset
from tests.factories import LocationFactory, StaffLoginFactory
from tests.factories.invoicing import InvoiceFactory

DUE = date(2026, 11, 16)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()


@pytest.mark.parametrize(
    ("month", "country", "region", "day"),
    [
        (date(2026, 8, 1), "NL", "", date(2026, 9, 15)),
        (date(2026, 7, 1), "NL", "", date(2026, 8, 17)),  # a Saturday
        (date(2026, 10, 1), "NL", "", date(2026, 11, 16)),  # a Sunday
        (date(2025, 7, 1), "AT", "", date(2025, 8, 18)),  # Assumption, a Friday
        (date(2025, 7, 1), "DE", "BY", date(2025, 8, 18)),
        (date(2025, 7, 1), "DE", "", date(2025, 8, 15)),
        (date(2025, 7, 1), "DE", "nowhere", date(2025, 8, 15)),
        (date(2022, 3, 1), "DE", "", date(2022, 4, 19)),  # Good Friday, then Easter
        (date(2026, 12, 1), "DE", "", date(2027, 1, 15)),
        (date(2027, 12, 1), "DE", "", date(2028, 1, 17)),  # a Saturday in January
        (date(2026, 7, 1), "XX", "", date(2026, 8, 17)),
        (date(2026, 7, 1), "", "", date(2026, 8, 17)),
    ],
)
def test_the_fifteenth_or_the_next_business_day_there(month: date, country: str, region: str, day: date) -> None:
    assert payout_on(month, country, region) == day


SENT, FAILED = Telling(Told.SENT, Decimal(100)), Telling(Told.FAILED)


def came(amount: int) -> Telling:
    return Telling(Told.RECEIVED, Decimal(amount))


@pytest.mark.parametrize(
    ("told", "due", "today", "state"),
    [
        ([], 100, date(2026, 11, 18), PayoutState.EXPECTED),
        ([], 100, date(2026, 11, 19), PayoutState.LATE),
        ([SENT], 100, date(2026, 12, 19), PayoutState.SENT),
        ([SENT, came(100)], 100, TODAY, PayoutState.RECEIVED),
        ([came(60)], 100, TODAY, PayoutState.SHORT),
        ([came(60), came(40)], 100, TODAY, PayoutState.RECEIVED),
        ([came(101)], 100, TODAY, PayoutState.RECEIVED),
        ([SENT, FAILED], 100, TODAY, PayoutState.FAILED),
        ([SENT, FAILED, SENT], 100, TODAY, PayoutState.SENT),
        ([came(60), FAILED], 100, TODAY, PayoutState.FAILED),
        ([came(60), SENT], 100, TODAY, PayoutState.SHORT),
        ([FAILED, came(100)], 100, TODAY, PayoutState.RECEIVED),
        ([], 0, TODAY, PayoutState.NOTHING),
        ([], -20, TODAY, PayoutState.NOTHING),
        ([came(5)], 0, TODAY, PayoutState.RECEIVED),
    ],
)
def test_where_the_money_is(told: list[Telling], due: int, today: date, state: PayoutState) -> None:
    facts = PayoutFacts(expected=Decimal(due), expected_on=DUE, told=told)
    assert state_of(facts, today) == state


def test_the_path_names_each_question_and_its_fact() -> None:
    answer = payout_state(PayoutFacts(expected=Decimal(100), expected_on=DUE, told=[came(60)]), TODAY)
    assert [(step.asked, step.decided) for step in answer.path] == [
        (PayoutAsked.RECEIVED, False),
        (PayoutAsked.FAILED, False),
        (PayoutAsked.SHORT, True),
    ]
    assert answer.missing == 40


def tell(payout: Payout, kind: str, amount: Any = None, on: date = date(2026, 11, 17), **fields: Any) -> PayoutEvent:
    return payouts.tell(payout, kind, on=on, amount=amount, now=NOW, **fields)


@pytest.fixture
def payout() -> Payout:
    """28.26 around the 16th of November; its studio is in Amsterdam and has an owner."""
    invoice = InvoiceFactory(due_on=DUE)
    StaffLoginFactory(studio=invoice.studio, user__email="ada@example.test")
    StaffLoginFactory(studio=invoice.studio, preset=Preset.MANAGER)
    return Payout.objects.get()


def state(payout: Payout, today: date = TODAY) -> PayoutState:
    """From Python; SQL must say the same."""
    found = standing_of(payout, today=today).state
    assert with_state(today).get(pk=payout.pk).state == found
    return found


@pytest.mark.django_db
class TestStates:
    def test_sql_says_of_many_what_the_rule_says_of_one(self) -> None:
        tellings = [None, ("sent", 20), ("received", 10), ("received", 40), ("failed", None)]
        invoice = InvoiceFactory(payout=False)
        for month, (first, second) in enumerate(product(tellings, tellings), start=1):
            day = date(2020 + month // 12, month % 12 + 1, 1)
            one = InvoiceFactory(contract=invoice.contract, month=day, net=30, tax=0, gross=30, lines=())
            made = one.payout
            for told in filter(None, (first, second)):
                PayoutEvent.objects.create(
                    studio=made.studio, payout=made, kind=told[0], amount=told[1], on=TODAY, recorded_at=NOW
                )
        for today in (TODAY, date(2019, 1, 1)):
            rows = {row.pk: (row.state, row.due) for row in with_state(today)}
            by_rule = {one.payout.pk: (one.state, one.expected) for one in standings(by_month(), today=today)}
            assert rows == by_rule
            assert len(rows) == 25

    def test_what_was_sent_and_came(self, payout: Payout) -> None:
        assert state(payout, date(2026, 11, 18)) == PayoutState.EXPECTED
        assert state(payout) == PayoutState.LATE
        assert payout_words(standing_of(payout, today=TODAY)) == "late: it was expected around Mon 16 Nov 2026"
        tell(payout, "sent", Decimal("28.26"), reference="TR-1")
        assert state(payout) == PayoutState.SENT
        tell(payout, "received", Decimal("20.00"))
        assert payout_words(standing_of(payout, today=TODAY)) == "short: 8.26 EUR have not come"
        tell(payout, "received", Decimal("8.26"), on=date(2026, 11, 18))
        assert payout_words(standing_of(payout, today=TODAY)) == "received on Wed 18 Nov 2026"

    def test_a_mistake_is_taken_back_and_stays_on_record(self, payout: Payout) -> None:
        wrong = tell(payout, "received", Decimal("28.26"))
        payouts.take_back(wrong, now=NOW)
        assert state(payout) == PayoutState.LATE
        assert list(payout.events.values_list("kind", flat=True)) == ["received", "taken_back"]
        with pytest.raises(payouts.NotTold):
            payouts.take_back(wrong, now=NOW)

    def test_a_failed_one_names_the_field(self, payout: Payout) -> None:
        tell(payout, "failed", note=failed_note("iban", "the account was closed"))
        assert (
            payout_words(standing_of(payout, today=TODAY)) == "failed on Tue 17 Nov 2026: IBAN, the account was closed"
        )
        assert failed_words("bic") == "BIC"
        assert failed_words("they do not say") == "they do not say"

    def test_the_same_told_twice_is_told_once(self, payout: Payout) -> None:
        assert tell(payout, "received", Decimal(9)) == tell(payout, "received", Decimal(9))
        assert tell(payout, "received", Decimal(9)) != tell(payout, "received", Decimal(9), reference="another")
        assert standing_of(payout, today=TODAY).facts.received == 18

    @pytest.mark.parametrize(
        ("kind", "amount", "on"),
        [
            ("sent", Decimal(0), date(2026, 11, 17)),
            ("sent", None, date(2026, 11, 17)),
            ("reminded", Decimal(1), date(2026, 11, 17)),
            ("received", Decimal(1), date(2026, 11, 21)),
            ("received", Decimal(1), date(2026, 11, 4)),
        ],
    )
    def test_what_cannot_be_is_refused(self, payout: Payout, kind: str, amount: Decimal | None, on: date) -> None:
        with pytest.raises(payouts.NotTold):
            tell(payout, kind, amount, on)
        assert not payout.events.exists()


@pytest.mark.django_db
class TestCorrections:
    def credit(self, invoice: Invoice) -> Invoice:
        return InvoiceFactory(
            contract=invoice.contract, month=invoice.month, type_code="261", corrects=invoice, net=invoice.net,
            tax=invoice.tax, gross=invoice.gross, lines=(),
        )  # fmt: skip

    def test_a_credit_takes_away_and_what_stands_in_its_place_adds(self, payout: Payout) -> None:
        first = payout.invoice
        self.credit(first)
        assert state(payout) == PayoutState.NOTHING
        second = InvoiceFactory(
            contract=first.contract, month=first.month, replaces=first, net=20, tax=2, gross=22, lines=(), payout=False
        )
        assert standing_of(payout, today=TODAY).expected == 22
        assert state(payout) == PayoutState.LATE
        self.credit(second)
        third = InvoiceFactory(
            contract=first.contract, month=first.month, replaces=second, net=10, tax=1, gross=11, lines=()
        )
        found = standing_of(payout, today=TODAY)
        assert found.expected == 11
        tell(payout, "received", Decimal("28.26"))
        assert payout_words(standing_of(payout, today=TODAY)).endswith(", 17.26 EUR more than expected")
        # One month, one payout: every document of it says the same, even if a row was made for a replacement.
        everywhere = standings_of(list(Invoice.objects.all()), today=TODAY)
        assert {one.payout.pk for one in everywhere.values()} == {payout.pk}
        assert set(everywhere) == {one.pk for one in Invoice.objects.all()}
        assert payouts.payout_of(third) == payout

    def test_another_month_is_another_payout(self, payout: Payout) -> None:
        other = InvoiceFactory(contract=payout.invoice.contract, month=date(2026, 9, 1))
        self.credit(other)
        assert standing_of(payout, today=TODAY).expected == payout.amount

    def test_a_month_below_nothing_is_set_off_against_the_next(self, payout: Payout) -> None:
        contract = payout.invoice.contract
        InvoiceFactory(contract=contract, month=date(2026, 9, 1), net=-8, tax=0, gross=-8, lines=(), payout=False)
        InvoiceFactory(contract=contract, month=date(2026, 8, 1), net=50, tax=0, gross=50, lines=())
        assert standing_of(payout, today=TODAY).expected == payout.amount - 8
        assert [one.expected for one in standings(by_month().order_by("pk"), today=TODAY)] == [payout.amount - 8, 50]

    def test_what_stands_in_the_place_of_less_than_nothing_has_the_payout(self, payout: Payout) -> None:
        contract, month = payout.invoice.contract, date(2026, 11, 1)
        first = InvoiceFactory(contract=contract, month=month, net=-8, tax=0, gross=-8, lines=(), payout=False)
        InvoiceFactory(
            contract=contract, month=month, type_code="261", corrects=first, net=-8, tax=0, gross=-8, lines=()
        )
        second = InvoiceFactory(contract=contract, month=month, replaces=first, net=7, tax=0, gross=7, lines=())
        assert standings_of([first], today=TODAY)[first.pk].payout == second.payout
        assert standing_of(second.payout, today=TODAY).expected == 7

    def test_many_cost_as_many_queries_as_one(self, payout: Payout, django_assert_num_queries: Any) -> None:
        rows = [
            InvoiceFactory(contract=payout.invoice.contract, month=date(2025, n, 1), lines=()) for n in range(1, 13)
        ]
        with django_assert_num_queries(4):
            assert len(standings_of(rows, today=TODAY)) == 12
        with django_assert_num_queries(0):
            assert standings_of([], today=TODAY) == {}


def month(number: int, own: int, came: int = 0) -> MonthMoney:
    return MonthMoney(date(2026, number, 1), Decimal(own), Decimal(came))


@pytest.mark.parametrize(
    ("months", "found"),
    [
        # A month below nothing goes into the next, and on until it is used up.
        ([month(1, -30), month(2, 20), month(3, 50)], {2: {1: 20}, 3: {1: 10}}),
        ([month(1, -30), month(2, -5), month(3, 32)], {3: {1: 30, 2: 2}}),
        # So does what came too much; what is missing stays where it is.
        ([month(1, 50, 61), month(2, 40)], {2: {1: 11}}),
        ([month(1, 50, 30), month(2, 40)], {}),
        # Money that has come needs no explanation: the rest goes on.
        ([month(1, 50, 61), month(2, 40, 40), month(3, 40)], {3: {1: 11}}),
        ([month(1, 50, 61), month(2, 40, 35), month(3, 40)], {2: {1: 5}, 3: {1: 6}}),
        ([month(1, 50, 61), month(2, 40, 42), month(3, 40)], {3: {1: 11, 2: 2}}),
    ],
)
def test_what_came_too_much_is_set_off_until_it_is_used_up(
    months: list[MonthMoney], found: dict[int, dict[int, int]]
) -> None:
    assert {at.month: list(rests) for at, rests in set_offs(months).items() if rests} == {
        at: [SetOff(date(2026, source, 1), Decimal(amount)) for source, amount in rests.items()]
        for at, rests in found.items()
    }


@pytest.mark.django_db
class TestSetOff:
    def corrected(self, invoice: Invoice, gross: Decimal | int) -> Invoice:
        """Taken back, and in its place one over `gross`."""
        InvoiceFactory(
            contract=invoice.contract, month=invoice.month, type_code="261", corrects=invoice, net=invoice.net,
            tax=invoice.tax, gross=invoice.gross, lines=(),
        )  # fmt: skip
        return InvoiceFactory(
            contract=invoice.contract, month=invoice.month, replaces=invoice, net=gross, tax=0, gross=gross, lines=(),
            payout=gross > 0,
        )  # fmt: skip

    def next_month(self, payout: Payout, number: int, gross: int) -> Payout:
        day = date(2026, number, 1)
        return InvoiceFactory(
            contract=payout.invoice.contract,
            month=day,
            net=gross,
            tax=0,
            gross=gross,
            lines=(),
            due_on=DUE,
            issued_on=date(2026, 11, 5),
        ).payout

    def test_a_month_that_had_a_payout_falls_below_nothing(self, payout: Payout) -> None:
        second = self.corrected(payout.invoice, Decimal("-11.31"))
        later = self.next_month(payout, 11, 57)
        assert standing_of(payout, today=TODAY).expected == Decimal("-11.31")
        assert state(payout) == PayoutState.NOTHING
        assert standing_of(later, today=TODAY).expected == Decimal("45.69")
        assert payout_words(standing_of(later, today=TODAY)).endswith("; 11.31 EUR set off from October 2026")
        assert payout_said(standing_of(later, today=TODAY))[0].fact == "11.31 EUR set off from October 2026"
        assert standings_of([second], today=TODAY)[second.pk].payout == payout

    def test_a_month_that_came_in_full_is_corrected_down(self, payout: Payout) -> None:
        tell(payout, "received", Decimal("28.26"))
        self.corrected(payout.invoice, 20)
        assert (
            payout_words(standing_of(payout, today=TODAY)) == "received on Tue 17 Nov 2026, 8.26 EUR more than expected"
        )
        first, second = self.next_month(payout, 11, 5), self.next_month(payout, 12, 30)
        assert [standing_of(one, today=TODAY).expected for one in (first, second)] == [0, Decimal("26.74")]
        assert payout_words(standing_of(first, today=TODAY)) == "nothing to pay; 5.00 EUR set off from October 2026"
        tell(second, "received", Decimal("26.74"))
        assert state(second) == PayoutState.RECEIVED
        payouts.take_back(payout.events.get(), now=NOW)
        assert standing_of(first, today=TODAY).expected == 5

    def test_sql_sets_off_what_the_rule_sets_off(self, payout: Payout) -> None:
        contract = payout.invoice.contract
        tell(payout, "received", Decimal(50))
        cases = [(20, 0), (-7, 0), (10, 10), (0, 0), (30, 25), (5, 9), (-3, 0), (40, 0), (12, 0)]
        for number, (gross, received) in enumerate(cases, start=1):
            day = date(2027, number, 1)
            made = InvoiceFactory(contract=contract, month=day, net=gross, tax=0, gross=gross, lines=()).payout
            if received:
                PayoutEvent.objects.create(
                    studio=made.studio, payout=made, kind="received", amount=received, on=TODAY, recorded_at=NOW
                )
        # Another contract's money is its own.
        InvoiceFactory(month=date(2027, 1, 1), net=-99, tax=0, gross=-99, lines=())
        rows = {row.pk: (row.due, row.state) for row in with_state(TODAY)}
        assert rows == {one.payout.pk: (one.expected, one.state) for one in standings(by_month(), today=TODAY)}
        mine = [row.due for row in expected().filter(invoice__contract=contract).order_by("invoice__month")]
        # 21.74 too much in October; what is used of it by and by.
        assert mine == [Decimal(text) for text in ("28.26", "0", "-7", "10", "0", "25", "5", "-3", "29.26", "12")]
        assert with_state(TODAY).filter(pk__in=expected().filter(due__gt=0)).count() == 6


@pytest.mark.django_db
class TestReminder:
    def test_comes_once_three_days_after_the_day(self, payout: Payout) -> None:
        LocationFactory(studio=payout.studio, zone="Europe/Amsterdam")
        assert payouts.remind_late(now=datetime(2026, 11, 18, 22, 59, tzinfo=UTC)) == []
        # Midnight in Amsterdam.
        (event,) = payouts.remind_late(now=datetime(2026, 11, 18, 23, 0, tzinfo=UTC))
        assert (event.kind, event.on) == ("reminded", date(2026, 11, 19))
        assert payouts.remind_late(now=NOW) == []
        assert [job.payload.get("login") is None for job in Job.objects.filter(kind=payouts.MAIL_LATE)] == [False, True]

    def test_does_not_come_where_something_was_told(self, payout: Payout) -> None:
        tell(payout, "sent", Decimal("28.26"))
        assert payouts.remind_late(now=NOW) == []
        assert payouts.remind(payout, now=NOW) is None
