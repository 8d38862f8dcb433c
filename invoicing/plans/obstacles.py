"""Why a contract's month cannot be issued now, for the closing checklist and for the issue itself."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Q

from invoicing.documents import unprintable
from invoicing.documents.model import TypeCode
from invoicing.models import Invoice, IssueAttempt, Payer, SelfBillingAgreement, Seller
from invoicing.plans.composing import Facts, composed
from invoicing.rules import Obstacle, Papers, next_month
from invoicing.rules import obstacles as judged
from invoicing.rules.totals import Entry
from invoicing.selectors.drafts import issuer_of, lines_now
from invoicing.selectors.due import first_month
from invoicing.selectors.figures import summed
from invoicing.selectors.flat import flat_entries
from invoicing.selectors.parties import home_of, payer_of, seller_of
from marketplace.models import Contract, ContractTerms

# For a look at the letters only: nothing is issued with it.
_NO_NUMBER = "0"
OUTSIDE = ContractTerms.TaxCategory.OUTSIDE


def obstacles(contract: Contract, month: date, *, now: datetime) -> tuple[Obstacle, ...]:
    """What keeps the month from being issued, in the order in which it is mended; () too where nothing is to be billed.

    A handful of queries.
    """
    entries = lines_now(contract, month, now=now)
    return obstacles_of(contract, month, entries, now=now) if entries else ()


def obstacles_of(
    contract: Contract, month: date, entries: Sequence[Entry], *, now: datetime, seller: Seller | None = None
) -> tuple[Obstacle, ...]:
    """The same for lines that are known. `seller`: the row that the caller has locked."""
    seller = seller or seller_of(contract.studio_id)
    payer = payer_of(contract.connection.marketplace_id)
    is_self_billed = issuer_of(contract, month) is ContractTerms.Issuer.MARKETPLACE
    reverse_charge = any(one.tax_category == ContractTerms.TaxCategory.REVERSE_CHARGE for one in entries)
    return judged(
        Papers(
            has_seller=seller is not None,
            has_payer=payer is not None,
            is_self_billed=is_self_billed,
            has_agreement=is_self_billed and _is_agreed(contract, now),
            has_iban=seller is not None and seller.iban != "",
            has_tax_id=seller is not None and (seller.vat_id or seller.tax_number) != "",
            reverse_charge=reverse_charge,
            both_vat_ids=seller is not None and payer is not None and bool(seller.vat_id and payer.vat_id),
            unprintable=_unprintable(contract, month, entries, seller, payer, now),
            earlier_open=earlier_open(contract, month, now=now),
            mixed_tax={OUTSIDE} < {one.tax_category for one in entries},
        )
    )


def _is_agreed(contract: Contract, now: datetime) -> bool:
    """It stands when the invoice is written: once it is ended, no further one is."""
    home = home_of(contract.studio_id)
    today = home.local_day(now) if home else now.date()
    standing = Q(ended_on=None) | Q(ended_on__gte=today)
    return SelfBillingAgreement.objects.filter(standing, contract=contract).exists()


def _unprintable(
    contract: Contract,
    month: date,
    entries: Sequence[Entry],
    seller: Seller | None,
    payer: Payer | None,
    now: datetime,
) -> str:
    if seller is None or payer is None:
        return ""
    facts = Facts(
        contract=contract,
        month=month,
        entries=entries,
        type_code=TypeCode.SELF_BILLED,
        seller=seller,
        payer=payer,
        number=_NO_NUMBER,
        issued_at=now,
        issued_on=now.date(),
        due_on=now.date(),
    )
    return unprintable(composed(facts))


def earlier_open(contract: Contract, month: date, *, now: datetime) -> bool:
    """An earlier month of the contract has something to bill, and neither an invoice nor its answer."""
    settled = {
        *Invoice.objects.filter(contract=contract, month__lt=month, corrects=None).values_list("month", flat=True),
        *IssueAttempt.objects.filter(contract=contract, month__lt=month, obstacles=[]).values_list("month", flat=True),
    }
    earlier, waiting = first_month(contract, month), []
    while earlier < month:
        if earlier not in settled:
            waiting.append(earlier)
        earlier = next_month(earlier)
    if not waiting:
        return False
    sums = summed([contract.connection_id], waiting[0], month, now=now)
    if not {one.month for one in sums if one.contract == contract.pk}.isdisjoint(waiting):
        return True
    has_flat = contract.terms.exclude(flat_rate=None).exists()
    return has_flat and any(flat_entries(contract, one) for one in waiting)


def has_something(contract: Contract, month: date, *, now: datetime) -> bool:
    """The month has a visit of the contract, or a flat rate."""
    sums = summed([contract.connection_id], month, next_month(month), now=now)
    return any(one.contract == contract.pk for one in sums) or bool(flat_entries(contract, month))
