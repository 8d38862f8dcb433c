"""Run every benchmark and print one table; exit code 1 when a limit does not hold."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psycopg

from config.embedded.services import ROOT
from tests.bench.database import fill, own_database

if TYPE_CHECKING:
    from tests.bench.measures import Row

PAST, LITTLE_PAST, DUE = 1_000_000, 10_000, 1000


def main() -> int:
    if "DATABASE_URL" not in os.environ:
        command = [
            sys.executable,
            "-m",
            "config.embedded",
            "throwaway",
            "--durable",
            sys.executable,
            "-m",
            "tests.bench",
        ]
        return subprocess.call(command, cwd=ROOT)
    os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.bench.settings", "HTTPS": "0"}
    began = time.monotonic()
    with ExitStack() as stack:
        small = stack.enter_context(own_database("small"))
        big = stack.enter_context(own_database("big"))
        for url, past in ((small, LITTLE_PAST), (big, PAST)):
            tell(f"a database with {past:,} past reservations ...", began)
            prepare(url, past)
        os.environ["DATABASE_URL"] = big
        holds = run(stack, small, big, began)
        from django.db import connections  # noqa: PLC0415

        connections.close_all()
    return 0 if holds else 1


def prepare(url: str, past: int) -> None:
    environment = {**os.environ, "DATABASE_URL": url}
    for module in (["config.prepare", "database"], ["tests.bench.house"]):
        subprocess.run([sys.executable, "-m", *module], cwd=ROOT, env=environment, check=True)
    fill(url, past=past)


def run(stack: ExitStack, small: str, big: str, began: float) -> bool:
    import django  # noqa: PLC0415 (DATABASE_URL must say which database first)

    django.setup()
    from django.db import connection  # noqa: PLC0415
    from django.test import Client as InProcess  # noqa: PLC0415

    from portal.models import User  # noqa: PLC0415
    from tests.bench import (  # noqa: PLC0415
        insight,
        invoices,
        marketplaces,
        measures,
        members,
        packages,
        roster,
        schedule,
        schedule_screens,
        statements,
    )
    from tests.bench.models import Note  # noqa: PLC0415
    from tests.bench.server import serving  # noqa: PLC0415

    with connection.schema_editor() as editor:
        editor.create_model(Note)
    person = InProcess(headers={"host": "127.0.0.1"})
    person.force_login(User.objects.get(), backend="allauth.account.auth_backends.AuthenticationBackend")
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in person.cookies.items())
    with psycopg.connect(big) as source, psycopg.connect(small) as target:
        for row in source.execute("SELECT session_key, session_data, expire_date FROM django_session"):
            target.execute("INSERT INTO django_session VALUES (%s, %s, %s)", row)

    holds = True
    few, many, bare = (
        stack.enter_context(serving(small)),
        stack.enter_context(serving(big)),
        stack.enter_context(serving(big, "tests.bench.bare:application")),
    )
    for name, rows in {
        "pages": lambda: measures.pages(few, many, cookie, person),
        "check-in": lambda: measures.check_in(many, bare, cookie, big),
        "last places": lambda: measures.last_places(many, cookie, big),
        "CSV": lambda: measures.month_as_csv(many, cookie, big, rows=PAST),
        "sweep": lambda: measures.sweep(big, past=PAST, due=DUE),
        "year": schedule.year_of_items,
        "schedule": lambda: schedule_screens.week_of_many(person, big),
        "roster": lambda: roster.roster_of_many(person, big),
        "members": lambda: members.members(person, big),
        "packages": lambda: packages.packages(big),
        "marketplaces": lambda: marketplaces.marketplaces(many, cookie),
        "insight": lambda: insight.insight(person, big),
        "invoices": invoices.invoices,
        "statements": statements.statement_lines,
    }.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        tell(f"{name} ...", began)
        holds &= show(rows())
    tell("done", began)
    return holds


def show(rows: "Iterable[Row]") -> bool:
    holds = True
    for row in rows:
        holds &= row.holds
        sys.stdout.write(f"{'ok' if row.holds else 'FAIL':4}  {row.limit:12}  {row.what}: {row.figure}\n")
        sys.stdout.flush()
    return holds


def tell(words: str, began: float) -> None:
    sys.stderr.write(f"[{time.monotonic() - began:4.0f} s] {words}\n")


if __name__ == "__main__":
    sys.exit(main())
