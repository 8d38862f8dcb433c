"""What goes to a marketplace, how many places it may sell, and when it is told again.

Pure: frozen facts in, an answer with its reason out. Nothing here reads a clock or a database.
"""

from marketplace.rules.fingerprints import Content, Marks, Offer, Place, fingerprint
from marketplace.rules.lateness import LateBecause, Lateness, SyncFacts, lateness
from marketplace.rules.publishing import (
    Publication,
    PublishingFacts,
    Question,
    Stand,
    Step,
    publication,
    publication_of_removed,
)
from marketplace.rules.reporting import may_report
from marketplace.rules.retrying import OUTAGE, pause_after, silence_after
from marketplace.rules.seats import PLENTY, SeatFacts, Seats, seats
from marketplace.rules.settlement import Asked, Settled, Settlement, VisitFacts, settlement
from marketplace.rules.telling import Operation, Told, what_to_tell

__all__ = [
    "OUTAGE",
    "PLENTY",
    "Asked",
    "Content",
    "LateBecause",
    "Lateness",
    "Marks",
    "Offer",
    "Operation",
    "Place",
    "Publication",
    "PublishingFacts",
    "Question",
    "SeatFacts",
    "Seats",
    "Settled",
    "Settlement",
    "Stand",
    "Step",
    "SyncFacts",
    "Told",
    "VisitFacts",
    "fingerprint",
    "lateness",
    "may_report",
    "pause_after",
    "publication",
    "publication_of_removed",
    "seats",
    "settlement",
    "silence_after",
    "what_to_tell",
]
