"""Why a line and a visit differ, and amounts as people write them: pure."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from invoicing.imports.columns import KNOWN_WORDS, TARGETS, event_of, month_in
from invoicing.rules.amounts import COMMA, POINT, NotAnAmount, mark_of, read_amount
from invoicing.rules.matching import Event, Fact, Reason, Verdict, explained, verdict_of
from invoicing.statement_words import QUESTIONS, REASON_WORDS, VERDICT_WORDS
from portal.imports.mapping import suggest

D = Decimal
ANY_FACTS = some.integers(0, max(Fact) * 2 - 1).map(Fact)


@given(ANY_FACTS)
def test_every_set_of_facts_has_a_verdict_and_a_reason_of_it(facts: Fact) -> None:
    found = explained(facts)

    assert found.verdict is verdict_of(facts)
    if found.verdict is Verdict.MATCHED:
        assert (found.reason, found.path) == (Reason.NONE, ())
    else:
        assert found.reason is not Reason.NONE
        # One question decides, the last that is asked; without any nothing explains it.
        decided = [asked.reason for asked in found.path if asked.decided]
        assert decided == ([] if found.reason is Reason.UNEXPLAINED else [found.reason])
        assert found.reason is Reason.UNEXPLAINED or found.path[-1].decided


def test_everything_has_words() -> None:
    assert set(VERDICT_WORDS) == set(Verdict)
    assert set(REASON_WORDS) == set(Reason) - {Reason.NONE}
    assert set(QUESTIONS) == set(REASON_WORDS) - {Reason.UNEXPLAINED}


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["1.234,56"], COMMA),
        (["1,234.56"], POINT),
        (["1.234", "8,5"], COMMA),
        (["1,234", "12.50"], POINT),
        (["1.234.567"], COMMA),
        (["0.123"], POINT),
        (["8", "9", ""], POINT),
        (["€ 8,00", "-3,20"], COMMA),
        (["1.234"], None),
        (["1,234", "5,678"], None),
        (["8,50", "8.50"], None),
        ([], POINT),
    ],
)
def test_the_decimal_mark_of_a_column(texts: list[str], mark: str | None) -> None:
    assert mark_of(texts) == mark


@pytest.mark.parametrize(
    ("text", "mark", "amount", "currency"),
    [
        ("1.234,56", COMMA, "1234.56", ""),
        ("1,234.56", POINT, "1234.56", ""),
        ("1 234,5 EUR", COMMA, "1234.5", "EUR"),
        ("€ -8,00", COMMA, "-8", "EUR"),
        ("(25.00)", POINT, "-25", ""),
        ("25.00-", POINT, "-25", ""),
        ("\u22123.2", POINT, "-3.2", ""),
        ("8.330000000001", POINT, "8.33", ""),
        ("CHF 7.5", POINT, "7.5", "CHF"),
        (".5", POINT, "0.5", ""),
    ],
)
def test_an_amount(text: str, mark: str, amount: str, currency: str) -> None:
    assert read_amount(text, mark=mark) == (D(amount), currency)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("1.234,56", POINT),
        ("1,234.56", COMMA),
        ("12,34", POINT),
        ("ten", POINT),
        ("", POINT),
        ("1.2.3", POINT),
        ("(1", POINT),
        ("--1", POINT),
        ("EUR 1 USD", POINT),
        ("9" * 13, POINT),
    ],
)
def test_no_amount(text: str, mark: str) -> None:
    with pytest.raises(NotAnAmount):
        read_amount(text, mark=mark)


@given(some.decimals(-(10**9), 10**9, places=2), some.sampled_from([(POINT, COMMA), (COMMA, POINT)]))
def test_an_amount_is_read_as_it_was_written(amount: Decimal, marks: tuple[str, str]) -> None:
    mark, grouping = marks
    text = f"{amount:,.2f}".replace(",", "g").replace(".", mark).replace("g", grouping)

    assert read_amount(text, mark=mark)[0] == amount


@pytest.mark.parametrize(
    "text", ["2026-11", "11/2026", "November 2026", "nov. 2026", "2026-11-01 - 2026-11-30", "202611"]
)
def test_the_month_of_a_period(text: str) -> None:
    found = month_in(text)
    assert found is not None
    assert f"{found:%Y-%m}" == "2026-11"


@pytest.mark.parametrize(
    ("text", "order", "month"),
    [
        ("10/01/2026", "mdy", "2026-10"),
        ("10/01/2026", "dmy", "2026-01"),
        ("10/01/2026 - 10/31/2026", "", "2026-10"),
        ("01.10.2026 - 31.10.2026", "mdy", "2026-10"),
        ("01.10.2026", "", "2026-10"),
        ("10/2026", "mdy", "2026-10"),
    ],
)
def test_a_period_is_read_in_the_order_of_the_dates(text: str, order: str, month: str) -> None:
    assert f"{month_in(text, order):%Y-%m}" == month
    assert month_in("10/01/2026", "") is None  # asked for, not guessed


@pytest.mark.parametrize("text", ["", "2026", "13/2026", "Q3 2026", "autumn"])
def test_no_month(text: str) -> None:
    assert month_in(text) is None


def test_columns_are_known_in_three_languages() -> None:
    dutch = ["Boekingsnummer", "Lidnummer", "Naam", "Datum", "Tijd", "Les", "Locatie", "Soort", "Nettobedrag", "BTW"]
    german = [
        "Buchungsnummer",
        "Mitgliedsnummer",
        "Name",
        "Datum",
        "Uhrzeit",
        "Kurs",
        "Standort",
        "Art",
        "Netto",
        "MwSt",
    ]
    ours = ["booking", "member", "name", "starts_at", "clock", "class", "location", "event", "net", "tax"]

    assert suggest(TARGETS, dutch) == dict(zip(ours, dutch, strict=True))
    assert suggest(TARGETS, german) == dict(zip(ours, german, strict=True))


def test_words_are_as_a_person_said_before_all_else() -> None:
    assert event_of("No Show", {}) is Event.NO_SHOW
    assert event_of("No Show", {"noshow": "check_in"}) is Event.CHECK_IN
    assert event_of("", {}) is Event.VISIT
    assert event_of("Zugang", {}) is None
    assert {KNOWN_WORDS[word] for word in KNOWN_WORDS} == set(Event) - {Event.VISIT, Event.NOTHING}
