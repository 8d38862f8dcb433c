from django.conf import settings as configured  # `settings` is the module beside this one
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from portal.access import StudioRequest, locations_for, public, studio_view
from portal.context import THEMES
from portal.locations import ALL
from portal.roles import Right
from portal.staff import desk
from portal.staff.selectors import logins_of


def came_from(request: HttpRequest, *, default: str) -> str:
    """The page of ours that the form names in `next`, else `default`; never another host (S16)."""
    return own_path(request.POST.get("next", "")) or default


def own_path(url: str) -> str:
    """The address if it is a path of ours, else nothing."""
    # Only a path: `redirect` takes any other word for the name of a view.
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts=None) and url.startswith("/") else ""


@public("leads a logged-in person to their studio, and everybody else to the login")
@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    if desk_studio := desk.studio_of_desk(request.session):
        return redirect("portal:studio", desk_studio)  # who was switched in by PIN has this studio and no other
    logins = logins_of(request.user).select_related("studio").order_by("studio__name")  # type: ignore[arg-type]
    if len(logins) == 1:
        return redirect("portal:studio", logins[0].studio.slug)
    return render(request, "portal/home.html", {"logins": logins})


@public("light or dark is a cookie of this browser, for the login page too")
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    response = redirect(came_from(request, default="/"))
    wanted = request.POST.get("theme")
    if wanted in THEMES:
        response.set_cookie(
            "theme", wanted, max_age=365 * 86_400, samesite="Lax", secure=configured.SESSION_COOKIE_SECURE
        )
    return response


@studio_view(Right.VIEW_TODAY)
@require_POST
def choose_location(request: StudioRequest) -> HttpResponse:
    """Remember the location filter for this login, and go back to the page (P4)."""
    slug = request.POST.get("location")
    chosen = next((place for place in locations_for(request.login) if place.slug == slug), None)
    if chosen is None and slug != ALL:
        raise Http404
    request.login.location_chosen = chosen
    request.login.save(update_fields=["location_chosen"])
    return redirect(came_from(request, default=reverse("portal:studio", args=[request.studio.slug])))


@public("says that nobody signs up by themselves: logins are given")
def no_sign_up(request: HttpRequest) -> HttpResponse:
    raise Http404
