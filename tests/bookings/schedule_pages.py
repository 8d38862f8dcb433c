"""Shared by the tests of the schedule's pages: who asks, what a form is answered with, and the second look."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import time_machine
from django.http import HttpResponse
from django.test import Client

from portal.models import StaffLogin

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


NOW = local("2026-11-25T12:00")  # the Wednesday of week 48


def ask(login: StaffLogin, path: str, data: dict[str, Any] | None = None, *, status: int = 200, **headers: str) -> Any:
    """GET, or POST with data, below the login's studio at NOW."""
    client = Client(headers=headers or None)
    client.force_login(login.user)
    url = f"/{login.studio.slug}/{path}"
    with time_machine.travel(NOW, tick=False):
        answer = client.get(url) if data is None else client.post(url, data)
    assert answer.status_code == status, words(answer)[:3000]
    return answer


def confirm(login: StaffLogin, path: str, data: dict[str, Any]) -> Any:
    """Look first, then press the button of the look; the page it leads to."""
    look = ask(login, path, data)
    assert look.context["look"].refused == ""
    return ask(login, path, data | {"confirmed": look.context["fingerprint"]}, status=302)


def words(answer: HttpResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def errors(answer: Any, name: str = "form") -> dict[str, list[str]]:
    return dict(answer.context[name].errors)
