"""The studio's front door: home for owners and managers, check-ins for everybody else."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.access import StudioRequest, locations_for, studio_view
from portal.roles import Right
from portal.today.registry import DATES, HEALTH, NEEDS, TODAY, TOP, blocks_for, cards_for

TEMPLATE = "portal/today.html"


@studio_view(None)
@require_safe
def studio(request: StudioRequest) -> HttpResponse:
    """What needs an owner or a manager today; who works at the desk goes straight to the people (*Home for owners*).

    Asked by the page itself every half minute, which then gets the body alone.
    """
    if not request.may(Right.MANAGE_SETTINGS):
        page = "bookings:check_ins" if request.may(Right.VIEW_TODAY) else "bookings:bookings"
        return redirect(page, request.studio.slug)
    now, places = timezone.now(), locations_for(request.login)
    cards = cards_for(request.login, now=now, locations=places)
    blocks = blocks_for(request.login, now=now, locations=places)
    there = now.astimezone(places[0].tz) if places else now
    context = {
        "top": blocks[TOP],
        "today": blocks[TODAY],
        "today_cards": cards[TODAY],
        "needs": cards[NEEDS],
        "needs_blocks": blocks[NEEDS],
        "dates": cards[DATES],
        "dates_blocks": blocks[DATES],
        "health": cards[HEALTH],
        "health_blocks": blocks[HEALTH],
        "is_quiet": not cards[NEEDS] and not blocks[NEEDS] and all(one.kind != "error" for one in cards[HEALTH]),
        "day": date_format(there, _("l j F")),
        "clock": f"{there:%H:%M}",
        "has_places": bool(places),
    }
    is_part = bool(request.htmx) and not request.htmx.boosted
    return render(request, f"{TEMPLATE}#body" if is_part else TEMPLATE, context)
