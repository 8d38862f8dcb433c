"""The night of the 5th: a million visits of a thousand studios become lines of invoices."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from bookings.models import CalendarItem
from invoicing.actions.issuing import bill, issue
from invoicing.models import BilledVisit, Invoice, Payer, SelfBillingAgreement, Seller
from invoicing.rules import month_before, month_of, next_month
from marketplace.models import Connection, Contract, ContractTerms, Guest, Marketplace
from portal.models import Location, Member, Studio
from tests.bench.measures import Row, milliseconds

STUDIOS, SESSIONS, PEOPLE, GUESTS = 1000, 50, 20, 100
BASE = 10_000_000  # the ids before it are the other benchmarks'
WHOLE = 100  # invoices issued from end to end
LIMIT = 3

_VISITS = """
INSERT INTO bookings_scheduledsession (id, studio_id, item_id, location_id, starts_at, ends_at, capacity, places_taken,
                                       places_held, places_kept, own, cancelled_reason, is_exclusive, version)
  SELECT %(base)s + s * %(sessions)s + k, %(base)s + s, %(base)s + s, %(base)s + s, at, at + interval '1 hour', 40,
         %(people)s, 0, 0, '{}', '', false, 0
    FROM generate_series(0, %(studios)s - 1) s, generate_series(0, %(sessions)s - 1) k,
         LATERAL (SELECT %(month)s::timestamptz + interval '8 hours' + k * interval '14 hours' AS at) t;
INSERT INTO bookings_reservation (id, studio_id, session_id, member_id, location_id, starts_at, ends_at, source,
                                  booking, booked_at, excused, deadline_at, deadline_from, attendance, checked_in_at,
                                  flagged, external_ref)
  SELECT %(base)s + (session.id - %(base)s) * %(people)s + n, session.studio_id, session.id,
         %(base)s + (session.studio_id - %(base)s) * %(guests)s + (session.id * %(people)s + n) * 7 %% %(guests)s,
         session.location_id, session.starts_at, session.ends_at, 'wellpass', 'booked',
         session.starts_at - interval '2 days', false, session.starts_at, 'contract',
         CASE WHEN n < 17 THEN 'checked_in' ELSE 'no_show' END, CASE WHEN n < 17 THEN session.starts_at END, '', ''
    FROM bookings_scheduledsession session, generate_series(0, %(people)s - 1) n
   WHERE session.id >= %(base)s;
INSERT INTO marketplace_visit (id, studio_id, connection_id, booking_ref, guest_id, session_id, reservation_id,
                               pass_name, requested_at, refusal, created_at)
  SELECT id, studio_id, studio_id, 'bench-' || id, member_id, session_id, id, 'wellpass', booked_at, '', now()
    FROM bookings_reservation WHERE id >= %(base)s;
"""
# The same rows without a question asked, into the same table with the same indexes.
_BARE = """
INSERT INTO invoicing_billedvisit (studio_id, invoice_id, line_id, visit_id, month, day, kind, because, terms_id,
                                   amount, tax_category, tax_rate)
SELECT visit.studio_id, visit.connection_id, visit.connection_id, visit.id, %(month)s,
       booked.starts_at::date, 'check_in', 'check_in', visit.connection_id, 8.40, 'S', 9
  FROM marketplace_visit visit JOIN bookings_reservation booked ON booked.id = visit.reservation_id
 WHERE visit.id >= %(base)s
"""


def invoices() -> Iterator[Row]:
    """The figures to a bare INSERT ... SELECT of as many rows; then some invoices from end to end."""
    with connection.cursor() as cursor:  # a thousand contracts in one transaction, which nothing but this has
        cursor.execute("SET statement_timeout = 0; SET transaction_timeout = 0")
    month = month_before(month_of(timezone.now().date()))
    contracts = furnish(month)
    now = datetime.combine(next_month(month).replace(day=5), datetime.min.time(), UTC)
    bare, rows = _timed(lambda: _insert_bare(month))
    billed, again = _timed(lambda: _bill(contracts, month, now))
    assert rows == again == STUDIOS * SESSIONS * PEOPLE, (rows, again)
    yield Row(
        f"{rows:,} visits of {STUDIOS:,} contracts judged and billed, a statement each, to one bare INSERT ... SELECT",
        f"{billed / bare:.2f} ({billed:.1f} to {bare:.1f} s)",
        f"at most {LIMIT}",
        billed <= LIMIT * bare,
    )
    whole, made = _timed(lambda: _issue(contracts[:WHOLE], month, now))
    share = billed / STUDIOS
    yield Row(
        "an invoice from end to end without its files (workers make them) to its own statement",
        f"{whole / made / share:.2f} ({milliseconds(whole / made)} to {milliseconds(share)})",
        "at most 4",
        whole / made <= 4 * share,
    )


def furnish(month: date) -> list[Contract]:
    with transaction.atomic():
        marketplace = Marketplace.objects.get(pk="wellpass")
        keys = range(BASE, BASE + STUDIOS)
        Studio.objects.bulk_create(Studio(id=n, slug=f"bench-{n}", name=f"Studio {n}") for n in keys)
        Location.objects.bulk_create(Location(id=n, studio_id=n, slug="here", name="Here", country="NL") for n in keys)
        CalendarItem.objects.bulk_create(CalendarItem(id=n, studio_id=n, location_id=n, name="Class") for n in keys)
        people = [(BASE + s * GUESTS + n, BASE + s) for s in range(STUDIOS) for n in range(GUESTS)]
        Member.objects.bulk_create(
            (Member(id=key, studio_id=studio, number=str(key), first_name="Kim") for key, studio in people),
            batch_size=5000,
        )
        Connection.objects.bulk_create(
            Connection(
                id=n,
                studio_id=n,
                marketplace=marketplace,
                activated_at=datetime.combine(month, datetime.min.time(), UTC),
            )
            for n in keys
        )
        contracts = Contract.objects.bulk_create(Contract(id=n, studio_id=n, connection_id=n) for n in keys)
        ContractTerms.objects.bulk_create(
            ContractTerms(
                id=n,
                studio_id=n,
                contract_id=n,
                first_on=month,
                check_in_rate=Decimal("8.40"),
                no_show_rate=Decimal("4.20"),
                additional_rate=Decimal("5.00"),
                paid_per_day=1,
                paid_per_30_days=12,
                tax_category="S",
                tax_rate=Decimal(9),
            )
            for n in keys
        )
        Guest.objects.bulk_create(
            (
                Guest(id=key, studio_id=studio, connection_id=studio, member_id=key, external_id=str(key))
                for key, studio in people
            ),
            batch_size=5000,
        )
        _papers(contracts, marketplace, month)
    facts = {"base": BASE, "studios": STUDIOS, "sessions": SESSIONS, "people": PEOPLE, "guests": GUESTS}
    tables = ("bookings_scheduledsession", "bookings_reservation", "marketplace_visit")
    with transaction.atomic(), connection.cursor() as cursor, unguarded(cursor, *tables):
        cursor.execute(_VISITS, facts | {"month": month})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return list(Contract.objects.filter(pk__gte=BASE).select_related("studio", "connection"))


@contextmanager
def unguarded(cursor: Any, *tables: str) -> Iterator[None]:
    """References are checked at the end, once for all rows, and places are not counted at each of them."""
    cursor.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])",
        [list(tables)],
    )
    references = cursor.fetchall()
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for table, name, _ in references:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    yield
    for table, name, text in references:
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {text}')
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _papers(contracts: list[Contract], marketplace: Marketplace, month: date) -> None:
    where = {"street": "Gracht 1", "postcode": "1015 KB", "city": "Amsterdam", "country": "NL"}
    Payer.objects.create(marketplace=marketplace, legal_name="Bench B.V.", vat_id="NL123456782B90", **where)
    Seller.objects.bulk_create(
        Seller(
            studio_id=one.studio_id,
            legal_name="Studio B.V.",
            vat_id="NL004495445B01",
            iban="NL91ABNA0417164300",
            **where,
        )
        for one in contracts
    )
    SelfBillingAgreement.objects.bulk_create(
        SelfBillingAgreement(studio_id=one.studio_id, contract=one, version="1", signed_by="Ada", signed_on=month)
        for one in contracts
    )


def _insert_bare(month: date) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_BARE, {"month": month, "base": BASE})
        return cursor.rowcount


def _bill(contracts: list[Contract], month: date, now: datetime) -> int:
    for contract in contracts:
        bill(contract, month, [month], (), now=now)
    return BilledVisit.objects.filter(studio__gte=BASE).count()


def _issue(contracts: list[Contract], month: date, now: datetime) -> int:
    for contract in contracts:
        issue(contract, month, now=now)
    return Invoice.objects.filter(studio__gte=BASE).count()


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    """Seconds, and what it says; what it wrote is taken back."""
    with transaction.atomic():
        began = time.perf_counter()
        said = work()
        taken = time.perf_counter() - began
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM invoicing_billedvisit")
    return taken, said
