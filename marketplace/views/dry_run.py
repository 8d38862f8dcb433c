"""What a comparison would create, change and hide, before anything is published (N11)."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplace.selectors.planned import Outcome, Planned, counted, planned
from marketplace.views.classes import can_move
from marketplace.views.connections import find_connection
from marketplace.words import OUTCOMES, why_not
from portal.access import StudioRequest, locations_for, studio_view
from portal.locations import location_choice
from portal.roles import Right

AT_ONCE = 50


@studio_view(Right.MANAGE_CONNECTIONS)
@require_safe
def dry_run(request: StudioRequest, marketplace: str) -> HttpResponse:
    """Each session of the days that the marketplace shows: what would become of it, and why."""
    found, now = find_connection(request, marketplace), timezone.now()
    choice = location_choice(request)
    rows = planned(found, choice.shown, now=now, can_move=can_move(found))
    wanted = request.GET.get("outcome", "")
    chosen = [row for row in rows if row.outcome == wanted] if wanted in set(Outcome) else rows
    page = Paginator(chosen, AT_ONCE).get_page(request.GET.get("page"))
    context = {
        "connection": found,
        "page": page,
        "rows": [(row, OUTCOMES[row.outcome], reason(row)) for row in page],
        "chips": [(outcome, OUTCOMES[outcome], number) for outcome, number in counted(rows).items() if number],
        "chosen": wanted if wanted in set(Outcome) else "",
        "all": len(rows),
        "show_places": len(locations_for(request.login)) > 1,
        "tab": "dry_run",
    }
    return render(request, "marketplace/dry_run.html", context)


def reason(row: Planned) -> str:
    """Why it is not sold there, or what the marketplace said when it refused it."""
    return row.answer or why_not(row.wanted.publication, tz=row.session.location.tz)
