"""What can be done with packages and purchases: one function per verb, one transaction each, one entry each."""

from packages.actions.ledger import ActionIdReused, Done, NotPossible, Reason
from packages.actions.purchases import adjust, expire, expire_all, extend, hold, refund, resume, revive, revive_all
from packages.actions.selling import archive_package, change_package, make_package, restore_package, sell

__all__ = [
    "ActionIdReused",
    "Done",
    "NotPossible",
    "Reason",
    "adjust",
    "archive_package",
    "change_package",
    "expire",
    "expire_all",
    "extend",
    "hold",
    "make_package",
    "refund",
    "restore_package",
    "resume",
    "revive",
    "revive_all",
    "sell",
]
