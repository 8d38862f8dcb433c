"""That nobody lost a use on the way: every member of a purchase import, old against new, as a file (N13)."""

from django.http import Http404, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bookings.purchase_import import PurchaseImport, balance_proof
from portal.access import StudioRequest, studio_view
from portal.downloads import CSV, Column, Table, download, file_name
from portal.roles import Right


@studio_view(Right.IMPORT)
@require_GET
def balance_proof_file(request: StudioRequest, purchase_run: int) -> HttpResponseBase:
    """What differs comes first."""
    found = request.studio.imports.filter(kind=PurchaseImport.word, pk=purchase_run)
    checked = found.defer("content").select_related("studio").first()
    if checked is None:
        raise Http404
    headings = (
        _("Member number"), _("Member"), _("Rows"), _("Refused"), _("Left in the file"), _("Left here"),
        _("Unlimited in the file"), _("Unlimited here"), _("Agrees"),
    )  # fmt: skip
    rows = (
        (
            one.number, one.name, one.rows, one.refused, one.old, one.new, one.old_unlimited, one.new_unlimited,
            _("yes") if one.agrees else _("no"),
        )
        for one in balance_proof(checked, now=timezone.now())
    )  # fmt: skip
    table = Table(_("Balance proof"), [Column(heading) for heading in headings], rows)
    return download(table, name=file_name("balances", str(checked.pk), kind=CSV), kind=CSV)
