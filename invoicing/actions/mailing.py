"""Which mails about invoices are due. State-driven: asked at any time, each is written once (docs/queue.md)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.forms import model_to_dict

from invoicing import rules
from invoicing.actions.parties import owners
from invoicing.documents.letters import missing
from invoicing.models import Invoice, IssueAttempt
from invoicing.selectors.parties import payer_of
from marketplace.models import Contract
from portal.jobs import enqueue_many
from portal.models import Job, Location, Studio

MAIL_ISSUED = "invoicing.mail_issued"
MAIL_CLOSE = "invoicing.mail_month_to_close"
MAIL_NOT_ISSUED = "invoicing.mail_not_issued"
# Of the first day of a month; nobody is woken by it.
ASKED_AT = time(6)
# A try an hour after the 5th at 06:00 that still fails is for people; after some days they know.
PATIENCE, TOLD_FOR = timedelta(hours=1), timedelta(days=10)


def mail_issued(invoice: Invoice) -> None:
    """A mail to each owner. Inside the transaction that issues."""
    _enqueue(MAIL_ISSUED, str(invoice.pk), invoice.studio, {"invoice": invoice.pk})


def ask_for_mails(*, now: datetime) -> None:
    """Those that nobody's deed causes: the month that is to be closed, and the invoice that could not be issued."""
    homes = _homes()
    _ask_to_close(homes, now=now)
    _tell_not_issued(homes, now=now)


def _ask_to_close(homes: dict[int, Location], *, now: datetime) -> None:
    """From the 1st at 06:00 until the invoices are issued; whether there is anything to close, the mail asks itself."""
    due: dict[date, list[int]] = defaultdict(list)
    for key, place in homes.items():
        month = rules.month_before(rules.month_of(place.local_day(now)))
        begins = datetime.combine(rules.next_month(month), ASKED_AT, place.tz)
        if begins <= now < rules.issue_at(month, place.tz):
            due[month].append(key)
    for month, studios in due.items():
        asked = Job.objects.filter(kind=MAIL_CLOSE, payload__month=month.isoformat()).values("studio")
        for studio in Studio.objects.filter(pk__in=studios).exclude(pk__in=asked).order_by("pk"):
            with transaction.atomic():
                _enqueue(MAIL_CLOSE, f"{studio.pk} {month:%Y-%m}", studio, {"month": month.isoformat()})


def _tell_not_issued(homes: dict[int, Location], *, now: datetime) -> None:
    """Once for each contract and month. What only the operator can mend is told to them, too."""
    failed = IssueAttempt.objects.exclude(obstacles=[]).select_related("studio", "contract__connection").order_by("pk")
    for attempt in failed.filter(month__gte=rules.month_before(now.date(), by=2)):
        place = homes.get(attempt.studio_id)
        if place is None:
            continue
        late_at = rules.issue_at(attempt.month, place.tz) + PATIENCE
        if late_at <= now < late_at + TOLD_FOR:
            key = f"{attempt.contract_id} {attempt.month:%Y-%m}"
            with transaction.atomic():
                _enqueue(
                    MAIL_NOT_ISSUED,
                    key,
                    attempt.studio,
                    {"contract": attempt.contract_id, "month": attempt.month.isoformat()},
                    operator=_is_the_operators(attempt),
                )


def _is_the_operators(attempt: IssueAttempt) -> bool:
    """Something is missing of who pays, or wrong in its name: the studio cannot mend that. One query at most."""
    why = {rules.Obstacle(one) for one in attempt.obstacles}
    if rules.Obstacle.NO_PAYER in why:
        return True
    if not why & {rules.Obstacle.NO_VAT_ID, rules.Obstacle.UNPRINTABLE}:
        return False
    payer = payer_of(attempt.contract.connection.marketplace_id)
    if payer is None:
        return True
    texts = (str(value) for value in model_to_dict(payer).values() if value)
    return (rules.Obstacle.NO_VAT_ID in why and not payer.vat_id) or (
        rules.Obstacle.UNPRINTABLE in why and any(missing(text) for text in texts)
    )


def _homes() -> dict[int, Location]:
    """The first location of each studio with a live contract: its clock is the studio's."""
    live = Contract.objects.exclude(connection__activated_at=None).values("studio")
    found: dict[int, Location] = {}
    for place in Location.objects.filter(studio__in=live).in_order():
        found.setdefault(place.studio_id, place)
    return found


def _enqueue(kind: str, about: str, studio: Studio, payload: dict[str, str | int], *, operator: bool = False) -> None:
    """One job for each owner, and one for the operator; a key that is there already is left alone."""
    people: Iterable[int | None] = [*owners(studio.pk), *([None] if operator else [])]
    jobs = {f"{kind} {about} {login or 'operator'}": payload | ({"login": login} if login else {}) for login in people}
    enqueue_many(kind, jobs, studio=studio)
