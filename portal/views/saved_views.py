"""Keeping the filters of a list as a tab, and taking a tab away again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.access import StudioRequest, studio_view
from portal.saved_views import SaveViewForm, save_view
from portal.views import came_from


@studio_view(None)
@require_POST
def save(request: StudioRequest) -> HttpResponse:
    form = SaveViewForm(request.POST)
    if not form.is_valid():
        words = " ".join(str(error) for errors in form.errors.values() for error in errors)
        messages.error(request, _("This view was not kept. %(why)s") % {"why": words})
    elif save_view(request.login, **form.cleaned_data) is None:
        messages.error(request, _("This view was not kept: there are many already. Please remove one first."))
    else:
        messages.success(request, _("Kept as “%(name)s”.") % {"name": form.cleaned_data["name"]})
    return _back(request)


@studio_view(None)
@require_POST
def remove(request: StudioRequest) -> HttpResponse:
    """One of the person's own; whatever else is named is not there, so there is nothing to do."""
    number = request.POST.get("view", "")
    if number.isascii() and number.isdecimal() and len(number) < 19:
        request.login.saved_views.filter(pk=int(number)).delete()
    return _back(request)


def _back(request: StudioRequest) -> HttpResponse:
    return redirect(came_from(request, default=reverse("portal:studio", args=[request.studio.slug])))
