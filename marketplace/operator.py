"""What the operator sees of marketplaces: who waits to be activated, what was given up, a studio's connections."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.adapters import ADAPTERS
from marketplace.models import Call, Connection, InboxMessage
from marketplace.selectors.connecting import setting_up
from marketplace.selectors.messages import given_up
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


def given_up_calls(now: datetime) -> Iterable[Need]:
    """What a marketplace was to be told and was not, after all tries: there it stands as it did before.

    Not where the connection has ended: nothing is sent there any more.
    """
    dead = Call.objects.dead().filter(studio__practice_of=None).exclude(connection__state=Connection.State.ENDED)
    yield Need(
        word="dead_calls",
        label=gettext_lazy("Calls to marketplaces that were given up"),
        note=gettext_lazy("What stands there is old. Look at the answer, mend it, have them sent again."),
        url=f"{reverse('admin:marketplace_call_changelist')}?state__exact=dead",
        urgent=True,
        **dead.aggregate(count=Count("pk"), oldest=Min("ended_at")),
    )


def given_up_messages(now: datetime) -> Iterable[Need]:
    """What a marketplace told us and we could not do, after all tries: a guest may stand at the desk.

    What was emptied since cannot be applied any more, and waits for nobody.
    """
    dead = given_up(InboxMessage.objects.filter(studio__practice_of=None))
    yield Need(
        word="dead_messages",
        label=gettext_lazy("Messages of marketplaces that were given up"),
        note=gettext_lazy("A booking or a cancellation is missing here. Look at the reason, have them applied again."),
        url=f"{reverse('admin:marketplace_inboxmessage_changelist')}?fate=given_up",
        urgent=True,
        **dead.aggregate(count=Count("pk"), oldest=Min("received_at")),
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
    needs.register(given_up_messages, place=71)
    needs.register(given_up_calls, place=72)
    parts.register(connections, place=40)
    parts.register_figure(parts.Figure("connections", gettext_lazy("connections"), count_connections), place=50)
