"""What the members of a demo studio bought, and which of it their visits use, as the rule would have chosen (K3)."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from bookings.demo.diary import Diary
from bookings.demo.plan import PackagePlan
from bookings.demo.rows import copy_objects, keys
from bookings.demo.told import Booked
from bookings.models import ItemPackage
from bookings.rules import Booking
from bookings.selectors.wallet import assignment_of, balances, candidate_of
from packages.actions import make_package
from packages.models import Hold, LedgerEntry, Package, PackageVersion, Purchase
from packages.rules import Candidate, Choice, Outcome, choose_purchase

Kind = LedgerEntry.Kind
# Of those who pay at the studio: how many have a pack, how many never bought anything.
PACKS, NOTHING = 0.45, 0.03
HELD, EXPIRED = 3, 2
MANY, LONG_AGO = 5, timedelta(days=45)
AT_ONCE = 500  # keys of purchases to come


def stock(diary: Diary) -> None:
    """Put the plan's packages on sale, and say what they are for."""
    on_sale_since = diary.now - diary.plan.age - timedelta(days=30)
    for one in diary.plan.packages:
        terms = {
            "uses": one.uses,
            "valid_for": one.months or None,
            "valid_unit": PackageVersion.Unit.MONTHS if one.months else "",
            "price": Decimal(one.price),
            "tax_rate": Decimal(9),
        }
        package = make_package(diary.studio, name=one.name, terms=terms, by=None, now=on_sale_since)
        ItemPackage.objects.bulk_create(
            ItemPackage(studio=diary.studio, item=diary.items[name], package=package) for name in one.items
        )


class Till:
    """Sells to whoever needs it, visit by visit, and lets each visit use what the rule chooses. Writes at the end."""

    def __init__(self, diary: Diary) -> None:
        self.diary, self.dice, self.now = diary, diary.dice, diary.now
        self.plans: dict[str, PackagePlan] = {one.name: one for one in diary.plan.packages}
        packages = diary.studio.packages.filter(name__in=self.plans)
        self.on_sale: list[tuple[Package, PackageVersion]] = [(one, one.versions.get(number=1)) for one in packages]
        self.accepted: dict[int, set[int]] = defaultdict(set)
        for item, package in ItemPackage.objects.filter(studio=diary.studio).values_list("item_id", "package_id"):
            self.accepted[item].add(package)
        self.bought: dict[int, list[Purchase]] = defaultdict(list)
        self.left: dict[int, Candidate] = {}
        self.taken: Counter[int] = Counter()
        self.habits: dict[int, float] = {}
        self.sold: list[Purchase] = []
        self.entries: list[LedgerEntry] = []
        self.keys = keys(Purchase, 0)
        self._know(list(Purchase.objects.filter(studio=diary.studio)))

    def serve(self) -> None:
        """Everybody who booked without a marketplace, class by class; the rows of the diary are not saved yet."""
        theirs = [one for one in self.diary.reservations if one.source in {"direct", "desk"}]
        for reservation in sorted(theirs, key=lambda one: (one.starts_at, one.member_id)):
            accepted = self.accepted.get(reservation.session.item_id)
            if accepted:
                self._use(reservation, accepted)
        copy_objects(Purchase, self.sold)
        for entry, key in zip(self.entries, keys(LedgerEntry, len(self.entries)), strict=True):
            entry.pk = key
        copy_objects(LedgerEntry, self.entries)

    def trouble(self) -> None:
        """A few are on hold since the day before yesterday, and a few were ended by hand."""
        running = [one for one in self.sold if one.expires_on is None or one.expires_on > self.now.date()]
        for one in running[: HELD * 7 : 7]:
            hold = Hold.objects.create(purchase=one, first_on=self.now.date() - timedelta(days=2), reason="Holiday")
            self._entry(one, Kind.HELD, self.now - timedelta(days=2), after={"first_on": str(hold.first_on)}).save()
        for one in running[3 : 3 + EXPIRED * 7 : 7]:
            one.expired_at = self.now - timedelta(hours=3)
            one.save(update_fields=["expired_at"])
            self._entry(one, Kind.EXPIRED, one.expired_at, reason="Moved away").save()

    def _use(self, reservation: Booked, accepted: set[int]) -> None:
        day = reservation.location.local_day(reservation.starts_at)
        choice = self._choose(reservation, accepted, day)
        if choice.outcome is Outcome.UNPAID and self._buys(reservation, accepted, day):
            choice = self._choose(reservation, accepted, day)
        for name, value in assignment_of(choice).items():
            setattr(reservation, name, value)
        if choice.taken is not None and reservation.booking == Booking.BOOKED and not reservation.session.cancelled_at:
            self.taken[choice.taken.purchase_id] += 1

    def _choose(self, reservation: Booked, accepted: set[int], day: date) -> Choice:
        bought = self.bought[reservation.member_id]
        if len(bought) > MANY:  # what ended long ago is looked at no more: it would be passed over each time
            bought[:] = [one for one in bought if one.expires_on is None or one.expires_on >= day - LONG_AGO]
        candidates = [self.left[one.pk] for one in bought]
        return choose_purchase(
            [
                one
                if one.uses_left is None or not self.taken[one.purchase_id]
                else replace(one, uses_left=one.uses_left - self.taken[one.purchase_id])
                for one in candidates
            ],
            accepted=accepted,
            on=day,
        )

    def _buys(self, reservation: Booked, accepted: set[int], day: date) -> bool:
        """A pack or the month, as is this member's habit; on the day of the first visit it is for, or before."""
        habit = self.habits.setdefault(reservation.member_id, self.dice.random())
        fitting = [(package, terms) for package, terms in self.on_sale if package.pk in accepted]
        if habit < NOTHING or not fitting:
            return False
        fitting.sort(key=lambda one: one[1].uses is None)
        package, terms = fitting[0] if habit < PACKS else fitting[-1]
        ahead = timedelta(hours=self.dice.uniform(0.2, 30))
        bought_at = min(reservation.starts_at, self.now) - ahead
        last_on = terms.last_day(reservation.location.local_day(bought_at))
        if last_on is not None and last_on < day:
            return False  # that far ahead nobody has bought the next month yet
        purchase = Purchase(
            pk=self._key(),
            studio=self.diary.studio,
            member=reservation.member,
            package=package,
            version=terms,
            purchased_at=bought_at,
            price=terms.price,
            currency=terms.currency,
            uses=terms.uses,
            expires_on=last_on,
            created_at=bought_at,
        )
        self.sold.append(purchase)
        self._know([purchase])
        sold = {
            "price": str(terms.price),
            "expires_on": str(last_on) if last_on else None,
            "purchased_at": bought_at.isoformat(),
        }
        self.entries.append(self._entry(purchase, Kind.SOLD, bought_at, uses=terms.uses, after=sold))
        return True

    def _key(self) -> int:
        key = next(self.keys, None)
        if key is None:
            self.keys = keys(Purchase, AT_ONCE)
            key = next(self.keys)
        return key

    def _know(self, purchases: list[Purchase]) -> None:
        numbers = balances(purchases, now=self.now) if len(purchases) != 1 else {}
        for one in purchases:
            self.bought[one.member_id].append(one)
            known = candidate_of(one, numbers[one.pk]) if numbers else None
            self.left[one.pk] = known or Candidate(
                purchase_id=one.pk,
                package_id=one.package_id,
                purchased_at=one.purchased_at,
                on_hold=False,
                expires_on=one.expires_on,
                uses_left=one.uses,
            )

    def _entry(
        self,
        purchase: Purchase,
        kind: LedgerEntry.Kind,
        at: datetime,
        *,
        uses: int | None = None,
        after: dict[str, str | None] | None = None,
        reason: str = "",
    ) -> LedgerEntry:
        return LedgerEntry(
            studio=purchase.studio,
            purchase=purchase,
            kind=kind,
            uses=uses,
            after=after or {},
            reason=reason,
            action_id=UUID(int=self.dice.getrandbits(128), version=4),
            by=self.dice.choice(self.diary.desk),
            occurred_at=at,
            recorded_at=at,
        )
