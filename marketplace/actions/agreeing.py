"""What a studio and a marketplace agreed: the contract, and the versions of its terms."""

from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from marketplace.actions.connecting import ask_for_sync, on_connection
from marketplace.models import Connection, Contract, ContractTerms
from marketplace.rules.agreeing import Misdated, TermsFacts, misdated
from marketplace.selectors.connecting import today_of
from portal.changes import changed_values, record_change
from portal.models import StaffLogin

CONTRACT = ["number", "currency", "ends_on"]
TERMS = [
    "first_on",
    "cancel_hours",
    "check_in_rate",
    "no_show_rate",
    "late_cancel_rate",
    "late_cancel_paid",
    "additional_rate",
    "paid_per_day",
    "paid_per_30_days",
    "quota",
    "tax_category",
    "tax_rate",
    "flat_rate",
    "steps_from",
    "steps_rate",
    "issuer",
]


class NotAgreed(Exception):
    """Terms cannot begin on that day."""

    def __init__(self, why: Misdated) -> None:
        super().__init__(why)
        self.why = why


def contract_of(connection: Connection) -> Contract | None:
    """The contract that holds or held last; one that has ended makes room for another once the connection is begun
    anew."""
    latest: QuerySet[Contract] = connection.contracts.order_by("-pk")
    found = latest.first()
    if found is None or (found.ends_on is not None and connection.contracted_on is None):
        return None
    return found


def save_contract(
    connection: Connection,
    *,
    number: str,
    currency: str,
    contracted_on: date,
    ends_on: date | None,
    by: StaffLogin,
    now: datetime,
) -> Contract:
    """Write the contract down, or what is known of it by now; whom it ends for is a matter of `end`.

    A last day changes what may be sold, so everything is compared.
    """
    with on_connection(connection) as found:
        contract = contract_of(found)
        is_new = contract is None
        contract = contract or Contract(studio=found.studio, connection=found)
        before = Contract(currency="") if is_new else Contract.objects.get(pk=contract.pk)
        contract.number, contract.currency, contract.ends_on = number, currency, ends_on
        contract.save()
        was, after = changed_values(before, contract, CONTRACT)
        if found.contracted_on != contracted_on:
            was["contracted_on"], after["contracted_on"] = found.contracted_on, contracted_on
            found.contracted_on = contracted_on
            found.save(update_fields=["contracted_on"])
        if after:
            kind = "contract_written_down" if is_new else "contract_changed"
            record_change(found, kind, studio=found.studio, by=by, now=now, before=was, after=after)
            _compare(found)
    return contract


def add_terms(contract: Contract, terms: ContractTerms, *, by: StaffLogin, now: datetime) -> ContractTerms:
    """Add a version of the terms, which a form has checked. Raises NotAgreed. What stands is never rewritten."""
    with on_connection(contract.connection) as found:
        why = why_not_from(contract, terms.first_on, today=today_of(found.studio, now=now))
        if why is not None:
            raise NotAgreed(why)
        terms.studio, terms.contract = found.studio, contract
        terms.save(force_insert=True)
        after: dict[str, Any] = {name: getattr(terms, name) for name in TERMS}
        after["steps_rate"] = [str(rate) for rate in terms.steps_rate]
        record_change(found, "terms_added", studio=found.studio, by=by, now=now, after=after)
        _compare(found)
    return terms


def why_not_from(contract: Contract, first_on: date, *, today: date) -> Misdated | None:
    """Why no version may begin on that day; None: it may. Two queries."""
    earlier = contract.connection.contracts.filter(pk__lt=contract.pk).order_by("-ends_on").first()
    facts = TermsFacts(
        first_on=first_on,
        others=tuple(contract.terms.values_list("first_on", flat=True)),
        ends_on=contract.ends_on,
        earlier_until=earlier.ends_on if earlier else None,
    )
    return misdated(facts, today=today)


def _compare(connection: Connection) -> None:
    if connection.is_told:
        ask_for_sync(connection)
