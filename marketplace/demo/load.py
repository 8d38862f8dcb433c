"""The demo studio at its marketplaces: Wellpass is live, OneFit sends people, Wellhub is being set up."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.db import connection as database
from django.db import transaction

from bookings.demo.plan import DEMO
from bookings.demo.rows import copy
from bookings.models import Reservation
from bookings.rules import Attendance, Booking
from marketplace.actions.connecting import ask_for_sync
from marketplace.actions.visits import OURS
from marketplace.models import ConnectedLocation, Connection, Contract, ContractTerms, Guest, SyncRun, Visit
from portal.models import Location, Studio

CLIENT_ID, SECRET = "wellpass-demo", "wellpass-demo-secret"
HOOK = uuid5(NAMESPACE_URL, "tresen-demo-wellpass")  # the sandbox knows it too (marketplace/sandbox/environment.py)
# Of those whom the desk has ticked, so many in a hundred were confirmed by the marketplace too.
CONFIRMED, CONFIRMED_TODAY = 97, 75

SYNCS, HALF_HOUR = 48, timedelta(minutes=30)

Tax = ContractTerms.TaxCategory
Late = ContractTerms.LateCancel


@dataclass(frozen=True)
class Terms:
    """A version of terms, which began so many days ago."""

    days: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """A connection as the demo has it; days ago."""

    marketplace: str
    number: str
    signed: int
    terms: tuple[Terms, ...]
    added: int
    activated: int | None = None
    allowed: int | None = None
    client_id: str = ""
    # External ids by the slugs of our locations.
    locations: dict[str, str] = field(default_factory=dict)


_OLD, _NEW = DEMO.contract_hours["wellpass"]
_ONLY = DEMO.contract_hours["onefit"][0]
_DUTCH = {"tax_category": Tax.STANDARD, "tax_rate": Decimal("9.00")}
WELLPASS = Plan(
    marketplace="wellpass",
    number="WP-0381",
    signed=330,
    added=DEMO.joined["wellpass"].days + 8,
    activated=DEMO.joined["wellpass"].days,
    allowed=DEMO.joined["wellpass"].days - 1,
    client_id=CLIENT_ID,
    locations={"centrum": "centrum", "noord": "noord"},
    terms=(
        Terms(_OLD[0], {"cancel_hours": _OLD[1], "check_in_rate": Decimal("7.90"), "paid_per_day": 1, **_DUTCH}),
        Terms(
            _NEW[0],
            {
                "cancel_hours": _NEW[1],
                "check_in_rate": Decimal("8.40"),
                "late_cancel_rate": Decimal("4.20"),
                "late_cancel_paid": Late.UNLESS_REFILLED,
                "no_show_rate": Decimal("4.20"),
                "paid_per_day": 1,
                "quota": 10,
                **_DUTCH,
            },
        ),
    ),
)
ONEFIT = Plan(
    marketplace="onefit",
    number="OF-77120",
    signed=180,
    added=DEMO.joined["onefit"].days + 4,
    activated=DEMO.joined["onefit"].days,
    client_id="onefit-demo",
    locations={"centrum": "nl-ams-2044", "noord": "nl-ams-2045"},
    terms=(
        Terms(
            _ONLY[0],
            {
                "cancel_hours": _ONLY[1],
                "check_in_rate": Decimal("6.75"),
                "additional_rate": Decimal("5.00"),
                "no_show_rate": Decimal("3.00"),
                "paid_per_30_days": 10,
                **_DUTCH,
            },
        ),
    ),
)
WELLHUB = Plan(
    marketplace="wellhub",
    number="",
    signed=9,
    added=6,
    allowed=6,
    client_id="wellhub-demo",
    terms=(Terms(-20, {"check_in_rate": Decimal("7.50"), "paid_per_30_days": 12, **_DUTCH}),),
)


def furnish(studio: Studio, *, now: datetime) -> int:
    """Make what is missing of the demo studio's connections; how many came to be. The same hour gives the same rows.

    Where the sandbox is, is said anew each time: it may have moved.
    """
    with transaction.atomic():
        plans = (WELLPASS, ONEFIT, WELLHUB)
        made = [_connect(studio, plan, now=now) for plan in plans if _is_new(studio, plan)]
        for connection in studio.connections.filter(
            marketplace__in=[one.marketplace for one in plans if one.activated]
        ):
            _write_visits(connection, now=now)
        live = Connection.objects.filter(studio=studio, hook=HOOK).exclude(address=settings.SANDBOX_ADDRESS)
        for connection in live:
            connection.address = settings.SANDBOX_ADDRESS
            connection.save(update_fields=["address"])
            ask_for_sync(connection)
    return len(made)


def _is_new(studio: Studio, plan: Plan) -> bool:
    return not studio.connections.filter(marketplace=plan.marketplace).exists()


def _connect(studio: Studio, plan: Plan, *, now: datetime) -> Connection:
    activated = None if plan.activated is None else now - timedelta(days=plan.activated)
    books, allowed = plan is WELLPASS, plan.allowed
    connection = Connection(
        studio=studio,
        marketplace_id=plan.marketplace,
        state=Connection.State.LIVE if activated else Connection.State.SETTING_UP,
        client_id=plan.client_id,
        contracted_on=_day(now, plan.signed),
        added_at=now - timedelta(days=plan.added),
        activated_at=activated,
        allowed_at=None if allowed is None else now - timedelta(days=allowed),
        first_synced_at=now - timedelta(days=allowed) + timedelta(minutes=4) if allowed and books else None,
    )
    if books:
        connection.hook, connection.secret, connection.address = HOOK, SECRET, ""
    connection.save()
    places = {place.slug: place for place in studio.locations.all()}
    ConnectedLocation.objects.bulk_create(
        ConnectedLocation(studio=studio, connection=connection, location=places[slug], external_id=external_id)
        for slug, external_id in plan.locations.items()
        if slug in places
    )
    contract = Contract.objects.create(studio=studio, connection=connection, number=plan.number)
    ContractTerms.objects.bulk_create(
        ContractTerms(studio=studio, contract=contract, first_on=_day(now, version.days), **version.values)
        for version in plan.terms
    )
    if books:
        _write_syncs(connection, now=now)
    return connection


def _write_syncs(connection: Connection, *, now: datetime) -> None:
    """The comparisons of the last day, each half hour; the next one is the worker's."""
    dice = Random(f"syncs {now:%Y-%m-%d}")  # noqa: S311 - invents numbers, keeps no secrets
    last = now.replace(minute=now.minute // 30 * 30, second=3, microsecond=0)
    last -= HALF_HOUR if last > now else timedelta(0)
    compared = connection.studio.sessions.filter(
        starts_at__gt=now, starts_at__lte=now + connection.marketplace.horizon, item__allows_marketplaces=True
    ).count()
    SyncRun.objects.bulk_create(
        SyncRun(
            studio_id=connection.studio_id,
            connection=connection,
            cause=SyncRun.Cause.CLOCK,
            started_at=last - number * HALF_HOUR,
            ended_at=last - number * HALF_HOUR + timedelta(milliseconds=dice.randrange(80, 400)),
            compared=compared,
            differed=min(compared, dice.choice([0, 0, 0, 1, 2, 4])),
            outcome={"selling": compared},
        )
        for number in reversed(range(SYNCS))
    )


def _write_visits(connection: Connection, *, now: datetime) -> None:
    """The guests and visits behind what the demo has booked through it, where they are missing."""
    versions = list(ContractTerms.objects.filter(contract__connection=connection).order_by("first_on"))
    dice = Random(f"{connection.marketplace_id} {now:%Y-%m-%d}")  # noqa: S311 - invents people, keeps no secrets
    missing = Reservation.objects.filter(studio=connection.studio_id, source=connection.marketplace_id, visit=None)
    booked = [Booked(*row) for row in missing.order_by("booked_at", "pk").values_list(*_BOOKED)]
    known = dict(Guest.objects.filter(connection=connection).values_list("member_id", "pk"))
    new = [
        Guest(
            studio_id=connection.studio_id,
            connection=connection,
            member_id=member,
            external_id=f"{connection.marketplace_id[:2].upper()}{dice.randrange(10**8, 10**9)}",
        )
        for member in sorted({one.member for one in booked} - set(known))
    ]
    Guest.objects.bulk_create(new, batch_size=2000)
    known |= {one.member_id: one.pk for one in new}
    zones = {place.pk: place for place in connection.studio.locations.all()}
    copy(Visit, _VISIT, (_visit(connection, known[one.member], one, zones, versions, dice, now=now) for one in booked))
    with database.cursor() as cursor:  # what reads them next finds them by index
        cursor.execute("ANALYZE marketplace_visit, marketplace_guest")
    if booked and connection.first_booked_at is None:
        connection.first_booked_at = booked[0].booked_at
        connection.save(update_fields=["first_booked_at"])


class Booked(NamedTuple):
    """A reservation, as far as its visit says it, too: the columns of `_BOOKED`."""

    pk: int
    member: int
    session: int
    location: int
    starts_at: datetime
    booking: str
    attendance: str
    booked_at: datetime | None
    cancelled_at: datetime | None
    checked_in_at: datetime | None


_BOOKED = [
    "pk",
    "member_id",
    "session_id",
    "location_id",
    "starts_at",
    "booking",
    "attendance",
    "booked_at",
    "cancelled_at",
    "checked_in_at",
]
_VISIT = [
    "studio_id",
    "connection_id",
    "booking_ref",
    "guest_id",
    "session_id",
    "reservation_id",
    "terms_id",
    "pass_name",
    "requested_at",
    "cancelled_at",
    "cancelled_late",
    "confirmed_at",
    "refusal",
    "created_at",
]


def _visit(
    connection: Connection,
    guest: int,
    one: Booked,
    places: dict[int, Location],
    versions: list[ContractTerms],
    dice: Random,
    *,
    now: datetime,
) -> tuple[Any, ...]:
    """The columns of `_VISIT`."""
    place = places[one.location]
    today = place.local_day(now) == place.local_day(one.starts_at)
    ticked = one.attendance == Attendance.CHECKED_IN
    known = dice.randrange(100) < (CONFIRMED_TODAY if today else CONFIRMED)
    cancelled = one.booking in {Booking.CANCELLED, Booking.LATE_CANCELLED}
    terms = _terms_on(place.local_day(one.starts_at), versions)
    requested_at = one.booked_at or one.starts_at
    return (
        connection.studio_id, connection.pk, f"{OURS}{one.pk}", guest, one.session, one.pk, terms.pk if terms else None,
        connection.marketplace.name, requested_at, one.cancelled_at if cancelled else None,
        one.booking == Booking.LATE_CANCELLED if cancelled else None, one.checked_in_at if ticked and known else None,
        "", requested_at,
    )  # fmt: skip


def _terms_on(day: date, versions: list[ContractTerms]) -> ContractTerms | None:
    return next((one for one in reversed(versions) if one.first_on <= day), None)


def _day(now: datetime, days: int) -> date:
    return (now - timedelta(days=days)).date()
