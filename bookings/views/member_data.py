"""A person's own data: a copy of all of it, and deleting the person for good (Q39)."""

from http import HTTPStatus

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from bookings.views.member import leads_to_the_kept_one
from bookings.views.member_head import alive, head, the_member
from portal.access import StudioRequest, studio_view
from portal.downloads import file_name
from portal.members.exporting import export
from portal.members.forms import ScrubForm
from portal.members.merging import CannotMerge
from portal.members.scrubbing import scrub
from portal.roles import Right


@studio_view(Right.MANAGE_MEMBERS)
@require_http_methods(["GET", "HEAD", "POST"])
@leads_to_the_kept_one
def member_data(request: StudioRequest, member: int) -> HttpResponse:
    """The copy to download, and the form that deletes; a POST with the member's number does it."""
    now, found = timezone.now(), the_member(request, member)
    if found.scrubbed_at is not None:
        raise Http404
    form = ScrubForm(request.POST or None, member=found)
    if request.method == "POST" and form.is_valid():
        name = found.name
        try:
            ended = scrub(found, by=request.login, now=now)
        except CannotMerge:
            raise Http404 from None
        messages.success(request, _("%(name)s is deleted. What was counted stays.") % {"name": name})
        if ended:
            words = ngettext(
                "%(number)d booking to come was cancelled.", "%(number)d bookings to come were cancelled.", ended
            )
            messages.info(request, words % {"number": ended})
        return redirect("bookings:member", request.studio.slug, found.pk)
    context = head(request, found, tab="member_data", now=now) | {"form": form}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "bookings/member_data.html", context, status=status)


@studio_view(Right.MANAGE_MEMBERS)
@require_GET
def member_export(request: StudioRequest, member: int) -> HttpResponseBase:
    """Everything that is known about the person, as a ZIP."""
    found, now = alive(request, member), timezone.now()
    name = file_name("member", found.number, now.date(), kind="zip")
    return FileResponse(export(found, now=now), as_attachment=True, filename=name, content_type="application/zip")
