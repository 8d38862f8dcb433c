"""Which of the existing calendar items go to a marketplace: all of them on one page, with bulk switches (I1, I2)."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from bookings.actions import Refused, schedule
from bookings.models import CalendarItem
from bookings.selectors.items import items_of
from marketplace.adapters import ADAPTERS, adapter_of
from marketplace.models import Connection
from marketplace.selectors.planned import Outcome, Planned, Switch, counted, planned
from marketplace.views.connections import find_connection
from marketplace.words import KINDS, why_not
from portal.access import StudioRequest, locations_for, studio_view
from portal.models import Location
from portal.roles import Right

MOST = 32_767  # places, as the column holds them


@dataclass(frozen=True)
class ItemRow:
    """One item, its switch as it stands or was ticked, and what that comes to at the marketplace.

    `why`: why the next session is not sold there; "" where it is, or where there is none.
    """

    item: CalendarItem
    switch: Switch
    seen: str
    fixed: str
    why: str
    number: int
    error: str = ""


@dataclass
class Wish:
    """What the form holds: the switches, those that were shown, and what cannot be read."""

    switches: dict[int, Switch] = field(default_factory=dict)
    seen: dict[int, Switch] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_SCHEDULE)
@require_http_methods(["GET", "HEAD", "POST"])
def classes(request: StudioRequest, marketplace: str) -> HttpResponse:
    """The items at the login's locations. A preview and the bulk switches only fill the form; saving writes what was
    changed, on what others saved meanwhile."""
    found, now = find_connection(request, marketplace), timezone.now()
    places = locations_for(request.login)
    items = list(items_of(request.login, places, archived=False, now=now))
    stand = {one.pk: Switch(one.allows_marketplaces, one.marketplace_quota) for one in items}
    if request.method != "POST":
        return _page(request, found, places, items, Wish(stand, stand), now=now)
    wish = _read(request, items, stand)
    step = request.POST.get("step", "")
    if step in {"all", "none"}:
        wish.switches = _in_bulk(found, items, wish.switches, allows=step == "all")
    if wish.errors or step:
        shown = wish.switches
        return _page(request, found, places, items, Wish(shown, wish.seen, wish.errors), now=now, looked=True)
    _save(request, items, wish, now=now)
    return redirect("marketplace:classes", request.studio.slug, found.marketplace_id)


def _save(request: StudioRequest, items: Collection[CalendarItem], wish: Wish, *, now: datetime) -> None:
    """Each item by the schedule's own action, so that marketplaces hear of it."""
    saved, refused = 0, []
    for item in items:
        switch, seen = wish.switches[item.pk], wish.seen[item.pk]
        if switch == seen:
            continue
        try:
            schedule.edit_item(item, _values(switch), by=request.login, now=now, seen=_values(seen))
            saved += 1
        except Refused:
            refused.append(item.name)
    if refused:
        messages.warning(
            request,
            _("Somebody else has changed %(names)s meanwhile: look again.") % {"names": ", ".join(refused)},
        )
    if saved:
        text = ngettext("%(number)d class saved.", "%(number)d classes saved.", saved) % {"number": saved}
        messages.success(request, text)
    elif not refused:
        messages.success(request, _("Nothing was changed."))


def _values(switch: Switch) -> dict[str, bool | int | None]:
    return {"allows_marketplaces": switch.allows, "marketplace_quota": switch.quota}


def _in_bulk(
    found: Connection, items: Collection[CalendarItem], switches: Mapping[int, Switch], *, allows: bool
) -> dict[int, Switch]:
    """On for all that may go there, or off for all."""
    return {item.pk: Switch(allows and item.kind in found.kinds, switches[item.pk].quota) for item in items}


def _read(request: StudioRequest, items: Collection[CalendarItem], stand: Mapping[int, Switch]) -> Wish:
    """The form's answers for the items that it showed; others stay as they are."""
    wish, ticked = Wish(), set(request.POST.getlist("allow"))
    for item in items:
        told = request.POST.get(f"seen-{item.pk}")
        if told is None:
            wish.switches[item.pk] = wish.seen[item.pk] = stand[item.pk]
            continue
        wish.seen[item.pk] = _switch(told, stand[item.pk])
        text = request.POST.get(f"quota-{item.pk}", "").strip()
        quota = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
        if text and (quota is None or quota > MOST):
            wish.errors[item.pk] = _("A whole number, or empty for as many as there are.")
        wish.switches[item.pk] = Switch(str(item.pk) in ticked, quota)
    return wish


def _switch(told: str, otherwise: Switch) -> Switch:
    """As the form noted it: "1:8", "0:"."""
    allows, colon, quota = told.partition(":")
    if not colon or allows not in {"0", "1"} or (quota and not (quota.isascii() and quota.isdigit())):
        return otherwise
    return Switch(allows == "1", int(quota[:6]) if quota else None)


def _page(
    request: StudioRequest,
    found: Connection,
    places: list[Location],
    items: list[CalendarItem],
    wish: Wish,
    *,
    now: datetime,
    looked: bool = False,
) -> HttpResponse:
    rows = planned(found, places, now=now, can_move=can_move(found), items=items, switches=wish.switches)
    of_item: dict[int, list[Planned]] = defaultdict(list)
    for row in rows:
        of_item[row.session.item_id].append(row)
    context = {
        "connection": found,
        "rows": [_row(item, of_item[item.pk], wish) for item in items],
        "counted": counted(rows),
        "outcome": Outcome,
        "looked": looked,
        "show_places": len(places) > 1,
        "may_change": request.may(Right.MANAGE_SCHEDULE),
        "tab": "classes",
    }
    template = "marketplace/classes.html" + ("#preview" if request.htmx and looked and not wish.errors else "")
    return render(request, template, context, status=422 if wish.errors else 200)


def _row(item: CalendarItem, sessions: list[Planned], wish: Wish) -> ItemRow:
    seen = wish.seen[item.pk]
    first = sessions[0] if sessions else None
    return ItemRow(
        item=item,
        switch=wish.switches[item.pk],
        seen=f"{int(seen.allows)}:{'' if seen.quota is None else seen.quota}",
        fixed=str(KINDS[item.kind]) if item.kind == CalendarItem.Kind.COURSE else "",
        why=why_not(first.wanted.publication, tz=first.session.location.tz) if first else "",
        number=sum(1 for one in sessions if one.wanted.publication.reason is None),
        error=wish.errors.get(item.pk, ""),
    )


def can_move(found: Connection) -> bool:
    """Whether the marketplace moves a class that it has; one that nobody speaks with is looked at as if it did."""
    return adapter_of(found).can_move if found.marketplace.adapter in ADAPTERS else True
