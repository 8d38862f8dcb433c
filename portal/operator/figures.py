"""What the ground floor knows of studios: people, last seen, tickets, storage; and the parts of a studio's page."""

from collections import defaultdict
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Sum
from django.db.models.functions import Length
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.models import Invitation, Location, Member, StaffLogin, Studio, Ticket, TicketFile
from portal.models.imports import ImportRun
from portal.operator import parts, statistics
from portal.operator.parts import Line, Part
from portal.operator.statistics import Counted, Measure


def _grouped(rows: Any, **what: Any) -> dict[int, Any]:
    return dict(rows.order_by().values_list("studio").annotate(**what))


def count_locations(studios: list[int], now: datetime) -> dict[int, int]:
    return _grouped(Location.objects.filter(studio__in=studios), number=Count("pk"))


def count_logins(studios: list[int], now: datetime) -> dict[int, int]:
    return _grouped(StaffLogin.objects.filter(studio__in=studios, is_active=True), number=Count("pk"))


def count_members(studios: list[int], now: datetime) -> dict[int, int]:
    return _grouped(Member.objects.people().filter(studio__in=studios), number=Count("pk"))


def last_seen(studios: list[int], now: datetime) -> dict[int, str]:
    """The day on which anybody of the studio was last here."""
    found = _grouped(StaffLogin.objects.filter(studio__in=studios, seen_at__isnull=False), last=Max("seen_at"))
    return {studio: date_format(at, "SHORT_DATE_FORMAT") for studio, at in found.items()}


def count_tickets(studios: list[int], now: datetime) -> dict[int, int]:
    return _grouped(Ticket.objects.open().filter(studio__in=studios), number=Count("pk"))


def states(studios: list[int], now: datetime) -> dict[int, str]:
    """Whether anybody of theirs can work there, in one query."""
    owners = StaffLogin.objects.filter(studio=OuterRef("pk"), preset="owner", is_active=True)
    waiting = Invitation.objects.open().filter(studio=OuterRef("pk"))
    rows = Studio.objects.filter(pk__in=studios).annotate(owned=Exists(owners), invited=Exists(waiting))
    return {one.pk: _state(one) for one in rows}


def _state(studio: Any) -> str:
    if studio.is_practice:
        return _("for practice")
    if studio.owned:
        return _("at work")
    return _("invited") if studio.invited else _("nobody owns it")


def storage(first: date, after: date, now: datetime) -> Counted:
    """Megabytes in the database of what was uploaded: attachments and files under import. Two queries."""
    found: Counted = defaultdict(lambda: defaultdict(float))
    files = TicketFile.objects.order_by().values_list("message__ticket__studio").annotate(size=Sum("size"))
    imports = ImportRun.objects.order_by().values_list("studio").annotate(size=Sum(Length("content")))
    for rows in (files, imports):
        for studio, size in rows:
            found[studio, None]["storage"] += (size or 0) / 2**20
    return found


def people(studio: Studio, now: datetime) -> Part:
    """Everybody who may log in, and whom the operator has invited. Two queries."""
    lines = [
        Line(
            login.user.name,
            f"{login.get_preset_display()}, {_seen(login.seen_at)}",
            reverse("admin:portal_stafflogin_change", args=[login.pk]),
        )
        for login in studio.logins.filter(is_active=True).select_related("user").order_by("-preset", "user__name")
    ]
    url = f"{reverse('admin:portal_stafflogin_changelist')}?studio__id__exact={studio.pk}"
    return Part("people", _("Logins"), lines, empty=_("Nobody yet: the owner has to accept the invitation."), url=url)


def _seen(at: datetime | None) -> str:
    return _("last seen %(day)s") % {"day": date_format(at, "SHORT_DATE_FORMAT")} if at else _("never seen")


def places(studio: Studio, now: datetime) -> Part:
    lines = [
        Line(
            place.name,
            ", ".join(filter(None, (place.city, place.zone))),
            reverse("admin:portal_location_change", args=[place.pk]),
        )
        for place in studio.locations.in_order()
    ]
    return Part("locations", _("Locations"), lines, empty=_("None yet."))


def tickets(studio: Studio, now: datetime) -> Part:
    waiting = studio.tickets.open().order_by("-pk")[:10]
    lines = [Line(one.subject, one.reference, reverse("admin:portal_ticket_change", args=[one.pk])) for one in waiting]
    return Part("tickets", _("Open tickets"), lines, empty=_("None."))


def looks(studio: Studio, now: datetime) -> Part:
    """Who of the operators looked in, and why; the studio reads the same in its log."""
    lines = [
        Line(
            f"{date_format(one.occurred_at, 'SHORT_DATETIME_FORMAT')}, {one.after.get('operator', '')}",
            f"{one.after.get('reason', '')} ({one.after.get('as', '')})",
        )
        for one in studio.changes.filter(kind="looked_in", subject="studio", subject_id=studio.pk)[:5]
    ]
    return Part("looks", _("Operators who looked in"), lines, empty=_("None."))


def open_invitations(studio: Studio) -> list[Invitation]:
    """Those of the operator; what the owner invites is the owner's business."""
    return list(Invitation.objects.open().filter(studio=studio, invited_by=None))


def register() -> None:
    parts.register(people, place=10)
    parts.register(places, place=20)
    parts.register(tickets, place=70)
    parts.register(looks, place=80)
    columns: list[tuple[str, Any, Any]] = [
        ("state", gettext_lazy("state"), states),
        ("locations", gettext_lazy("locations"), count_locations),
        ("logins", gettext_lazy("logins"), count_logins),
        ("members", gettext_lazy("members"), count_members),
        ("seen", gettext_lazy("last seen"), last_seen),
        ("tickets", gettext_lazy("open tickets"), count_tickets),
    ]
    for place, (word, label, of) in zip((5, 10, 20, 30, 40, 70), columns, strict=True):
        parts.register_figure(parts.Figure(word, label, of), place=place)
    measure = Measure("storage", gettext_lazy("Uploads, MB"), decimals=1, monthly=False)
    statistics.register("storage", storage, [measure], place=90)
