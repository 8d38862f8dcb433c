"""What a studio offers: the list, one item, a new one with its first dates, changing and putting away (P16, Q26)."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.actions import Refused, schedule
from bookings.actions.linking import LinkPlan, NotAgreed, plan_links, save_links
from bookings.actions.offering import Dates, add_dates, add_teacher, offer
from bookings.marketplaces import marketplaces
from bookings.models import CalendarItem
from bookings.package_links import told
from bookings.plans import Plan
from bookings.schedule_forms.item import ItemForm, WhenForm
from bookings.schedule_forms.packages import PackagesForm
from bookings.schedule_words import empty_words, rule_lines
from bookings.selectors.items import booked_through_marketplaces, items_of, next_sessions, series_of
from bookings.selectors.upcoming import for_login
from bookings.sources import OWN, source_name
from bookings.views.schedule_plan import KEEP_CLOSED, Look, agreed, fingerprint, is_confirmed, join, look_at
from bookings.words import refusal_words
from portal.access import StudioRequest, locations_for, studio_view
from portal.locations import location_choice
from portal.once import once
from portal.roles import Right

DATES_SHOWN = 12


@studio_view(Right.MANAGE_SCHEDULE)
@require_safe
def items(request: StudioRequest) -> HttpResponse:
    choice, now = location_choice(request), timezone.now()
    archived = request.GET.get("archived") == "1"
    context = {
        "items": items_of(request.login, choice.shown, archived=archived, now=now),
        "archived": archived,
        "show_places": len(choice.shown) > 1,
    }
    return render(request, "bookings/items.html", context)


@studio_view(Right.MANAGE_SCHEDULE)
@require_safe
def item(request: StudioRequest, item: int) -> HttpResponse:
    found, now = find_item(request, item), timezone.now()
    sessions = for_login(request.login, locations_for(request.login))
    context = {
        "item": found,
        "rules": rule_lines(found),
        "packages": list(found.packages.all()),
        "series": series_of(found, sessions, now=now),
        "sessions": next_sessions(found, sessions, now=now, most=DATES_SHOWN),
        "has_history": found.sessions.exclude(reservations=None).exists(),
        "outlets": marketplaces().outlets(request.studio.pk, found, now=now),
        "staying": [] if found.allows_marketplaces else _staying(found, now),
        "remove_words": refusal_words(schedule.may_remove(found, now=now), found.location),
    }
    return render(request, "bookings/item.html", context)


@studio_view(Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def item_new(request: StudioRequest) -> HttpResponse:
    """Describe it, look at what would be made, make it."""
    now, given = timezone.now(), request.POST if request.method == "POST" else None
    form = ItemForm(given, login=request.login, initial=_first_values(request, now))
    when = WhenForm(given, initial=_first_days(request, now))
    back = reverse("bookings:schedule", args=[request.studio.slug])
    links = _links_form(request, None)
    context: dict[str, Any] = {"form": form, "when": when, "links": links, "back": back}
    if given is None:
        return _form_page(request, context, form)
    if not (form.is_valid() and when.is_valid() and (links is None or links.is_valid())):
        return _form_page(request, context, form, status=422)
    made, dates = form.item(request.studio), _dates(when, form.item(request.studio))
    look = _look(made, dates, now)
    if not look.refused and is_confirmed(request):
        try:
            with transaction.atomic():
                number = offer(made, dates, by=request.login, now=now)
                if links is not None:
                    # Nobody has booked it yet, so there is nothing to be agreed to.
                    _save_links(request, made, links, now)
        except Refused as refusal:
            look = Look(refused=refusal_words(refusal.decision, made.location))
        else:
            messages.success(request, _created_words(made.name, number))
            return redirect("bookings:item", request.studio.slug, made.pk)
    context |= {"look": look, "fingerprint": fingerprint(request.POST), "confirm": _confirm_words(look)}
    return _form_page(request, context, form, status=422 if look.refused else 200)


@studio_view(Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE)
@require_http_methods(["GET", "HEAD", "POST"])
def item_edit(request: StudioRequest, item: int) -> HttpResponse:
    found, now, given = find_item(request, item), timezone.now(), request.POST if request.method == "POST" else None
    form = ItemForm(given, login=request.login, item=found)
    back = reverse("bookings:item", args=[request.studio.slug, found.pk])
    links = _links_form(request, found)
    context: dict[str, Any] = {"form": form, "item": found, "links": links, "back": back}
    if given is None:
        return _form_page(request, context, form)
    if not (form.is_valid() and (links is None or links.is_valid())):
        return _form_page(request, context, form, status=422)
    values = form.values
    look = look_at(schedule.plan_item(found, values, now=now), found.location)
    more = _marketplace_words(found, values, now)
    plan = _link_plan(request, found, links, now)
    if not look.refused and (is_confirmed(request) or not (look.is_worth_a_look or more or (plan and plan.agreed_as))):
        try:
            with transaction.atomic():
                if form.cleaned_data["new_teacher"]:
                    name = form.cleaned_data["new_teacher"]
                    values["teacher"] = add_teacher(request.studio, name, by=request.login, now=now)
                schedule.edit_item(found, values, by=request.login, now=now)
                if links is not None:
                    _save_links(request, found, links, now)
        except Refused as refusal:
            look = Look(refused=refusal_words(refusal.decision, found.location))
        except NotAgreed as refusal:
            plan = refusal.plan
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": values["name"]})
            return redirect(back)
    nothing = _("Its sessions stay as they are.")
    context |= {"look": look, "more": more, "nothing": nothing, "fingerprint": fingerprint(request.POST)}
    if plan and plan.agreed_as:
        context |= {"links_told": told(plan), "agreed": plan.agreed_as}
    context["confirm"] = _("Save")
    return _form_page(request, context, form, status=422 if look.refused else 200)


@studio_view(Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def item_dates(request: StudioRequest, item: int) -> HttpResponse:
    """More dates of what is offered already."""
    found, now, given = find_item(request, item), timezone.now(), request.POST if request.method == "POST" else None
    when = WhenForm(given, initial=_first_days(request, now) | {"how": WhenForm.SINGLE}, later=False)
    back = reverse("bookings:item", args=[request.studio.slug, found.pk])
    context: dict[str, Any] = {"when": when, "item": found, "back": back}
    status = 200
    if given is not None and not when.is_valid():
        status = 422
    elif given is not None:
        dates = _dates(when, found)
        look = _look(found, dates, now)
        if not look.refused and is_confirmed(request):
            try:
                number = add_dates(found, dates, by=request.login, now=now)
            except Refused as refusal:
                look = Look(refused=refusal_words(refusal.decision, found.location))
            else:
                messages.success(request, _created_words(found.name, number))
                return redirect(back)
        context |= {"look": look, "fingerprint": fingerprint(request.POST), "confirm": _confirm_words(look)}
        status = 422 if look.refused else 200
    return render(request, "bookings/item_dates.html", context, status=status)


@studio_view(Right.MANAGE_SCHEDULE)
@require_POST
def item_remove(request: StudioRequest, item: int) -> HttpResponse:
    """Delete what has no history, archive what has (nothing of the past is lost)."""
    found = find_item(request, item)
    try:
        removed = schedule.remove_item(found, by=request.login, now=timezone.now())
    except Refused as refusal:
        messages.error(request, refusal_words(refusal.decision, found.location))
        return redirect("bookings:item", request.studio.slug, found.pk)
    if removed == schedule.Removed.ARCHIVED:
        messages.success(request, _("%(name)s is archived: its history stays.") % {"name": found.name})
        return redirect("bookings:item", request.studio.slug, found.pk)
    messages.success(request, _("%(name)s is deleted. It had no history.") % {"name": found.name})
    return redirect("bookings:items", request.studio.slug)


@studio_view(Right.MANAGE_SCHEDULE)
@require_POST
def item_restore(request: StudioRequest, item: int) -> HttpResponse:
    found = find_item(request, item)
    try:
        schedule.restore_item(found, by=request.login, now=timezone.now())
    except Refused as refusal:
        messages.error(request, refusal_words(refusal.decision, found.location))
    else:
        messages.success(request, _("%(name)s is offered again. Give it dates next.") % {"name": found.name})
    return redirect("bookings:item", request.studio.slug, found.pk)


def find_item(request: StudioRequest, pk: int) -> CalendarItem:
    """An item of the studio at a location that this login sees; raises Http404."""
    items = request.studio.calendar_items.select_related("studio", "location__studio", "teacher", "room")
    return get_object_or_404(items.filter(location__in=locations_for(request.login)), pk=pk)


def _links_form(request: StudioRequest, item: CalendarItem | None) -> PackagesForm | None:
    """What it can be booked with, for who may change that and where there are packages."""
    if not request.may(Right.MANAGE_PACKAGES):
        return None
    form = PackagesForm(request.POST if request.method == "POST" else None, studio=request.studio, item=item)
    return form if form.has_packages else None


def _link_plan(
    request: StudioRequest, item: CalendarItem, links: PackagesForm | None, now: datetime
) -> LinkPlan | None:
    if links is None:
        return None
    return plan_links(request.studio, seen=links.seen_of(item), wanted=links.wanted_of(item), now=now)


def _save_links(request: StudioRequest, item: CalendarItem, links: PackagesForm, now: datetime) -> None:
    save_links(
        request.studio,
        seen=links.seen_of(item),
        wanted=links.wanted_of(item),
        agreed=agreed(request),
        by=request.login,
        now=now,
        keep_closed=KEEP_CLOSED in request.POST,
    )


def _form_page(request: StudioRequest, context: dict[str, Any], form: ItemForm, *, status: int = 200) -> HttpResponse:
    """The form; its booking rules say what applies where they are empty."""
    empty = empty_words(form.house.locations)
    rules = [(form[name], empty.get(name, "")) for name in form.RULES]
    context |= {"rules": rules, "rules_open": any(one.errors or one.value() not in (None, "") for one, _words in rules)}
    now, found = timezone.now(), context.get("item")
    context["outlets"] = marketplaces().outlets(request.studio.pk, found, now=now)
    context["staying"] = _staying(found, now) if found and not found.allows_marketplaces else []
    return render(request, "bookings/item_form.html", context, status=status)


def _first_values(request: StudioRequest, now: datetime) -> dict[str, Any]:
    """What a new item begins with: the location of the filter, an hour, the colour that is used least."""
    choice = location_choice(request)
    used = list(request.studio.calendar_items.filter(archived_at=None).values_list("colour", flat=True))
    colours = ItemForm.base_fields["colour"].choices  # type: ignore[attr-defined]
    return {
        "location": str((choice.chosen or choice.visible[0]).pk),
        "duration_minutes": 60,
        "colour": min((hue for hue, _word in colours), key=used.count),
    }


def _first_days(request: StudioRequest, now: datetime) -> dict[str, Any]:
    places = locations_for(request.login)
    return {"first_on": places[0].local_day(now)} if places else {}


def _dates(when: WhenForm, item: CalendarItem) -> Dates:
    return Dates(
        series=when.series_of(item),
        without=when.exceptions_chosen,
        days=when.single_days,
        local_start=when.cleaned_data["local_start"],
    )


def _look(item: CalendarItem, dates: Dates, now: datetime) -> Look:
    """What these dates would make of the item, which need not be saved."""
    plans: list[Plan] = []
    if dates.series is not None:
        plans.append(schedule.plan_series(item, dates.series, now=now))
    plans += [schedule.plan_session(item, values, now=now) for values in dates.single(item)]
    return join([look_at(plan, item.location, without=dates.without) for plan in plans])


def _marketplace_words(item: CalendarItem, values: dict[str, Any], now: datetime) -> list[str]:
    """Switched off: no new bookings, and those that exist stay (Q26)."""
    if not item.allows_marketplaces or values["allows_marketplaces"]:
        return []
    staying = _staying(item, now)
    if not staying:
        return [_("Marketplaces can book no more places. Nobody is booked through one.")]
    return [_("Marketplaces can book no more places."), *staying]


def _staying(item: CalendarItem, now: datetime) -> list[str]:
    """Who is booked through marketplaces in what is still to come, a sentence for each (Q26)."""
    booked = booked_through_marketplaces(item.sessions.filter(starts_at__gt=now), ours=frozenset(OWN))
    return [
        ngettext("%(number)d booked through %(source)s stays.", "%(number)d booked through %(source)s stay.", number)
        % {"number": number, "source": source_name(source)}
        for source, number in booked
    ]


def _confirm_words(look: Look) -> str:
    if not look.made:
        return _("Create it without dates")
    return ngettext("Create %(number)d session", "Create %(number)d sessions", look.made) % {"number": look.made}


def _created_words(name: str, number: int) -> str:
    if not number:
        return _("%(name)s is created. It has no dates yet.") % {"name": name}
    words = ngettext(
        "%(name)s: %(number)d session is in the schedule.", "%(name)s: %(number)d sessions are in the schedule.", number
    )
    return words % {"name": name, "number": number}
