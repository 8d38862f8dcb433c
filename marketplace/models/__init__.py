from marketplace.models.connection import ConnectedLocation, Connection
from marketplace.models.contract import Contract, ContractTerms
from marketplace.models.exchange import Exchange
from marketplace.models.inbox import InboxMessage
from marketplace.models.listing import Listing, SyncRun
from marketplace.models.marketplace import Marketplace
from marketplace.models.outbox import Call
from marketplace.models.visit import Conflict, GivenAnswer, Guest, Visit

__all__ = [
    "Call",
    "Conflict",
    "ConnectedLocation",
    "Connection",
    "Contract",
    "ContractTerms",
    "Exchange",
    "GivenAnswer",
    "Guest",
    "InboxMessage",
    "Listing",
    "Marketplace",
    "SyncRun",
    "Visit",
]
