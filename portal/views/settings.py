"""Settings: all groups with a search, and the page of one group, for the studio or for one of its locations."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import StudioRequest, locations_for, studio_view
from portal.models import Location
from portal.preferences import changing
from portal.preferences.forms import SettingsForm
from portal.preferences.registry import Group, Scope, Setting, group_of, groups
from portal.roles import Right


@dataclass(frozen=True)
class GroupShown:
    """A group on the first page, with those of its settings that the search found."""

    group: Group
    url: str
    settings: list[Setting]
    note: str


@studio_view(Right.MANAGE_SETTINGS)
@require_safe
def settings(request: StudioRequest) -> HttpResponse:
    """All groups; with `q` the settings whose words hold it."""
    wanted = plain(request.GET.get("q", "")[:100]).split()
    shown = []
    for group in groups(request.login.rights):
        found = list({setting.field: setting for setting in (*group.of_studio, *group.of_location)}.values())
        if wanted:
            found = [setting for setting in found if all(word in words_of(group, setting) for word in wanted)]
        if found:
            shown.append(GroupShown(group, url_of(request, group), found, group.note(request.studio)))
    template = "portal/settings.html#found" if request.htmx else "portal/settings.html"
    return render(request, template, {"shown": shown, "q": request.GET.get("q", "")[:100]})


def plain(text: str) -> str:
    """Small letters without accents, as the search compares them."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))


def words_of(group: Group, setting: Setting) -> str:
    return plain(f"{group.label} {setting.label} {setting.changes} {setting.unit}")


def url_of(request: StudioRequest, group: Group) -> str:
    slug = request.studio.slug
    return (
        reverse(group.url_name, args=[slug])
        if group.url_name
        else reverse("portal:settings_group", args=[slug, group.word])
    )


@studio_view(Right.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def settings_group(request: StudioRequest, group: str) -> HttpResponse:
    """What holds for the whole studio; of a group that has nothing there, the first location's page."""
    found = _group(group)
    places = locations_for(request.login)
    if not found.of_studio:
        return redirect("portal:settings_group_at", request.studio.slug, found.word, places[0].pk)
    return _page(request, found, Scope(request.studio, None, places))


@studio_view(Right.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def settings_group_at(request: StudioRequest, group: str, location: int) -> HttpResponse:
    """What a location has of its own."""
    found = _group(group)
    place = place_of(request, location)
    if not found.of_location:
        raise Http404
    return _page(request, found, Scope(request.studio, place, [place]))


def _group(word: str) -> Group:
    found = group_of(word)
    if found is None or found.url_name:
        raise Http404
    return found


def place_of(request: StudioRequest, location: int) -> Location:
    """One of the locations that the login may see. Raises Http404."""
    found = next((place for place in locations_for(request.login) if place.pk == location), None)
    if found is None:
        raise Http404
    return found


def may_change(request: StudioRequest, scope: Scope) -> bool:
    """A login that is pinned to locations changes what is theirs; what is the whole studio's it only reads."""
    return scope.location is not None or not request.login.locations.exists()


def _page(request: StudioRequest, group: Group, scope: Scope) -> HttpResponse:
    form = changing.form_for(group, scope, group.settings(scope))
    if request.method == "POST":
        form, answer = change(request, group, scope)
        if answer:
            return answer
    return _show(request, group, scope, form)


def change(request: StudioRequest, group: Group, scope: Scope) -> tuple[SettingsForm, HttpResponse | None]:
    """Preview, reset or save what was posted; the answer, or None with the form to be shown again."""
    if not may_change(request, scope):
        raise PermissionDenied
    if request.POST.get("step") == "preview":
        form = changing.form_for(group, scope, group.settings(scope), request.POST)
        form.is_valid()
        return form, None
    with transaction.atomic():
        now_locked = changing.locked(scope)
        form = _posted(request, group, now_locked)
        if not form.is_valid():
            return form, None
        changed = changing.save(form, by=request.login, now=timezone.now())
    for name in form.kept:
        messages.warning(request, form.kept_words(name))
    messages.success(request, _("Saved. It holds from now on.") if changed else _("Nothing was changed."))
    return form, redirect(request.path)


def _posted(request: StudioRequest, group: Group, scope: Scope) -> SettingsForm:
    """The form as sent, or with one setting as delivered and all others as they are."""
    settings = group.settings(scope)
    name = request.POST.get("reset", "")
    if not name:
        return changing.form_for(group, scope, settings, request.POST)
    form = changing.form_for(group, scope, settings)
    if name not in form.names or not form.has_default(name):
        raise Http404
    return changing.form_for(
        group, scope, settings, form.data_with(name, form.default(name), request.POST.get("seen", ""))
    )


def _show(request: StudioRequest, group: Group, scope: Scope, form: SettingsForm) -> HttpResponse:
    previewing = request.POST.get("step") == "preview"
    context: dict[str, Any] = {
        "group": group,
        "scope": scope,
        "form": form,
        "rows": form.rows(timezone.now()),
        "may_change": may_change(request, scope),
        "tabs": _tabs(request, group, scope),
        "zone": scope.locations[0].zone if scope.locations else "UTC",
        "crumbs": [(_("Settings"), reverse("portal:settings", args=[request.studio.slug]))],
        "previewing": previewing,
    }
    template = "portal/settings_group.html" + ("#previews" if previewing and request.htmx else "")
    status = 422 if form.errors and not previewing else 200
    return render(request, template, context, status=status)


def _tabs(request: StudioRequest, group: Group, scope: Scope) -> list[tuple[str, str, bool]]:
    """(word, address, is open) of the studio and each location, where the group has something for them."""
    slug = request.studio.slug
    tabs = []
    if group.of_studio:
        url = reverse("portal:settings_group", args=[slug, group.word])
        tabs.append((_("Whole studio"), url, scope.location is None))
    if group.of_location:
        for place in locations_for(request.login):
            url = reverse("portal:settings_group_at", args=[slug, group.word, place.pk])
            tabs.append((place.name, url, scope.location is not None and scope.location.pk == place.pk))
    return tabs if len(tabs) > 1 else []
