"""Rooms and their numbered spots: in which order they fill, and which are blocked (Q29)."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings.actions import Refused
from bookings.actions import rooms as actions
from bookings.models import Room
from bookings.schedule_forms.rooms import NewRoomForm, OrderForm, RoomForm, SpotsForm
from bookings.selectors.rooms import Plan, plan_of, rooms_of
from bookings.words import refusal_words
from portal.access import StudioRequest, locations_for, say_taken_back, studio_view
from portal.once import once
from portal.roles import Right


@studio_view(Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def rooms(request: StudioRequest) -> HttpResponse:
    """The rooms of each location, and a new one."""
    places, now = locations_for(request.login), timezone.now()
    form = NewRoomForm(request.POST if request.method == "POST" else None, locations=places)
    status = 200
    if form.is_bound:
        if form.is_valid():
            place, name = form.cleaned_data["location"], form.cleaned_data["name"]
            try:
                made = actions.create_room(place, name, by=request.login, now=now)
            except Refused as refusal:
                form.add_error("name", refusal_words(refusal.decision, place))
            else:
                messages.success(
                    request, _("%(name)s is there. Give it numbered spots, or leave it without.") % {"name": name}
                )
                return redirect("bookings:room", request.studio.slug, made.pk)
        status = 422
    context = {"form": form, "places": rooms_of(request.studio, places, now=now)}
    return render(request, "bookings/rooms.html", context, status=status)


@studio_view(Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE)
@require_http_methods(["GET", "HEAD", "POST"])
def room(request: StudioRequest, room: int) -> HttpResponse:
    """One room: its name, and the plan of its spots."""
    found = find_room(request, room)
    context, status = _forms(found), 200
    if request.method == "POST":
        form = RoomForm(request.POST)
        if form.is_valid():
            name = form.cleaned_data["name"]
            try:
                actions.rename_room(found, name, by=request.login, now=timezone.now())
            except Refused as refusal:
                form.add_error("name", refusal_words(refusal.decision, found.location))
            else:
                messages.success(request, _("The room is now called %(name)s.") % {"name": name})
                return redirect("bookings:room", request.studio.slug, found.pk)
        context["form"], status = form, 422
    return _page(request, found, context, status=status)


@studio_view(Right.MANAGE_SCHEDULE)
@require_POST
def room_remove(request: StudioRequest, room: int) -> HttpResponse:
    found = find_room(request, room)
    try:
        actions.remove_room(found, by=request.login, now=timezone.now())
    except Refused as refusal:
        messages.error(request, refusal_words(refusal.decision, found.location))
        return redirect("bookings:room", request.studio.slug, found.pk)
    messages.success(
        request, _("%(name)s is removed. What took place in it stays in the history.") % {"name": found.name}
    )
    return redirect("bookings:rooms", request.studio.slug)


@studio_view(Right.MANAGE_SCHEDULE)
@require_POST
def room_spots(request: StudioRequest, room: int) -> HttpResponse:
    """Number the spots anew: so many, in so many rows, filled from the back or from the front."""
    found = find_room(request, room)
    form = SpotsForm(request.POST)
    if not form.is_valid():
        return _page(request, found, _forms(found) | {"spots_form": form}, status=422)
    return _change(
        request, found, lambda: actions.set_spots(found, **form.values, by=request.login, now=timezone.now())
    )


@studio_view(Right.MANAGE_SCHEDULE)
@require_POST
def room_order(request: StudioRequest, room: int) -> HttpResponse:
    """The order in which free spots are given out."""
    found = find_room(request, room)
    form = OrderForm(request.POST, spots=list(found.spots.all()))
    if not form.is_valid():
        return _page(request, found, _forms(found) | {"order_form": form}, status=422)
    return _change(request, found, lambda: actions.order_spots(found, form.ids, by=request.login, now=timezone.now()))


@studio_view(Right.MANAGE_SCHEDULE)
@require_POST
def spot_block(request: StudioRequest, room: int, spot: int) -> HttpResponse:
    """Block a spot, or give it back: the same button."""
    found = find_room(request, room)
    wanted = get_object_or_404(found.spots.all(), pk=spot)
    act = actions.unblock_spot if wanted.is_blocked else actions.block_spot
    return _change(request, found, lambda: act(wanted, by=request.login, now=timezone.now()))


def find_room(request: StudioRequest, pk: int) -> Room:
    """A room at a location that this login sees; raises Http404."""
    place = get_object_or_404(request.studio.locations.filter(pk__in=_visible(request), rooms=pk))
    return get_object_or_404(place.rooms.select_related("location"), pk=pk)


def _visible(request: StudioRequest) -> list[int]:
    return [place.pk for place in locations_for(request.login)]


def _change(request: StudioRequest, room: Room, act: Callable[[], object]) -> HttpResponse:
    """Do it; htmx gets the plan again, everybody else the page."""
    refused = ""
    try:
        act()
    except Refused as refusal:
        refused = refusal_words(refusal.decision, room.location)
    if not request.htmx:
        if refused:
            messages.error(request, refused)
        else:
            say_taken_back(request)
        return redirect("bookings:room", request.studio.slug, room.pk)
    context = _forms(room) | {"plan": plan_of(room), "room": room, "refused": refused}
    return render(request, "bookings/room.html#plan", context, status=422 if refused else 200)


def _forms(room: Room) -> dict[str, Any]:
    plan: Plan = plan_of(room)
    return {
        "form": RoomForm(initial={"name": room.name}),
        "spots_form": SpotsForm(initial={"count": plan.count or None, "rows": max(1, len(plan.rows))}),
        "order_form": OrderForm(spots=plan.spots, initial={"order": ", ".join(spot.label for spot in plan.in_order)}),
        "plan": plan,
    }


def _page(request: StudioRequest, room: Room, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, "bookings/room.html", context | {"room": room}, status=status)
