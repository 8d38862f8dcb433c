"""/livez and /healthz, and the page while the database is away."""

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client

from config import health
from portal.models import Heartbeat, Job


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_latest", health._Latest(health.examine))


@pytest.fixture
def at_work(transactional_db: None) -> None:
    """Beat and a worker have just been seen."""
    Heartbeat.objects.create(name="beat")
    Heartbeat.objects.create(name="worker a@host")
    Heartbeat.objects.create(name="worker gone@host", seen_at=datetime.now(UTC) - timedelta(hours=5))


@pytest.fixture
def frozen() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def report(client: Client, status: int) -> dict[str, Any]:
    response = client.get("/healthz")
    assert response.status_code == status, response.content
    told: dict[str, Any] = response.json()
    assert told["ok"] is (status == 200)
    return told


def test_livez_answers_without_any_database(client: Client) -> None:
    response = client.get("/livez")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert not response.cookies


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
def test_probes_need_no_tls(client: Client, path: str, settings: Any, at_work: None) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path).status_code == 200
    assert client.get("/accounts/login/").status_code == 301


def test_healthz_tells_of_every_part_in_numbers(client: Client, at_work: None) -> None:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    Job.objects.create(key="late", kind="k", run_after=hour_ago)
    Job.objects.create(key="later", kind="k", run_after=datetime.now(UTC) + timedelta(hours=1))
    Job.objects.create(key="dead", kind="k", dead_at=hour_ago, last_error="Anna")
    told = report(client, 200)
    assert set(told) == {"ok", "web", "broker", "database", "migrations", "beat", "worker", "queue"}
    assert told["migrations"] == {"ok": True, "unapplied": 0}
    assert told["beat"]["seconds_ago"] < 10
    assert told["worker"]["seconds_ago"] < 10
    assert (told["queue"]["due"], told["queue"]["dead"]) == (1, 1)
    assert 3600 <= told["queue"]["oldest_due_seconds"] < 3700
    values = [value for part in told.values() if isinstance(part, dict) for value in part.values()]
    assert all(isinstance(value, bool | int | float) for value in values)


def test_health_needs_no_connection_of_the_pool(client: Client, at_work: None, django_db_blocker: Any) -> None:
    with django_db_blocker.block():
        report(client, 200)


@pytest.mark.parametrize(("name", "part"), [("beat", "beat"), ("worker a@host", "worker")])
def test_a_silent_part_is_down(client: Client, at_work: None, name: str, part: str) -> None:
    Heartbeat.objects.filter(name=name).update(seen_at=datetime.now(UTC) - timedelta(minutes=5))
    told = report(client, 503)
    assert [key for key, value in told.items() if isinstance(value, dict) and not value["ok"]] == [part]


def test_a_database_that_lacks_a_migration_is_not_served(
    client: Client, at_work: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_shipped_migrations", lambda: frozenset({("portal", "9999_tomorrow")}))
    assert report(client, 503)["migrations"] == {"ok": False, "unapplied": 1}


def test_a_broker_that_never_answers_is_told_soon(client: Client, at_work: None, frozen: int, settings: Any) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{frozen}/0"
    began = time.monotonic()
    assert report(client, 503)["broker"] == {"ok": False}
    assert time.monotonic() - began < 3


def test_a_database_that_never_answers_is_told_soon(
    client: Client, frozen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", str(frozen))
    began = time.monotonic()
    told = report(client, 503)
    assert told["database"] == {"ok": False}
    assert "worker" not in told
    assert time.monotonic() - began < 4


def test_many_that_ask_are_given_one_answer(client: Client, at_work: None, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def look() -> dict[str, Any]:
        looks.append(1)
        return {"ok": True}

    monkeypatch.setattr(health, "_latest", health._Latest(look))
    for _ in range(5):
        report(client, 200)
    assert len(looks) == 1


def test_a_page_says_when_to_come_back_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: BaseDatabaseWrapper) -> None:
        raise OperationalError("could not translate host name geheim")

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", away)
    client = Client(raise_request_exception=False)
    client.cookies["tresen_session"] = client.cookies["__Host-session"] = "somebody"
    response = client.get("/")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert b"<h1>" in response.content
    assert b"geheim" not in response.content
