"""Members as one types: the options that add-person, walk-in and the command palette show below their field."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access import StudioRequest, studio_view
from portal.members.forms import MemberSearchForm
from portal.members.photos import photo_url
from portal.members.search import search
from portal.roles import Right


@studio_view(Right.VIEW_MEMBERS)
@require_safe
def member_search(request: StudioRequest) -> HttpResponse:
    """A fragment of at most `limit` options for `q`: the members whom every word of it finds, by name.

    `options=buttons` (the default): each is a button `member=<id>` of the form around it; `options=links`: each leads
    to its profile. E-mail and phone are in it only with the right to see contact data.
    """
    form = MemberSearchForm(request.GET)
    form.full_clean()
    text = form.cleaned_data.get("q", "")
    found = search(request.studio, text, limit=form.cleaned_data.get("limit") or MemberSearchForm.LIMIT)
    context = {
        "members": [(member, photo_url(request.studio, member)) for member in found],
        "text": text,
        "as_links": form.cleaned_data.get("options") == MemberSearchForm.LINKS,
        "with_contact": request.may(Right.SEE_CONTACT),
    }
    return render(request, "bookings/member_search.html", context)
