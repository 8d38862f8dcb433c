"""The doorbell: tells a worker to look at its rows. Losing, doubling or delaying a ring is harmless."""

import logging
import time

import redis
from celery import current_app
from django.conf import settings
from django.db import connection, transaction

logger = logging.getLogger(__name__)


class Bell:
    """Rings without ever failing. After a failure it stays silent for a while, so that no request waits twice."""

    silence = 30.0  # seconds; the poll needs five
    patience = 0.5  # seconds

    def __init__(self) -> None:
        self.failures = 0  # of this process since its start
        self._silent_until = 0.0
        self._broker: redis.Redis | None = None

    def ring(self, by: str = "bell") -> None:
        """Tell the workers, `by` whom; the poll finds what a lost ring has missed."""
        if time.monotonic() < self._silent_until:
            return
        try:
            self._ask_broker()
            current_app.send_task("portal.drain", kwargs={"rung_by": by}, expires=60, retry=False)
        except Exception as error:  # noqa: BLE001 - whatever a broker can think of; the work is safe in its row
            self.failures += 1
            self._silent_until = time.monotonic() + self.silence
            logger.warning("bell not rung", extra={"error": type(error).__name__, "failures": self.failures})

    def _ask_broker(self) -> None:
        """Raises when the broker does not answer soon. Celery's own client would try for six seconds."""
        if self._broker is None:
            self._broker = redis.Redis.from_url(
                settings.REDIS_URL, socket_timeout=self.patience, socket_connect_timeout=self.patience, retry=None
            )
        self._broker.ping()

    def ring_on_commit(self) -> None:
        """Ring once when the transaction commits, however often this is called in it."""
        if not any(self.ring in entry for entry in connection.run_on_commit):
            transaction.on_commit(self.ring, robust=True)


bell = Bell()
