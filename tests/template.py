"""A migrated database to copy: migrating takes seconds, a copy of what came of it takes a tenth of one.

`python -m tests.template` makes it on the server of DATABASE_URL, where all test processes find it. Its name says which
migrations have made it: with another one beside them it is made anew.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import django
import psycopg
from django.apps import apps
from psycopg import sql
from psycopg.conninfo import make_conninfo

ROOT = Path(__file__).resolve().parents[1]
LOCK = 0x74656D70  # an arbitrary number that no other use of advisory locks has
PREFIX = "tresen_template_"


def template() -> str:
    """The name of a database on the server of DATABASE_URL in which `config.prepare` has done its work; whoever asks
    first makes it, others wait."""
    name = f"{PREFIX}{digest()}"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        found = {
            one for (one,) in server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        }
        if name not in found:
            for old in found:  # of other migrations, or unfinished
                server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(old)))
            unfinished = f"{PREFIX}unfinished"
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
            migrate(make_conninfo(os.environ["DATABASE_URL"], dbname=unfinished))
            server.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name))
            )
    return name


def migrate(database: str) -> None:
    """As an installation does before it starts."""
    subprocess.run(
        [sys.executable, "-m", "config.prepare", "database"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def digest() -> str:
    """Of all migrations, those of the libraries too, and of what prepares the database."""
    files = [ROOT / "config/prepare.py", ROOT / "config/migrating.py"]
    for app in apps.get_app_configs():
        files += sorted(Path(app.path, "migrations").glob("*.py"))
    made = hashlib.sha256()
    for file in files:
        made.update(f"{file.parent.parent.name}/{file.name}".encode() + b"\0" + file.read_bytes() + b"\0")
    return made.hexdigest()[:24]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    template()
