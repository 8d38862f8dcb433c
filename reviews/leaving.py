"""What of reviews leaves with a studio: with its versions, answers and reports, hidden ones too (P13)."""

from django.utils.translation import gettext as _

from portal.leaving.own import OPERATOR
from portal.leaving.registry import Kept, export, register_retention
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


def register() -> None:
    export(ReviewPolicy, "review_settings")
    export(Review, "reviews")
    export(ReviewVersion, "review_versions")
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
