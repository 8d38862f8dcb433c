"""Reviews that members of marketplaces write there: what is asked of a visit, what they said, what became of it.

An addition to the contract. The words are the person's: the sync log keeps none of them, only the score.
"""

from typing import Any

from bookings.models import Reservation
from marketplace.api import reading
from marketplace.api.endpoint import Call, Endpoint, answers
from marketplace.api.errors import Answer, Problem, bad_request, too_many, unprocessable
from marketplace.api.reading import written
from marketplace.api.reasons import MARKS_MISSING, NOT_ATTENDEE, REVIEW_REFUSALS, Operation
from marketplace.api.views import known_class, known_guest
from reviews import rules
from reviews.actions.limiting import TooOften, write_at_most
from reviews.actions.writing import Refused, Unfit
from reviews.links import open_until
from reviews.models import Report, Review
from reviews.models.review import TEXT_MOST
from reviews.selectors.asking import asked_of, may_write

_CRITERIA = frozenset(one.value for one in rules.CRITERIA)


def read(call: Call, class_id: str, exerciser_id: str) -> Answer:
    """What is asked, until when, and what was said."""
    call.answer_words = ""
    return _answer(call, _visit(call, class_id, exerciser_id))


def write(call: Call, class_id: str, exerciser_id: str) -> Answer:
    """Keep it, or change it; the same again changes nothing."""
    call.answer_words = ""
    visit = _visit(call, class_id, exerciser_id)
    marks, text = given(reading.body(call.request))
    source = call.caller.connection.marketplace_id
    try:
        write_at_most(visit, marks=marks, text=text, source=source, now=call.now)
    except Refused as refused:
        raise _refused(refused.refusal) from None
    except Unfit as unfit:
        raise _unfit(unfit) from None
    except TooOften as too_often:
        raise too_many(int((too_often.again_at - call.now).total_seconds()) + 1) from None
    return _answer(call, visit)


def given(body: dict[str, Any]) -> tuple[dict[str, int], str]:
    """Marks by criterion and words of a body. Raises Problem."""
    errors: dict[str, str] = {}
    marks, text = body.get("marks"), body.get("text")
    if marks is None:
        errors["marks"] = "missing"
    elif not isinstance(marks, dict) or not set(marks) <= _CRITERIA:
        errors["marks"] = "wrongFormat"
    else:
        errors |= {f"marks.{name}": "wrongFormat" for name, value in marks.items() if not _is_mark(value)}
    if text is not None and (not isinstance(text, str) or not reading.can_be_written(text)):
        errors["text"] = "wrongFormat"
    elif text is not None and len(rules.cleaned(text)) > TEXT_MOST:
        errors["text"] = "tooLarge"
    if errors:
        raise bad_request(errors)
    return {name: int(value) for name, value in (marks or {}).items()}, text or ""


def _is_mark(value: Any) -> bool:
    """A whole number from 1 to 5; JSON writes 4 as 4.0, too."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value in range(1, 6)


def _visit(call: Call, class_id: str, exerciser_id: str) -> Reservation:
    """The guest's own place in the class. Raises Problem."""
    guest = known_guest(call, exerciser_id)
    seen = known_class(call, class_id, guest, anywhere=True)
    if seen.own is None:
        raise unprocessable(Operation.REVIEW, NOT_ATTENDEE, "The exerciser is not an attendee of the class")
    call.booking_ref = seen.own.booking_ref
    together = ("studio", "session", "member")
    return call.caller.connection.studio.reservations.select_related(*together).get(pk=seen.own.reservation_id)


def _refused(refusal: rules.Refusal) -> Problem:
    return unprocessable(Operation.REVIEW, *REVIEW_REFUSALS[refusal])


def _unfit(unfit: Unfit) -> Problem:
    if unfit.missing:
        names = ", ".join(unfit.missing)
        return unprocessable(Operation.REVIEW, MARKS_MISSING, f"Marks are missing for: {names}")
    return bad_request({"text": "tooLarge"})


def _answer(call: Call, visit: Reservation) -> Answer:
    review = visit.studio.reviews.filter(reservation=visit).select_related("response").first()
    refusal = may_write(visit, has_review=review is not None, now=call.now)
    found: dict[str, Any] = {
        "asked": [{"criterion": name, "weight": weight} for name, weight in _in_order(asked_of(visit))],
        "openUntil": written(open_until(visit)),
        "eligible": refusal is None,
    }
    if refusal is not None:
        reason, message = REVIEW_REFUSALS[refusal]
        found |= {"reason": reason, "message": message}
    if review is not None:
        review.reservation = visit
        call.answer_words = f"score {review.score}"
        found["review"] = _review(review)
    return Answer(200, found)


def _in_order(by_criterion: dict[str, int]) -> list[tuple[str, int]]:
    return [(one.value, by_criterion[one]) for one in rules.CRITERIA if one in by_criterion]


def _review(review: Review) -> dict[str, Any]:
    found: dict[str, Any] = {
        "marks": dict(_in_order(review.marks)),
        "score": float(review.score),
        "text": review.text,
        "writtenAt": written(review.written_at),
        "hidden": review.hidden_at is not None,
        "visitDisputed": review.is_disputed and review.has_no_visit,
        "authorDisputed": review.is_disputed and review.is_doubted,
    }
    if review.edited_at is not None:
        found["changedAt"] = written(review.edited_at)
    if review.hidden_at is not None:
        cases = review.reports.filter(decision=Report.Decision.HIDDEN).order_by("-decided_at", "-id")
        if case := cases.first():
            found |= {"hiddenFor": case.decision_rule, "hiddenBecause": case.decision_reason}
    reply = getattr(review, "response", None)
    if reply is not None and reply.stands:
        at = reply.edited_at or reply.written_at
        found["reply"] = {"text": reply.text, "writtenAt": written(at), "edited": reply.edited_at is not None}
    return found


review = answers(GET=Endpoint("read_review", read), PUT=Endpoint("review", write, personal=True))
