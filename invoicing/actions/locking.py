"""One order of locks for all of invoicing: the sellers first, in their order, and then whatever else."""

from collections.abc import Iterable

from invoicing.models import Seller


def behind_issues(studios: Iterable[int]) -> None:
    """Wait for what is being issued, corrected or told of these studios, and let nothing pass until the transaction
    ends. The first lock of it: issues take the same one before any other. A studio that is no seller yet has none."""
    found = Seller.objects.select_for_update(no_key=True).filter(studio__in=set(studios)).order_by("pk")
    list(found.values_list("pk", flat=True))
