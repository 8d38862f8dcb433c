"""A member writes about a visit, or changes what they wrote (P11, Q34, Q36)."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from bookings.models import Reservation
from portal.changes import record_change
from portal.members.addresses import IMPORT
from reviews import rules
from reviews.models import Review, ReviewInvitation, ReviewPolicy, ReviewVersion
from reviews.models.review import LINK, TEXT_MOST
from reviews.selectors.asking import may_write, weights_for
from reviews.selectors.authorship import doubt_of, late_file_of
from reviews.signals import review_changed, review_written


class Refused(Exception):
    """This visit cannot be reviewed; `refusal` says why."""

    def __init__(self, refusal: rules.Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class Unfit(ValueError):
    """The visit can be reviewed, not like this: criteria without marks, or so many characters too many."""

    def __init__(self, *, missing: tuple[str, ...] = (), too_long_by: int = 0) -> None:
        super().__init__(f"missing {missing}, too long by {too_long_by}")
        self.missing, self.too_long_by = missing, too_long_by


def write(reservation: Reservation, *, marks: Mapping[str, int], text: str, source: str, now: datetime) -> Review:
    """Keep what the member says of this visit: a new review, or a change of theirs.

    `marks`: 1 to 5 by criterion; all that are asked (`selectors.asking.asked_of`), others are not kept. `source`: the
    road it came by, "link" or a marketplace's word. What was there already changes nothing. Raises Refused, Unfit, and
    ValueError for marks that are none.
    """
    text = rules.cleaned(text)
    if len(text) > TEXT_MOST:
        raise Unfit(too_long_by=len(text) - TEXT_MOST)
    with transaction.atomic():
        visit = (
            Reservation.objects.select_for_update(of=("self",), no_key=True)
            .select_related("session", "studio", "member", "location")
            .get(pk=reservation.pk)
        )
        review = Review.objects.select_for_update(of=("self",)).filter(reservation=visit).first()
        if refusal := may_write(visit, has_review=review is not None, now=now):
            raise Refused(refusal)
        if visit.member.scrubbed_at is not None or (review is not None and review.scrubbed_at is not None):
            raise Refused(rules.Refusal.TOO_LATE)  # nobody is there any more who could write
        if review is None:
            return _begin(visit, marks, text, source=source, now=now)
        review.reservation = visit
        return _change(review, marks, text, source=source, now=now)


def _begin(visit: Reservation, marks: Mapping[str, int], text: str, *, source: str, now: datetime) -> Review:
    policy, _made = ReviewPolicy.objects.get_or_create(studio=visit.studio)
    weights = weights_for(visit, policy)
    kept = _asked(marks, weights)
    score = rules.score(kept, weights).score
    doubt = _doubt(visit, now=now) if source == LINK else None
    review = Review.objects.create(
        doubt_id=doubt,
        doubted_at=now if doubt else None,
        studio=visit.studio,
        reservation=visit,
        marks=kept,
        weights=weights,
        score=score,
        text=text,
        source=source,
        written_at=now,
    )
    record_change(review, "written", studio=visit.studio, by=None, now=now, after={"score": score}, by_word=source)
    review_written.send(Review, review=review, now=now)
    return review


def _change(review: Review, marks: Mapping[str, int], text: str, *, source: str, now: datetime) -> Review:
    kept = _asked(marks, review.weights)
    score = rules.score(kept, review.weights).score
    if (kept, text) == (review.marks, review.text):
        return review
    before = review.score
    ReviewVersion.objects.create(
        review=review,
        marks=review.marks,
        score=review.score,
        text=review.text,
        written_at=review.edited_at or review.written_at,
        replaced_at=now,
    )
    review.marks, review.score, review.text, review.edited_at = kept, score, text, now
    review.save(update_fields=["marks", "score", "text", "edited_at", *_doubted(review, source=source, now=now)])
    record_change(
        review,
        "changed",
        studio=review.reservation.studio,
        by=None,
        now=now,
        before={"score": before},
        after={"score": score},
        by_word=source,
    )
    response = getattr(review, "response", None)
    stands = response is not None and response.stands
    review_changed.send(Review, review=review, before=before, replied=stands, now=now)
    return review


def _doubted(review: Review, *, source: str, now: datetime) -> list[str]:
    """What a marketplace brought and the link changes is asked about as if the link had brought it; the fields."""
    if source != LINK or review.source == LINK or review.is_doubted:
        return []
    doubt = _doubt(review.reservation, now=now)
    if doubt is None:
        return []
    review.doubt_id, review.doubted_at, review.settled_at = doubt, now, None  # what was settled was something else
    return ["doubt", "doubted_at", "settled_at"]


def _doubt(visit: Reservation, *, now: datetime) -> int | None:
    asked = ReviewInvitation.objects.filter(reservation=visit).values_list("address", flat=True).first()
    found = doubt_of(visit, asked=asked or "", now=now)
    if found is None and (late := late_file_of(visit)) is not None:
        # An import writes no line for each member: the one that is needed is written now, with the day on which it was.
        member, run = late
        found = record_change(
            member,
            "created",
            studio=visit.studio,
            by=run.by,
            by_word="" if run.by else IMPORT,
            now=member.created_at,
            after={"number": member.number},
        ).pk
    return found


def _asked(marks: Mapping[str, int], weights: Mapping[str, int]) -> dict[str, int]:
    """The marks of what is asked, in the order of the criteria; raises Unfit where one is missing."""
    asked = [str(one) for one in rules.CRITERIA if weights.get(one)]
    if missing := tuple(one for one in asked if marks.get(one) is None):
        raise Unfit(missing=missing)
    return {one: marks[one] for one in asked}
