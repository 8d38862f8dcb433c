"""A member's photo: shown, taken anew, taken away."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from portal.access import StudioRequest, studio_view
from portal.members.photos import kept_privately, photo_answer
from portal.roles import Right


@kept_privately
@studio_view(Right.VIEW_MEMBERS)
@require_safe
def member_photo(request: StudioRequest, member: int) -> HttpResponse:
    """The member's photo; 204 when there is none."""
    return photo_answer(get_object_or_404(request.studio.members.only("photo"), pk=member).photo)
