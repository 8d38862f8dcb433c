"""A form that is sent twice, by a double click or a slow line, does once what it says."""

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

REMEMBERED = 600  # seconds; nobody's second click comes later

View = Callable[..., HttpResponseBase]


def once(view: View) -> View:
    """For views that make something new and redirect to it: the same form of the same page leads there again.

    A form is known by its CSRF token, which is another one each time that a page is written, and by its answers. The
    second waits until the first is committed, and what the first did not do, it does. Under `studio_view`.
    """

    @wraps(view)
    def sent(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or not request.POST.get("csrfmiddlewaretoken"):
            return view(request, *args, **kwargs)
        form = sha256(repr((request.session.session_key, request.path, sorted(request.POST.lists()))).encode())
        key = f"once-{form.hexdigest()}"
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
            if (led_to := cache.get(key)) is not None:
                return redirect(led_to)
            answer = view(request, *args, **kwargs)
            if answer.status_code == 302:
                cache.set(key, answer.headers["Location"], REMEMBERED)
        return answer

    return sent
