"""The last archive in words, for the first page of settings."""

from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.leaving.exports import last_of
from portal.models import Studio


def last_export_words(studio: Studio, zone: ZoneInfo | None = None) -> str:
    """ "Last export: 12 Nov. 2026, by Linde", or that there was none. One query, another one for the studio's clock."""
    if studio.is_practice:
        return ""
    last = last_of(studio)
    if last is None or last.finished_at is None:
        return _("Last export: never")
    if zone is None:
        first = studio.locations.in_order().first()
        zone = first.tz if first else ZoneInfo("UTC")
    words = {"day": date_format(last.finished_at.astimezone(zone), "DATE_FORMAT")}
    if last.asked_by is None:
        return _("Last export: %(day)s") % words
    return _("Last export: %(day)s, by %(name)s") % (words | {"name": last.asked_by.user.name})
