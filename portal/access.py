"""Who may see a view. Every view wears one of the two decorators; `tests/test_access.py` walks every URL (S1)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import is_reauthentication_required, suspend_request
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _

from portal.joined import Joined
from portal.models import Location, StaffLogin, Studio, User
from portal.operator import looking
from portal.roles import RIGHTS, Preset, Right
from portal.staff import desk
from portal.staff.second_step import is_missing
from portal.staff.standstill import by_pin_only, locked, looking_only

View = Callable[..., HttpResponseBase]
SAFE = {"GET", "HEAD", "OPTIONS"}
# What an operator who looks in may be answered with, besides pictures.
SHOWN = {"text/html", "application/json"}
# Asked along with the login, because every page would ask again: most people work at one studio, at all its locations.
_WORKS_ELSEWHERE = """EXISTS (SELECT FROM portal_stafflogin other
 WHERE other.user_id = stafflogin.user_id AND other.is_active AND other.id <> stafflogin.id)"""
_IS_PINNED = "EXISTS (SELECT FROM portal_stafflogin_locations pin WHERE pin.stafflogin_id = stafflogin.id)"
_HAS_ANSWERS = """EXISTS (SELECT FROM portal_ticket ticket WHERE ticket.login_id = stafflogin.id
 AND ticket.answered_at IS NOT NULL AND ticket.seen_at IS NULL)"""
# In a studio for practice nobody is more than they are in the real one, nor there any longer.
_AT_HOME = """(SELECT home.preset FROM portal_stafflogin home
 WHERE home.studio_id = studio.practice_of_id AND home.user_id = stafflogin.user_id AND home.is_active)"""
_OWN_LOGIN = Joined(StaffLogin, "studio", more=[_WORKS_ELSEWHERE, _IS_PINNED, _HAS_ANSWERS, _AT_HOME])


class StudioRequest(HttpRequest):
    """What a studio view gets: the studio of the address, and the login that acts.

    `login` is the person's own, or the one that a PIN switched in, or the one that an owner looks through;
    `base_login` is always that of the person who gave a password; where an operator looks in, who has none, it is the
    one that they look through, and `looks_in` is set.
    """

    user: User
    studio: Studio
    login: StaffLogin
    base_login: StaffLogin
    preview_until: float | None
    looks_in: bool
    is_for_show: bool
    htmx: Any
    location_choice: Any

    def may(self, right: Right) -> bool:
        return right in self.login.rights


@dataclass(frozen=True)
class People:
    """Who is behind a request: who gave the password, and who acts; None: nobody until a PIN is typed again."""

    base: StaffLogin
    acts: StaffLogin | None
    preview_until: float | None = None
    looks_in: bool = False


def people_for(request: HttpRequest, slug: str) -> People | None:
    """Who asks at the studio with this address, read afresh in one query on each request (S3); None: a stranger."""
    session = request.session
    switched, preview = desk.acting(session), desk.preview(session)
    if preview and preview.get("operator") and switched is None:
        if login := looking.stand_in(request, slug):
            return People(login, login, preview["until"], looks_in=True)
        if preview["slug"] == slug:  # over, or one of the two is no longer who they were
            looking.leave(request)
        preview = None
    if switched is None and preview is None:
        base = login_for(request.user, slug)  # type: ignore[arg-type]
        return People(base, base) if base else None
    other = switched or preview["login"]  # type: ignore[index]
    found = StaffLogin.objects.select_related("studio", "user", "pin").filter(
        Q(user_id=request.user.pk) | Q(pk=other), studio__slug=slug, is_active=True
    )
    home = StaffLogin.objects.filter(studio=OuterRef("studio__practice_of"), user=OuterRef("user"), is_active=True)
    rows: Any = found.annotate(at_home=Subquery(home.values("preset")))
    logins = {login.pk: login for login in rows if _at_most_as_at_home(login, login.at_home)}
    base = next((login for login in logins.values() if login.user_id == request.user.pk), None)
    if base is None:
        return None
    stand_in = logins.get(other)
    if stand_in is not None and not stand_in.user.is_active:
        stand_in = None
    if switched:
        return People(base, _by_pin(request, stand_in))
    if preview and stand_in and desk.may_look_through(base):
        # Nobody sees more through another's eyes than with their own (S25).
        stand_in.at_most = base.rights & stand_in.rights
        return People(base, stand_in, preview["until"])
    return People(base, base)


def login_for(user: User, slug: str) -> StaffLogin | None:
    """The person's own active login at the studio."""
    condition = "stafflogin.user_id = %s AND studio.slug = %s AND stafflogin.is_active LIMIT 1"
    for login, (works_elsewhere, is_pinned, has_answers, at_home) in _OWN_LOGIN.rows(condition, [user.pk, slug]):
        login.user, login.works_elsewhere, login.is_pinned = user, works_elsewhere, is_pinned
        login.has_answers = has_answers
        return login if _at_most_as_at_home(login, at_home) else None
    return None


def _at_most_as_at_home(login: StaffLogin, preset: str | None) -> bool:
    """Whether this login opens its studio; in one for practice with no right that it lacks in the real one.

    `preset`: what the same person's active login in the real studio is; None: they have none.
    """
    if not login.studio.is_practice:
        return True
    login.at_most = RIGHTS[Preset(preset)] if preset else frozenset()
    return preset is not None


def _by_pin(request: HttpRequest, login: StaffLogin | None) -> StaffLogin | None:
    """The login that was switched in, with what a PIN opens; None when it or its PIN is gone."""
    if login is None or not desk.still_acts(request.session, login):
        return None
    login.at_most = desk.PIN_RIGHTS & login.rights
    return login


def studio_view(
    right: Right | None,
    *,
    post: Right | None = None,
    at_the_desk: bool = False,
    by_password: bool = False,
    hidden: bool = False,
    real: bool = False,
) -> Callable[[View], View]:
    """Turn `<slug:studio>` into `request.studio` and `request.login`, and ask for `right`.

    `right` None: any login of the studio will do. `post`: what an unsafe method asks for besides.
    `at_the_desk`: the page answers while the desk is locked or an owner looks through another's eyes; it gets
    `request.base_login` and no `request.login`. `by_password`: not for someone who was switched in by PIN.
    A stranger to the studio gets 404, as for a studio that does not exist; a login without the right gets 403, or 404
    where the page is `hidden`: invoices are of the whole studio, so a login pinned to locations finds none either.
    `real`: nothing is sent from a studio for practice, where it would reach somebody outside, or stand for money; its
    pages are there to be looked at (`request.is_for_show`).
    What is sent from the studio's log ends there, whatever page did it. The answer is never cached (S28).
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, studio: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            people = people_for(request, studio)
            if people is None:
                raise Http404
            request.studio, request.base_login = people.base.studio, people.base
            request.looks_in = people.looks_in
            if not at_the_desk and (barred := _enter(request, people, by_password=by_password)):
                return barred
            _check(request, right, post, hidden=hidden)
            if real and request.studio.is_practice and request.method not in SAFE:
                messages.warning(request, _("That is done in the real studio. Nothing was changed."))
                return redirect("portal:studio", request.studio.slug)
            request.is_for_show = real and request.studio.is_practice
            response = view(request, *args, **kwargs)
            if request.method not in SAFE and isinstance(response, HttpResponseRedirect):
                _to_the_log(request, response)
            if people.looks_in and _is_file(response):
                return looking_only(request, is_over=False)
            if hasattr(response, "headers"):
                add_never_cache_headers(response)
                patch_vary_headers(response, ["HX-Request", "Cookie"])
            return response

        guarded.access = (right, post)  # type: ignore[attr-defined]
        guarded.hidden = hidden  # type: ignore[attr-defined]
        guarded.at_the_desk = at_the_desk  # type: ignore[attr-defined]
        guarded.real = real  # type: ignore[attr-defined]
        return guarded

    return decorate


def _check(request: Any, right: Right | None, post: Right | None, *, hidden: bool) -> None:
    """Raises PermissionDenied, or Http404 where who may not see it shall not know that it is there."""
    wanted = [right, post if request.method not in SAFE else None]
    if any(one is not None and not request.may(one) for one in wanted):
        raise Http404 if hidden and not request.may(right) else PermissionDenied
    if hidden and request.login.locations.exists():
        raise Http404


def _enter(request: Any, people: People, *, by_password: bool) -> HttpResponse | None:
    """Put on the request who acts; an answer when nobody may act now."""
    login = people.acts
    if login is None or desk.is_locked(request.session):
        return locked(request, people.base.studio.slug)
    request.login, request.preview_until = login, people.preview_until
    request.may = lambda wanted: wanted in login.rights
    if by_password and desk.acting(request.session):
        return by_pin_only(request)
    if people.looks_in:
        return None
    if not desk.acting(request.session) and login is people.base and is_missing(request, login):
        messages.warning(request, _("This studio asks its owners and managers for a second step. Please set one up."))
        return redirect("mfa_index")
    if getattr(request, "is_seen_anew", False):
        StaffLogin.objects.filter(pk=(people.base if people.preview_until else login).pk).update(seen_at=timezone.now())
    return None


def say_taken_back(request: StudioRequest) -> None:
    """For what its own page shows without words: a word, where it was sent from the studio's log."""
    if "log" in request.POST:
        messages.success(request, _("Taken back. It is set as it was before."))


def _to_the_log(request: StudioRequest, response: HttpResponseRedirect) -> None:
    """Lead back to the line from which the form says that it was sent, once the view has said what came of it.

    Where it has said nothing, its own page goes on: it asks for the password, or shows how far the work is.
    """
    path, _sign, _query = (wanted := request.POST.get("log", "")).partition("?")
    is_done = messages.get_messages(request).added_new  # type: ignore[union-attr]
    if is_done and path == reverse("portal:log", args=[request.studio.slug]) and _is_of_us(request, response):
        response["Location"] = iri_to_uri(wanted)


def _is_of_us(request: StudioRequest, response: HttpResponseRedirect) -> bool:
    """Whether it leads to a page of the studio, and not to one of the account's."""
    return response.url.startswith(f"/{request.studio.slug}/")


def asked_who_it_is(request: StudioRequest) -> HttpResponse | None:
    """To the password or the second step where that was not given lately, and back here; None: it was.

    As allauth's middleware does it, but from inside a view: so that this answer, too, is kept by nobody.
    """
    if not is_reauthentication_required(request, app="account"):
        return None
    ways = get_adapter().get_reauthentication_methods(request.user)
    return suspend_request(request, ways[0]["url"] if ways else reverse("account_login"))


def _is_file(response: HttpResponseBase) -> bool:
    """Something to be taken away, which an operator who looks in does not (S25).

    Whatever is no page, no data of a page and no picture on one; also where the browser would show it.
    """
    if response.headers.get("Content-Disposition", "").startswith("attachment"):
        return True
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return bool(kind) and kind not in SHOWN and not kind.startswith("image/")


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
    """The locations that this login may see, in the studio's order: all, or those it is pinned to (Q13). One query."""
    pinned = StaffLogin.locations.through.objects.filter(stafflogin=login.pk)
    seen = login.studio.locations.filter(Q(pk__in=pinned.values("location")) | ~Exists(pinned))
    return list(seen.in_order())
