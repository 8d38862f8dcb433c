"""What is logged: one line each, named fields only, no personal data (S22)."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from django.db import transaction
from django.test import Client

from config.logs import Formatter
from portal.jobs import enqueue, queue, worker
from portal.jobs.bell import bell
from portal.jobs.registry import HANDLERS, Handler
from portal.models import Job, Member, StaffLogin, Studio, User
from portal.redaction import redact

TOKEN = "q7Zp0fYxKw3VnB8sLr2TdHc6MgJ4aEuX"


@pytest.fixture
def lines() -> Iterator[Any]:
    """The log as it is written, from every logger, whatever LOG_LEVEL the tests run with."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter())
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def formatted(message: str, *args: object, name: str = "portal.x", **extra: object) -> str:
    record = logging.LogRecord(name, logging.INFO, __file__, 1, message, args, None)
    record.__dict__.update(extra)
    return Formatter().format(record)


def test_a_line_break_in_a_name_forges_no_line() -> None:
    assert len(formatted('Anna\n{"level": "ERROR"}\r\x85\u2028').splitlines()) == 1


def test_only_named_fields_are_logged() -> None:
    logged = json.loads(formatted("done", member="Anna", email="a@b.test", request=object(), count=3))
    assert set(logged) == {"time", "level", "logger", "event", "count"}


def test_what_a_library_fills_into_its_message_is_not_logged() -> None:
    assert json.loads(formatted("Not found: %s", "Anna", name="somebody.else"))["event"] == "Not found: %s"
    assert json.loads(formatted("swept %s", 3))["event"] == "swept 3"


@pytest.mark.parametrize(
    "secret",
    [
        *("anna.muster@example.com", "ANNA+x@sub.example.co.uk"),
        *("+31 6 12345678", "0031612345678", "+49 (0)89 / 123 456", "06-12345678"),
        *(TOKEN, "tresen:geheim"),
    ],
)
def test_what_looks_personal_is_hidden(secret: str) -> None:
    text = f"postgresql://{secret}@host/x" if ":" in secret else f"before {secret} after"
    kept = redact(text)
    assert not any(part in kept for part in secret.split() if len(part) > 3)


@pytest.mark.parametrize(
    "text", ["2026-11-22T04:53:19.798Z", "job 123456789 took 0.0123 s", "bookings.sweep_no_shows", "10.0.0.1:5432"]
)
def test_what_is_not_personal_is_kept(text: str) -> None:
    assert redact(text) == text


def test_an_error_is_logged_as_its_class_and_place_without_message_or_locals() -> None:
    anna = "Anna Kanarienvogel"
    try:
        raise ValueError(anna)
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    logged = Formatter().format(record)
    assert anna not in logged
    assert json.loads(logged)["error"].startswith("ValueError in tests/config/test_logs.py:")
    assert json.loads(logged)["trace"] == [json.loads(logged)["error"].removeprefix("ValueError in ")]


def test_a_request_is_one_line_without_its_path(lines: Any, client: Client) -> None:
    client.get("/livez")
    client.get("/Anna/nowhere/at/all/?q=Anna", headers={"X-Request-ID": "from-the-proxy-1"})
    (line,) = lines()
    assert line["event"] == "request"
    assert (line["method"], line["route"], line["status"]) == ("GET", None, 404)
    assert line["request"] == "from-the-proxy-1"
    assert "Anna" not in json.dumps(line)


@pytest.mark.parametrize("forged", ["", "short", "x" * 65, "a\nb-c-d-e-f", "<script>-1234"])
def test_a_request_id_that_is_none_is_replaced(client: Client, forged: str) -> None:
    given = client.get("/livez", headers={"X-Request-ID": forged})["X-Request-ID"]
    assert given != forged
    assert len(given) == 32


@pytest.mark.urls("tests.config.failing_urls")
@pytest.mark.django_db(transaction=True)
def test_no_personal_data_reaches_logs_jobs_or_celery(lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    canaries = ["Kanarienvogel", "kanarie@vogel.test", "+31 6 98765432", TOKEN, "Geheimwort"]
    name, email, phone, _token, password = canaries
    studio = Studio.objects.create(slug="s", name="S")
    user = User.objects.create_user(email, password, name=name)
    StaffLogin.objects.create(studio=studio, user=user, preset="owner")
    member = Member.objects.create(
        studio=studio, number="1", first_name="A", last_name=name, email=f"2{email}", phone=phone
    )
    rung: list[Any] = []
    monkeypatch.setattr(current_app, "send_task", lambda *args, **kwargs: rung.append((args, kwargs)))
    monkeypatch.setattr(bell, "_silent_until", 0.0)

    client = Client(raise_request_exception=False)
    assert client.post("/accounts/login/", {"login": email, "password": f"{password} wrong"}).status_code == 200
    client.force_login(user)
    assert client.get(f"/boom/{name}/?token={TOKEN}&q={phone}", headers={"Authorization": TOKEN}).status_code == 500
    client.get("/", headers={"Host": email})
    client.get(f"/s/members/{name}/")

    def fail(job: Job) -> None:
        Member.objects.create(studio=studio, number="1", first_name=name, email=email, phone=phone)

    monkeypatch.setitem(HANDLERS, "canary", Handler(fail, transactional=True, every=None))
    with transaction.atomic():
        enqueue("canary", key="canary", payload={"member": member.pk}, studio=studio)
    job = queue.claim()
    assert job is not None
    worker.run(job, until=0)

    written = lines()
    assert {"request failed", "job failed", "request"} <= {line["event"] for line in written}
    assert next(line["error"] for line in written if line["event"] == "request failed").startswith("ValueError in ")
    job.refresh_from_db()
    assert job.last_error.startswith("IntegrityError 23505 member_number_once_per_studio in tests/")
    assert rung
    kept = json.dumps([written, job.last_error, rung, Job.objects.get().payload], default=str)
    assert [canary for canary in canaries if canary.lower() in kept.lower()] == []
