"""Who may see a view. Every view wears one of the two decorators; `tests/test_access.py` walks every URL (S1)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from portal.models import Location, StaffLogin, Studio, User
from portal.roles import Right

View = Callable[..., HttpResponseBase]


class StudioRequest(HttpRequest):
    """What a studio view gets: the studio of the address, and the login that opened it."""

    user: User
    studio: Studio
    login: StaffLogin
    htmx: Any
    location_choice: Any

    def may(self, right: Right) -> bool:
        return right in self.login.rights


def login_for(user: User, slug: str) -> StaffLogin | None:
    """The person's active login at the studio with this address, read afresh on each request (S3)."""
    login = (
        StaffLogin.objects.select_related("studio").filter(user_id=user.pk, studio__slug=slug, is_active=True).first()
    )
    if login is not None:
        login.user = user
    return login


def studio_view(right: Right | None, *, post: Right | None = None) -> Callable[[View], View]:
    """Turn `<slug:studio>` into `request.studio` and `request.login`, and ask for `right`.

    `right` None: any login of the studio will do. `post`: what an unsafe method asks for besides.
    A stranger to the studio gets 404, as for a studio that does not exist; a login without the right gets 403.
    The answer is never cached (S28).
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, studio: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            login = login_for(request.user, studio)
            if login is None:
                raise Http404
            request.studio, request.login = login.studio, login
            request.may = lambda wanted: wanted in login.rights
            wanted = [right, post if request.method not in {"GET", "HEAD", "OPTIONS"} else None]
            if any(one is not None and one not in login.rights for one in wanted):
                raise PermissionDenied
            response = view(request, *args, **kwargs)
            if hasattr(response, "headers"):
                add_never_cache_headers(response)
                patch_vary_headers(response, ["HX-Request", "Cookie"])
            return response

        guarded.access = (right, post)  # type: ignore[attr-defined]
        return guarded

    return decorate


def public(why: str) -> Callable[[View], View]:
    """Mark a view that anyone may open, with the reason why."""

    def decorate(view: View) -> View:
        @wraps(view)
        def opened(*args: Any, **kwargs: Any) -> HttpResponseBase:
            return view(*args, **kwargs)

        opened.public = why  # type: ignore[attr-defined]
        return opened

    return decorate


def locations_for(login: StaffLogin) -> list[Location]:
    """The locations that this login may see, in the studio's order: all, or those it is pinned to (Q13)."""
    pinned = list(login.locations.in_order())
    return pinned or list(login.studio.locations.in_order())
