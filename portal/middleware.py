"""Limits of every request and of every login, before any view is asked."""

import re
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import TypeVar

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.defaults import bad_request

Answer = Callable[[HttpRequest], HttpResponse]
View = TypeVar("View", bound=Callable[..., HttpResponseBase])
SEEN_EVERY = 600  # seconds; how exactly the idle time is known


def reads_its_form(view: View) -> View:
    """The view copes itself with a form that is too large or holds a NUL: nothing that a guest typed is lost."""
    view.reads_its_form = True  # type: ignore[attr-defined]
    return view


class RequestLimits:
    """Refuse what no page of ours sends: too large a body, a compressed one, or text with a NUL (S19, bad input)."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal():
            return _refused(request, HTTPStatus.BAD_REQUEST)
        if int(length) > _most(request.path):
            return _refused(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if request.headers.get("Content-Encoding", "identity") != "identity":
            return _refused(request, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        if "\0" in request.path or any("\0" in text for text in _texts(request.GET.lists())):
            return _refused(request, HTTPStatus.BAD_REQUEST)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
        """Fields of forms: PostgreSQL cannot store a NUL, and no form of ours has a use for one.

        A large body is read for nobody but who is logged in.
        """
        if int(request.META.get("CONTENT_LENGTH") or "0") > settings.MAX_BODY and not request.user.is_authenticated:
            return _refused(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if getattr(view[0], "reads_its_form", False):
            return None
        try:
            if request.method == "POST" and any("\0" in text for text in _texts(request.POST.lists())):
                raise BadRequest
        except RequestDataTooBig:  # what is typed or pasted, beside files
            return _refused(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return None


class SessionLimits:
    """End a login that is too old or was not seen for too long (S6); the reception tab asks often enough to stay."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = timezone.now().timestamp()
            began = request.session.setdefault("began", now)
            seen = request.session.setdefault("seen", now)
            if now - began > settings.SESSION_COOKIE_AGE or now - seen > settings.SESSION_IDLE.total_seconds():
                logout(request)
            elif now - seen > SEEN_EVERY:
                request.session["seen"] = now
                request.is_seen_anew = True  # type: ignore[attr-defined]  # portal.access notes it at the login
                UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=timezone.now())
        return self.get_response(request)


def _most(path: str) -> int:
    """Bytes of a request to this address."""
    return next((most for where, most in settings.LARGE_BODIES if re.fullmatch(where, path)), settings.MAX_BODY)


def _texts(fields: Iterable[tuple[str, Sequence[object]]]) -> list[str]:
    return [str(text) for name, values in fields for text in (name, *values)]


def _refused(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    large = status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    answer = bad_request(request, BadRequest(), **({"template_name": "413.html"} if large else {}))
    answer.status_code = status
    return answer
