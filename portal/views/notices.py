"""What one hears of by mail, and how: each person's own page, and the owner's look at who is told what."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import StudioRequest, studio_view
from portal.notices.choosing import ChoicesForm, choose, who_is_told
from portal.roles import Right


@studio_view(None, by_password=True)
@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: StudioRequest) -> HttpResponse:
    """One's own choices: of each kind that one's rights allow, off, at once or in the morning mail."""
    form = ChoicesForm(request.login, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        changed = choose(request.login, form.cleaned_data, by=request.login, now=timezone.now())
        messages.success(request, _("Saved. It holds from now on.") if changed else _("Nothing was changed."))
        return redirect("portal:notices", request.studio.slug)
    slug = request.studio.slug
    context = {
        "form": form,
        "crumbs": [(_("My account"), reverse("portal:me", args=[slug]))],
        "all_url": reverse("portal:settings_notices", args=[slug]) if request.may(Right.MANAGE_LOGINS) else "",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "portal/notices.html", context, status=status)


@studio_view(Right.MANAGE_LOGINS)
@require_safe
def settings_notices(request: StudioRequest) -> HttpResponse:
    """Who is told what. Each person chooses for themselves; here nothing is changed."""
    slug = request.studio.slug
    context = {
        "told": who_is_told(request.studio),
        "crumbs": [(_("Settings"), reverse("portal:settings", args=[slug]))],
    }
    return render(request, "portal/settings_notices.html", context)
