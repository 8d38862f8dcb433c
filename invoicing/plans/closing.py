"""What keeps a studio's month from being issued as things are (N8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from invoicing.plans.obstacles import obstacles
from invoicing.rules import Obstacle, next_month
from marketplace.models import Contract
from portal.models import Studio


@dataclass(frozen=True)
class Blocked:
    """A contract whose month cannot be issued as things are."""

    contract: Contract
    obstacles: list[Obstacle]


def blocked(
    studio: Studio, month: date, known: Mapping[int, Sequence[Obstacle]] | None = None, *, now: datetime
) -> list[Blocked]:
    """Of the contracts that hold on a day of the month (its first day), those with something in their way.

    `known`: what is in the way of a contract's (key), where somebody has looked already.
    """
    held = Contract.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=month), studio=studio, terms__first_on__lt=next_month(month)
    )
    contracts = held.select_related("connection__marketplace", "studio").distinct()
    return [
        Blocked(one, list(found))
        for one in contracts.order_by("connection__marketplace__name", "pk")
        if (found := known[one.pk] if known and one.pk in known else obstacles(one, month, now=now))
    ]
