"""All balances of a studio at once, for a proof that nothing drifted: one statement (Q2)."""

from datetime import datetime

from django.db.models import Count, F, Q

from bookings.models import Reservation
from bookings.selectors.wallet import Balance
from packages.rules import Verdict
from portal.models import Studio


def recount(studio: Studio, *, now: datetime) -> dict[int, Balance]:
    """By id of the purchase, of those that any reservation uses. PostgreSQL counts; only the sums come here."""
    counted = (
        Reservation.objects.filter(studio=studio, purchase__isnull=False)
        .with_count(now)
        .order_by()
        .values("purchase_id", limit=F("purchase__uses"))
        .annotate(
            used=Count("pk", filter=Q(count_word=Verdict.COUNTED)),
            planned=Count("pk", filter=Q(count_word=Verdict.NOT_YET)),
        )
    )
    return {row["purchase_id"]: Balance(row["limit"], row["used"], row["planned"]) for row in counted}
