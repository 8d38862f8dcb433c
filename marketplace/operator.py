"""What the operator sees of marketplaces: who waits to be activated, what was given up, a studio's connections."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.adapters import ADAPTERS
from marketplace.models import Connection
from marketplace.selectors.connecting import setting_up
from portal.models import Studio
from portal.operator import needs, parts
from portal.operator.needs import Need
from portal.operator.parts import Line, Part


def to_activate(now: datetime) -> Iterable[Need]:
    """Everything is there, and only the operator's word is missing (I1)."""
    ready = [one.connection for one in setting_up(adapters=ADAPTERS) if not one.missing]
    yield Need(
        word="connections",
        label=gettext_lazy("Connections to activate"),
        note=gettext_lazy("Contract, terms, add-on and locations are there; nothing is sold before you activate it."),
        count=len(ready),
        oldest=min((one.added_at for one in ready if one.added_at), default=None),
        url=f"{reverse('admin:marketplace_connection_changelist')}?waits=you",
        urgent=True,
    )


def silent_connections(now: datetime) -> Iterable[Need]:
    """Marketplaces that do not answer, or refuse our credentials."""
    trouble = Q(late_at__isnull=False) | Q(locked_out_at__isnull=False)
    found = Connection.objects.filter(trouble, state=Connection.State.LIVE, studio__practice_of=None)
    yield Need(
        word="silent_connections",
        label=gettext_lazy("Connections that are late or locked out"),
        url=f"{reverse('admin:marketplace_connection_changelist')}?waits=marketplace",
        **found.aggregate(count=Count("pk"), oldest=Min("late_at")),
    )


def connections(studio: Studio, now: datetime) -> Part:
    rows = studio.connections.select_related("marketplace").order_by("marketplace__name")
    lines = [
        Line(
            one.marketplace.name,
            one.get_state_display(),
            reverse("admin:marketplace_connection_change", args=[one.pk]),
        )
        for one in rows
    ]
    return Part("connections", _("Connections"), lines, empty=_("None yet."))


def count_connections(studios: list[int], now: datetime) -> dict[int, int]:
    live = Connection.objects.filter(studio__in=studios).exclude(state=Connection.State.ENDED)
    return dict(live.values_list("studio").annotate(number=Count("pk")).order_by())


def register() -> None:
    needs.register(to_activate, place=10)
    needs.register(silent_connections, place=70)
    parts.register(connections, place=40)
    parts.register_figure(parts.Figure("connections", gettext_lazy("connections"), count_connections), place=50)
