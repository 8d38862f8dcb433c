"""The table of one chart of insight as a file, filtered as the page is (Q38)."""

from django.http import Http404, HttpResponseBase
from django.views.decorators.http import require_GET

from bookings.views.insight import CHARTS, look_of, parts_of
from portal.access import StudioRequest, studio_view
from portal.downloads import download, file_name
from portal.roles import Right


@studio_view(Right.SEE_MONEY, hidden=True)
@require_GET
def insight_file(request: StudioRequest, chart: str, file_kind: str) -> HttpResponseBase:
    page = next((page for page, words in CHARTS.items() if chart in words), None)
    if page is None:
        raise Http404
    look = look_of(request)
    part = next((part for part in parts_of(request, look, page) if part.word == chart), None)
    if part is None:  # retention goes by months only
        raise Http404
    place = look.choice.chosen.slug if look.choice.chosen else request.studio.slug
    name = file_name(f"insight-{chart}", place, look.source, look.period.range, look.today, kind=file_kind)
    return download(part.sheet.as_table(part.heading), name=name, kind=file_kind)
