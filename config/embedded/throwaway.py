"""A PostgreSQL and a Valkey of their own for one command (tests, benchmarks), gone when it ends."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from config.embedded.errors import CannotStart
from config.embedded.processes import Stopped
from config.embedded.services import ROOT
from config.embedded.supervisor import Supervisor


def run_with_throwaway(command: Sequence[str], environment: Mapping[str, str], *, durable: bool) -> int:
    """Run `command` with DATABASE_URL, REDIS_URL and SECRET_KEY of throwaway servers; its exit status.

    Unless `durable`, PostgreSQL does not wait for the disk.
    """
    folder = Path(tempfile.mkdtemp(prefix="tresen-"))
    supervisor = Supervisor(folder / "var", durable=durable)
    sys.stdout = sys.stderr  # what the command writes is the output
    try:
        supervisor.open()
        complete = {
            "HTTPS": "0",
            **environment,
            "DATABASE_URL": supervisor.start_postgres(may_create_databases=True),
            "REDIS_URL": supervisor.start_valkey(),
            "SECRET_KEY": supervisor.data.secrets()["secret_key"],
            "TRESEN_VAR": str(folder / "var"),
        }
        # In our process group and on our terminal: Ctrl-C reaches it directly.
        process = supervisor.processes.spawn(command, cwd=ROOT, env=complete, stdin=None, own_group=False)
        while process.poll() is None:
            if supervisor.processes.wait(1):
                process.send_signal(signal.SIGTERM)
        return process.returncode if process.returncode >= 0 else 128 - process.returncode
    except Stopped:
        return 128 + signal.SIGTERM
    except (CannotStart, FileNotFoundError) as error:
        print(error)
        return 1
    finally:
        with Path(os.devnull).open("w") as nowhere:
            sys.stdout = nowhere
            supervisor.stop()
            sys.stdout = sys.__stdout__
        shutil.rmtree(folder, ignore_errors=True)
