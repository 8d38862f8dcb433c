from marketplace.models.connection import ConnectedLocation, Connection
from marketplace.models.contract import Contract, ContractTerms
from marketplace.models.inbox import InboxMessage
from marketplace.models.listing import Listing, SyncRun
from marketplace.models.marketplace import Marketplace
from marketplace.models.outbox import Call

__all__ = [
    "Call",
    "ConnectedLocation",
    "Connection",
    "Contract",
    "ContractTerms",
    "InboxMessage",
    "Listing",
    "Marketplace",
    "SyncRun",
]
