from reviews.models.invitation import ReviewInvitation, ReviewOptOut
from reviews.models.moderation import Report, Rule
from reviews.models.policy import ReviewPolicy
from reviews.models.response import Response, ResponseVersion
from reviews.models.review import Review, ReviewVersion

__all__ = [
    "Report",
    "Response",
    "ResponseVersion",
    "Review",
    "ReviewInvitation",
    "ReviewOptOut",
    "ReviewPolicy",
    "ReviewVersion",
    "Rule",
]
