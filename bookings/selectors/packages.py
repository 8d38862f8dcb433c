"""A studio's packages with what they are for, and what the studio still owes on them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from bookings.models import CalendarItem, ItemPackage, Reservation, ScheduledSession
from packages.models import Package, PackageVersion, Purchase
from packages.rules import Verdict
from packages.words import money_words, uses_words, validity_words
from portal.models import Location

# So many days before its last one, a purchase with something left is about to lapse.
SOON = timedelta(days=14)


@dataclass
class Sold:
    """Of a package's purchases that can be used today: how many, and what members can still come for."""

    active: int = 0
    unlimited: int = 0
    # Limit - used, summed over those with a limit: what is planned is still owed.
    owed: int = 0
    lapsing: int = 0


@dataclass
class PackageShown:
    package: Package
    version: PackageVersion
    sold: Sold = field(default_factory=Sold)
    items: list[CalendarItem] = field(default_factory=list)

    @property
    def uses(self) -> str:
        return uses_words(self.version.uses)

    @property
    def validity(self) -> str:
        return validity_words(self.version)

    @property
    def price(self) -> str:
        return money_words(self.version.price, self.version.currency)


def shown(packages: QuerySet[Package], locations: list[Location], *, day: date, now: datetime) -> list[PackageShown]:
    """These packages with their newest terms and their items at these locations; `day`: today there. Five queries."""
    found = list(packages)
    versions = PackageVersion.objects.filter(package__in=found).order_by("package_id", "-number").distinct("package_id")
    newest = {version.package_id: version for version in versions}
    links = (
        ItemPackage.objects.filter(package__in=found, item__location__in=locations, item__archived_at=None)
        .select_related("item__location")
        .order_by("item__name", "item")
    )
    items: dict[int, list[CalendarItem]] = defaultdict(list)
    for link in links:
        items[link.package_id].append(link.item)
    sold = sold_of(found, day=day, now=now)
    return [PackageShown(one, newest[one.pk], sold[one.pk], items[one.pk]) for one in found]


def sold_of(packages: Iterable[Package], *, day: date, now: datetime) -> dict[int, Sold]:
    """By package; two queries."""
    found = {package.pk: Sold() for package in packages}
    running = Purchase.objects.filter(package__in=found, expired_at=None, refunded_at=None).exclude(expires_on__lt=day)
    limited = running.filter(uses__isnull=False)
    counted = Reservation.objects.filter(purchase__in=limited.order_by()).with_count(now).order_by()
    used = dict(counted.values_list("purchase_id").annotate(used=Count("pk", filter=Q(count_word=Verdict.COUNTED))))
    for pk, package, uses, last_on in running.order_by().values_list("pk", "package_id", "uses", "expires_on"):
        one, left = found[package], None if uses is None else uses - used.get(pk, 0)
        if left is not None and left <= 0:
            continue
        one.active += 1
        one.unlimited += left is None
        one.owed += left or 0
        one.lapsing += last_on is not None and last_on <= day + SOON
    return found


def lapsing(day: date, *, now: datetime) -> QuerySet[Purchase]:
    """What has uses left and ends soon after that day."""
    counted = Reservation.objects.filter(purchase=OuterRef("pk")).with_count(now).filter(count_word=Verdict.COUNTED)
    used = counted.order_by().values("purchase").annotate(number=Count("pk")).values("number")
    return Purchase.objects.filter(
        Q(uses=None) | Q(uses__gt=Coalesce(Subquery(used), 0)),
        expired_at=None,
        refunded_at=None,
        expires_on__range=(day, day + SOON),
    )


def sold_for(session: ScheduledSession) -> QuerySet[PackageVersion]:
    """What can be sold to somebody in this session: the packages on sale of its item, each on its newest terms."""
    return (
        PackageVersion.objects.filter(package__items=session.item_id, package__archived_at=None)
        .select_related("package")
        .order_by("package__name", "package_id", "-number")
        .distinct("package__name", "package_id")
    )


def items_left_alone(package: Package) -> int:
    """How many items have nothing else on sale: they stay closed when it is archived (Q10)."""
    others = ItemPackage.objects.filter(package__archived_at=None).exclude(package=package)
    mine = CalendarItem.objects.offered().filter(packages=package)
    return mine.exclude(pk__in=others.values("item")).count()
