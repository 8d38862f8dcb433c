"""What a visit comes to: one pure rule, each answer with its reason (7.2, Q11, Q18)."""

from typing import Any

import pytest
from django.template.loader import render_to_string

from bookings.rules import State
from marketplace.rules import Asked, Settlement, VisitFacts, settlement
from marketplace.words import because_words
from portal.models import Location
from tests.bookings.scenes import at

SEEN = at("18:02")
CENTRUM = Location(name="Centrum", zone="Europe/Amsterdam")


def facts(**fields: Any) -> VisitFacts:
    given: dict[str, Any] = {
        "state": State.CHECKED_IN,
        "class_cancelled": False,
        "confirmed_at": SEEN,
        "is_disputed": False,
        "denied": False,
        "has_terms": True,
        "pays_late_cancels": False,
        "pays_no_shows": False,
    }
    return VisitFacts(**(given | fields))


@pytest.mark.parametrize(
    ("change", "expected", "because"),
    [
        ({}, Settlement.VALIDATED, Asked.CONFIRMED),
        ({"confirmed_at": None}, Settlement.EXPECTED, Asked.HERE),
        ({"is_disputed": True}, Settlement.DISPUTED, Asked.CONFLICT),
        # A person said that the guest was not here: both sides differ where the marketplace has the check-in.
        ({"denied": True, "state": State.NO_SHOW}, Settlement.DISPUTED, Asked.DENIED),
        ({"denied": True, "state": State.CANCELLED}, Settlement.DISPUTED, Asked.DENIED),
        ({"denied": True, "state": State.CHECKED_IN}, Settlement.VALIDATED, Asked.CONFIRMED),
        (
            {"denied": True, "state": State.NO_SHOW, "confirmed_at": None},
            Settlement.NOT_PAYABLE,
            Asked.NO_SHOW_UNPAID,
        ),
        ({"has_terms": False}, Settlement.NOT_PAYABLE, Asked.NO_TERMS),
        ({"state": State.BOOKED, "confirmed_at": None}, Settlement.EXPECTED, Asked.TO_COME),
        ({"state": State.NO_CHECK_IN, "confirmed_at": None}, Settlement.EXPECTED, Asked.TO_COME),
        ({"state": State.NO_SHOW, "confirmed_at": None}, Settlement.NOT_PAYABLE, Asked.NO_SHOW_UNPAID),
        ({"state": State.NO_SHOW, "confirmed_at": None, "pays_no_shows": True}, Settlement.EXPECTED, Asked.NO_SHOW),
        # The marketplace's check-in wins over a missing tick of which nobody said anything.
        ({"state": State.NO_SHOW}, Settlement.VALIDATED, Asked.CONFIRMED),
        ({"state": State.LATE_CANCELLED}, Settlement.NOT_PAYABLE, Asked.LATE_CANCEL_UNPAID),
        ({"state": State.LATE_CANCELLED, "pays_late_cancels": True}, Settlement.EXPECTED, Asked.LATE_CANCEL),
        ({"state": State.CANCELLED}, Settlement.NOT_PAYABLE, Asked.CANCELLED_IN_TIME),
        ({"state": State.EXCUSED}, Settlement.NOT_PAYABLE, Asked.CANCELLED_IN_TIME),
        # Nobody is a no-show of a class that did not take place, and nobody pays for it (Q27).
        (
            {"state": State.SESSION_CANCELLED, "class_cancelled": True, "pays_no_shows": True},
            Settlement.NOT_PAYABLE,
            Asked.CLASS_CANCELLED,
        ),
        (
            {"state": State.LATE_CANCELLED, "class_cancelled": True, "pays_late_cancels": True, "confirmed_at": None},
            Settlement.NOT_PAYABLE,
            Asked.CLASS_CANCELLED,
        ),
        # Who was ticked was there, whatever was said of the class.
        ({"class_cancelled": True}, Settlement.VALIDATED, Asked.CONFIRMED),
    ],
)
def test_each_answer_has_its_reason(change: dict[str, Any], expected: Settlement, because: Asked) -> None:
    settled = settlement(facts(**change))
    words = because_words(settled, "Wellpass", CENTRUM)
    assert words
    assert "%(" not in words
    assert (settled.settlement, settled.because) == (expected, because)
    assert settled.fact == (SEEN if because in {Asked.CONFIRMED, Asked.DENIED} else None)


@pytest.mark.parametrize("word", Settlement)
def test_each_settlement_has_its_word_in_the_one_component(word: Settlement) -> None:
    shown = render_to_string("components/settlement.html", {"word": word, "why": "because"})

    assert 'class="state-word"' in shown
    assert "<svg" in shown
    assert shown.count("because") == 1
