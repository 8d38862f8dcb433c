"""What marketplaces see of one session: the lines of its roster, asked for again each minute (I4)."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.marketplaces import marketplaces
from bookings.views.session import session_for
from portal.access import StudioRequest, studio_view
from portal.roles import Right


@studio_view(Right.VIEW_BOOKINGS)
@require_safe
def session_seen(request: StudioRequest, session: int) -> HttpResponse:
    """To a script the lines; anybody else is led to the roster, which holds them."""
    now = timezone.now()
    found = session_for(request, session, now=now)
    if not request.htmx or request.htmx.boosted:
        return redirect("bookings:session", request.studio.slug, found.pk)
    context = {
        "session": found,
        "seen": marketplaces().seen([found], now=now).get(found.pk, []),
        "seen_url": reverse("bookings:session_seen", args=[request.studio.slug, found.pk]),
    }
    return render(request, "bookings/seen.html", context)
