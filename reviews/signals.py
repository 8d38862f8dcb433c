"""News of reviews, sent inside the transaction that makes it; receivers write job rows and hold no rules."""

from django.dispatch import Signal

# review: Review, now: datetime. A member wrote it.
review_written = Signal()
# review: Review, before: Decimal (its score until now), replied: bool (a reply of the studio stands), now: datetime.
# Its author changed marks or words (Q36).
review_changed = Signal()
# review: Review, report: Report, now: datetime. The operator decided a case.
review_decided = Signal()
