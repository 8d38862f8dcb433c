"""A package for somebody whose visit is unpaid: the mark on the row, the package, sold. Two clicks."""

from dataclasses import dataclass
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from bookings.actions import ActionIdReused
from bookings.actions.selling import PaidSince
from bookings.actions.selling import sell_for as sell_for_visit
from bookings.forms import ActionForm
from bookings.models import Reservation
from bookings.paid_words import left_words
from bookings.selectors import one
from bookings.selectors.packages import sold_for
from bookings.selectors.purchases import could_use
from bookings.views.reservations import visible
from bookings.words import day_and_clock
from packages.actions import ActionIdReused as SaleIdReused
from packages.actions import NotPossible
from packages.models import Package, PackageVersion, Purchase
from packages.words import money_words
from portal.access import StudioRequest, locations_for, studio_view
from portal.models import Member
from portal.roles import Right
from portal.views import came_from, own_path

TEMPLATE = "bookings/sell_for.html"


@dataclass(frozen=True)
class Offer:
    """A package that the class takes, on the terms that are sold now. Each has a button of its own."""

    package: Package
    terms: PackageVersion
    price: str
    action_id: str


@studio_view(Right.SELL)
@require_http_methods(["GET", "HEAD", "POST"])
def sell_for(request: StudioRequest, reservation: int) -> HttpResponse:
    """What can be sold for this visit, and the sale. A page of its own, and what the dialog on a list shows.

    Whoever sells is asked what it costs, so the price is told without SEE_MONEY: that is for what was paid.
    """
    found = visible(request, reservation)
    if request.method == "POST":
        return _sell(request, found)
    opened_on = request.htmx.current_url_abs_path if request.htmx else ""
    context = {
        "reservation": found,
        "member": found.member,
        "when": f"{found.session.item.name}, {day_and_clock(found.starts_at, found.location)}",
        "uses": one.person_of(found, now=timezone.now()).paid,
        "offers": _offers(found),
        "next": own_path(opened_on or "") or own_path(request.GET.get("next", "")) or _roster(request, found),
    }
    name = f"{TEMPLATE}#dialog" if request.htmx and not request.htmx.boosted else TEMPLATE
    return render(request, name, context)


def _offers(found: Reservation) -> list[Offer]:
    return [
        Offer(terms.package, terms, money_words(terms.price, terms.currency), str(uuid4()))
        for terms in sold_for(found.session)
    ]


def _sell(request: StudioRequest, found: Reservation) -> HttpResponse:
    back = came_from(request, default=_roster(request, found))
    form = ActionForm(request.POST)
    if not form.is_valid() or not request.POST.get("package", "").isdecimal():
        messages.error(request, _("Nothing was sold: the form was not whole. Please load the page again."))
        return redirect(back)
    accepted = request.studio.packages.filter(items=found.session.item_id)
    package = get_object_or_404(accepted, pk=int(request.POST["package"]))
    try:
        sold = sell_for_visit(
            found, package, action_id=form.cleaned_data["action_id"], by=request.login, now=timezone.now()
        )
    except NotPossible:
        messages.error(request, _("%(package)s is not on sale any more. Nothing was sold.") % {"package": package.name})
    except PaidSince:
        messages.error(request, _("Nothing was sold: this visit is paid by now."))
    except (ActionIdReused, SaleIdReused):
        messages.error(request, _("Nothing was sold: this button was used before. Please load the page again."))
    else:
        balance = sold.assignment.after[sold.purchase.pk]
        words = _("%(name)s bought %(package)s. This visit uses it: %(left)s.")
        left = left_words(balance.free, balance.limit)
        messages.success(request, words % {"name": found.member.name, "package": package.name, "left": left})
        _offer_to_others(request, sold.purchase, found.member)
    return redirect(back)


def _offer_to_others(request: StudioRequest, bought: Purchase, member: Member) -> None:
    """What else is unpaid and could use it: told with the way to the ticks, nothing of itself (Q8)."""
    others = len(could_use(bought, locations_for(request.login), now=timezone.now()))
    if not others or not request.may(Right.VIEW_MEMBERS):
        return
    words = ngettext(
        "%(number)d more unpaid visit of %(name)s could use it.",
        "%(number)d more unpaid visits of %(name)s could use it.",
        others,
    ) % {"number": others, "name": member.name}
    address = reverse("bookings:member_packages", args=[request.studio.slug, member.pk])
    ways = (words, f"{address}?sold={bought.pk}", _("Choose which"))
    messages.info(request, format_html('{} <a href="{}">{}</a>', *ways))


def _roster(request: StudioRequest, found: Reservation) -> str:
    return reverse("bookings:session", args=[request.studio.slug, found.session_id])
