"""What is done between a studio and its marketplaces: news written down, sent, compared; calls of theirs kept."""

from marketplace.actions.agreeing import NotAgreed, add_terms, contract_of, save_contract
from marketplace.actions.connecting import (
    NotReady,
    activate,
    ask_for_sync,
    begin,
    end,
    finish_endings,
    note_allowed,
    pause,
    resume,
    switch_off,
    switch_on,
)
from marketplace.actions.delivering import deliver_next
from marketplace.actions.inbox import conclude, proof_of, store
from marketplace.actions.keeping import clean_up
from marketplace.actions.matching import make_secret, set_address, set_kinds, set_locations
from marketplace.actions.outbox import DELIVER, report, retry, ring_overdue, tell, tell_removed
from marketplace.actions.secrets import change_secret
from marketplace.actions.syncing import SYNC, ask_for_syncs, sync, sync_if_told

__all__ = [
    "DELIVER",
    "SYNC",
    "NotAgreed",
    "NotReady",
    "activate",
    "add_terms",
    "ask_for_sync",
    "ask_for_syncs",
    "begin",
    "change_secret",
    "clean_up",
    "conclude",
    "contract_of",
    "deliver_next",
    "end",
    "finish_endings",
    "make_secret",
    "note_allowed",
    "pause",
    "proof_of",
    "report",
    "resume",
    "retry",
    "ring_overdue",
    "save_contract",
    "set_address",
    "set_kinds",
    "set_locations",
    "store",
    "switch_off",
    "switch_on",
    "sync",
    "sync_if_told",
    "tell",
    "tell_removed",
]
