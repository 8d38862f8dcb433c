"""What the command palette knows of invoices: one by its number or month, and drafts."""

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from invoicing import rules
from invoicing.selectors.listing import months_without_invoice
from portal.access import StudioRequest, locations_for
from portal.commands import MOST, Command, Section, finds
from portal.roles import Right

SHORTEST = 2  # letters
NEWEST = 120  # invoices that are looked through


def invoices(request: StudioRequest, text: str) -> Section:
    """ "2026-11", "november", "WELLPASS-", "draft"."""
    nothing: list[Command] = []
    if not request.may(Right.SEE_MONEY) or request.login.locations.exists() or len(text.strip()) < SHORTEST:
        return Section(_("Invoices"), nothing)
    slug = request.studio.slug
    issued = request.studio.invoices.select_related("connection__marketplace").defer("snapshot")[:NEWEST]
    found = [
        Command(one.number, reverse("invoicing:invoice", args=[slug, one.number]), "receipt-text", _about(one))
        for one in issued
        if finds(text, one.number, _about(one), f"{one.month:%Y-%m}", _("Invoice"))
    ]
    return Section(_("Invoices"), (_drafts(request, text) + found)[:MOST])


def _drafts(request: StudioRequest, text: str) -> list[Command]:
    place = next(iter(locations_for(request.login)), None)
    if place is None:
        return []
    now = timezone.now()
    months = months_without_invoice(request.studio, now=now, zone=place.tz)
    this = rules.month_of(place.local_day(now))
    found = []
    for one in months.open:
        label = _("Draft of %(month)s") % {"month": date_format(one.month, "YEAR_MONTH_FORMAT")}
        marketplace = one.contract.connection.marketplace
        if one.month <= this and finds(text, label, marketplace.name, f"{one.month:%Y-%m}", _("Invoice")):
            url = reverse("invoicing:invoice_draft", args=[request.studio.slug, one.month, marketplace.key])
            found.append(Command(label, url, "receipt-text", marketplace.name))
    return found


def _about(one: object) -> str:
    month = date_format(one.month, "YEAR_MONTH_FORMAT")  # type: ignore[attr-defined]
    return f"{month} · {one.connection.marketplace.name}"  # type: ignore[attr-defined]
