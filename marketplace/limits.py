"""How often may one caller call? Counted in Valkey, so that all web processes count together.

For the API and for webhooks; neither knows the other.
"""

import logging
import threading
import time
from functools import cache

import redis
from django.conf import settings
from django.db import connection

logger = logging.getLogger(__name__)

WINDOW = 10  # seconds
PATIENCE = 0.2  # seconds that an answer may wait for the counter
SILENCE = 5.0  # seconds without asking a counter that did not answer
WRONG_PROOFS = 50  # in a window, from one address
AT_ONCE = 10  # calls that a process takes at once, where the limit is not small
MANY = 1000  # callers that a process remembers


class Counter:
    """Counts calls in windows of ten seconds, for all processes together. Where it cannot count, nobody is refused.

    A process takes a few calls at once, so that most calls ask nobody: more than the limit is never let through, and
    what other processes have taken and not used may be missing at its end.
    """

    def __init__(self) -> None:
        self._silent_until = 0.0
        self._lock = threading.Lock()
        # By who calls: the window, calls counted there up to the last of ours, and of them those not used yet.
        self._taken: dict[str, tuple[int, int, int]] = {}

    def add(self, who: str, most: int) -> int:
        """One more in this window; how many now, or more. 0: the counter does not answer."""
        window, at_once = int(time.time()) // WINDOW, max(1, min(AT_ONCE, most // 50))
        with self._lock:
            known, count, left = self._taken.get(who, (0, 0, 0))
            if known == window and left:
                self._taken[who] = window, count, left - 1
                return count - left + 1
        count = self._take(who, window, at_once)
        if count:
            with self._lock:
                if len(self._taken) > MANY:
                    self._taken.clear()
                self._taken[who] = window, count, at_once - 1
        return count - at_once + 1 if count else 0

    def _take(self, who: str, window: int, calls: int) -> int:
        """How many are counted with these; 0: no answer."""
        if time.monotonic() < self._silent_until:
            return 0
        try:
            with _valkey().pipeline(transaction=False) as pipe:
                # By the database, which is what two installations on one Valkey do not share.
                key = f"tresen:api:{connection.settings_dict['NAME']}:{who}:{window}"
                pipe.incrby(key, calls)
                pipe.expire(key, 2 * WINDOW)
                count, _ = pipe.execute()
        # ValueError: the client's own, where its connection is closed while another thread makes one.
        except (redis.RedisError, OSError, ValueError) as error:
            self._silent_until = time.monotonic() + SILENCE
            logger.warning("calls not counted", extra={"error": type(error).__name__})
            return 0
        return int(count)


counter = Counter()


@cache
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=None
    )


def excess(who: str, most: int) -> int:
    """Count one more call of theirs in this window; how many too many that is, 0: none."""
    return max(0, counter.add(who, most) - most)


def excess_of_wrong_proofs(address: str) -> int:
    """The same of calls from this address that could not prove who they are: guesses at a secret are slowed down by
    address, so that nobody can lock out who knows it.
    """
    return excess(f"address:{address}", WRONG_PROOFS)


def seconds_left() -> int:
    """Until the window is over: when to ask again."""
    return WINDOW - int(time.time()) % WINDOW
