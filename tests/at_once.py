"""Calls that run at the same moment, each on a thread with a database connection of its own.

The threads and their connections stay for the next calls of the module: a new connection costs the server more than
what most calls ask of it.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import Any

from django.db import connection

THREADS = 16

_idle: dict[int, ThreadPoolExecutor] = {}  # by their number of threads


def at_once(calls: Iterable[Callable[[], Any]], threads: int = THREADS) -> list[Any]:
    """Run all calls on so many threads, each with a connection of its own; what each returned or raised, in order."""
    calls = list(calls)
    size = min(threads, len(calls))
    ready = threading.Barrier(size)
    begun = threading.local()

    def run(call: Callable[[], Any]) -> Any:
        if not hasattr(begun, "here"):
            begun.here = True
            connection.close_if_unusable_or_obsolete()
            connection.ensure_connection()
            ready.wait(timeout=20)
        try:
            return Context().run(call)  # no language and no time zone of the call before
        except Exception as error:  # noqa: BLE001
            return error

    pool = _taken(size)
    try:
        done = list(pool.map(run, calls))
    except BaseException:
        pool.shutdown()
        raise
    _idle[size] = pool
    return done


def _taken(size: int) -> ThreadPoolExecutor:
    """With so many threads. What is idle with other numbers goes: their connections would be too many."""
    if size in _idle:
        return _idle.pop(size)
    leave()
    return ThreadPoolExecutor(size)


def leave() -> None:
    """Close the connections of all idle threads, and end them."""
    while _idle:
        size, pool = _idle.popitem()
        departing = threading.Barrier(size)

        def close(_number: int, departing: threading.Barrier = departing) -> None:
            departing.wait(timeout=20)
            connection.close()

        list(pool.map(close, range(size)))
        pool.shutdown()
