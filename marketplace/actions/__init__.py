"""What is done between a studio and its marketplaces: news written down, sent, compared; calls of theirs kept."""

from marketplace.actions.agreeing import NotAgreed, add_terms, contract_of, save_contract
from marketplace.actions.applying import apply
from marketplace.actions.conflicts import settle_conflict
from marketplace.actions.connecting import (
    NotReady,
    activate,
    ask_for_sync,
    begin,
    end,
    finish_endings,
    missing,
    note_allowed,
    pause,
    resume,
    switch_off,
    switch_on,
)
from marketplace.actions.delivering import deliver_next
from marketplace.actions.guests import welcome
from marketplace.actions.handling import APPLY, apply_again, apply_overdue, apply_stored, can_be_applied_again
from marketplace.actions.inbox import conclude, proof_of, store
from marketplace.actions.keeping import clean_up
from marketplace.actions.matching import StillBooked, make_secret, set_address, set_kinds, set_locations
from marketplace.actions.outbox import DELIVER, report, retry, ring_overdue, tell, tell_removed, write_decision
from marketplace.actions.pinging import Pinged, ping
from marketplace.actions.receiving import LONGEST_MESSAGE, Delivery, Received, receive
from marketplace.actions.retiring import NotRetired, Restored, Retired, restore, retire
from marketplace.actions.secrets import change_secret
from marketplace.actions.syncing import SYNC, ask_for_syncs, ask_for_visit, sync, sync_if_told
from marketplace.actions.visits import (
    Cancelled,
    NotBooked,
    NotWaiting,
    book,
    cancel,
    check_in,
    explain,
    join_waiting,
    leave_waiting,
    take_back_check_in,
    visit_of_reservation,
)
from marketplace.actions.watching import MAIL_LATE, watch

__all__ = [
    "APPLY",
    "DELIVER",
    "LONGEST_MESSAGE",
    "MAIL_LATE",
    "SYNC",
    "Cancelled",
    "Delivery",
    "NotAgreed",
    "NotBooked",
    "NotReady",
    "NotRetired",
    "NotWaiting",
    "Pinged",
    "Received",
    "Restored",
    "Retired",
    "StillBooked",
    "activate",
    "add_terms",
    "apply",
    "apply_again",
    "apply_overdue",
    "apply_stored",
    "ask_for_sync",
    "ask_for_syncs",
    "ask_for_visit",
    "begin",
    "book",
    "can_be_applied_again",
    "cancel",
    "change_secret",
    "check_in",
    "clean_up",
    "conclude",
    "contract_of",
    "deliver_next",
    "end",
    "explain",
    "finish_endings",
    "join_waiting",
    "leave_waiting",
    "make_secret",
    "missing",
    "note_allowed",
    "pause",
    "ping",
    "proof_of",
    "receive",
    "report",
    "restore",
    "resume",
    "retire",
    "retry",
    "ring_overdue",
    "save_contract",
    "set_address",
    "set_kinds",
    "set_locations",
    "settle_conflict",
    "store",
    "switch_off",
    "switch_on",
    "sync",
    "sync_if_told",
    "take_back_check_in",
    "tell",
    "tell_removed",
    "visit_of_reservation",
    "watch",
    "welcome",
    "write_decision",
]
