"""The data of the studio: everything in one archive (N15), the way in, how long what is kept, and the backup's age."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.access import StudioRequest, asked_who_it_is, locations_for, studio_view
from portal.downloads import file_name
from portal.leaving import exports
from portal.leaving.registry import retention
from portal.leaving.words import last_export_words
from portal.roles import Right
from portal.support import status


@studio_view(Right.MANAGE_SETTINGS)
@require_safe
def settings_data(request: StudioRequest) -> HttpResponse:
    """The page looks again every two seconds while an archive is being written."""
    now, studio = timezone.now(), request.studio
    newest = exports.newest_of(studio)
    places = locations_for(request.login)
    zone = places[0].tz if places else None
    context = {
        "export": newest,
        "given_up": newest is not None and newest.is_given_up,
        "there": exports.there_of(studio, now),
        "may_export": request.may(Right.EXPORT_ALL) and not request.login.locations.exists(),
        "last": last_export_words(studio, zone),
        "days": exports.KEPT_FOR.days,
        "retention": retention(),
        "backup": status.backup(now),
        "zone": places[0].zone if places else "UTC",
        "crumbs": [(_("Settings"), reverse("portal:settings", args=[studio.slug]))],
    }
    template = "portal/settings_data.html#export" if request.htmx else "portal/settings_data.html"
    return render(request, template, context)


@studio_view(Right.EXPORT_ALL, by_password=True, real=True)
@require_POST
def export_all(request: StudioRequest) -> HttpResponse:
    """Ask for the archive, after the password or the second step was given anew: it holds everybody."""
    _check_whole(request)
    if asked := asked_who_it_is(request):
        return asked
    _export, is_new = exports.ask(request.studio, by=request.base_login, now=timezone.now())
    if is_new:
        messages.success(
            request, _("Everything is being written into one archive. Owners get a mail when it is there.")
        )
    else:
        messages.info(request, _("It is being written already."))
    return redirect("portal:settings_data", request.studio.slug)


@studio_view(Right.EXPORT_ALL, by_password=True)
@require_safe
def export_file(request: StudioRequest, export: int) -> HttpResponseBase:
    """The archive, while it is kept; the log says who took it."""
    _check_whole(request)
    found = get_object_or_404(request.studio.exports, pk=export)
    now = timezone.now()
    if not found.is_there(now):
        raise Http404
    if asked := asked_who_it_is(request):
        return asked
    try:
        content = found.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    if request.method == "GET":
        exports.note_download(found, by=request.base_login, now=now)
    name = file_name("tresen", request.studio.slug, timezone.localdate(found.finished_at), kind="zip")
    return FileResponse(content, as_attachment=True, filename=name, content_type="application/zip")


def _check_whole(request: StudioRequest) -> None:
    """For an owner of the whole studio, with their own eyes. Raises PermissionDenied."""
    if request.looks_in or request.preview_until or request.login.locations.exists():
        raise PermissionDenied
