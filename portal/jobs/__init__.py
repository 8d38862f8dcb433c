"""The queue of record: work that must happen is a row in PostgreSQL; Celery only rings (docs/queue.md)."""

from portal.jobs.queue import KeyTaken, LeaseLost, OutsideTransaction, enqueue, enqueue_many, renew, retry
from portal.jobs.registry import MORE, Away, GiveUp, InDoubt, NotNow, Outcome, handles

__all__ = [
    "MORE",
    "Away",
    "GiveUp",
    "InDoubt",
    "KeyTaken",
    "LeaseLost",
    "NotNow",
    "Outcome",
    "OutsideTransaction",
    "enqueue",
    "enqueue_many",
    "handles",
    "renew",
    "retry",
]
