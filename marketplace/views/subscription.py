"""Settings > Subscription: the add-on of each marketplace, switched on and off (I1)."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace import actions
from marketplace.models import Connection, Marketplace
from marketplace.selectors.connecting import marketplaces
from marketplace.views.connection_deeds import stay_words
from marketplace.views.connections import whole_studio
from portal.access import StudioRequest, locations_for, studio_view
from portal.roles import Right


@dataclass(frozen=True)
class AddOn:
    marketplace: Marketplace
    connection: Connection | None


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, real=True)
@require_http_methods(["GET", "HEAD", "POST"])
def subscription(request: StudioRequest) -> HttpResponse:
    if request.method == "POST":
        return _switch(request)
    found = {one.marketplace_id: one for one in request.studio.connections.all()}
    places = locations_for(request.login)
    context = {
        "add_ons": [AddOn(one, found.get(one.pk)) for one in marketplaces()],
        "zone": places[0].zone if places else "UTC",
        "may_change": not request.login.locations.exists(),
        "crumbs": [(_("Settings"), reverse("portal:settings", args=[request.studio.slug]))]
        if request.may(Right.MANAGE_SETTINGS)
        else [],
    }
    return render(request, "marketplace/subscription.html", context)


def _switch(request: StudioRequest) -> HttpResponse:
    whole_studio(request)
    now = timezone.now()
    wanted = get_object_or_404(marketplaces(), pk=request.POST.get("marketplace", "")[:30])
    name = {"name": wanted.name}
    if request.POST.get("step") == "off":
        found = get_object_or_404(request.studio.connections.select_related("marketplace"), marketplace=wanted)
        actions.switch_off(found, by=request.login, now=now)
        text = _("The add-on for %(name)s is off: nothing is sold there.") % name
        messages.success(request, f"{text} {stay_words(found)}".strip())
    else:
        actions.switch_on(request.studio, wanted, by=request.login, now=now)
        messages.success(request, _("The add-on for %(name)s is on. Its page says what comes next.") % name)
    return redirect("marketplace:subscription", request.studio.slug)
