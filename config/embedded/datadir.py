"""The data folder (TRESEN_VAR): its lock, its secrets, and a path to its sockets that every client understands."""

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
from pathlib import Path

from config.embedded.errors import CannotStart

# A Unix socket's path holds 107 bytes at most; libpq splits hosts at commas and kombu does not decode %20.
_PLAIN_SOCKET_FOLDER = re.compile(r"/[A-Za-z0-9/._-]{1,80}")


class DataDir:
    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None
        self._links: Path | None = None

    def open(self) -> None:
        """Make the folder if needed and hold its lock for life. Raises CannotStart when another start holds it."""
        try:
            if not self.path.exists():
                self.path.mkdir(mode=0o700, parents=True)
            if (owner := self.path.stat().st_uid) != os.geteuid():
                raise CannotStart(
                    f"The data folder {self.path} belongs to user {owner}, not to you.\n"
                    "Run this as that user, or use another folder: TRESEN_VAR=<folder> make run"
                )
            (self.path / "log").mkdir(mode=0o700, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotStart(
                f"The data folder {self.path} cannot be written: {error.strerror}.\n"
                "Run this as its owner, or use another folder: TRESEN_VAR=<folder> make run"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 20, 0).decode() or "unknown"
            raise CannotStart(
                f"Tresen is already running on {self.path} (process {holder}).\n"
                "Use that one, stop it first, or start a second one beside it: TRESEN_VAR=<folder> PORT=8010 make run"
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    def secrets(self) -> dict[str, str]:
        """Random secrets of this installation, made once and readable by its owner alone."""
        file = self.path / "secrets.json"
        if not file.exists():
            made = {name: secrets.token_urlsafe(48) for name in ("secret_key", "database", "database_admin")}
            with tempfile.NamedTemporaryFile("w", dir=self.path, delete=False) as unfinished:  # is 0600
                json.dump(made, unfinished)
                unfinished.flush()
                os.fsync(unfinished.fileno())
            Path(unfinished.name).rename(file)
        kept: dict[str, str] = json.loads(file.read_text())
        return kept

    def client_path(self, folder: Path) -> Path:
        """A path to `folder` that is short and plain enough for clients of the sockets in it.

        Where the real path is too long or has a space in it, this is a symbolic link in a private folder of /tmp.
        """
        if _PLAIN_SOCKET_FOLDER.fullmatch(str(folder)):
            return folder
        name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        private = self._links = Path(f"/tmp/tresen-{os.geteuid()}-{name}")  # noqa: S108 - checked below
        private.mkdir(mode=0o700, exist_ok=True)
        found = private.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise CannotStart(f"{private} belongs to somebody else. Remove it, or use a TRESEN_VAR with a short path.")
        link = private / folder.name
        if not link.is_symlink() or link.readlink() != folder:
            link.unlink(missing_ok=True)
            link.symlink_to(folder)
        return link

    def close(self) -> None:
        """Leave nothing outside the data folder."""
        if self._links:
            shutil.rmtree(self._links, ignore_errors=True)
