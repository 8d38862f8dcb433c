"""Old workarounds: free packages and purchases that look like marketplaces' passes, and who holds them (I13)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from bookings.models import CalendarItem, ItemPackage
from bookings.selectors.wallet import balances
from marketplace.models import Marketplace
from marketplace.rules.old_passes import Likeness, likeness
from packages.models import Package, PackageVersion, Purchase
from portal.models import Studio


@dataclass
class OldPass:
    """One package that looks like a pass. Counted are purchases that cost nothing and are not over.

    `is_on_sale`: it can still be given out for nothing. `open_uses`: of those with a limit, neither used nor planned;
    `planned`: visits to come that use one, and keep it. `alone`: items that nothing else on sale opens (Q10).
    """

    package: Package
    likeness: Likeness
    is_on_sale: bool
    purchases: int = 0
    members: set[int] = field(default_factory=set)
    unlimited: int = 0
    open_uses: int = 0
    planned: int = 0
    alone: list[str] = field(default_factory=list)


def looking_like_passes(studio: Studio) -> dict[int, Likeness]:
    """The studio's packages that look like passes, by their keys, whether on sale or not. Two queries.

    Whether one costs nothing is asked of its newest terms, or of what members got of it for nothing.
    """
    free = Purchase.objects.filter(package=OuterRef("pk"), price=0)
    newest = PackageVersion.objects.filter(package=OuterRef("pk")).order_by("-number")
    found = studio.packages.annotate(was_free=Exists(free), price=Subquery(newest.values("price")[:1]))
    names = list(Marketplace.objects.values_list("name", flat=True))
    judged = {one.pk: likeness(one.name, Decimal(0) if one.was_free else one.price, names) for one in found}
    return {pk: one for pk, one in judged.items() if one.looks_like_pass}


def free_to_get(studio: Studio, packages: Iterable[int]) -> QuerySet[Package]:
    """Those of them that are on sale and cost nothing on their newest terms."""
    newest = PackageVersion.objects.filter(package=OuterRef("pk")).order_by("-number")
    on_sale = studio.packages.on_sale().annotate(price=Subquery(newest.values("price")[:1]))
    return on_sale.filter(pk__in=packages, price=0)


def held(studio: Studio, packages: Iterable[int], *, day: date) -> QuerySet[Purchase]:
    """What members got of these packages for nothing and can still use on that day or later."""
    purchases = studio.purchases.filter(package__in=packages, price=0, expired_at=None, refunded_at=None)
    return purchases.exclude(expires_on__lt=day)


def old_passes(studio: Studio, *, day: date, now: datetime) -> list[OldPass]:
    """Those that can still be had or are held on that day, the most held first. Seven queries."""
    like = looking_like_passes(studio)
    on_sale = set(free_to_get(studio, like).values_list("pk", flat=True))
    packages = studio.packages.in_bulk(like)
    found = {pk: OldPass(packages[pk], one, is_on_sale=pk in on_sale) for pk, one in like.items()}
    purchases = list(held(studio, like, day=day).order_by())
    balance = balances(purchases, now=now)
    for one in purchases:
        old, left = found[one.package_id], balance[one.pk]
        old.purchases += 1
        old.members.add(one.member_id)
        old.unlimited += left.limit is None
        old.open_uses += max(left.free or 0, 0)
        old.planned += left.planned
    for package, item in _alone(studio, on_sale):
        found[package].alone.append(item)
    shown = [one for one in found.values() if one.is_on_sale or one.purchases]
    return sorted(shown, key=lambda one: (-len(one.members), one.package.name))


@dataclass(frozen=True)
class Habits:
    """What is left of the old way: passes that can still be had for nothing, and members who hold one."""

    on_sale: int
    held: int


def habits(studio: Studio, *, day: date) -> Habits:
    """For the tick list of old habits; `day`: today there. Four queries, two where nothing looks like a pass."""
    like = looking_like_passes(studio)
    if not like:
        return Habits(0, 0)
    holders = held(studio, like, day=day).order_by().values("member").distinct()
    return Habits(free_to_get(studio, like).count(), holders.count())


def _alone(studio: Studio, on_sale: Iterable[int]) -> Iterable[tuple[int, str]]:
    """(package, item) of items that would stay closed without these packages: nothing else on sale is for them."""
    others = ItemPackage.objects.filter(item=OuterRef("pk"), package__archived_at=None).exclude(package__in=on_sale)
    items = CalendarItem.objects.offered().filter(~Exists(others), studio=studio, packages__in=on_sale)
    return items.order_by("name", "pk").values_list("packages__pk", "name").distinct()
