"""What a member has bought and what is left of it, counted from the reservations (Q2), and what a session would use."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, Q

from bookings.models import CalendarItem, ItemPackage, Reservation, ScheduledSession
from bookings.sources import is_own
from packages.models import Hold, Policy, Purchase
from packages.rules import Candidate, Choice, Order, Outcome, Verdict, choose_purchase
from portal.members.merging import locked_kept
from portal.models import Member, Studio


@dataclass(frozen=True)
class Balance:
    """The three numbers of a purchase; `limit` None is unlimited (Q2)."""

    limit: int | None
    used: int = 0
    planned: int = 0

    @property
    def spoken_for(self) -> int:
        return self.used + self.planned

    @property
    def free(self) -> int | None:
        """Below zero where more was used than bought."""
        return None if self.limit is None else self.limit - self.spoken_for


def balances(purchases: Iterable[Purchase], *, now: datetime, without: Reservation | None = None) -> dict[int, Balance]:
    """By id of the purchase, in one query however many there are; `without`: as if that reservation were not."""
    limits = {purchase.pk: purchase.uses for purchase in purchases}
    rows = Reservation.objects.filter(purchase__in=limits)
    counted = (
        (rows.exclude(pk=without.pk) if without else rows)
        .with_count(now)
        .order_by()
        .values("purchase_id")
        .annotate(
            used=Count("pk", filter=Q(count_word=Verdict.COUNTED)),
            planned=Count("pk", filter=Q(count_word=Verdict.NOT_YET)),
        )
        if limits
        else ()
    )
    numbers = {row["purchase_id"]: (row["used"], row["planned"]) for row in counted}
    return {pk: Balance(limit, *numbers.get(pk, (0, 0))) for pk, limit in limits.items()}


class Wallet:
    """A member's purchases at a moment, to ask for one session after another what it uses.

    `lock`: nobody changes them before the commit, so that two reservations never take one last use; the sessions are
    locked before. Of a member who was merged in that very moment it is the kept one's wallet, as the reservation will
    be: `member` says so after the first choice. `without`: as if that reservation were not made. `source`: who asks; a
    marketplace's booking has a pass of its own, and no purchase is touched (Q21). At most five queries, however many
    purchases there are, and one for an item that is free.
    """

    def __init__(
        self,
        member: Member,
        studio: Studio,
        *,
        now: datetime,
        lock: bool = False,
        without: Reservation | None = None,
        source: str = "desk",
    ) -> None:
        self.member, self.studio, self.now, self._lock, self._without = member, studio, now, lock, without
        self._has_pass = not is_own(source)
        self._taken: Counter[int] = Counter()

    def choose(self, session: ScheduledSession) -> Choice:
        """What a reservation in this session would use, after what was taken before (K2-K4)."""
        accepted = None if self._has_pass else accepted_packages(session.item)
        if accepted is None:
            return Choice(Outcome.FREE, None, ())
        policy = self._policy
        on = session.location.local_day(self.now if policy.judged == Policy.Judged.BOOKING else session.starts_at)
        return choose_purchase(
            self._candidates(on), accepted=accepted, on=on, order=Order(policy.order), over_use=policy.over_use
        )

    def has_left(self, purchase: int) -> bool:
        """Whether another use of it is left, whatever else speaks against it."""
        return any(one.purchase_id == purchase and (one.uses_left is None or one.uses_left > 0) for one in self._bought)

    def take(self, choice: Choice) -> None:
        """The reservation is made: what it uses is no longer left for the next one."""
        if choice.taken is not None:
            self._taken[choice.taken.purchase_id] += 1

    def _candidates(self, on: date) -> list[Candidate]:
        bought = self._bought  # locked first: a hold is placed before this or after it, never between
        held = {hold.purchase_id for hold in self._holds if hold.covers(on)}
        return [
            replace(
                one,
                on_hold=one.purchase_id in held,
                uses_left=None if one.uses_left is None else one.uses_left - self._taken[one.purchase_id],
            )
            for one in bought
        ]

    @cached_property
    def _bought(self) -> list[Candidate]:
        bought = self._read()
        if not bought and self._lock and (kept := locked_kept(self.member)) != self.member:
            self.member = kept
            bought = self._read()
        left = balances(bought, now=self.now, without=self._without)
        return [candidate_of(purchase, left[purchase.pk]) for purchase in bought]

    def _read(self) -> list[Purchase]:
        purchases = Purchase.objects.filter(member=self.member).order_by("pk")
        return list(purchases.select_for_update() if self._lock else purchases)

    @cached_property
    def _holds(self) -> list[Hold]:
        return list(Hold.objects.filter(purchase__member=self.member))

    @cached_property
    def _policy(self) -> Policy:
        return Policy.of(self.studio)


def choose_each(wallet: Wallet, sessions: Iterable[ScheduledSession]) -> list[Choice]:
    """What reservations in all these sessions would use, one after the other."""
    choices = []
    for session in sessions:
        choice = wallet.choose(session)
        wallet.take(choice)
        choices.append(choice)
    return choices


def candidate_of(purchase: Purchase, balance: Balance) -> Candidate:
    return Candidate(
        purchase_id=purchase.pk,
        package_id=purchase.package_id,
        purchased_at=purchase.purchased_at,
        on_hold=False,
        expires_on=purchase.expires_on,
        expired_by_hand=purchase.expired_at is not None,
        refunded=purchase.refunded_at is not None,
        uses_left=balance.free,
    )


def accepted_packages(item: CalendarItem) -> set[int] | None:
    """The packages on sale with which the item can be booked; None: none is linked, so it is free (K2, Q10).

    Empty: those that are linked are archived, or none is and the item was kept closed.
    """
    linked = list(ItemPackage.objects.filter(item=item).values_list("package_id", "package__archived_at"))
    return {package for package, archived_at in linked if archived_at is None} if linked or item.needs_package else None


def assignment_of(choice: Choice) -> dict[str, Any]:
    """The choice as fields of its reservation: what was looked at, in order, and why each was passed over (K7).

    With what the studio had set at that moment and which packages the class took, so that "why?" tells it as it was.
    """
    if choice.outcome is Outcome.FREE:
        return {"purchase_id": None, "assigned": Reservation.Assigned.FREE, "choice": {}}
    looked_at = [[look.candidate.purchase_id, look.passed_over] for look in choice.looked_at]
    return {
        "purchase_id": choice.taken.purchase_id if choice.taken else None,
        "assigned": Reservation.Assigned.RULE,
        "choice": {
            "looked_at": looked_at,
            "packages": sorted(choice.accepted),
            "on": choice.on.isoformat() if choice.on else None,
            "order": choice.order,
            "over_use": choice.over_use,
        },
    }
