"""The studio says that a review breaches the terms; the operator decides (P13, Q33)."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from portal.changes import record_change
from portal.models import StaffLogin
from reviews import rules
from reviews.actions.responding import locked
from reviews.models import Report, Review, Rule

REASON_MOST = 1000  # characters


class NotReported(Exception):
    """No case was opened; `reason` says why."""

    def __init__(self, reason: rules.NoReport) -> None:
        super().__init__(reason)
        self.reason = reason


def report(review: Review, rule: Rule, reason: str, *, by: StaffLogin, now: datetime) -> Report:
    """Open a case for the operator, naming the rule and why. It changes nothing about the review, and stays.

    Raises NotReported, ValueError for an unknown rule and for no or a long reason.
    """
    reason = rules.cleaned(reason)
    if not reason or len(reason) > REASON_MOST:
        raise ValueError(f"a reason has 1 to {REASON_MOST} characters, not {len(reason)}")
    with transaction.atomic():
        review, _response = locked(review)
        has_open_case = Report.objects.filter(review=review).open().exists()
        repeated = _is_repeated(review, Rule(rule))
        if no := rules.may_report(hidden=review.hidden_at is not None, has_open_case=has_open_case, repeated=repeated):
            raise NotReported(no)
        case = Report.objects.create(
            studio=review.studio, review=review, rule=Rule(rule), reason=reason, reported_by=by, reported_at=now
        )
        record_change(review, "reported", studio=review.studio, by=by, now=now, after={"rule": str(case.rule)})
    return case


def _is_repeated(review: Review, rule: Rule) -> bool:
    """Whether the operator has kept the words, as they are now, under this rule."""
    looked = Report.objects.filter(Q(rule=rule) | Q(decision_rule=rule), review=review, decision=Report.Decision.KEPT)
    if review.edited_at is not None:
        looked = looked.filter(decided_at__gte=review.edited_at)
    return looked.exists()
