"""Named news of packages, sent inside the transaction; receivers write job rows and hold no rules."""

from django.dispatch import Signal

# purchase: Purchase, entry: LedgerEntry. After each change of a purchase.
purchase_changed = Signal()
