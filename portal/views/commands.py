"""The command palette: a list below its field; without script a page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access import StudioRequest, studio_view
from portal.commands import sections

LONGEST = 100


@studio_view(None)
@require_safe
def commands(request: StudioRequest) -> HttpResponse:
    """What `q` finds: to the palette its options, else a page of links."""
    text = request.GET.get("q", "")[:LONGEST]
    found = sections(request, text)
    context = {"q": text, "sections": found, "number": sum(len(section.commands) for section in found)}
    return render(request, "portal/commands.html#options" if request.htmx else "portal/commands.html", context)
