"""Money at risk, and conflicts."""

from django.urls import path

from marketplace.views import at_risk

urlpatterns = [
    path("marketplaces/at-risk/", at_risk.at_risk, name="at_risk"),
    path("marketplaces/conflicts/<int:conflict>/settle/", at_risk.conflict_settle, name="conflict_settle"),
]
