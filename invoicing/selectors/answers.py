"""How the matter of many invoices stands."""

from django.db.models import Case, CharField, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from invoicing.models import Invoice, InvoiceEvent
from invoicing.rules.answers import WAITS, Stand

_SETTLE = (Stand.ACCEPTED, Stand.CORRECTED)


def with_stand(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Each with `stands`, a `Stand`: the twin of `rules.answers.stand`.

    The last thing said decides, but an answer after a question or a wish leads back to what was settled before.
    """
    happened = InvoiceEvent.objects.filter(invoice=OuterRef("pk")).order_by("-id")
    said, settled = happened.filter(kind__in=[*WAITS, *_SETTLE]), happened.filter(kind__in=_SETTLE)
    answered = happened.filter(kind=InvoiceEvent.Kind.ANSWERED).values("id")[:1]
    before = Coalesce(Subquery(settled.values("kind")[:1]), Value(Stand.OPEN.value), output_field=CharField())
    return (
        invoices.alias(answered_at=Subquery(answered), said_at=Subquery(said.values("id")[:1]))
        .alias(said=Subquery(said.values("kind")[:1]))
        .annotate(
            stands=Case(
                When(said=None, then=Value(Stand.OPEN.value)),
                When(said=Stand.OBJECTED, then=F("said")),
                When(answered_at__gt=F("said_at"), then=before),
                default=F("said"),
                output_field=CharField(),
            )
        )
    )
