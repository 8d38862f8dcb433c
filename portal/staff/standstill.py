"""What a browser gets while the desk is locked, a preview is on, or a PIN is not enough. Nothing has been done then."""

from http import HTTPStatus
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.staff import desk


def locked(request: HttpRequest, studio: str) -> HttpResponse:
    """A page becomes the lock page, which leads back to it; a script gets 423 and keeps what it wanted to send."""
    url = reverse("portal:switch", args=[studio])
    if request.headers.get("HX-Request"):
        return HttpResponse(status=HTTPStatus.LOCKED, headers={"HX-Redirect": url})
    if request.method not in {"GET", "HEAD"}:
        messages.warning(request, _("Nothing was changed: the desk was locked."))
        return redirect(url)
    return redirect(f"{url}?{urlencode({'next': request.get_full_path()})}")


def by_pin_only(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/staff_by_pin.html", status=HTTPStatus.FORBIDDEN)


def looking_only(request: HttpRequest, *, is_over: bool) -> HttpResponse:
    """`request.session` may hold a look that is still on: then the page can end it."""
    preview = None if is_over else desk.preview(request.session)
    context = {"is_over": is_over, "looked_into": preview.get("slug") if preview else ""}
    return render(request, "portal/staff_looking_only.html", context, status=HTTPStatus.FORBIDDEN)
