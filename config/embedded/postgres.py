"""A PostgreSQL cluster of our own: made once, reached by a Unix socket with passwords, started as a direct child."""

import os
import shutil
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.embedded.account import Account, make_private_folder
from config.embedded.binaries import Binaries
from config.embedded.datadir import DataDir
from config.embedded.errors import CannotStart
from config.embedded.leftovers import is_server_in
from config.embedded.processes import Child, Processes

MAJOR = "18"
ROLE = DATABASE = "tresen"
ADMIN = "postgres"
# The server finds its files through its working directory, so that its account need not be able to walk there:
# a root-owned checkout in a private home stays private.
HERE = "/proc/self/cwd"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": "socket",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # Rows and parameters of failed statements are personal data; the log gets neither.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
# Nothing of the user's: neither PG* variables nor a locale that this machine may not have.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
# For throwaway data only: a crash may corrupt it.
NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "scram_iterations": "1",  # each of a thousand connections proves that it knows the password
    "max_connections": "120",
    "shared_buffers": "64MB",
}


class Postgres:
    def __init__(self, data: DataDir, binaries: Binaries, account: Account | None, *, durable: bool = True) -> None:
        self.folder = data.path / "postgres"
        self._data = data
        self._binaries = binaries
        self._account = account
        settings = SETTINGS if durable else SETTINGS | NOT_DURABLE
        self.child = Child(
            name="PostgreSQL",
            command=[binaries.postgres, "-D", HERE, *(f"--{name}={value}" for name, value in settings.items())],
            log=data.path / "log/postgres.log",
            cwd=self.folder,
            env=self._clear_the_way,
            account=account,
            stop_signal=signal.SIGINT,  # fast shutdown: sessions are ended, nothing is lost
            hurry_signal=signal.SIGQUIT,  # immediate: recovers at the next start
            patience=60,
        )

    def url(self, *, role: str = ROLE, database: str = DATABASE) -> str:
        password = self._data.secrets()["database_admin" if role == ADMIN else "database"]
        host = quote(str(self._data.client_path(self.folder / "socket")), safe="")
        return f"postgresql://{role}:{password}@/{database}?host={host}&port=5432"

    def make_cluster(self, processes: Processes) -> bool:
        """Make the cluster if there is none; True when it is new. Raises CannotStart for another version's."""
        version = self.folder / "PG_VERSION"
        if version.exists():
            if (found := version.read_text().strip()) != MAJOR:
                raise CannotStart(
                    f"The data in {self.folder} was written by PostgreSQL {found}; this is PostgreSQL {MAJOR}.\n"
                    f"Dump it with PostgreSQL {found} (pg_dump -Fc), move the folder away, start, and restore the dump."
                )
            return False
        unfinished = self.folder.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)  # of a start that was killed; nothing was ever served from it
        make_private_folder(unfinished, self._account)
        log = self.child.log
        with tempfile.TemporaryFile() as password, log.open("ab") as output:
            password.write(self._data.secrets()["database_admin"].encode())
            password.seek(0)
            if self._account:
                os.fchown(password.fileno(), self._account.uid, self._account.gid)
            initdb = processes.spawn(
                [
                    self._binaries.initdb,
                    *(
                        "-D",
                        HERE,
                        "-U",
                        ADMIN,
                        "--pwfile=/dev/stdin",
                        "--auth-local=scram-sha-256",
                        "--auth-host=reject",
                    ),
                    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"),
                    "--data-checksums",
                ],
                cwd=unfinished,
                env=ENVIRONMENT,
                account=self._account,
                stdin=password.fileno(),
                output=output.fileno(),
            )
            processes.finish(initdb, "Making the database", log=log)
        make_private_folder(unfinished / "socket", self._account)
        unfinished.rename(self.folder)
        return True

    def is_ready(self) -> bool:
        answer = psycopg.pq.PGconn.ping(self.url(role=ADMIN, database="postgres").encode())
        return answer == psycopg.pq.Ping.OK

    def make_role_and_database(self, *, may_create_databases: bool = False) -> None:
        """The application's role owns its database and is nothing more: no superuser, no other role's data."""
        password = self._data.secrets()["database"]
        with psycopg.connect(self.url(role=ADMIN, database="postgres"), autocommit=True) as connection:
            role = sql.Identifier(ROLE)
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
            connection.execute(
                sql.SQL("ALTER ROLE {} {} PASSWORD {}").format(
                    role, sql.SQL("CREATEDB" if may_create_databases else "NOCREATEDB"), sql.Literal(password)
                )
            )
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), role))

    def _clear_the_way(self) -> Mapping[str, str]:
        """Before each start: take what a killed server left out of the way; the environment for the next one.

        A lock file of before a reboot may name any process of today. The socket's lock guards a folder that is ours
        alone, so it goes. That of the data stays: PostgreSQL is told which process to disregard, and still refuses to
        start beside a server that really runs, by the shared memory which that one holds.
        """
        for file in (self.folder / "socket").glob(".s.PGSQL.*"):
            file.unlink()
        stale = stale_pid(self.folder)
        return ENVIRONMENT | ({"PG_GRANDPARENT_PID": str(stale)} if stale else {})


def stale_pid(folder: Path) -> int | None:
    """The process named by the cluster's pid file, if it lives and is not a server on this data."""
    try:
        pid = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    if Path(f"/proc/{pid}").exists() and not is_server_in(folder, pid):
        return pid
    return None
