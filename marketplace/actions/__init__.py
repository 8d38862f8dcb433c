"""What is done between a studio and its marketplaces: news written down, sent, compared; calls of theirs kept."""

from marketplace.actions.delivering import deliver_next
from marketplace.actions.inbox import conclude, proof_of, store
from marketplace.actions.keeping import clean_up
from marketplace.actions.outbox import DELIVER, report, retry, ring_overdue, tell, tell_removed
from marketplace.actions.secrets import change_secret
from marketplace.actions.syncing import SYNC, ask_for_syncs, sync, sync_if_told

__all__ = [
    "DELIVER",
    "SYNC",
    "ask_for_syncs",
    "change_secret",
    "clean_up",
    "conclude",
    "deliver_next",
    "proof_of",
    "report",
    "retry",
    "ring_overdue",
    "store",
    "sync",
    "sync_if_told",
    "tell",
    "tell_removed",
]
