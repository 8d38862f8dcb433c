"""What `templates/base.html` needs on every page: studio, person, navigation by right, location filter, theme."""

from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.access import locations_for
from portal.alarms import alarms_for
from portal.locations import LocationChoice
from portal.models import StaffLogin, Studio
from portal.people import hue, initials
from portal.preferences import colours
from portal.roles import Right
from portal.staff import desk
from portal.staff.selectors import logins_of
from portal.support.tickets import unread

THEMES = ("system", "light", "dark")

#: For owners and managers; others are led on from there.
HOME = "portal:studio"

#: Beside "More" a phone has room for three pages: the first of these that a login may open.
TABS = (HOME, "bookings:check_ins", "bookings:bookings", "bookings:members", "bookings:schedule", "bookings:history")
TABS_BESIDE_MORE = 3

#: Pages that belong to one of the rail's without standing below its address; others say so by their first crumb.
PARTS = {
    "bookings:check_ins": ("walk-in/",),
    "bookings:bookings": ("appointments/",),
    "bookings:schedule": ("rooms/",),
}

#: Pages of the whole studio: who is pinned to locations does not find them.
WHOLE = {"invoicing:invoices", "bookings:insight", "portal:log"}


def shell(request: HttpRequest) -> dict[str, Any]:
    """`shell` for base.html; outside of a studio only theme and languages are in it."""
    theme = request.COOKIES.get("theme", "system")
    context: dict[str, Any] = {
        "theme": theme if theme in THEMES else "system",
        "languages": [
            {"code": code, "name": name, "current": code == get_language()} for code, name in settings.LANGUAGES
        ],
    }
    login: StaffLogin | None = getattr(request, "login", None)
    if login is not None:
        context |= {
            "studio": login.studio,
            "look": _look(login.studio),
            "login": {
                "name": login.user.name,
                "preset": login.get_preset_display(),
                "initials": initials(login.user.name),
                "hue": hue(login.user.name),
                "by_pin": desk.acting(request.session) is not None,
            },
            "nav": (nav := navigation(request, login)),
            "pages": " ".join(entry["label"] for entry in nav),
            "studios": _other_studios(request, login),
            # Asked by whole pages only, not by the fragments that are rendered with the same context.
            "alarms": partial(alarms_for, login, now=timezone.now()),
            "desk": f"{login.studio.slug} {request.base_login.pk}",  # type: ignore[attr-defined]
            "is_for_show": getattr(request, "is_for_show", False),
            "help_url": _help_url(request, login),
            "help_mark": partial(_has_answers, login),
        }
        if until := getattr(request, "preview_until", None):
            context |= {
                "preview_until": datetime.fromtimestamp(until, tz=UTC),
                "zone": next((place.zone for place in locations_for(login)), "UTC"),
            }
            if getattr(request, "looks_in", False):
                context["looks_in"] = {
                    "operator": request.user.name,  # type: ignore[union-attr]
                    "reason": (desk.preview(request.session) or {}).get("reason", ""),
                    "minutes": max(1, round((until - timezone.now().timestamp()) / 60)),
                }
    choice: LocationChoice | None = getattr(request, "location_choice", None)
    if choice is not None and len(choice.visible) > 1:
        context |= {
            "locations": [
                {"slug": place.slug, "name": place.name, "selected": place == choice.chosen} for place in choice.visible
            ],
            "location": choice.chosen,
            "can_pick_all": True,
        }
    return {"shell": context}


def _look(studio: Studio) -> dict[str, Any]:
    """The studio's logo, and its colour for the mark where that can be seen (`portal.preferences.colours`)."""
    look: dict[str, Any] = {}
    if studio.logo:
        version = str(studio.logo).rpartition("/")[2].removesuffix(".png")
        look["logo_url"] = f"{reverse('portal:logo', args=[studio.slug])}?v={version}"
    if studio.brand_colour:
        look["colour"], look["on"] = studio.brand_colour, colours.on(studio.brand_colour)
        for ground in colours.grounds(studio.brand_colour):
            look[ground.name] = ground.is_used
    return look


def _other_studios(request: HttpRequest, login: StaffLogin) -> list[dict[str, str]]:
    if login.user_id != request.user.pk:
        return []  # switched in by PIN, or looked through: for this studio only
    if login.works_elsewhere is False:
        return []
    others = logins_of(request.user).exclude(pk=login.pk)
    return [
        {"name": name, "url": reverse("portal:studio", args=[slug])}
        for name, slug in others.order_by("studio__name").values_list("studio__name", "studio__slug")
    ]


def _help_url(request: HttpRequest, login: StaffLogin) -> str:
    """Help, for the page that is on screen: it says which one, and help says what that is about (P14)."""
    url, match = reverse("portal:support", args=[login.studio.slug]), request.resolver_match
    if match is None or (match.app_name == "portal" and request.path.startswith(url)):
        return url
    return f"{url}?{urlencode({'page': match.view_name, 'from': request.get_full_path()})}"


def _has_answers(login: StaffLogin) -> bool:
    """Whether the operator has answered a question of this login that nobody has opened since."""
    if login.has_answers is None:
        return unread(login).exists()
    return login.has_answers


def _pinned(login: StaffLogin) -> bool:
    return login.locations.exists() if login.is_pinned is None else login.is_pinned


@lru_cache(maxsize=4096)
def _address(name: str, slug: str) -> str:
    """Of a page of the rail: composed once, not fifteen times for each page that shows it."""
    return reverse(name, args=[slug])


def navigation(request: HttpRequest, login: StaffLogin) -> list[dict[str, Any]]:
    """The pages of the rail that this login may open."""
    entries = [
        (Right.MANAGE_SETTINGS, HOME, _("Home"), "house", "o"),
        (Right.VIEW_TODAY, "bookings:check_ins", _("Check-ins"), "check", "c"),
        (Right.VIEW_BOOKINGS, "bookings:bookings", _("Bookings"), "calendar", "b"),
        (Right.VIEW_BOOKINGS, "bookings:schedule", _("Schedule"), "calendar-days", "t"),
        (Right.VIEW_MEMBERS, "bookings:members", _("Members"), "users", "m"),
        (Right.MANAGE_PACKAGES, "bookings:packages", _("Packages"), "ticket", "p"),
        (Right.VIEW_HISTORY, "bookings:history", _("History"), "chart-column", "h"),
        (Right.MANAGE_CONNECTIONS, "marketplace:marketplaces", _("Marketplaces"), "store", "k"),
        (Right.SEE_MONEY, "invoicing:invoices", _("Invoices"), "receipt-text", "i"),
        (Right.ANSWER_REVIEWS, "reviews:reviews", _("Reviews"), "message-square-quote", "r"),
        (Right.SEE_MONEY, "bookings:insight", _("Insight"), "chart-no-axes-combined", None),
        (Right.IMPORT, "portal:imports", _("Import"), "upload", None),
        (Right.REQUEST_LOGINS, "portal:staff", _("Staff"), "id-card", "a"),
        (Right.MANAGE_SETTINGS, "portal:log", _("Log"), "scroll-text", None),
        (Right.MANAGE_SETTINGS, "portal:settings", _("Settings"), "settings", "s"),
    ]
    entries = [entry for entry in entries if entry[0] in login.rights and (entry[1] not in WHOLE or not _pinned(login))]
    names = [name for _right, name, *_rest in entries]
    tabs = [name for name in TABS if name in names][:TABS_BESIDE_MORE]
    studio = _address(HOME, login.studio.slug)
    found = []
    for _right, name, label, icon, key in entries:
        url = _address(name, login.studio.slug)
        if name == HOME:
            active = request.path == url  # every page of the studio stands below it
        else:
            active = request.path.startswith((url, *(studio + part for part in PARTS.get(name, ()))))
        found.append({"label": label, "url": url, "icon": icon, "key": key, "active": active, "is_tab": name in tabs})
    return found
