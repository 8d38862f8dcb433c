"""Calls of marketplaces go past what only pages need: sessions, languages, form tokens, the desk's guard."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve

Answer = Callable[[HttpRequest], HttpResponseBase]


class ApiLane:
    """Calls the view at once for all that is below `/api/` but the readable page and the webhooks.

    Those views know nothing of people who are logged in, prove the caller themselves, limit what they read, and turn
    every failure into JSON. The real-time check has a budget of milliseconds, and the middleware of pages would take
    more than its queries do.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if not path.startswith("/api/") or path == "/api/" or path.startswith("/api/webhooks/"):
            return self.get_response(request)
        request.resolver_match = match = resolve(path)
        return match.func(request, *match.args, **match.kwargs)
