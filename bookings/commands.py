"""What the command palette knows of bookings: members, classes to come, months, and what one can begin."""

from datetime import date

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bookings.selectors.local_days import next_month
from bookings.selectors.member import next_sessions
from portal.access import StudioRequest, locations_for
from portal.commands import MOST, Command, Section, finds, matching, register
from portal.members.search import search
from portal.roles import Right

MONTHS = 24
SHORTEST = 2  # letters: less finds half of everybody


def actions(request: StudioRequest, text: str) -> Section:
    slug = request.studio.slug
    possible = [
        ((Right.BOOK, Right.CHECK_IN), "bookings:walk_in", _("Add a walk-in"), "user-plus"),
        ((Right.BOOK,), "bookings:member_new", _("New member"), "user-round-plus"),
        ((Right.MANAGE_SCHEDULE,), "bookings:item_new", _("New class"), "calendar-plus"),
        ((Right.MANAGE_SCHEDULE,), "bookings:copy_week", _("Copy a week of the schedule"), "copy"),
        ((Right.MANAGE_PACKAGES,), "bookings:package_new", _("New package"), "ticket"),
        ((Right.MANAGE_PACKAGES,), "bookings:package_items", _("What packages are for"), "grid-3x3"),
        ((Right.BOOK,), "bookings:what_if", _("What if? What somebody would use for a class"), "split"),
        ((Right.BOOK,), "bookings:support_packages", _("How packages are used"), "circle-question-mark"),
        ((Right.MANAGE_LOGINS,), "portal:staff_invite", _("Invite a colleague"), "mail-plus"),
        ((Right.MANAGE_SETTINGS,), "portal:settings_closing_days", _("Add closing days"), "calendar-off"),
    ]
    found = [
        Command(label, reverse(name, args=[slug]), icon)
        for rights, name, label, icon in possible
        if all(map(request.may, rights))
    ]
    return Section(_("Actions"), matching(text, found))


def packages(request: StudioRequest, text: str) -> Section:
    """The studio's packages that are on sale."""
    if not request.may(Right.MANAGE_PACKAGES) or len(text.strip()) < SHORTEST:
        return Section(_("Packages"), [])
    slug = request.studio.slug
    found = [
        Command(package.name, reverse("bookings:package", args=[slug, package.pk]), "ticket")
        for package in request.studio.packages.on_sale().order_by("name", "pk")
    ]
    return Section(_("Packages"), matching(text, found)[:MOST])


def members(request: StudioRequest, text: str) -> Section:
    if not request.may(Right.VIEW_MEMBERS) or len(text.strip()) < SHORTEST:
        return Section(_("Members"), [])
    return Section(
        _("Members"),
        [
            Command(
                member.name, reverse("bookings:member", args=[request.studio.slug, member.pk]), "user", member.number
            )
            for member in search(request.studio, text, limit=MOST)
        ],
    )


def classes(request: StudioRequest, text: str) -> Section:
    """The next sessions of a class or a teacher, in those locations that the login sees."""
    if not request.may(Right.VIEW_BOOKINGS) or len(text.strip()) < SHORTEST:
        return Section(_("Classes"), [])
    found = next_sessions(request.login, locations_for(request.login), text, now=timezone.now(), limit=MOST)
    commands = []
    for session in found:
        start = timezone.localtime(session.starts_at, session.location.tz)
        day = date_format(start, _("D j M"))
        url = reverse("bookings:session", args=[request.studio.slug, session.pk])
        commands.append(Command(session.item.name, url, "calendar", f"{day}, {start:%H:%M} · {session.location.name}"))
    return Section(_("Classes"), commands)


def months(request: StudioRequest, text: str) -> Section:
    """Months of the history by name or number: "october", "2026-10"."""
    if not request.may(Right.VIEW_HISTORY) or len(text.strip()) < SHORTEST:
        return Section(_("Months"), [])
    places = locations_for(request.login)
    this_month = max((place.local_day(timezone.now()) for place in places), default=date.min).replace(day=1)
    found = [next_month(this_month, step=-back) for back in range(MONTHS)]
    return Section(
        _("Months"),
        [
            Command(
                date_format(month, "YEAR_MONTH_FORMAT"),
                reverse("bookings:history_month", args=[request.studio.slug, month]),
                "chart-column",
                _("Check-in history"),
            )
            for month in found
            if finds(text, date_format(month, "YEAR_MONTH_FORMAT"), f"{month:%Y-%m}")
        ][:MOST],
    )


def insight(request: StudioRequest, text: str) -> Section:
    """The pages of insight beside its first one, which the rail has."""
    nothing: list[Command] = []
    if not request.may(Right.SEE_MONEY) or request.login.locations.exists() or len(text.strip()) < SHORTEST:
        return Section(_("Insight"), nothing)
    pages = [
        ("bookings:insight_classes", _("How full the classes were"), _("Occupancy")),
        ("bookings:insight_people", _("Newcomers, and who came back"), _("Retention")),
        ("bookings:insight_marketplaces", _("What each source brings"), _("Marketplaces")),
    ]
    slug = request.studio.slug
    found = [
        Command(label, reverse(name, args=[slug]), "chart-no-axes-combined", detail) for name, label, detail in pages
    ]
    return Section(_("Insight"), [one for one in found if finds(text, one.label, one.detail, _("Insight"))])


def register_commands() -> None:
    for place, provider in enumerate((actions, members, classes, packages, months, insight), start=2):
        register(provider, place=10 * place)
