"""Log a test client in at little cost.

Django's own way tells everybody who listens for a login and makes the session twice: seventeen statements. What a test
needs of it is one row.
"""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.test import Client


def install() -> None:
    """From now on `force_login` of a client without a session writes the session and nothing else. What follows from a
    login (`last_login`, `seen_at`, counting failures) is tested with the real one."""
    told = Client.force_login

    def force_login(self: Client, user: Any, backend: str | None = None) -> None:
        if settings.SESSION_COOKIE_NAME in self.cookies:
            told(self, user, backend)
            return
        user.backend = backend or self._get_backend()
        session = import_module(settings.SESSION_ENGINE).SessionStore()
        session[SESSION_KEY] = user._meta.pk.value_to_string(user)
        session[BACKEND_SESSION_KEY] = user.backend
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create_model_instance(dict(session.items())).save(force_insert=True)
        request = HttpRequest()
        request.session = session
        self._set_login_cookies(request)

    Client.force_login = force_login  # type: ignore[method-assign]
