"""The studio's marketplaces: the list with their stages, and one connection with all that belongs to it (I1, Q25)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.models import CalendarItem
from marketplace import actions, words
from marketplace.adapters import ADAPTERS
from marketplace.forms.matching import AddressForm, KindsForm, LocationsForm
from marketplace.models import Connection, ContractTerms, Marketplace
from marketplace.rules.connecting import Stage, StageAt
from marketplace.selectors.connecting import Progress, progress, progress_of, today_of
from marketplace.selectors.connecting import marketplaces as sellers
from marketplace.selectors.old_passes import habits
from marketplace.views.health import health_context
from portal.access import StudioRequest, locations_for, studio_view
from portal.roles import Right

CHANGES_SHOWN = 20


@dataclass(frozen=True)
class Shown:
    """A marketplace in the list; `progress` None: not connected."""

    marketplace: Marketplace
    progress: Progress | None
    stages: list[tuple[StageAt, str]]
    next: str


@studio_view(Right.MANAGE_CONNECTIONS, real=True)
@require_safe
def marketplaces(request: StudioRequest) -> HttpResponse:
    found = progress(request.studio, adapters=ADAPTERS)
    every = [shown(one, found.get(one.pk)) for one in sellers()]
    places = locations_for(request.login)
    context = {
        "connected": [one for one in every if one.progress],
        "others": [one for one in every if not one.progress],
        "places": places,
        "zone": places[0].zone if places else "UTC",
        "may_change": not request.login.locations.exists(),
    }
    return render(request, "marketplace/marketplaces.html", context)


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, real=True)
@require_POST
def begin(request: StudioRequest) -> HttpResponse:
    """Start with a marketplace: its page says what comes next."""
    whole_studio(request)
    found = get_object_or_404(sellers(), pk=request.POST.get("marketplace", "")[:30])
    made = actions.begin(request.studio, found, by=request.login, now=timezone.now())
    return redirect("marketplace:connection", request.studio.slug, made.marketplace_id)


@studio_view(Right.MANAGE_CONNECTIONS, real=True)
@require_safe
def connection(request: StudioRequest, marketplace: str) -> HttpResponse:
    return connection_page(request, find_connection(request, marketplace))


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, real=True)
@require_POST
def locations(request: StudioRequest, marketplace: str) -> HttpResponse:
    whole_studio(request)
    found = find_connection(request, marketplace)
    form = LocationsForm(request.POST, connection=found, places=locations_for(request.login))
    if not form.is_valid():
        return connection_page(request, found, locations=form)
    try:
        actions.set_locations(found, form.ids, by=request.login, now=timezone.now())
    except actions.StillBooked as error:
        form.refuse(error.places)
        return connection_page(request, found, locations=form)
    messages.success(request, _("Saved. Classes at locations without an id are not sold there."))
    return back(request, found, "locations")


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, real=True)
@require_POST
def kinds(request: StudioRequest, marketplace: str) -> HttpResponse:
    whole_studio(request)
    found = find_connection(request, marketplace)
    form = KindsForm(request.POST)
    if not form.is_valid():
        return connection_page(request, found, kinds=form)
    actions.set_kinds(found, form.cleaned_data["kinds"], by=request.login, now=timezone.now())
    messages.success(request, _("Saved. Who is booked keeps the place."))
    return back(request, found, "kinds")


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, real=True)
@require_POST
def address(request: StudioRequest, marketplace: str) -> HttpResponse:
    whole_studio(request)
    found = find_connection(request, marketplace)
    form = AddressForm(request.POST)
    if not form.is_valid():
        return connection_page(request, found, address=form)
    actions.set_address(found, form.cleaned_data["address"], by=request.login, now=timezone.now())
    messages.success(request, _("Saved. “Test” shows whether somebody answers there."))
    return back(request, found, "calls")


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, real=True)
@require_POST
def secret(request: StudioRequest, marketplace: str) -> HttpResponse:
    """A new secret; this answer is the only page that ever shows it.

    While the one before the present one is still good, another would end it at once, perhaps by a reload: asks first.
    """
    whole_studio(request)
    found = find_connection(request, marketplace)
    if found.secrets(timezone.now())[1:] and request.POST.get("again") != "1":
        return connection_page(request, found, ask_again=True)
    made = actions.make_secret(found, by=request.login, now=timezone.now())
    return connection_page(request, find_connection(request, marketplace), secret=made)


def find_connection(request: StudioRequest, marketplace: str) -> Connection:
    return get_object_or_404(
        request.studio.connections.select_related("marketplace", "studio"), marketplace=marketplace
    )


def whole_studio(request: StudioRequest) -> None:
    """A connection holds for the whole studio: a login that is pinned to some of its locations can only read it."""
    if request.login.locations.exists():
        raise PermissionDenied


def back(request: StudioRequest, found: Connection, part: str = "") -> HttpResponse:
    url = reverse("marketplace:connection", args=[request.studio.slug, found.marketplace_id])
    return redirect(f"{url}#{part}" if part else url)


def shown(marketplace: Marketplace, found: Progress | None) -> Shown:
    steps = [(one, str(words.STAGES[one.stage])) for one in found.stages] if found else []
    return Shown(marketplace, found, steps, next_words(found) if found else "")


def next_words(found: Progress) -> str:
    """What is missing next, in words."""
    state, name = found.connection.state, found.connection.marketplace.name
    if state == Connection.State.ENDED:
        return _("The connection has ended.")
    if found.is_ending:
        return _(
            "Ending: nothing more is sold through %(name)s. When the last booking can be corrected no more, it ends by"
            " itself."
        ) % {"name": name}
    if state == Connection.State.PAUSED:
        return _("Paused: nothing more is sold through %(name)s, and who is booked keeps the place.") % {"name": name}
    following = next((one.stage for one in found.stages if one.is_next), None)
    if following is None:
        return ""
    if following is Stage.ACTIVATED and found.missing:
        return _("Before the operator can activate the connection: %(missing)s.") % {
            "missing": words.missing_words(found.missing)
        }
    return str(words.NEXT[following]) % {"name": name}


def connection_page(
    request: StudioRequest,
    found: Connection,
    *,
    secret: str = "",
    ask_again: bool = False,
    **bound: BaseForm,
) -> HttpResponse:
    """The page, with a new secret, the question whether to end the old one, or forms that were refused."""
    places, now = locations_for(request.login), timezone.now()
    contract = actions.contract_of(found)
    row = shown(found.marketplace, progress_of(found, adapters=ADAPTERS))
    changes = request.studio.changes.filter(subject="connection", subject_id=found.pk).select_related("by__user")
    context: dict[str, Any] = {
        "connection": found,
        "row": row,
        "zone": places[0].zone if places else "UTC",
        "contract": contract,
        "terms": versions(list(contract.terms.order_by("-first_on")), today_of(request.studio, now=now))
        if contract
        else [],
        "books": found.marketplace.shape != Marketplace.Shape.CHECK_IN,
        "locations": bound.get("locations") or LocationsForm(connection=found, places=places),
        "kinds": kind_rows(found, bound.get("kinds")),
        "address": bound.get("address") or AddressForm(initial={"address": found.address}),
        "calls": addresses(request, found),
        "secret": secret,
        "ask_again": ask_again,
        "old_secret_until": found.previous_secret_until if found.secrets(now)[1:] else None,
        "changes": [(one, words.DONE.get(one.kind, one.kind)) for one in changes.order_by("-id")[:CHANGES_SHOWN]],
        "may_change": not request.login.locations.exists(),
        "habits": habits(request.studio, day=today_of(request.studio, now=now)),
        "tab": "connection",
    }
    if found.is_told and context["books"] and places:
        context |= health_context(found, places[0], now=now)
    return render(request, "marketplace/connection.html", context, status=422 if bound else 200)


@dataclass(frozen=True)
class Version:
    """A version of the terms. `number`: its place by the first day, 1 for the first; `holds`: "now", "later" or ""."""

    terms: ContractTerms
    number: int
    holds: str

    @property
    def steps(self) -> list[tuple[int, Decimal]]:
        return list(zip(self.terms.steps_from, self.terms.steps_rate, strict=True))


def versions(terms: list[ContractTerms], today: date) -> list[Version]:
    """All versions of a contract, the newest first, as they come."""
    in_force = next((one.pk for one in terms if one.first_on <= today), None)
    return [
        Version(one, number, "now" if one.pk == in_force else "later" if one.first_on > today else "")
        for number, one in zip(range(len(terms), 0, -1), terms, strict=True)
    ]


@dataclass(frozen=True)
class KindRow:
    value: str
    label: str
    why: str
    ticked: bool
    is_fixed: bool


def kind_rows(found: Connection, form: BaseForm | None) -> list[KindRow]:
    """Each kind with its switch; that of a course series cannot be moved."""
    return [
        KindRow(value, str(label), str(words.KINDS[value]), value in found.kinds, value == CalendarItem.Kind.COURSE)
        for value, label in CalendarItem.Kind.choices
    ]


def addresses(request: HttpRequest, found: Connection) -> Mapping[str, str]:
    """What the marketplace is given so that it can call us."""
    return {
        "api": request.build_absolute_uri("/api/groupx/v1/"),
        "hook": request.build_absolute_uri(f"/api/webhooks/{found.hook}/"),
    }
