"""Which user the servers run as. PostgreSQL refuses to run as root, so root's servers run as an existing account."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from config.embedded.errors import CannotStart

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


def server_account(data: Path) -> Account | None:
    """None: the current user. For root: the owner of the data that is there already, else an unprivileged account.

    TRESEN_ACCOUNT names another one. No account is ever made.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    wanted = os.environ.get("TRESEN_ACCOUNT")
    for name in (wanted,) if wanted else CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise CannotStart(
        f"PostgreSQL does not run as root, and there is no account {wanted or ' or '.join(CANDIDATES)} to run it as.\n"
        "Run this as a normal user, or name an existing account: TRESEN_ACCOUNT=<name> make run"
    )


def make_private_folder(folder: Path, account: Account | None) -> None:
    """Make `folder` (0700, belonging to `account`) if it is not there; folders above it are left as they are."""
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if account:
            os.chown(folder, account.uid, account.gid)
