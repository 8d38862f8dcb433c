"""The reviews of one member, as a tab of their profile (*Members*)."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.views.member import leads_to_the_kept_one
from bookings.views.member_head import head, the_member
from portal.access import StudioRequest, studio_view
from portal.roles import Right
from reviews.selectors.listing import furnished
from reviews.selectors.overall import at, spread
from reviews.views.shown import Shown, zone_of

TAB = "reviews:member_reviews"
MOST = 200  # newest first; nobody wrote more of late


@studio_view(Right.ANSWER_REVIEWS)
@require_safe
@leads_to_the_kept_one
def member_reviews(request: StudioRequest, member: int) -> HttpResponse:
    """What this member wrote, newest first; at the locations that the login may see."""
    if not request.may(Right.VIEW_MEMBERS):
        raise PermissionDenied
    now, found = timezone.now(), the_member(request, member)
    context: dict[str, Any] = head(request, found, tab=TAB, now=now)
    places = request.location_choice.visible
    written = at(request.studio.reviews.filter(reservation__member=found), places)
    rows = [Shown(review, zone_of(places)) for review in furnished(written)[:MOST]]
    context |= {"rows": rows, "spread": spread(written.counted(now))}
    return render(request, "reviews/member_reviews.html", context)
