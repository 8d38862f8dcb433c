from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access import StudioRequest, studio_view
from portal.roles import Right


@studio_view(Right.IMPORT)
@require_safe
def imports(request: StudioRequest) -> HttpResponse:
    return render(request, "portal/imports.html")
