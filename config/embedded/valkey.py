"""Valkey of our own, on a Unix socket alone: no TCP port, so no clash and nobody else on this machine."""

import redis

from config.embedded.account import Account, make_private_folder
from config.embedded.binaries import Binaries
from config.embedded.datadir import DataDir
from config.embedded.processes import Child


class Valkey:
    def __init__(self, data: DataDir, binaries: Binaries, account: Account | None) -> None:
        self.folder = data.path / "valkey"
        self._data = data
        self._account = account
        settings = {
            "port": "0",
            "unixsocket": "valkey.sock",
            "unixsocketperm": "700",
            "dir": ".",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
        self.child = Child(
            name="Valkey",
            command=[binaries.valkey, *(word for name, value in settings.items() for word in (f"--{name}", value))],
            log=data.path / "log/valkey.log",
            cwd=self.folder,
            env=lambda: {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            account=account,
        )

    def make_folder(self) -> None:
        make_private_folder(self.folder, self._account)

    def url(self) -> str:
        return f"unix://{self._data.client_path(self.folder)}/valkey.sock"

    def is_ready(self) -> bool:
        with redis.Redis.from_url(self.url(), socket_timeout=1) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:  # not there yet, or still reading its file
                return False
