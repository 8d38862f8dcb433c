"""What of reviews leaves with a studio: with its versions, answers and reports.

Hidden ones too, without their words: those are in no file of the studio but the author's own (P13, Q34, Q39).
"""

from django.db.models import Case, F, TextField, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.leaving.own import OPERATOR
from portal.leaving.registry import Kept, Masked, export, register_retention
from reviews.models import (
    Report,
    Response,
    ResponseVersion,
    Review,
    ReviewInvitation,
    ReviewOptOut,
    ReviewPolicy,
    ReviewVersion,
)


def _shown(hidden_at: str) -> Masked:
    """The text where the review, hidden since the field of that name, is shown; else ""."""
    value = Case(When(**{hidden_at: None}, then=F("text")), default=Value(""), output_field=TextField())
    return Masked(value, gettext_lazy("Empty where the review is hidden."))


def register() -> None:
    export(ReviewPolicy, "review_settings")
    export(Review, "reviews", masked={"text": _shown("hidden_at")})
    export(ReviewVersion, "review_versions", masked={"text": _shown("review__hidden_at")})
    export(Response, "review_responses")
    export(ResponseVersion, "review_response_versions")
    export(Report, "review_reports", without={"decided_by_id": OPERATOR})
    export(ReviewInvitation, "review_invitations")
    export(ReviewOptOut, "review_opt_outs")
    register_retention(
        lambda: [
            Kept(
                _("Reviews, answers and their earlier versions"),
                _("for good; of a person that you delete the marks stay and the words go"),
            )
        ]
    )
