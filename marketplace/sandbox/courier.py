"""Messages to the studio: queued, then sent by a thread of their own; late, lost, twice and forged when told to."""

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from marketplace.sandbox import moments, signing
from marketplace.sandbox.environment import Environment
from marketplace.sandbox.store import Row, Store
from marketplace.sandbox.studio import Studio
from marketplace.sandbox.switches import Switches, switches

logger = logging.getLogger(__name__)
PAUSES = (1, 5, 20, 60)  # seconds before a message that was not taken is sent again
HELD_BACK = 30  # seconds that a request waits for its cancellation to overtake it
TURN = 0.5  # seconds between two looks at what is due


class Courier:
    def __init__(self, environment: Environment, store: Store) -> None:
        self._environment, self._store = environment, store
        self._bell = threading.Event()
        self._last: dict[str, str] = {}

    def start(self) -> None:
        threading.Thread(target=self._work, name="courier", daemon=True).start()

    def queue(self, kind: str, data: dict[str, Any], *, booking_id: str = "") -> None:
        """Put a message about something that happened just now on its way."""
        how = switches(self._store.settings())
        happened = moments.now().timestamp() + how.skew * 60
        body = {"type": kind, "timestamp": _written(happened), "data": data}
        wait = float(how.delay)
        if "reorder" in how.faults and kind == "booking.requested":
            wait += HELD_BACK
        self._store.put(
            "message",
            id=f"msg_{uuid4().hex}",
            kind=kind,
            booking_id=booking_id,
            body=json.dumps(body, ensure_ascii=False),
            due_at=time.time() + wait,
            state="dropped" if "drop" in how.faults else "waiting",
        )
        if kind == "booking.cancelled":  # now the request that it overtook may come
            self._store.run(
                "UPDATE message SET due_at = min(due_at, ?) WHERE booking_id = ? AND kind = 'booking.requested'",
                time.time() + wait + 1.5,
                booking_id,
            )
        self._bell.set()

    def deliver_due(self) -> None:
        """Send each message whose time has come, the oldest first."""
        due = "SELECT * FROM message WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, rowid LIMIT 100"
        for message in self._store.rows(due, time.time()):
            self._deliver(message, switches(self._store.settings()))

    def _work(self) -> None:
        while True:
            self._bell.wait(TURN)
            self._bell.clear()
            try:
                self.deliver_due()
            except Exception:  # the thread must live on
                logger.exception("a message could not be sent")
                time.sleep(1)

    def _deliver(self, message: Row, how: Switches) -> None:
        copies = 3 if "duplicates" in how.faults else 1
        with ThreadPoolExecutor(copies) as together:
            statuses = list(together.map(lambda copy: self._send(message, how, copy, copies), range(copies)))
        tries = message["tries"] + 1
        if any(200 <= status < 300 for status in statuses):
            values: dict[str, Any] = {"state": "sent"}
        elif any(400 <= status < 500 and status != 429 for status in statuses):
            values = {"state": "refused"}
        elif tries > len(PAUSES):
            values = {"state": "given up"}
        else:
            values = {"due_at": time.time() + PAUSES[tries - 1]}
        self._store.change("message", message["id"], tries=tries, **values)

    def _send(self, message: Row, how: Switches, copy: int, copies: int) -> int:
        """The status of the answer."""
        body = message["body"].encode()
        secret, at = self._environment.client_secret, int(time.time()) + how.skew * 60
        notes = [f"{copy + 1} of {copies}"] if copies > 1 else []
        if "wrong_signature" in how.faults:
            secret, notes = f"{secret}-wrong", [*notes, "wrong signature"]
        headers = signing.headers(secret, message["id"], at, body)
        if "replay" in how.faults:
            headers = self._last or signing.headers(secret, message["id"], at, b"{}")
            notes.append("signature of another message")
        else:
            self._last = headers
        studio = Studio(self._environment, self._store, how)
        where = f"/api/webhooks/{self._environment.hook}/"
        return studio.send(
            "POST", where, headers=headers, text=message["body"], kind=message["kind"], note=", ".join(notes)
        ).status


def _written(unix: float) -> str:
    return time.strftime(moments.FORMAT, time.gmtime(unix))
