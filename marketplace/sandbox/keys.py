"""The key that signs the sandbox's own cookies: made once, kept beside its data."""

import os
import secrets
from pathlib import Path


def secret_key(folder: Path) -> str:
    """Read it, or make it. Two that make it at once end up with the same one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "secret_key"
    if not file.exists():
        unfinished = folder / f"secret_key.{os.getpid()}"
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_urlsafe(48))
        try:
            os.link(unfinished, file)
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    return file.read_text()
