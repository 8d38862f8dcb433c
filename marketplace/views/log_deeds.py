"""What can be done from the sync log: send again what was given up, and compare everything now."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from marketplace import actions
from marketplace.models import Call, Connection, SyncRun
from marketplace.selectors.log import PER_PAGE, Filters
from marketplace.views.log import connection_of, message_of, seen_calls
from portal.access import StudioRequest, studio_view
from portal.roles import Right


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS)
@require_POST
def retry(request: StudioRequest, marketplace: str, call: int) -> HttpResponse:
    """Try a call again that was given up."""
    connection = connection_of(request, marketplace)
    found = get_object_or_404(seen_calls(request, connection), pk=call)
    if not connection.is_told:
        messages.warning(request, _not_sent())
    elif actions.retry(found):
        messages.success(request, _("It is sent again now. The log shows what comes of it."))
    else:
        found.refresh_from_db(fields=["state"])
        is_part = found.state == Call.State.OVERTAKEN
        newer = _("A newer call about this class waits already and says the same; nothing was lost.")
        messages.info(request, newer if is_part else _("It is not given up any more: somebody had it sent again."))
    return redirect(_back(request, connection))


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS)
@require_POST
def retry_all(request: StudioRequest, marketplace: str) -> HttpResponse:
    """All that was given up, at most as many as a page lists."""
    connection = connection_of(request, marketplace)
    if not connection.is_told:
        messages.warning(request, _not_sent())
        return redirect(_back(request, connection))
    dead = list(seen_calls(request, connection).filter(state=Call.State.DEAD).order_by("pk")[:PER_PAGE])
    again = sum(actions.retry(one) for one in dead)
    words = ngettext("%(number)d call is sent again now.", "%(number)d calls are sent again now.", again)
    messages.success(request, words % {"number": again})
    return redirect(_back(request, connection))


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS)
@require_POST
def apply_again(request: StudioRequest, marketplace: str, message: int) -> HttpResponse:
    """Apply a message again that was given up for a mistake of ours or of the moment."""
    connection = connection_of(request, marketplace)
    if actions.apply_again(message_of(request, connection, message)):
        messages.success(request, _("It is applied again now. The log shows what comes of it."))
    else:
        messages.info(request, _("It does not wait to be applied again."))
    return redirect(_back(request, connection))


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS)
@require_POST
def sync_now(request: StudioRequest, marketplace: str) -> HttpResponse:
    """Compare everything now; what differs is sent at once."""
    connection = connection_of(request, marketplace)
    run = actions.sync_if_told(connection.pk, cause=SyncRun.Cause.HAND, now=timezone.now())
    if run is None:
        messages.warning(request, _("Nothing was compared: this connection is told nothing. It has to be live first."))
    else:
        words = _("%(compared)d classes compared, %(differed)d differed and are being sent.")
        messages.success(request, words % {"compared": run.compared, "differed": run.differed})
    return redirect(_back(request, connection))


def _not_sent() -> str:
    return _(
        "Nothing is sent again: this connection has ended or is not live yet, and its marketplace is told nothing."
    )


def _back(request: StudioRequest, connection: Connection) -> str:
    """To the log, under the filters from which the button was pressed."""
    filters = Filters.of(QueryDict(request.POST.get("filters", "")[:500]).dict())
    address = reverse("marketplace:log", args=[request.studio.slug, connection.marketplace_id])
    return f"{address}?{filters.query}" if filters.any else address
