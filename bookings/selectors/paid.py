"""What pays for the visits of a list: the package with what is left of it, nothing, or nothing is needed (K2, K3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models.expressions import RawSQL
from django.db.models.fields import BooleanField

from bookings.models import Reservation
from bookings.selectors.wallet import balances
from packages.models import Purchase

# Where nothing is sold, nobody has to be told that it is free. Read by the list and by a tick's answer alike.
STUDIO_SELLS = "EXISTS (SELECT FROM packages_package sold WHERE sold.studio_id = bookings_reservation.studio_id)"


@dataclass(frozen=True)
class Paid:
    """What one visit uses. `limit` and `left` None: unlimited. What is planned is not left; it may be below zero.

    `until`: its last day, None: it does not end.
    """

    assigned: str
    studio_sells: bool
    purchase: int | None = None
    package: str = ""
    limit: int | None = None
    left: int | None = None
    until: date | None = None

    @property
    def is_free(self) -> bool:
        return self.studio_sells and self.purchase is None and self.assigned == Reservation.Assigned.FREE

    @property
    def is_unpaid(self) -> bool:
        return self.purchase is None and self.assigned != Reservation.Assigned.FREE

    @property
    def by_hand(self) -> bool:
        return self.assigned == Reservation.Assigned.HAND


def with_paid(reservations: Any) -> Any:
    """Annotate `studio_sells`, of which the mark *free* depends."""
    return reservations.annotate(studio_sells=RawSQL(STUDIO_SELLS, (), output_field=BooleanField()))  # noqa: S611


# The columns that `paid_by` wants of each row.
COLUMNS = (
    "assigned",
    "studio_sells",
    "purchase_id",
    "purchase__package__name",
    "purchase__uses",
    "purchase__expires_on",
)


def paid_by(rows: Iterable[dict[str, Any]], *, now: datetime) -> dict[int, Paid]:
    """By the key of the reservation; `rows` have `id` and `COLUMNS`. One query, none where nobody bought anything."""
    found = list(rows)
    limits = {row["purchase_id"]: row["purchase__uses"] for row in found if row["purchase_id"] is not None}
    left = balances([Purchase(pk=pk, uses=uses) for pk, uses in limits.items()], now=now)
    return {
        row["id"]: Paid(
            assigned=str(row["assigned"]),
            studio_sells=bool(row["studio_sells"]),
            purchase=row["purchase_id"],
            package=str(row["purchase__package__name"] or ""),
            limit=row["purchase__uses"],
            left=left[row["purchase_id"]].free if row["purchase_id"] is not None else None,
            until=row["purchase__expires_on"],
        )
        for row in found
    }


def paid_by_row(rows: Iterable[Any], *, now: datetime) -> dict[int, Paid]:
    """The same of reservations as `people_of` has them, the package joined."""
    return paid_by(
        (
            {
                "id": row.pk,
                "assigned": row.assigned,
                "studio_sells": row.studio_sells,
                "purchase_id": row.purchase_id,
                "purchase__package__name": row.purchase.package.name if row.purchase else "",
                "purchase__uses": row.purchase.uses if row.purchase else None,
                "purchase__expires_on": row.purchase.expires_on if row.purchase else None,
            }
            for row in rows
        ),
        now=now,
    )
