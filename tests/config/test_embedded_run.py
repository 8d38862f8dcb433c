"""`make run` from outside: real processes, killed in every way, on real data."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.config.installation import NAMES, Installation, alive, ask, eventually


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """In a folder with a space, private to whoever runs the tests; the second test goes on in it."""
    private = tmp_path_factory.mktemp("run") / "private home"
    private.mkdir(mode=0o700)
    found = Installation(private / "var")
    yield found
    if found.process is not None and found.process.poll() is None:
        found.stop()
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def note(installation: Installation, text: str) -> None:
    with installation.database() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text, at timestamptz DEFAULT now())")
        connection.execute("INSERT INTO note VALUES (%s)", [text])


def notes(installation: Installation) -> list[str]:
    with installation.database() as connection:
        return [text for (text,) in connection.execute("SELECT text FROM note ORDER BY at")]


def servers_do_not_run_as_root_and_the_application_is_no_superuser(installation: Installation) -> None:
    for name in ("PostgreSQL", "Valkey"):
        owner = Path(f"/proc/{installation.pid(name)}").stat().st_uid
        assert owner != 0
        assert os.geteuid() in {0, owner}
    with installation.database() as connection:
        rights = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert rights == (False, False, False)
        settings = dict(
            connection.execute(
                "SELECT name, setting FROM pg_settings WHERE name IN "
                "('data_checksums', 'fsync', 'listen_addresses', 'server_encoding', 'TimeZone')"
            ).fetchall()
        )
    assert settings == {
        "data_checksums": "on",
        "fsync": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
    }
    broker = redis.Redis.from_url(installation.environment_of("web")["REDIS_URL"])
    assert broker.config_get("port", "appendonly", "appendfsync", "maxmemory-policy") == {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
    }


def test_each_killed_process_comes_back_and_nothing_is_lost(installation: Installation) -> None:
    installation.start()
    note(installation, "before")
    broker = redis.Redis.from_url(installation.environment_of("web")["REDIS_URL"])
    broker.set("before", "1")
    servers_do_not_run_as_root_and_the_application_is_no_superuser(installation)

    status, said = installation.try_to_start()
    assert (status, "already running" in said) == (1, True)

    for name in NAMES:
        killed = eventually(lambda name=name: installation.pid(name))  # type: ignore[misc]
        os.kill(killed, signal.SIGKILL)
        eventually(lambda name=name, killed=killed: installation.pid(name) not in {None, killed})  # type: ignore[misc]

    # A process is back before it works: PostgreSQL reads its log again first, longest on a busy disk.
    eventually(lambda: ask(installation.port, "/healthz")[0] == 200, seconds=60)
    assert notes(installation) == ["before"]
    assert broker.get("before") == b"1"

    everything = installation.all_pids()
    assert installation.stop(signal.SIGTERM) == 0
    assert not alive(everything)


def test_a_start_after_kill_9_recovers(installation: Installation) -> None:
    installation.start()
    note(installation, "1: before the supervisor was killed")
    everything = installation.all_pids()
    installation.stop(signal.SIGKILL)

    installation.start()  # while the processes of the first start still shut down
    assert not alive(everything)
    note(installation, "2: before all were killed")
    installation.kill_all()
    # After a reboot the number in a pid file may be that of any process, such as this one.
    pid_file = installation.var / "postgres/postmaster.pid"
    pid_file.write_text("\n".join([str(os.getpid()), *pid_file.read_text().splitlines()[1:]]) + "\n")

    installation.start(terminal=True)
    assert [text[0] for text in notes(installation)[-2:]] == ["1", "2"]

    everything = installation.all_pids()
    installation.close_terminal()
    eventually(lambda: not alive(everything))
    log = (installation.var / "log/postgres.log").read_text().splitlines()
    assert log[-1].endswith("database system is shut down")
