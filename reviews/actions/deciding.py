"""What the operator decides about a review: the words breach a rule or stay, the visit took place or did not.

Each decision is a case on record (`Report`) with a rule and a reason, told to the author and to the studio (P13, Q33).
"""

from datetime import datetime

from django.db import transaction

from bookings.models import Reservation
from portal.changes import record_change
from portal.models import User
from reviews.models import Report, Review
from reviews.rules.moderation import ABOUT_THE_VISIT, Case, Obstacle, Verdict, obstacle_to
from reviews.signals import review_decided

OPERATOR = "operator"


class CannotDecide(Exception):
    """`obstacle` says why, `decided` is the case that was decided meanwhile; nothing was changed."""

    def __init__(self, obstacle: Obstacle, decided: Report | None = None) -> None:
        super().__init__(obstacle)
        self.obstacle, self.decided = obstacle, decided


def decide(report: Report, decision: str, rule: str, reason: str, *, operator: User, now: datetime) -> Report:
    """Close an open case. The same decision again changes nothing. Raises CannotDecide.

    `decision`: a `Report.Decision`; `rule`: a `Rule`, "" for those about the visit; `reason`: for author and studio.
    """
    with transaction.atomic():
        review = _locked(report.review_id)
        report = Report.objects.select_for_update().get(pk=report.pk)
        report.review = review
        if report.decided_at is not None:
            if _is_same(report, decision, rule):
                return report
            raise CannotDecide(Obstacle.DECIDED, report)
        return _decide(report, review, Verdict(decision), rule, reason, operator=operator, now=now)


def open_case(
    review: Review,
    decision: str,
    rule: str,
    reason: str,
    *,
    operator: User,
    now: datetime,
    seen: int | None = None,
) -> Report:
    """Decide without a report of the studio's: a case of the operator's own, closed at once. Raises CannotDecide.

    Where a report about the words is open, the decision is its answer. What was decided last, decided again about the
    same words, changes nothing. `seen`: the key of the last decided case that the operator had before their eyes, 0 for
    none; None: whatever was decided since, this holds.
    """
    with transaction.atomic():
        review, verdict = _locked(review.pk), Verdict(decision)
        last = last_decided(review)
        if last is not None and seen is not None and last.pk != seen and not _is_same(last, decision, rule):
            raise CannotDecide(Obstacle.DECIDED, last)
        if last is not None and _says_all(last, review, verdict, rule):
            return last
        waiting = None if verdict in ABOUT_THE_VISIT else review.reports.select_for_update().open().first()
        report = waiting or Report(
            studio_id=review.studio_id, review=review, rule=rule, reason=reason.strip(), reported_at=now
        )
        report.review = review
        return _decide(report, review, verdict, rule, reason, operator=operator, now=now)


def last_decided(review: Review) -> Report | None:
    """The case of this review that was decided last."""
    return review.reports.filter(decided_at__isnull=False).order_by("-decided_at", "-id").first()


def _is_same(report: Report, decision: str, rule: str) -> bool:
    return report.decision == decision and (decision in ABOUT_THE_VISIT or report.decision_rule == rule)


def _says_all(last: Report, review: Review, verdict: Verdict, rule: str) -> bool:
    """Whether the last decision is this one, about the words as they are, and nobody asks anew."""
    if verdict is not Verdict.KEPT or not _is_same(last, verdict.value, rule) or last.decided_at is None:
        return False  # the rule refuses the others where they are so already
    is_changed = review.edited_at is not None and review.edited_at > last.decided_at
    return not is_changed and not review.reports.open().exists()


def case_of(review: Review) -> Case:
    """What the rule needs to know of a review."""
    about = {Report.Decision.VISIT_STANDS, Report.Decision.VISIT_FELL}
    found = review.reports.filter(decision__in=about)
    if review.doubted_at is not None:  # what was found before was about something else
        found = found.filter(decided_at__gte=review.doubted_at)
    last = found.order_by("-decided_at", "-id").first()
    return Case(
        hidden=review.hidden_at is not None,
        checked_in=not review.has_no_visit,
        doubted=review.is_doubted,
        stands=review.settled_at is not None,
        fell=last is not None and last.decision == Report.Decision.VISIT_FELL,
        mended=review.is_mended,
    )


def _locked(review: int) -> Review:
    """The visit, then its review: the order of whoever writes one."""
    found = Review.objects.only("reservation_id").get(pk=review)
    reservation = Reservation.objects.select_for_update(no_key=True).get(pk=found.reservation_id)
    found = Review.objects.select_for_update(of=("self",), no_key=True).select_related("studio").get(pk=review)
    found.reservation = reservation
    return found


def _decide(
    report: Report, review: Review, verdict: Verdict, rule: str, reason: str, *, operator: User, now: datetime
) -> Report:
    if obstacle := obstacle_to(verdict, case_of(review), rule=rule, reason=reason):
        raise CannotDecide(obstacle)
    report.decision, report.decision_reason = verdict.value, reason.strip()
    report.decision_rule = "" if verdict in ABOUT_THE_VISIT else rule
    report.decided_by, report.decided_at = operator, now
    report.save()  # before the review: PostgreSQL hides one only for its case
    changed = _carry_out(verdict, review, now=now)
    if changed:
        review.save(update_fields=[changed])
    record_change(
        review,
        verdict.value,
        studio=review.studio,
        by=None,
        by_word=OPERATOR,
        now=now,
        after={"rule": report.decision_rule, "reason": report.decision_reason},
    )
    review_decided.send(Review, review=review, report=report, now=now)
    return report


def _carry_out(verdict: Verdict, review: Review, *, now: datetime) -> str:
    """What the decision changes in the review; the field's name, "" for none."""
    match verdict:
        case Verdict.HIDDEN:
            review.hidden_at = now
            return "hidden_at"
        case Verdict.SHOWN_AGAIN:
            review.hidden_at = None
            return "hidden_at"
        case Verdict.VISIT_STANDS:
            review.settled_at = now
            return "settled_at"
        case Verdict.VISIT_FELL:
            review.settled_at = None
            return "settled_at"
        case Verdict.KEPT:
            return ""
