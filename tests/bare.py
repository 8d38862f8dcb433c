"""Refusals without their pages: half of what thousands of requests cost, where only the status is looked at."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views import defaults


@contextmanager
def bare_errors() -> Iterator[None]:
    """403 and 404 are empty answers meanwhile, a missing CSRF token's too."""
    with pytest.MonkeyPatch.context() as here:
        here.setattr(defaults, "permission_denied", refused)
        here.setattr(defaults, "page_not_found", missing)
        here.setattr(settings, "CSRF_FAILURE_VIEW", f"{__name__}.refused")
        yield


def missing(_request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(status=404)


def refused(_request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    return HttpResponse(status=403)
