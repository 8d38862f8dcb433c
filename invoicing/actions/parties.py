"""What a studio says of itself as a seller: bank data that changed, tax status, the self-billing agreement."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from invoicing.actions.locking import behind_issues
from invoicing.models import Invoice, SelfBillingAgreement, TaxStatus
from marketplace.models import Contract
from marketplace.selectors.connecting import today_of
from portal.changes import record_change
from portal.jobs import enqueue
from portal.models import Change, StaffLogin, Studio
from portal.roles import Preset

MAIL_BANK = "invoicing.mail_bank_changed"
# Of the text in templates/invoicing/agreements/; what was signed stays, a new text is a new folder.
AGREEMENT_VERSION = "2026-1"
# Texts that were agreed to, by version. A signature under another one was given outside, on paper.
AGREEMENT_TEXTS = frozenset({AGREEMENT_VERSION})


class InUse(Exception):
    """Invoices were issued by this tax status."""


def mail_bank_changed(studio: Studio) -> None:
    """Tell all owners that the bank data were changed, whoever did it. Inside the transaction that changed them."""
    change = Change.objects.filter(studio=studio, subject="seller").latest("pk")
    for login in owners(studio.pk):
        enqueue(
            MAIL_BANK,
            key=f"{MAIL_BANK} {change.pk} {login}",
            studio=studio,
            payload={"change": change.pk, "login": login},
        )


def owners(studio: int) -> list[int]:
    """The logins of the studio's owners, of whom mails about money go to each."""
    found = StaffLogin.objects.filter(studio=studio, preset=Preset.OWNER, is_active=True, user__is_active=True)
    return list(found.order_by("pk").values_list("pk", flat=True))


def add_tax_status(
    studio: Studio, first_on: date, *, small_business: bool, by: StaffLogin, now: datetime
) -> TaxStatus | None:
    """From that day on; None: something holds from it already. Invoices that were issued stay as they are."""
    try:
        with transaction.atomic():
            behind_issues([studio.pk])
            status = TaxStatus.objects.create(studio=studio, first_on=first_on, small_business=small_business)
            after = {"first_on": first_on, "small_business": small_business}
            record_change(status, "added", studio=studio, by=by, now=now, after=after)
    except IntegrityError:
        return None
    return status


def remove_tax_status(status: TaxStatus, *, by: StaffLogin, now: datetime) -> None:
    """It was a mistake. Raises InUse once a month since then was invoiced: then a further one says what holds."""
    with transaction.atomic():
        behind_issues([status.studio_id])
        month = status.first_on.replace(day=1)
        if Invoice.objects.filter(studio=status.studio_id, month__gte=month).exists():
            raise InUse
        before = {"first_on": status.first_on, "small_business": status.small_business}
        record_change(status, "removed", studio=status.studio, by=by, now=now, before=before)
        status.delete()


def standing_agreement(contract: Contract) -> SelfBillingAgreement | None:
    return contract.self_billing.filter(ended_on=None).select_related("login__user").first()


def sign(contract: Contract, name: str, *, by: StaffLogin, now: datetime) -> SelfBillingAgreement:
    """The studio lets the marketplace write its invoices. Signed twice is signed once."""
    with transaction.atomic():
        behind_issues([contract.studio_id])
        Contract.objects.select_for_update(no_key=True).get(pk=contract.pk)
        if standing := standing_agreement(contract):
            return standing
        agreement = SelfBillingAgreement.objects.create(
            studio=contract.studio,
            contract=contract,
            version=AGREEMENT_VERSION,
            signed_by=name,
            login=by,
            signed_on=today_of(contract.studio, now=now),
        )
        after = {"signed_by": name, "version": AGREEMENT_VERSION, "contract": contract.pk}
        record_change(agreement, "signed", studio=contract.studio, by=by, now=now, after=after)
    return agreement


def end_agreement(agreement: SelfBillingAgreement, *, by: StaffLogin, now: datetime) -> None:
    """From now on no invoice is written for the studio under this contract. Ended twice is ended once."""
    with transaction.atomic():
        behind_issues([agreement.studio_id])
        found = SelfBillingAgreement.objects.select_for_update(of=("self",), no_key=True).get(pk=agreement.pk)
        if found.ended_on is None:
            found.ended_on = today_of(found.studio, now=now)
            found.save(update_fields=["ended_on"])
            after = {"ended_on": found.ended_on}
            record_change(found, "ended", studio=found.studio, by=by, now=now, after=after)
