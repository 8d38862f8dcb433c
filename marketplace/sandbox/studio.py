"""The studio's software as seen from here: one HTTP call at a time, each written down."""

import http.client
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from marketplace.sandbox import moments
from marketplace.sandbox.environment import Environment
from marketplace.sandbox.store import Store
from marketplace.sandbox.switches import Switches

API = "/api/groupx/v1"
LONGEST_ANSWER = 5_000_000  # bytes
WRITES = {"POST", "PUT", "DELETE"}


@dataclass(frozen=True)
class Reply:
    """`status` 0: there was no answer, or nothing that could be read."""

    status: int
    data: Any = None

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def said(self) -> dict[str, Any]:
        """The answer where it is one thing; empty for a list and for nothing."""
        return self.data if isinstance(self.data, dict) else {}

    @property
    def why_not(self) -> str:
        """The studio's own sentence about a refusal."""
        return str(self.said.get("message") or self.said.get("reason") or self.said.get("cause") or "")

    @property
    def parameter(self) -> str:
        """Which part of the request the studio did not find."""
        return str(self.said.get("parameter") or "")


class Studio:
    """Calls the real-time API, and sends messages. What misbehaves on the way is what the switches say."""

    def __init__(self, environment: Environment, store: Store, switches: Switches) -> None:
        self._environment, self._store, self._switches = environment, store, switches

    def ask(
        self,
        method: str,
        path: str,
        *,
        location: str = "",
        query: Mapping[str, str] | None = None,
        body: object = None,
        key: str = "",
    ) -> Reply:
        """Call the real-time API. `path` begins after the version; one `key` is one wish."""
        faults = self._switches.faults
        secret = self._environment.client_secret + ("-wrong" if "wrong_signature" in faults else "")
        headers = {
            "X-Client-ID": self._environment.client_id,
            "X-Client-Secret": secret,
            "X-Location-ID": location or self._environment.locations[0],
        }
        if key:
            headers["Idempotency-Key"] = key
        text = "" if body is None else json.dumps(body, ensure_ascii=False)
        address = f"{API}{path}" + (f"?{urlencode(query)}" if query else "")

        def once(note: str = "") -> Reply:
            return self.send(method, address, headers=headers, text=text, note=note)

        if method not in WRITES:
            return once()
        if "duplicates" in faults:
            with ThreadPoolExecutor(3) as together:
                first, *_others = together.map(once, ("1 of 3", "2 of 3", "3 of 3"))
                return first
        if "drop" in faults:
            once("answer lost, asked again")
        return once()

    def send(
        self, method: str, address: str, *, headers: Mapping[str, str], text: str, kind: str = "", note: str = ""
    ) -> Reply:
        """One request as it is, and a line about it. Secrets are not written down."""
        began = time.monotonic()
        status, answer = self._exchange(method, address, {"Content-Type": "application/json", **headers}, text.encode())
        shown = [f"{name}: {value}" for name, value in headers.items() if name != "X-Client-Secret"]
        self._store.note_call(
            at=moments.written(moments.now()),
            direction="out",
            what=f"{method} {unquote(address)} {kind}".strip(),
            sent="\n".join([*shown, "", text]).strip(),
            status=status,
            answer=answer,
            took=time.monotonic() - began,
            note=note,
        )
        try:
            return Reply(status, json.loads(answer) if answer else None)
        except ValueError:
            return Reply(status if status >= 400 else 0)

    def _exchange(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        where = urlsplit(self._environment.tresen)
        kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
        connection = kind(where.hostname or "localhost", where.port, timeout=self._environment.seconds)
        try:
            connection.request(method, where.path + address, body=body or None, headers=dict(headers))
            response = connection.getresponse()
            return response.status, response.read(LONGEST_ANSWER).decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return 0, f"{type(error).__name__}: {error}"
        finally:
            connection.close()


def segment(text: str) -> str:
    """A part of a path, whatever is in it."""
    return quote(text, safe="")
