"""Every answer that the rules can give has its sentence, in the location's time."""

import re
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.utils.translation import override

from bookings import rules
from bookings.imports.rules import Flag
from bookings.models import Reservation
from bookings.rules import Answer, BookingFacts, Decision, Origin, Question, Step
from bookings.states import FLAG_WORDS, flag_words
from bookings.words import path_words, refusal_words, warning_words
from portal.models import Location
from tests.bookings.scenes import at

CENTRUM = Location(name="Centrum", zone="Europe/Amsterdam")
LISBON = Location(name="Lisboa", zone="Europe/Lisbon")
MOMENT = at("18:02")

REFUSALS: dict[Question, rules.Fact] = {
    Question.SESSION_CANCELLED: MOMENT,
    Question.MEMBER_BLOCKED: "unpaid since May",
    Question.ALREADY_BOOKED: MOMENT,
    Question.STARTED: MOMENT,
    Question.NOT_OPEN_YET: MOMENT,
    Question.CLOSED: MOMENT,
    Question.FULL: 16,
    Question.PAID: None,
    Question.RESERVATION_CANCELLED: None,
    Question.CHECKED_IN: MOMENT,
    Question.OTHER_DAY: MOMENT,
    Question.NOT_STARTED: MOMENT,
    Question.CORRECTION_LIMIT: MOMENT,
    Question.DEADLINE_PASSED: MOMENT,
    Question.OUTCOME_MISSING: None,
    Question.UNDONE_ALREADY: None,
    Question.CHANGED_SINCE: None,
    Question.PART_OF_COURSE: "Deep Roots",
    Question.HELD: MOMENT,
    Question.WAITING_ALREADY: MOMENT,
    Question.CUT_OFF: MOMENT,
    Question.NOT_FULL: None,
    Question.LIST_FULL: 10,
    Question.ON_THE_LIST: None,
    Question.OFFER_OPEN: None,
    Question.OFFER_LAPSED: MOMENT,
    Question.NO_SESSIONS: None,
    Question.IN_THE_PAST: MOMENT,
    Question.LOCATION_CLOSED: "Easter",
    Question.TEACHER_BUSY: "Mira: Vinyasa Flow, 18:00–19:00",
    Question.ROOM_BUSY: "Studio 1: Vinyasa Flow, 18:00–19:00",
    Question.ARCHIVED: MOMENT,
    Question.NO_WEEKDAY: None,
    Question.NO_END: None,
    Question.ENDS_BEFORE_START: None,
    Question.TOO_LONG: MOMENT,
    Question.NO_DATES: None,
    Question.EDITED_SINCE: None,
    Question.CALLED_OFF: MOMENT,
    Question.HAS_BEGUN: MOMENT,
    Question.INTO_THE_PAST: MOMENT,
    Question.ROOM_ELSEWHERE: None,
    Question.KIND_IN_USE: None,
    Question.TEACHER_TAKEN: "Barre, Tue 18:00",
    Question.ROOM_TAKEN: "Barre, Tue 18:00",
    Question.OVER: MOMENT,
    Question.NOT_CALLED_OFF: None,
    Question.BOOKED_TO_COME: 3,
    Question.HAS_HISTORY: 2,
    Question.SAME_WEEK: None,
    Question.NAME_TAKEN: "Zaal",
    Question.ROOM_IN_USE: 4,
    Question.SPOTS_IN_USE: 2,
    Question.OTHER_CLASS: None,
    Question.OTHER_ROOM: None,
    Question.SPOT_BLOCKED: None,
    Question.SPOT_TAKEN: "Ana Vos",
    Question.NOT_FOR_MARKETPLACES: None,
    Question.NOT_SOLD_THERE: None,
    Question.ALL_QUOTAS: 4,
    Question.QUOTA: 2,
}
WARNINGS: dict[Question, rules.Fact] = {
    Question.STARTED: MOMENT,
    Question.NOT_OPEN_YET: MOMENT,
    Question.CLOSED: MOMENT,
    Question.PAID: None,
    Question.ELSEWHERE: "Noord 17:55",
    Question.EARLY: MOMENT,
    Question.LOCATION_CLOSED: "Easter",
    Question.DAY_IS_OFF: "Easter",
    Question.TEACHER_TAKEN: "Barre, Tue 18:00",
    Question.ROOM_TAKEN: "Barre, Tue 18:00",
    Question.PEOPLE_ARE_IN: 3,
    Question.NOT_FOR_MARKETPLACES: None,
    Question.NOT_SOLD_THERE: None,
    Question.ALL_QUOTAS: 4,
    Question.QUOTA: 2,
}


def decision(question: Question, answer: Answer, fact: rules.Fact) -> Decision:
    return Decision((Step(question, answer, fact),))


def test_every_question_is_answered_below() -> None:
    assert set(REFUSALS) | set(WARNINGS) == set(Question)


def test_the_rules_refuse_and_warn_with_no_other_questions() -> None:
    files = Path(rules.__file__).parent.glob("*.py")
    source = "".join(file.read_text() for file in files)
    refused = {Question[name] for name in re.findall(r"refuse_if\(\s*Question\.(\w+)", source)}
    warned = {Question[name] for name in re.findall(r"warn_if\(\s*Question\.(\w+)", source)}
    either = {Question[name] for name in re.findall(r"for_members\(\s*Question\.(\w+)", source)}
    assert (refused | either, warned | either) == (set(REFUSALS), set(WARNINGS))


@pytest.mark.parametrize("question", REFUSALS)
def test_a_refusal_is_a_sentence_with_its_fact(question: Question) -> None:
    fact = REFUSALS[question]
    words = refusal_words(decision(question, Answer.REFUSED, fact), CENTRUM)
    shown = "18:02" if fact == MOMENT else str(fact or "")
    assert shown in words
    assert words.endswith(".")
    assert "%(" not in words
    assert "None" not in words


@pytest.mark.parametrize("question", WARNINGS)
def test_a_warning_is_a_sentence_with_its_fact(question: Question) -> None:
    fact = WARNINGS[question]
    (words,) = warning_words(decision(question, Answer.WARNING, fact), CENTRUM)
    assert ("18:02" if fact == MOMENT else str(fact or "")) in words
    assert words.endswith(".")
    assert "%(" not in words


@pytest.mark.parametrize("question", Question)
def test_a_path_shows_each_question_with_its_answer(question: Question) -> None:
    (line,) = path_words(decision(question, Answer.FINE, None), CENTRUM)
    assert line.question.endswith("?")
    assert line.fine
    html = render_to_string("components/decision.html", {"lines": [line]})
    assert line.question in html
    assert 'aria-label="yes"' in html


def test_a_path_ends_with_the_refusal_and_its_cross() -> None:
    path = Decision((Step(Question.SESSION_CANCELLED, Answer.FINE), Step(Question.FULL, Answer.REFUSED, 16)))
    lines = path_words(path, CENTRUM)
    assert [line.fine for line in lines] == [True, False]
    html = render_to_string("components/decision.html", {"lines": lines})
    assert html.index('aria-label="yes"') < html.index('aria-label="no"')
    assert "all 16 places are taken" in html


def test_a_question_that_was_not_asked_is_shown_without_an_answer() -> None:
    facts = BookingFacts(
        session_cancelled_at=None, starts_at=at("18:00"), opens_at=None, closes_at=None, correction_until=at("20:00"),
        capacity=1, taken=1, booked_already_at=None, elsewhere=None, blocked_reason="unpaid", by_staff=True,
    )  # fmt: skip
    lines = path_words(rules.may_book(facts, now=at("12:00")), CENTRUM)
    assert [line.answer for line in lines] == [Answer.FINE, Answer.REFUSED, *[None] * 8]
    html = render_to_string("components/decision.html", {"lines": lines})
    assert html.count('aria-label="not asked"') == 8
    assert "full" not in html


def test_a_refusal_says_what_would_fix_it_and_whose_rule_it_is() -> None:
    step = Step(Question.CLOSED, Answer.REFUSED, MOMENT, Origin.LOCATION)
    (line,) = path_words(Decision((step,)), CENTRUM)
    assert (line.fix, line.whose) == ("Book at the desk, or let booking close later.", "set at the location")
    html = render_to_string("components/decision.html", {"lines": [line]})
    assert "What would fix it: Book at the desk" in html
    assert "Set at the location." in html


def test_a_good_answer_shows_its_fact() -> None:
    (line,) = path_words(decision(Question.FULL, Answer.FINE, 16), CENTRUM)
    assert (line.sentence, line.fix) == ("16 places in all.", "")


def test_moments_are_told_in_the_time_of_the_location() -> None:
    early = decision(Question.EARLY, Answer.WARNING, MOMENT)
    assert warning_words(early, CENTRUM) == ["That is early: the class begins Wed 10 Jun, 18:02."]
    assert warning_words(early, LISBON) == ["That is early: the class begins Wed 10 Jun, 17:02."]


def test_days_are_told_in_the_language_of_the_reader() -> None:
    with override("de"):
        assert "Mi" in warning_words(decision(Question.EARLY, Answer.WARNING, MOMENT), CENTRUM)[0]


def test_one_place_is_not_spoken_of_in_the_plural() -> None:
    assert "its only place is taken" in refusal_words(decision(Question.FULL, Answer.REFUSED, 1), CENTRUM)


def test_a_check_in_without_its_time_has_a_sentence_too() -> None:
    assert refusal_words(decision(Question.CHECKED_IN, Answer.REFUSED, None), CENTRUM).startswith("Checked in already.")


def test_what_is_allowed_has_no_refusal() -> None:
    assert refusal_words(decision(Question.FULL, Answer.FINE, 16), CENTRUM) == ""


def test_every_flag_of_an_import_has_its_words() -> None:
    assert set(FLAG_WORDS) == {*Flag, Reservation.CONFLICT}
    assert flag_words("; ".join(Flag)) == "; ".join(str(FLAG_WORDS[flag]) for flag in Flag)
    assert flag_words("") == ""
