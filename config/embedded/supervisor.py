"""Start everything in order, keep it running, stop it in reverse order."""

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg

from config.embedded.account import server_account
from config.embedded.binaries import find_binaries
from config.embedded.datadir import DataDir
from config.embedded.errors import CannotStart
from config.embedded.leftovers import MARK, wait_for_leftovers
from config.embedded.postgres import Postgres
from config.embedded.processes import Child, GaveUp, Processes, Stopped, log_tail
from config.embedded.services import ROOT, sandbox, services
from config.embedded.valkey import Valkey
from config.probe import web_answers

LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to ask what listens everywhere
LOG_LIMIT = 10_000_000  # bytes a log may have at a start; more is put aside as <name>.log.1


def say(text: str) -> None:
    """A line of progress. The terminal may be closed already: then there is nobody to tell."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - stays open for the rest of our life


class Supervisor:
    """Children in the order of their start."""

    def __init__(self, var: Path, *, durable: bool = True) -> None:
        self.data = DataDir(var)
        self.children: list[Child] = []
        self.processes = Processes()
        self._durable = durable

    def open(self) -> None:
        self.data.open()
        for log in (self.data.path / "log").glob("*.log"):
            if log.stat().st_size > LOG_LIMIT:
                log.rename(f"{log}.1")
        wait_for_leftovers(self.data.path, self.processes, say)

    def start_postgres(self, *, may_create_databases: bool = False) -> str:
        """Make the cluster if needed, start it, wait until it answers; its URL for the application's role."""
        account = server_account(self.data.path / "postgres")
        postgres = Postgres(self.data, find_binaries(account), account, durable=self._durable)
        if not (postgres.folder / "PG_VERSION").exists():
            say(f"PostgreSQL: making a database in {postgres.folder} ...")
        if postgres.make_cluster(self.processes):
            (self.data.path / "demo-loaded").unlink(missing_ok=True)
        self.start(postgres.child, postgres.is_ready)
        try:
            postgres.make_role_and_database(may_create_databases=may_create_databases)
        except psycopg.OperationalError as error:
            raise CannotStart(
                f"PostgreSQL did not let us in: {error}\n"
                f"If {self.data.path}/secrets.json is not the one that was made with this data, put that one back."
            ) from error
        return postgres.url()

    def start_valkey(self) -> str:
        account = server_account(self.data.path / "valkey")
        valkey = Valkey(self.data, find_binaries(account), account)
        valkey.make_folder()
        self.start(valkey.child, valkey.is_ready)
        return valkey.url()

    def start(self, child: Child, is_ready: Callable[[], bool] | None = None) -> None:
        """Start a child and, if told how to see it, wait until it is ready: however long, as long as it lives."""
        say(f"{child.name}: starting ...")
        child.start(self.processes)
        self.children.append(child)
        began = told = time.monotonic()
        while is_ready is not None and not is_ready():
            if not child.is_up():
                raise CannotStart(f"{child.name} does not start. {log_tail(child.log)}")
            if time.monotonic() - told > 5:
                told = time.monotonic()
                say(f"{child.name}: still starting after {told - began:.0f} s (log: {child.log})")
            self.processes.pause(0.1)

    def run_once(self, name: str, words: list[str], environment: Mapping[str, str]) -> None:
        """Run a step that ends by itself, its output on the terminal."""
        quiet = {"LOG_LEVEL": "WARNING", **environment}
        step = self.processes.spawn([sys.executable, "-m", *words], cwd=ROOT, env=quiet)
        self.processes.finish(step, name)

    def watch(self) -> None:
        """Restart what dies, each by itself, until asked to stop. Raises GaveUp when a child keeps dying."""
        while True:
            now = time.monotonic()
            timeout = 60.0
            for child in self.children:
                if child.process is not None and not child.is_up():
                    status = child.process.returncode
                    wait = child.note_death()
                    say(f"{child.name} ended (status {status}); starting it again in {wait:g} s. Log: {child.log}")
                if child.process is None:
                    if child.retry_at <= now:
                        child.start(self.processes)
                    else:
                        timeout = min(timeout, child.retry_at - now)
            if self.processes.wait(timeout):
                return

    def stop(self) -> None:
        for child in reversed(self.children):
            say(f"{child.name}: stopping ...")
            child.stop(self.processes)
        self.data.close()


def run(environment: Mapping[str, str]) -> int:
    """`make run`. The exit status: 0 when asked to stop, 1 when something has to be put right first."""
    var = Path(environment.get("TRESEN_VAR") or ROOT / "var")
    host, port = environment.get("HOST") or "127.0.0.1", environment.get("PORT") or "8000"
    supervisor = Supervisor(var)
    try:
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise CannotStart(f"PORT={port} is not a port number. Example: PORT=8010 make run")
        supervisor.open()
        _start_all(supervisor, environment, host=host, port=int(port))
        supervisor.watch()
    except Stopped:
        pass
    except (CannotStart, GaveUp, OSError) as error:
        say(f"\nTresen could not go on: {error}\n")
        return 1
    finally:
        supervisor.stop()
        say("Tresen has stopped.")
    return 0


def _start_all(supervisor: Supervisor, given: Mapping[str, str], *, host: str, port: int) -> None:
    refuse_taken_port(host, port)
    environment = {name: value for name, value in given.items() if not name.startswith("PG")} | {
        "TRESEN_VAR": str(supervisor.data.path),
        "PYTHONUNBUFFERED": "1",
        MARK: str(supervisor.data.path),
    }
    environment.setdefault("SECRET_KEY", supervisor.data.secrets()["secret_key"])
    environment.setdefault("HTTPS", "0")
    own_database = not given.get("DATABASE_URL")
    if own_database:
        environment["DATABASE_URL"] = supervisor.start_postgres()
    supervisor.run_once("Preparing the database", ["config.prepare", "all"], environment)
    if not given.get("REDIS_URL"):
        environment["REDIS_URL"] = supervisor.start_valkey()
    demo, sandbox_at = given.get("TRESEN_DEMO", "1" if own_database else "0") == "1", ""
    if demo:
        environment.setdefault("PRIVATE_TARGETS", "1")  # the sandbox marketplace is on this machine
        beside = int(given.get("SANDBOX_PORT") or port + 1)
        environment |= {"PORT": str(port), "SANDBOX_ADDRESS": f"http://127.0.0.1:{beside}/hooks/"}
        _load_demo(supervisor, environment)
        sandbox_at = _start_sandbox(supervisor, environment, port=beside)
    *others, web = services(supervisor.data.path, environment, host=host, port=port)
    for child in others:
        supervisor.start(child)
    supervisor.start(web, lambda: web_answers(LOCAL.get(host, host), port))
    say(_welcome(host, port, demo=demo, sandbox_at=sandbox_at))


def _load_demo(supervisor: Supervisor, environment: Mapping[str, str]) -> None:
    """Once for each database, and again when the sandbox has moved: the demo says where it is."""
    loaded, address = supervisor.data.path / "demo-loaded", environment["SANDBOX_ADDRESS"]
    if not loaded.exists() or loaded.read_text() != address:
        say("Demo: loading two studios ...")
        supervisor.run_once(
            "Loading the demo", ["django", "demo"], {**environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
        )
        loaded.write_text(address)


def _start_sandbox(supervisor: Supervisor, environment: Mapping[str, str], *, port: int) -> str:
    """Where it is. Beside the demo only; a taken port is no reason not to start Tresen: then there is none."""
    try:
        refuse_taken_port("127.0.0.1", port)
    except (CannotStart, OverflowError):
        say(f"sandbox: port {port} cannot be used, so there is none. Choose another: SANDBOX_PORT=<port> make run")
        return ""
    supervisor.start(sandbox(supervisor.data.path, environment, port=port), lambda: web_answers(port=port))
    return f"http://127.0.0.1:{port}/"


def refuse_taken_port(host: str, port: int) -> None:
    """Raises CannotStart when another program listens there, before anything is started in vain."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} on {host} cannot be used: {error.strerror}. Choose another: PORT={port + 2} make run"
            ) from error


def _welcome(host: str, port: int, *, demo: bool, sandbox_at: str) -> str:
    lines = ["", f"Tresen is ready: http://{host}:{port}/   (Ctrl-C stops it)"]
    if demo:
        lines += [
            "",
            "  owner@demo.test      owner of the studio demo      manager@demo.test    manager",
            "  desk@demo.test       reception: checks in          viewer@demo.test     reception: sees only",
            "  teacher@demo.test    own classes                   owner@other.test     owner of the studio other",
            "  operator@tresen.test operator of the installation, at /admin/; mails land at /mail/",
            "",
            "  Password of all: tresen-demo. PIN at the desk: 4719 desk, 8362 manager",
        ]
    if sandbox_at:
        lines.append(f"  A marketplace to try it with, Fitpass One (sandbox): {sandbox_at}")
    return "\n".join([*lines, ""])
