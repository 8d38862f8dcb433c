"""The operator's own pages: a new studio, invitations, looking into one, statistics. `portal/admin.py` imports this."""

from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.admin_site import operator_page, refuse_others
from portal.downloads import CSV, Cell, Column, Table, download, file_name
from portal.models import Invitation, Studio
from portal.once import once
from portal.operator import looking, statistics
from portal.operator.forms import LookForm, NewStudioForm, OwnerForm
from portal.operator.founding import found, invite_owner
from portal.operator.statistics import SOURCE, Measure, Row
from portal.preferences.places import zones
from portal.staff import invitations
from portal.staff.rules import StaffRefused
from portal.staff.words import WHY_WORDS

FORM = ["GET", "HEAD", "POST"]
MONTHS = 12


def _page(
    request: HttpRequest,
    template: str,
    title: str,
    *,
    form: Any = None,
    status: HTTPStatus = HTTPStatus.OK,
    **context: Any,
) -> HttpResponse:
    if form is not None and form.errors:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    given = {**admin.site.each_context(request), "title": title, "form": form, **context}
    return render(request, f"admin/operator/{template}.html", given, status=status)


def _origin(request: HttpRequest) -> str:
    return request.build_absolute_uri("/")


@operator_page("studios/new/", "new_studio")
@require_http_methods(FORM)
@once
def new_studio(request: HttpRequest) -> HttpResponse:
    """A studio with its first location, and the invitation of its owner."""
    form = NewStudioForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                invitation = found(form.wanted(), now=timezone.now(), origin=_origin(request))
        except IntegrityError:  # two operators in the same moment
            form.add_error("slug", _("There is a studio at this address."))
        else:
            words = _("%(studio)s is set up. A mail with a link is on its way to %(email)s.")
            told = {"studio": invitation.studio.name, "email": invitation.email}
            messages.success(request, words % told)
            return redirect("admin:portal_studio_change", invitation.studio_id)
    return _page(request, "new_studio", _("New studio"), form=form, zones=zones())


@operator_page("studios/<int:id>/invite/", "invite_owner")
@require_http_methods(FORM)
@once
def invite(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002 (the admin's word)
    """Another owner: the first one never came, or nobody is left who gives logins."""
    studio = _studio(id)
    form = OwnerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            invite_owner(
                studio,
                name=given["owner_name"],
                email=given["owner_email"],
                now=timezone.now(),
                origin=_origin(request),
            )
        except StaffRefused as error:
            form.add_error(None, str(WHY_WORDS[error.why]))
        else:
            words = _("A mail with a link is on its way to %(email)s.")
            messages.success(request, words % {"email": given["owner_email"]})
            return redirect("admin:portal_studio_change", studio.pk)
    return _page(request, "invite", _("Invite an owner"), form=form, studio=studio)


def _studio(pk: int) -> Studio:
    return get_object_or_404(Studio, pk=pk)


def _invitation(pk: int) -> Invitation:
    """One of the operator's; whom an owner invites, the operator does not let in."""
    return get_object_or_404(Invitation.objects.select_related("studio"), pk=pk, invited_by=None)


@operator_page("invitations/<int:id>/resend/", "invitation_resend")
@require_POST
def resend(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002
    invitation = _invitation(id)
    try:
        invitations.resend(invitation, by=None, now=timezone.now(), origin=_origin(request))
    except StaffRefused as error:
        messages.error(request, str(WHY_WORDS[error.why]))
    else:
        words = _("A new link is on its way to %(email)s. The one before no longer works.")
        messages.success(request, words % {"email": invitation.email})
    return redirect("admin:portal_studio_change", invitation.studio_id)


@operator_page("invitations/<int:id>/link/", "invitation_link")
@require_POST
def link(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002
    """Show a new link, once: mails land in spam."""
    invitation, now = _invitation(id), timezone.now()
    try:
        secret = invitations.show_link(invitation, by=None, now=now)
    except StaffRefused as error:
        messages.error(request, str(WHY_WORDS[error.why]))
        return redirect("admin:portal_studio_change", invitation.studio_id)
    address = request.build_absolute_uri(reverse("accept_invitation", args=[secret]))
    title = _("A link to hand over")
    until = now + Invitation.LIVES
    return _page(request, "link", title, invitation=invitation, link=address, until=until, studio=invitation.studio)


@operator_page("invitations/<int:id>/withdraw/", "invitation_withdraw")
@require_POST
def withdraw(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002
    invitation = _invitation(id)
    try:
        invitations.withdraw(invitation, by=None, now=timezone.now())
    except StaffRefused as error:
        messages.error(request, str(WHY_WORDS[error.why]))
    else:
        messages.success(request, _("Withdrawn: the link no longer works."))
    return redirect("admin:portal_studio_change", invitation.studio_id)


@operator_page("studios/<int:id>/look/", "look")
@require_http_methods(FORM)
def look(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002
    """Look into a studio: as whom, why; after proving anew who one is (S25)."""
    studio, operator = _studio(id), refuse_others(request)
    if not looking.has_second_step(operator):
        title = _("Look into this studio")
        return _page(request, "look", title, studio=studio, needs_step=True, status=HTTPStatus.FORBIDDEN)
    if proof := looking.proof_wanted(request, operator):
        return redirect(f"{reverse(proof)}?{urlencode({'next': request.path})}")
    people = looking.people(studio)
    form = LookForm(request.POST if request.method == "POST" else None, people=people)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        looking.look_in(request, given["login"], operator=operator, reason=given["reason"], now=timezone.now())
        return redirect("portal:studio", studio.slug)
    return _page(request, "look", _("Look into this studio"), form=form, studio=studio, people=people)


@operator_page("statistics/", "statistics")
@require_safe
def show_statistics(request: HttpRequest) -> HttpResponse:
    """Each studio in one month, and all of them month by month."""
    months, chosen = _months(request)
    studios = list(Studio.objects.filter(practice_of=None))
    counted = statistics.counted(months[0], _next(months[-1]), now=timezone.now())
    measures = statistics.measures()
    rows = statistics.by_studio(studios, counted, chosen)
    together = statistics.by_month(counted, reversed(months), [one.pk for one in studios])
    total = statistics.together([row.numbers for row in rows])
    return _page(
        request,
        "statistics",
        _("Statistics"),
        measures=measures,
        monthly=[one for one in measures if one.monthly],
        months=[(f"{month:%Y-%m}", date_format(month, "YEAR_MONTH_FORMAT"), month == chosen) for month in months[::-1]],
        chosen=chosen,
        rows=[(row, [_shown(one, row.numbers) for one in measures]) for row in rows],
        total=[_shown(one, total) for one in measures],
        together=[(row, [_shown(one, row.numbers) for one in measures if one.monthly]) for row in together],
    )


@operator_page("statistics.csv", "statistics_csv")
@require_safe
def statistics_csv(request: HttpRequest) -> HttpResponseBase:
    """Every studio in each of the last twelve months, with a column for each road of a check-in."""
    months, _chosen = _months(request)
    counted = statistics.counted(months[0], _next(months[-1]), now=timezone.now())
    measures = statistics.measures()
    roads = sorted({word for numbers in counted.values() for word in numbers if word.startswith(SOURCE)})
    studios = list(Studio.objects.filter(practice_of=None))
    rows = [row for month in months for row in statistics.by_studio(studios, counted, month)]
    heads = [_("Month"), _("Studio"), _("Address"), *(str(one.label) for one in measures)]
    heads += [_("Check-ins through %(source)s") % {"source": road.removeprefix(SOURCE)} for road in roads]
    table = Table(
        _("Statistics"), [Column(str(head)) for head in heads], (_cells(row, measures, roads) for row in rows)
    )
    return download(table, name=file_name("statistics", f"{months[-1]:%Y-%m}", kind=CSV), kind=CSV)


def _cells(row: Row, measures: list[Measure], roads: list[str]) -> list[Cell]:
    values = [one.value(row.numbers) for one in measures]
    numbers = [
        None if value is None else Decimal(f"{value:.{one.decimals}f}")
        for one, value in zip(measures, values, strict=True)
    ]
    names = [row.studio.name, row.studio.slug] if row.studio else ["", ""]
    by_road = [int(row.numbers.get(road, 0)) for road in roads]
    return [f"{row.month:%Y-%m}", *names, *numbers, *by_road]


def _shown(measure: Measure, numbers: statistics.Numbers) -> tuple[Measure, float | None]:
    value = measure.value(numbers)
    return measure, None if value is None else round(value, measure.decimals)


def _months(request: HttpRequest) -> tuple[list[date], date]:
    """The last twelve months, the oldest first, and the one that is asked for. Raises Http404."""
    this = timezone.now().date().replace(day=1)
    months = [_back(this, by) for by in range(MONTHS - 1, -1, -1)]
    asked = request.GET.get("month")
    if not asked:
        return months, this
    chosen = next((month for month in months if f"{month:%Y-%m}" == asked), None)
    if chosen is None:
        raise Http404
    return months, chosen


def _back(month: date, by: int) -> date:
    years, left = divmod(month.year * 12 + month.month - 1 - by, 12)
    return date(years, left + 1, 1)


def _next(month: date) -> date:
    return _back(month, -1)
