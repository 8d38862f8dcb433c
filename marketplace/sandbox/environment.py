"""What the environment says: where the studio's software is, and how this marketplace proves itself there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Environment:
    tresen: str  # http://host:port
    client_id: str
    client_secret: str
    hook: str  # names us in the address to which our messages go
    locations: tuple[str, ...]
    zone: ZoneInfo
    var: Path
    host: str
    port: int
    seconds: float  # how long the studio may take to answer


def read(given: Mapping[str, str]) -> Environment:
    """Every setting with its default; raises ValueError for a port, a zone or a time that is none."""
    port = int(given.get("PORT") or 8000)
    own = Path(given.get("TRESEN_VAR") or ROOT / "var") / "sandbox"
    return Environment(
        tresen=(given.get("SANDBOX_TRESEN") or f"http://127.0.0.1:{port}").rstrip("/"),
        client_id=given.get("SANDBOX_CLIENT_ID") or "wellpass-demo",
        client_secret=given.get("SANDBOX_CLIENT_SECRET") or "wellpass-demo-secret",
        hook=given.get("SANDBOX_HOOK") or str(uuid5(NAMESPACE_URL, "tresen-demo-wellpass")),
        locations=tuple((given.get("SANDBOX_LOCATIONS") or "centrum,noord").split(",")),
        zone=ZoneInfo(given.get("SANDBOX_ZONE") or "Europe/Amsterdam"),
        var=Path(given.get("SANDBOX_VAR") or own),
        host=given.get("SANDBOX_HOST") or "127.0.0.1",
        port=int(given.get("SANDBOX_PORT") or port + 1),
        seconds=float(given.get("SANDBOX_SECONDS") or 6),
    )


@cache
def environment() -> Environment:
    return read(os.environ)
