"""Whom a form or an address names to be booked: a merged profile is the one that was kept (Q23, Q39)."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from portal.access import StudioRequest
from portal.models import Member


class Deleted(Http404):
    """The person was scrubbed; the text says so."""


def whom(request: StudioRequest, pk: int) -> Member:
    """The member of this studio. Raises Http404 for another studio's, Deleted for one who is nobody any more."""
    member = get_object_or_404(request.studio.members.select_related("merged_into"), pk=pk).kept
    if member.scrubbed_at is not None:
        raise Deleted(_("This person was deleted and cannot be booked. Please choose somebody else."))
    return member
