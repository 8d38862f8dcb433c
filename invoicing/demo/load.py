"""The demo studio's invoices: who is on them, past months issued as beat would have, where their money is.

The companies are invented; their numbers are well formed and nobody's.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid5

from django.db import connection as database
from django.db import transaction

from bookings.actions.recording import Kind as EventKind
from bookings.actions.recording import axes, record
from bookings.models import Reservation
from bookings.rules import Attendance
from invoicing import rules
from invoicing.actions import issue_or_note
from invoicing.actions.payouts import tell
from invoicing.models import BilledVisit, Invoice, Payer, Payout, PayoutEvent, SelfBillingAgreement, Seller
from invoicing.selectors.due import due
from marketplace.demo.load import HOOK
from marketplace.models import Connection, Contract
from portal.models import StaffLogin, Studio
from portal.roles import Preset

LINDE: dict[str, Any] = {
    "legal_name": "Linde Beweging B.V. (demo)",
    "street": "Lindengracht 104",
    "postcode": "1015 KJ",
    "city": "Amsterdam",
    "country": "NL",
    "vat_id": "NL004495445B01",
    "registration": "34233181",
    "electronic_scheme": "0106",
    "electronic_address": "34233181",
    "contact": "Ilse Linde",
    "phone": "+31 20 555 0104",
    "email": "owner@demo.test",
    "iban": "NL91ABNA0417164300",
    "bic": "ABNANL2A",
    "account_holder": "Linde Beweging B.V. (demo)",
    "payout_country": "NL",
    "prefix": "LINDE",
}
PAYERS: dict[str, dict[str, Any]] = {
    "wellpass": {
        "legal_name": "Welpas Voorbeeld B.V. (demo)",
        "street": "Keizersgracht 820",
        "postcode": "1017 EE",
        "city": "Amsterdam",
        "country": "NL",
        "vat_id": "NL123456782B90",
        "registration": "90000027",
        "electronic_scheme": "0106",
        "electronic_address": "90000027",
        "contact": "Partner desk",
        "email": "partners@wellpass.test",
        "buyer_reference": "LINDE-AMS",
    },
    "onefit": {
        "legal_name": "Eenfit Voorbeeld B.V. (demo)",
        "street": "Weteringschans 940",
        "postcode": "1017 RC",
        "city": "Amsterdam",
        "country": "NL",
        "vat_id": "NL000099998B57",
        "registration": "90000035",
        "electronic_scheme": "0106",
        "electronic_address": "90000035",
        "contact": "Studio team",
        "email": "studios@onefit.test",
        "buyer_reference": "OF-77120",
    },
}
AGREED = timedelta(days=340)
# What happened to the newest invoices' money, by marketplace, once its day has come; that of older ones came.
NEWEST = {"wellpass": PayoutEvent.Kind.RECEIVED, "onefit": PayoutEvent.Kind.SENT}


def furnish(studio: Studio, *, now: datetime) -> int:
    """Make what is missing of the demo studio's invoices; how many were issued.

    Months that were due before `now` are issued as of the moment at which they were, the earlier ones first.
    """
    with transaction.atomic():
        _write_parties(studio, now=now)
        issued = [
            one
            for contract, month in due(now)
            if contract.studio_id == studio.pk
            and contract.connection.marketplace_id in PAYERS
            and (one := _issue(contract, month)) is not None
        ]
        _pay(issued, now=now)
        if issued:
            _change_since(issued[-1], now=now)
    return len(issued)


def _write_parties(studio: Studio, *, now: datetime) -> None:
    Seller.objects.get_or_create(studio=studio, defaults=LINDE)
    owner = StaffLogin.objects.filter(studio=studio, preset=Preset.OWNER).select_related("user").first()
    for key, values in PAYERS.items():
        contract = Contract.objects.filter(studio=studio, connection__marketplace=key).first()
        # Where a studio beside the demo's works with the marketplace, who pays is no invention.
        if contract is None or Connection.objects.filter(marketplace=key).exclude(studio=studio).exists():
            continue
        Payer.objects.get_or_create(marketplace_id=key, defaults=values)
        if not SelfBillingAgreement.objects.filter(contract=contract).exists():
            SelfBillingAgreement.objects.create(
                studio=studio,
                contract=contract,
                version="2026-1",
                signed_by=owner.user.name if owner else LINDE["contact"],
                login=owner,
                signed_on=(now - AGREED).date(),
            )


def _issue(contract: Contract, month: date) -> Invoice | None:
    place = contract.studio.locations.in_order()[0]
    issued = issue_or_note(contract, month, now=rules.issue_at(month, place.tz))
    with database.cursor() as cursor:  # the next month is compared with it, in this transaction still
        cursor.execute("ANALYZE invoicing_billedvisit, invoicing_invoiceline, invoicing_invoice")
    return issued


def _pay(issued: Iterable[Invoice], *, now: datetime) -> None:
    """What the operator has told of payouts whose day has come: the older ones came, the newest are on their way."""
    newest: dict[int, Invoice] = {one.contract_id: one for one in issued}
    payouts = Payout.objects.filter(invoice__in=issued).order_by("pk").select_related("invoice__connection", "studio")
    for payout in payouts:
        if payout.expected_on > now.date():
            continue
        is_newest = payout.invoice == newest[payout.invoice.contract_id]
        last = NEWEST[payout.invoice.connection.marketplace_id] if is_newest else PayoutEvent.Kind.RECEIVED
        told = [PayoutEvent.Kind.SENT, last] if last is PayoutEvent.Kind.RECEIVED else [last]
        for kind in told:
            tell(payout, kind, on=payout.expected_on, amount=payout.amount, reference=payout.invoice.number, now=now)


def _change_since(invoice: Invoice, *, now: datetime) -> None:
    """A no-show that turned out to be a visit, after the invoice was issued."""
    missed = BilledVisit.objects.standing().filter(invoice=invoice, kind=rules.Kind.NO_SHOW).order_by("-day", "-id")
    found = missed.select_related("visit__reservation").first()
    manager = StaffLogin.objects.filter(studio=invoice.studio, preset=Preset.MANAGER).first()
    if found is None or manager is None or found.visit.reservation is None:
        return
    visited: Reservation = found.visit.reservation
    before = axes(visited)
    visited.attendance = Attendance.CHECKED_IN
    visited.checked_in_at, visited.checked_in_by = visited.starts_at, manager
    visited.save(update_fields=["attendance", "checked_in_at", "checked_in_by"])
    record(
        visited, EventKind.CHECKED_IN, action_id=uuid5(HOOK, f"late {visited.pk}"), by=manager, now=now, before=before
    )
