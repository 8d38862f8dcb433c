"""The matrix: what can be booked with which package; what has none is free, and anyone can book it (K2, Q10)."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.actions.linking import LinkPlan, Links, NotAgreed, links_of, save_links
from bookings.models import CalendarItem
from bookings.package_links import Access, access_of, told
from bookings.views.schedule_plan import KEEP_CLOSED, agreed, fingerprint
from packages.models import Package
from portal.access import StudioRequest, locations_for, studio_view
from portal.roles import Right


@dataclass(frozen=True)
class Cell:
    package: Package
    ticked: bool
    value: str


@dataclass(frozen=True)
class ItemRow:
    item: CalendarItem
    cells: list[Cell]
    closed: bool
    access: Access


@studio_view(Right.MANAGE_PACKAGES, post=Right.MANAGE_PACKAGES)
@require_http_methods(["GET", "HEAD", "POST"])
def package_items(request: StudioRequest) -> HttpResponse:
    """Only the ticks that this person changed are saved, on what others saved meanwhile."""
    if request.method != "POST":
        return _page(request)
    seen, wanted = _posted(request, "seen"), _posted(request, "link")
    try:
        plan = save_links(
            request.studio,
            seen=seen,
            wanted=wanted,
            agreed=agreed(request),
            by=request.login,
            now=timezone.now(),
            keep_closed=KEEP_CLOSED in request.POST,
        )
    except NotAgreed as refusal:
        return _page(request, plan=refusal.plan, seen=seen, wanted=wanted)
    changed = plan.before != plan.after
    messages.success(request, _("Saved. It holds for bookings from now on.") if changed else _("Nothing was changed."))
    return redirect("bookings:package_items", request.studio.slug)


def _page(
    request: StudioRequest,
    *,
    plan: LinkPlan | None = None,
    seen: Links | None = None,
    wanted: Links | None = None,
) -> HttpResponse:
    """As it stands, or as the person ticked it, with what that would mean."""
    places = locations_for(request.login)
    items = list(
        request.studio.calendar_items.offered()
        .filter(location__in=places)
        .select_related("location")
        .order_by("name", "pk")
    )
    stand = links_of([item.pk for item in items])
    ticked = wanted or stand
    linked = {package for _item, package in stand.pairs | ticked.pairs}
    columns = [one for one in request.studio.packages.all() if one.archived_at is None or one.pk in linked]
    on_sale = {one.pk for one in columns if one.archived_at is None}
    rows = [
        ItemRow(
            item,
            [Cell(one, (item.pk, one.pk) in ticked.pairs, f"{item.pk}-{one.pk}") for one in columns],
            item.pk in ticked.closed,
            access_of(ticked, item.pk, on_sale),
        )
        for item in items
    ]
    context = {
        "rows": rows,
        "columns": columns,
        "seen": sorted((seen or stand).pairs),
        "seen_closed": sorted((seen or stand).closed),
        "show_places": len(places) > 1,
        "may_plan": request.may(Right.MANAGE_SCHEDULE),
    }
    if plan is not None:
        context |= {"told": told(plan), "agreed": plan.agreed_as, "fingerprint": fingerprint(request.POST)}
    return render(request, "bookings/package_items.html", context)


def _posted(request: StudioRequest, name: str) -> Links:
    """The ticks of the form, or those that it showed. Raises Http404 for what is not this login's."""
    pairs = frozenset(_pair(text) for text in request.POST.getlist(name))
    closed = frozenset(_number(text) for text in request.POST.getlist(f"{name}_closed"))
    items, packages = {item for item, _package in pairs} | closed, {package for _item, package in pairs}
    mine = request.studio.calendar_items.filter(pk__in=items, location__in=locations_for(request.login))
    ours = request.studio.packages.filter(pk__in=packages)
    if mine.count() != len(items) or ours.count() != len(packages):
        raise Http404
    return Links(pairs, closed)


def _pair(text: str) -> tuple[int, int]:
    item, _dash, package = text.partition("-")
    return _number(item), _number(package)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Http404
    return int(text)
