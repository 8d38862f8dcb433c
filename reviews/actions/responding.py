"""The studio's one reply to a review: written, changed, withdrawn (P12, Q36)."""

from datetime import datetime

from django.db import transaction

from portal.changes import record_change
from portal.models import StaffLogin
from reviews import rules
from reviews.models import Response, ResponseVersion, Review
from reviews.models.response import RESPONSE_MOST


class NotTaken(Exception):
    """The reply is not taken; `reason` says why, `response` is the one that stands, if one does."""

    def __init__(self, reason: rules.NoReply, response: Response | None = None) -> None:
        super().__init__(reason)
        self.reason, self.response = reason, response


def respond(review: Review, text: str, *, by: StaffLogin, now: datetime) -> Response:
    """The studio's reply; one that was withdrawn gets the new words. Raises NotTaken, ValueError for its length."""
    text = _checked(text)
    with transaction.atomic():
        review, response = locked(review)
        stands = response is not None and response.stands
        if reason := rules.may_respond(hidden=review.hidden_at is not None, stands=stands):
            raise NotTaken(reason, response if stands else None)
        marked = False
        if response is None:
            response = Response.objects.create(
                studio=review.studio, review=review, text=text, written_at=now, written_by=by
            )
        else:
            marked = rules.is_marked(response.written_at, now=now)
            response.text, response.withdrawn_at, response.withdrawn_by = text, None, None
            _save(response, "withdrawn_at", "withdrawn_by", marked=marked, now=now)
        _keep(response, by=by, marked=marked, now=now)
        _tell(review, "replied", by=by, now=now)
    return response


def edit(review: Review, text: str, *, by: StaffLogin, now: datetime, seen: int | None = None) -> Response:
    """Other words for the reply that stands; later than 24 hours after the first, it is marked. Raises as `respond`.

    `seen`: the key of the version that the person had before their eyes; another one since: NotTaken.
    """
    text = _checked(text)
    with transaction.atomic():
        review, response = locked(review)
        if response is None:
            raise NotTaken(rules.NoReply.NONE)
        if reason := rules.may_edit(hidden=review.hidden_at is not None, stands=response.stands):
            raise NotTaken(reason, response if response.stands else None)
        if text == response.text:
            return response
        if seen is not None and response.versions.values_list("pk", flat=True).first() != seen:
            raise NotTaken(rules.NoReply.CHANGED, response)
        marked = rules.is_marked(response.written_at, now=now)
        response.text = text
        _save(response, marked=marked, now=now)
        _keep(response, by=by, marked=marked, now=now)
        _tell(review, "reply_changed", by=by, now=now)
    return response


def withdraw_response(review: Review, *, by: StaffLogin, now: datetime) -> Response:
    """Take the reply back: "reply withdrawn" stays in its place, its words are kept. Twice is once. Raises NotTaken."""
    with transaction.atomic():
        review, response = locked(review)
        if response is None:
            raise NotTaken(rules.NoReply.NONE)
        if not response.stands:
            return response
        response.withdrawn_at, response.withdrawn_by = now, by
        response.save(update_fields=["withdrawn_at", "withdrawn_by"])
        _tell(review, "reply_withdrawn", by=by, now=now)
    return response


def locked(review: Review) -> tuple[Review, Response | None]:
    """The review's row, locked until the transaction ends, with its reply; who replies, reports or decides needs it."""
    review = Review.objects.select_for_update(of=("self",)).select_related("studio").get(pk=review.pk)
    return review, Response.objects.filter(review=review).first()


def _checked(text: str) -> str:
    text = rules.cleaned(text)
    if not text or len(text) > RESPONSE_MOST:
        raise ValueError(f"a reply has 1 to {RESPONSE_MOST} characters, not {len(text)}")
    return text


def _save(response: Response, *fields: str, marked: bool, now: datetime) -> None:
    if marked:
        response.edited_at = now
    response.save(update_fields=["text", "edited_at", *fields])


def _keep(response: Response, *, by: StaffLogin, marked: bool, now: datetime) -> None:
    ResponseVersion.objects.create(response=response, text=response.text, by=by, written_at=now, marked=marked)


def _tell(review: Review, kind: str, *, by: StaffLogin, now: datetime) -> None:
    record_change(review, kind, studio=review.studio, by=by, now=now)
