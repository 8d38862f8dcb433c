"""Make this checkout and its database ready to serve: `python -m config.prepare [files|database|all]`.

`files` compiles the translations and collects the static files, `database` migrates and makes the cache table. Both
may be repeated; migrating is guarded, so that of two that start at once the second waits for the first.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from config.migrating import keep_models

MIGRATION_LOCK = 0x74726573  # an arbitrary number that no other use of advisory locks has


def prepare_files() -> None:
    for folder in settings.LOCALE_PATHS:
        for catalogue in sorted(Path(folder).glob("*/LC_MESSAGES/*.po")):
            compile_catalogue(catalogue)
    print("Static files ...", flush=True)
    call_command("collectstatic", interactive=False, verbosity=0)


def compile_catalogue(catalogue: Path) -> None:
    """Write the .mo beside a .po, unless it is newer. Replaced at once: two that do this together do no harm."""
    compiled = catalogue.with_suffix(".mo")
    if compiled.exists() and compiled.stat().st_mtime >= catalogue.stat().st_mtime:
        return
    print(f"Translations: {catalogue.parent.parent.name} ...", flush=True)
    unfinished = compiled.with_suffix(f".{os.getpid()}")
    with catalogue.open("rb") as source, unfinished.open("wb") as target:
        write_mo(target, read_po(source))
    unfinished.rename(compiled)


def prepare_database() -> None:
    print("Database: migrating ...", flush=True)
    keep_models()
    with one_at_a_time():
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the migration lock on Django's own connection; a killed migration frees it with its session.

    A migration may run longer than a request: its statements have no time limit. It waits 30 s for a table's lock.
    """
    with connection.cursor() as cursor:
        for limit in (
            "statement_timeout",
            "transaction_timeout",
            "idle_in_transaction_session_timeout",
            "lock_timeout",
        ):
            cursor.execute(f"SET {limit} = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        cursor.execute("SET lock_timeout = '30s'")
        yield
    connection.close()


def main(words: list[str]) -> int:
    what = words[0] if words else "all"
    if what not in {"files", "database", "all"}:
        print(__doc__, file=sys.stderr)
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    if what != "database":
        prepare_files()
    if what != "files":
        prepare_database()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
