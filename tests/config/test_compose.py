"""docker-compose.yml without a container engine: its own commands, run on a PostgreSQL and a Valkey at hand."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from ruamel.yaml import YAML

from config.broker import client_url
from config.embedded.binaries import find_binaries
from config.embedded.services import BEAT, WEB, WORKER
from config.probe import beat_ticks, web_answers
from tests.config.installation import ask, eventually, free_port
from tests.template import template

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
SERVICES = COMPOSE["services"]
OWN = ("migrate", "web", "worker", "beat")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the containers get, with the test servers in the place of the services postgres and valkey."""
    server = os.environ["DATABASE_URL"]
    name = f"compose_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template()}")
    parts = {key: value for key, value in conninfo_to_dict(server).items() if key != "dbname"}
    with psycopg.connect(make_conninfo(dbname=name, **parts), autocommit=True) as connection:
        # One table is still to be made; two that make it at once, and do not wait, would be in each other's way.
        connection.execute("DROP TABLE django_session; DELETE FROM django_migrations WHERE app = 'sessions'")
    broker = client_url(os.environ["REDIS_URL"]).partition("?")[0]
    made = {
        key: re.sub(r"\$\{\w+:[?-](.*)\}", r"\1", value) for key, value in SERVICES["migrate"]["environment"].items()
    }
    yield made | {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "compose" * 10,
        "ALLOWED_HOSTS": "tresen.example",
        "DATABASE_URL": make_conninfo(dbname=name, **parts),  # libpq takes this wherever it takes a URL
        "REDIS_URL": f"{broker}?db=5",
        "TRESEN_VAR": str(tmp_path),
        "STATIC_ROOT": str(tmp_path / "static"),
    }
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def command(words: list[str], replaced: dict[str, str]) -> list[str]:
    return [replaced.get(word, word) for word in words]


def test_the_services_start_in_order_and_answer(environment: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    replaced = {
        "python": sys.executable,
        "8000": str(port),
        "0.0.0.0": "127.0.0.1",  # noqa: S104
        "/var/lib/tresen/celerybeat-schedule": str(tmp_path / "celerybeat-schedule"),
    }
    subprocess.run([sys.executable, "-m", "config.prepare", "files"], cwd=ROOT, env=environment, check=True)
    migrate = command(SERVICES["migrate"]["command"], replaced)
    both = [subprocess.Popen(migrate, cwd=ROOT, env=environment) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]  # the second waits for the first

    started = []
    try:
        for name in ("web", "worker", "beat"):
            complete = environment | {
                key: value for key, value in SERVICES[name]["environment"].items() if key not in environment
            }
            with (tmp_path / f"{name}.log").open("wb") as log:
                words = command(SERVICES[name]["command"], replaced)
                started.append(subprocess.Popen(words, cwd=ROOT, env=complete, stdout=log, stderr=log))
        with pytest.MonkeyPatch.context() as here:
            here.setenv("ALLOWED_HOSTS", environment["ALLOWED_HOSTS"])
            here.setenv("TRESEN_VAR", environment["TRESEN_VAR"])
            eventually(lambda: web_answers(port=port))
            eventually(beat_ticks)
            assert ask(port, "/livez")[0] == 200
            assert eventually(lambda: (found := ask(port, "/healthz"))[0] == 200 and found)
        probe = command(SERVICES["worker"]["healthcheck"]["test"][1:], replaced)
        eventually(lambda: subprocess.run(probe, cwd=ROOT, env=environment, capture_output=True).returncode == 0)

        assert [process.poll() for process in started] == [None, None, None]
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        ends = [process.wait(30) for process in started]
    assert ends == [0, 0, 0]


def test_containers_and_make_run_start_the_same_commands() -> None:
    image = re.search(r"^CMD (\[.*?\])$", (ROOT / "Dockerfile").read_text().replace("\\\n", " "), re.MULTILINE)
    assert image
    web = SERVICES["web"]["command"]
    assert json.loads(image[1]) == web
    assert web[: len(WEB) + 2] == ["python", "-m", *WEB]
    assert SERVICES["worker"]["command"] == ["python", "-m", *WORKER]
    assert SERVICES["beat"]["command"][: len(BEAT) + 2] == ["python", "-m", *BEAT]


def test_services_are_scalable_checked_and_confined() -> None:
    for name, service in SERVICES.items():
        assert "container_name" not in service
        assert ("healthcheck" in service) == (name != "migrate")
    for name in OWN:
        assert SERVICES[name]["read_only"]
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert "ports" not in SERVICES[name] or name == "web"
    assert re.search(r":-\d+-\d+}:8000$", SERVICES["web"]["ports"][0])  # a range of host ports


def test_the_application_role_is_no_superuser() -> None:
    """The statements that the container of PostgreSQL runs once, on a server where the administrator is at hand."""
    psql = find_binaries(None).postgres.with_name("psql")
    role = COMPOSE["configs"]["application-role"]["content"].replace("tresen", "compose_role")
    script = (
        "import json, os, subprocess, sys;"
        "secrets = json.load(open(os.environ['TRESEN_VAR'] + '/secrets.json'));"
        "url = os.environ['DATABASE_URL'].replace(secrets['database'], secrets['database_admin']);"
        "url = url.replace('//tresen:', '//postgres:').replace('@/tresen?', '@/postgres?');"
        "sys.exit(subprocess.run([sys.argv[1], '-v', 'ON_ERROR_STOP=1', '-At', url],"
        " input=sys.argv[2] + \"SELECT rolsuper, rolcanlogin FROM pg_roles WHERE rolname = 'compose_role';\","
        " text=True).returncode)"
    )
    done = subprocess.run(
        [sys.executable, "-m", "config.embedded", "throwaway", sys.executable, "-c", script, str(psql), role],
        cwd=ROOT,
        env=os.environ | {"DATABASE_PASSWORD": "it's"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1:] == ["f|t"], done.stderr
