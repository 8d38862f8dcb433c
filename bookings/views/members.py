"""The studio's members: found as one types, filtered by chips in the address, kept as views, and as a file."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from bookings.selectors import members as listed
from bookings.selectors.members import COUNT_MOST, Filters
from portal.access import StudioRequest, studio_view
from portal.downloads import CSV, XLSX, Cell, Column, Table, download, file_name
from portal.locations import location_choice
from portal.members.duplicates import suggestions
from portal.members.forms import MemberForm
from portal.members.joining import NewMember, add_member
from portal.members.photos import photo_url
from portal.once import once
from portal.roles import Right
from portal.saved_views import canonical, saved_views


@studio_view(Right.VIEW_MEMBERS)
@require_safe
def members(request: StudioRequest) -> HttpResponse:
    choice, now = location_choice(request), timezone.now()
    filters = Filters.of(request.GET.dict())
    found = listed.filtered(request.studio, filters, choice, now=now)
    page = listed.page_of(request.studio, found, filters, request.GET.dict(), choice.shown)
    came_by = urlencode({"from": canonical(request.GET.urlencode())}) if request.GET else ""
    context = {
        "filters": filters,
        "page": page,
        "rows": [(member, photo_url(request.studio, member)) for member in page.members],
        "count_most": COUNT_MOST,
        "came_by": came_by,
        "views": saved_views(request, "members"),
        "sources": listed.sources(request.studio, now=now),
        "chips": _chips(filters),
        "with_contact": request.may(Right.SEE_CONTACT),
        "may_export": request.may(Right.EXPORT),
        "may_book": request.may(Right.BOOK),
        "may_manage": request.may(Right.MANAGE_MEMBERS),
        "downloads": [(kind, _file_url(request, kind)) for kind in (CSV, XLSX)],
        "place": choice.chosen if len(choice.visible) > 1 else None,
    }
    if request.htmx and not request.htmx.boosted:
        return render(request, "bookings/members.html#list", context)
    return render(request, "bookings/members.html", context)


@studio_view(Right.EXPORT)
@require_GET
def members_file(request: StudioRequest, file_kind: str) -> HttpResponseBase:
    """Exactly those whom the list shows under the same address, on all its pages."""
    if not request.may(Right.VIEW_MEMBERS):
        raise PermissionDenied
    choice, now = location_choice(request), timezone.now()
    filters = Filters.of(request.GET.dict())
    found = listed.in_order(listed.filtered(request.studio, filters, choice, now=now), filters)
    place = choice.chosen.slug if choice.chosen else request.studio.slug
    today = max((location.local_day(now) for location in choice.visible), default=now.date())
    table = Table(
        _("Members"),
        _columns(with_contact=request.may(Right.SEE_CONTACT)),
        _rows(listed.with_facts(found, choice.shown), with_contact=request.may(Right.SEE_CONTACT)),
    )
    return download(table, name=file_name("members", place, today, kind=file_kind), kind=file_kind)


@studio_view(Right.BOOK)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def member_new(request: StudioRequest) -> HttpResponse:
    """A new member; an e-mail that is known leads to whose it is."""
    form = MemberForm(request.POST or None, studio=request.studio, with_contact=True)
    if request.method == "POST" and form.is_valid():
        member, is_new = _join(request, form.cleaned_data)
        if is_new:
            messages.success(request, _("%(name)s is member %(number)s.") % {"name": member, "number": member.number})
        return redirect("bookings:member", request.studio.slug, member.pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {
        "form": form,
        "crumbs": [(_("Members"), reverse("bookings:members", args=[request.studio.slug]))],
        "heading": _("New member"),
    }
    return render(request, "bookings/member_edit.html", context, status=status)


@studio_view(Right.MANAGE_MEMBERS)
@require_safe
def member_duplicates(request: StudioRequest) -> HttpResponse:
    """The queue of pairs that look like one person."""
    pairs = list(suggestions(request.studio)[: listed.PER_PAGE])
    context = {
        "pairs": [(pair, [(one, photo_url(request.studio, one)) for one in (pair.one, pair.other)]) for pair in pairs],
        "crumbs": [(_("Members"), reverse("bookings:members", args=[request.studio.slug]))],
        "with_contact": request.may(Right.SEE_CONTACT),
    }
    return render(request, "bookings/member_duplicates.html", context)


def _join(request: StudioRequest, data: dict[str, Any]) -> Any:
    now = timezone.now()
    places = location_choice(request).visible
    today = max((place.local_day(now) for place in places), default=now.date())
    new = NewMember(**{name: data[name] for name in ("first_name", "last_name", "email", "phone")})
    member, is_new = add_member(request.studio, new, joined_on=data["joined_on"] or today, by=request.login, now=now)
    if is_new and data["notes"]:
        member.notes = data["notes"]
        member.save(update_fields=["notes"])
    return member, is_new


def _chips(filters: Filters) -> list[tuple[str, str, bool]]:
    """Name in the address, word, whether it is set."""
    return [
        ("new", _("New"), filters.new),
        ("quiet", _("No visit for 30 days"), filters.quiet),
        ("waiting", _("On a waiting list"), filters.waiting),
        ("unpaid", _("Unpaid"), filters.unpaid),
        ("lapsing", _("Package lapses soon"), filters.lapsing),
        ("blocked", _("Blocked"), filters.blocked),
        ("twins", _("Duplicates suggested"), filters.twins),
    ]


def _file_url(request: StudioRequest, kind: str) -> str:
    query = canonical(request.GET.urlencode())
    address = reverse("bookings:members_file", args=[request.studio.slug, kind])
    return f"{address}?{query}" if query else address


def _columns(*, with_contact: bool) -> list[Column]:
    contact = [Column(_("E-mail")), Column(_("Phone"))] if with_contact else []
    return [
        Column(_("Member number")),
        Column(_("First name")),
        Column(_("Last name")),
        *contact,
        Column(_("Member since")),
        Column(_("Visits"), total=True),
        Column(_("Last visit")),
        Column(_("Last visit at")),
        Column(_("On a waiting list")),
        Column(_("Blocked because")),
    ]


def _rows(found: Any, *, with_contact: bool) -> Iterator[list[Cell]]:
    for member in found.iterator(chunk_size=1000):
        last = listed.local(member.last_visit_at, member.last_visit_zone)
        yield [
            member.number,
            member.first_name,
            member.last_name,
            *([member.email, member.phone] if with_contact else []),
            member.since,
            member.visits,
            last,
            member.last_visit_place,
            member.is_waiting,
            member.blocked_reason,
        ]
