"""What the embedded start refuses, and how it treats children, without starting all of Tresen."""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.embedded import binaries, processes, supervisor
from config.embedded.account import CANDIDATES, Account, server_account
from config.embedded.binaries import Binaries, find_binaries
from config.embedded.datadir import DataDir
from config.embedded.errors import CannotStart
from config.embedded.postgres import Postgres, stale_pid
from config.embedded.processes import Child, GaveUp
from config.embedded.services import sandbox
from config.embedded.supervisor import refuse_taken_port
from tests.config.installation import Installation

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    made = DataDir(tmp_path / "var")
    made.open()
    return made


def test_secrets_are_made_once_and_readable_by_their_owner_alone(data: DataDir) -> None:
    first = data.secrets()

    assert len({*first.values()}) == 3
    assert all(len(secret) >= 64 for secret in first.values())
    assert data.secrets() == first
    assert stat.S_IMODE((data.path / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(data.path.stat().st_mode) == 0o700


def test_a_data_folder_in_use_is_refused_with_its_process(data: DataDir) -> None:
    with pytest.raises(CannotStart, match=rf"already running on .* \(process {os.getpid()}\)"):
        DataDir(data.path).open()


def test_a_data_folder_that_cannot_be_made_says_what_to_do() -> None:
    with pytest.raises(CannotStart, match="TRESEN_VAR=<folder>"):
        DataDir(Path("/proc/no-such-place/var")).open()


@pytest.mark.parametrize("name", ["with space", "comma,", "ü", "long" * 30])
def test_clients_get_a_plain_path_to_sockets_in_any_folder(tmp_path: Path, name: str) -> None:
    data = DataDir(tmp_path / name)
    sockets = data.path / "postgres/socket"
    sockets.mkdir(parents=True)

    path = data.client_path(sockets)

    assert path.resolve() == sockets
    assert str(path).isascii()
    assert not {" ", ","} & set(str(path))
    assert len(str(path)) < 80
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    data.close()
    assert not path.parent.exists()


def test_a_short_plain_folder_is_used_as_it_is(data: DataDir) -> None:
    assert data.client_path(Path("/srv/tresen/var/socket")) == Path("/srv/tresen/var/socket")


def test_a_link_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "with space")
    private = data.client_path(data.path / "socket").parent
    private.chmod(0o755)

    with pytest.raises(CannotStart, match="belongs to somebody else"):
        data.client_path(data.path / "socket")
    data.close()


def test_data_of_another_major_version_is_refused_and_left_alone(data: DataDir) -> None:
    folder = data.path / "postgres"
    folder.mkdir()
    (folder / "PG_VERSION").write_text("17\n")
    nowhere = Path("/nowhere")
    postgres = Postgres(data, Binaries(nowhere, nowhere, nowhere), None)

    with pytest.raises(CannotStart, match="written by PostgreSQL 17; this is PostgreSQL 18"):
        postgres.make_cluster(None)  # type: ignore[arg-type]
    assert [file.name for file in folder.iterdir()] == ["PG_VERSION"]


def test_a_pid_file_that_names_a_stranger_is_stale(tmp_path: Path) -> None:
    assert stale_pid(tmp_path) is None
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n/proc/self/cwd\n")
    assert stale_pid(tmp_path) == os.getpid()
    (tmp_path / "postmaster.pid").write_text("")  # killed while it was written
    assert stale_pid(tmp_path) is None


def test_an_account_that_cannot_reach_the_wheels_gets_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, True])
    monkeypatch.setattr(binaries, "_can_run", lambda *_: next(answers))
    monkeypatch.setattr(binaries, "CACHE", tmp_path / "cache")
    umask = os.umask(0o077)
    try:
        found = find_binaries(Account(4711, 4711))
    finally:
        os.umask(umask)

    for executable in (found.initdb, found.postgres, found.valkey):
        assert executable.is_relative_to(tmp_path / "cache")
        assert subprocess.run([executable, "--version"], capture_output=True).returncode == 0
        for path in (executable, *executable.parents[: -len(tmp_path.parents) - 1]):
            assert path.stat().st_mode & 0o005 == 0o005
    assert found.postgres.parent.parent.joinpath("share/postgresql.conf.sample").stat().st_mode & 0o004


def test_roots_servers_run_as_the_owner_of_their_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_account(tmp_path) is None

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(Path, "stat", lambda _: os.stat_result((0o40700, 0, 0, 1, 4711, 4712, 0, 0, 0, 0)))
    assert server_account(tmp_path) == Account(4711, 4712)


def test_root_without_an_account_for_servers_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    found = server_account(tmp_path / "new")
    assert found is not None
    assert found.uid != 0
    assert CANDIDATES == ("postgres", "nobody")

    monkeypatch.setenv("TRESEN_ACCOUNT", "no-such-account")
    with pytest.raises(CannotStart, match="no account no-such-account to run it as"):
        server_account(tmp_path / "new")


def test_a_child_that_keeps_dying_is_retried_ever_later_and_then_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = Child("web", ["false"], tmp_path / "web.log", tmp_path, dict)
    child.log.write_text("disk full\n")

    monkeypatch.setattr(processes.time, "monotonic", lambda: 10.0)
    assert [child.note_death() for _ in range(6)] == [0.5, 1, 2, 4, 8, 16]
    with pytest.raises(GaveUp, match=r"web died 7 times in a row(.|\n)*disk full"):
        child.note_death()

    monkeypatch.setattr(processes.time, "monotonic", lambda: 100.0)
    assert child.note_death() == 0.5  # had stayed up in between


def test_a_taken_port_is_refused_with_another_one_to_try() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotStart, match=f"Port {port} .* PORT={port + 2} make run"):
            refuse_taken_port("127.0.0.1", port)


def test_what_hinders_a_start_is_said_and_ends_it(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "var")
    (installation.var / "postgres").mkdir(parents=True)
    (installation.var / "postgres/PG_VERSION").write_text("9.6\n")

    status, said = installation.try_to_start()

    assert status == 1
    assert "Tresen could not go on: The data in" in said
    assert "was written by PostgreSQL 9.6" in said


def test_throwaway_servers_are_gone_with_their_command() -> None:
    question = (
        "import json, os, psycopg, sys;"
        "c = psycopg.connect(os.environ['DATABASE_URL']);"
        "print(json.dumps([os.environ['TRESEN_VAR'], c.execute('SHOW fsync').fetchone()[0]])); sys.exit(3)"
    )
    done = subprocess.run(
        [sys.executable, "-m", "config.embedded", "throwaway", sys.executable, "-c", question],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3, done.stderr
    var, fsync = json.loads(done.stdout)
    assert fsync == "off"
    assert not Path(var).exists()


def test_the_sandbox_gets_none_of_our_secrets(tmp_path: Path) -> None:
    ours = {"SECRET_KEY": "s", "DATABASE_URL": "d", "REDIS_URL": "r", "PATH": "/bin", "PORT": "8000"}
    child = sandbox(tmp_path, ours | {"SANDBOX_ZONE": "UTC"}, port=8001)
    assert child.env() == {"PATH": "/bin", "PORT": "8000", "SANDBOX_ZONE": "UTC", "SANDBOX_PORT": "8001"}


def test_a_taken_port_is_no_reason_to_do_without_tresen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started: list[str] = []
    told = SimpleNamespace(
        data=SimpleNamespace(path=tmp_path), start=lambda child, _is_ready: started.append(child.name)
    )
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert supervisor._start_sandbox(told, {}, port=port) == ""  # type: ignore[arg-type]
    assert f"port {port} cannot be used" in capsys.readouterr().out
    assert supervisor._start_sandbox(told, {}, port=port) == f"http://127.0.0.1:{port}/"  # type: ignore[arg-type]
    assert supervisor._start_sandbox(told, {}, port=65536) == ""  # type: ignore[arg-type]
    assert started == ["sandbox"]
