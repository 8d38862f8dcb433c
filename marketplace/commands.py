"""What the command palette knows of marketplaces: the studio's connections, and their pages."""

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.access import StudioRequest
from portal.commands import MOST, Command, Section, matching
from portal.roles import Right

SHORTEST = 2  # letters


def marketplaces(request: StudioRequest, text: str) -> Section:
    if not request.may(Right.MANAGE_CONNECTIONS) or len(text.strip()) < SHORTEST:
        return Section(_("Marketplaces"), [])
    pages = [
        ("marketplace:connection", "", "store"),
        ("marketplace:classes", _("Classes"), "calendar-check"),
        ("marketplace:dry_run", _("Dry run"), "list-checks"),
        ("marketplace:log", _("Sync log"), "scroll-text"),
    ]
    found = [
        Command(one.marketplace.name, reverse(page, args=[request.studio.slug, one.marketplace_id]), icon, detail)
        for one in request.studio.connections.select_related("marketplace").order_by("marketplace__name")
        for page, detail, icon in pages
    ]
    return Section(_("Marketplaces"), matching(text, found)[:MOST])
