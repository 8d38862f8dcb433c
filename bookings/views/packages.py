"""What a studio sells: the list, one package with its versions, making, changing, archiving (K8, Q10)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.package_changes import change_lines, kind_words
from bookings.selectors.packages import items_left_alone, shown
from packages import actions
from packages.forms import PackageForm
from packages.models import Package, PackageVersion
from packages.words import kept_words, money_words, uses_words, validity_words
from portal.access import StudioRequest, locations_for, studio_view
from portal.roles import Right

CHANGES_SHOWN = 20
Made = TypeVar("Made")


@studio_view(Right.MANAGE_PACKAGES)
@require_safe
def packages(request: StudioRequest) -> HttpResponse:
    archived, now = request.GET.get("archived") == "1", timezone.now()
    wanted = request.studio.packages.filter(archived_at__isnull=not archived)
    places = locations_for(request.login)
    rows = shown(wanted, places, day=places[0].local_day(now), now=now)
    context = {
        "rows": rows,
        "archived": archived,
        "may_see_money": request.may(Right.SEE_MONEY),
        "may_set": request.may(Right.MANAGE_SETTINGS),
        "has_any": bool(rows) or request.studio.packages.exists(),
    }
    return render(request, "bookings/packages.html", context)


@studio_view(Right.MANAGE_PACKAGES)
@require_safe
def package(request: StudioRequest, package: int) -> HttpResponse:
    found, now = find_package(request, package), timezone.now()
    places = locations_for(request.login)
    (row,) = shown(request.studio.packages.filter(pk=found.pk), places, day=places[0].local_day(now), now=now)
    versions = found.versions.select_related("made_by__user").annotate(sold=Count("purchases")).order_by("-number")
    changes = request.studio.changes.filter(subject="package", subject_id=found.pk).select_related("by__user")
    context = {
        "row": row,
        "versions": [(one, uses_words(one.uses), validity_words(one), price_of(one)) for one in versions],
        "alone": items_left_alone(found),
        "place": places[0],
        "changes": [
            (change, kind_words(change), change_lines(change, money=request.may(Right.SEE_MONEY)))
            for change in changes.order_by("-id")[:CHANGES_SHOWN]
        ],
        "may_see_money": request.may(Right.SEE_MONEY),
        "may_plan": request.may(Right.MANAGE_SCHEDULE),
    }
    return render(request, "bookings/package.html", context)


@studio_view(Right.MANAGE_PACKAGES, post=Right.MANAGE_PACKAGES)
@require_http_methods(["GET", "HEAD", "POST"])
def package_new(request: StudioRequest) -> HttpResponse:
    form = PackageForm(request.POST if request.method == "POST" else None, studio=request.studio)

    def save(now: datetime) -> Package:
        name = form.cleaned_data["name"]
        return actions.make_package(request.studio, name=name, terms=form.terms, by=request.login, now=now)

    if request.method == "POST" and form.is_valid():
        made = _saved(form, save)
        if made is not None:
            words = _("%(name)s is on sale. Say next what it is for.")
            messages.success(request, words % {"name": made.name})
            return redirect(f"{reverse('bookings:package_items', args=[request.studio.slug])}#package-{made.pk}")
    back = reverse("bookings:packages", args=[request.studio.slug])
    return _form_page(request, {"form": form, "back": back})


@studio_view(Right.MANAGE_PACKAGES, post=Right.MANAGE_PACKAGES)
@require_http_methods(["GET", "HEAD", "POST"])
def package_change(request: StudioRequest, package: int) -> HttpResponse:
    """Another name, or other terms from now on; what was sold keeps its own."""
    found = find_package(request, package)
    newest = _newest(found)
    given = request.POST if request.method == "POST" else None
    form = PackageForm(given, studio=request.studio, package=found, instance=newest)

    def save(now: datetime) -> PackageVersion:
        name = form.cleaned_data["name"]
        return actions.change_package(found, name=name, terms=form.terms, by=request.login, now=now)

    back = reverse("bookings:package", args=[request.studio.slug, found.pk])
    if given is not None and form.is_valid():
        version = _saved(form, save)
        if version is not None:
            words = _("Saved as version %(number)d.") if version.number != newest.number else _("%(name)s is saved.")
            messages.success(request, words % {"number": version.number, "name": form.cleaned_data["name"]})
            return redirect(back)
    sold_so = newest.purchases.exists()
    kept = kept_words(found.purchases.count() if sold_so else 0, newest.number + 1)
    return _form_page(request, {"form": form, "package": found, "back": back, "kept": kept})


@studio_view(Right.MANAGE_PACKAGES)
@require_POST
def package_archive(request: StudioRequest, package: int) -> HttpResponse:
    found = find_package(request, package)
    actions.archive_package(found, by=request.login, now=timezone.now())
    messages.success(request, _("%(name)s is off sale. What was sold stays.") % {"name": found.name})
    return redirect("bookings:package", request.studio.slug, found.pk)


@studio_view(Right.MANAGE_PACKAGES)
@require_POST
def package_restore(request: StudioRequest, package: int) -> HttpResponse:
    found = find_package(request, package)
    actions.restore_package(found, by=request.login, now=timezone.now())
    messages.success(request, _("%(name)s is on sale again.") % {"name": found.name})
    return redirect("bookings:package", request.studio.slug, found.pk)


def find_package(request: StudioRequest, pk: int) -> Package:
    """A package of the studio; raises Http404."""
    return get_object_or_404(request.studio.packages.all(), pk=pk)


def price_of(version: PackageVersion) -> str:
    return money_words(version.price, version.currency)


def _newest(package: Package) -> PackageVersion:
    return package.versions.select_related("made_by__user").order_by("-number")[0]


def _saved(form: PackageForm, save: Callable[[datetime], Made]) -> Made | None:
    """What was saved; None where somebody took the name in this moment."""
    try:
        with transaction.atomic():
            return save(timezone.now())
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") != "package_name_once_per_studio":
            raise
        form.add_error("name", _("There is a package with this name already."))
        return None


def _form_page(request: StudioRequest, context: dict[str, Any]) -> HttpResponse:
    status = 422 if context["form"].errors else 200
    return render(request, "bookings/package_form.html", context, status=status)
