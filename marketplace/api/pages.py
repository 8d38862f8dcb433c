"""What anybody may read: the document, as JSON and as a page; and the answer of addresses that do not exist."""

import json
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from marketplace.api.document import DOCUMENT, META
from marketplace.api.endpoint import response
from marketplace.api.errors import Answer, no_endpoint, wrong_method
from marketplace.api.readable import chapters
from portal.access import public

_READ = {"GET", "HEAD"}
_DOCUMENT_OF_API = "the documentation of an API is for everybody; it holds no data"


@public(_DOCUMENT_OF_API)
@require_safe
def readable(request: HttpRequest) -> HttpResponse:
    """The document for people."""
    given = {"info": DOCUMENT["info"], "base": DOCUMENT["servers"][0]["url"], "meta": META, "chapters": _chapters()}
    return render(request, "marketplace/api.html", given)


@csrf_exempt
@public(_DOCUMENT_OF_API)
def openapi(request: HttpRequest) -> HttpResponse:
    """The document for programs."""
    if request.method not in _READ:
        return response(wrong_method("GET").answer)
    return HttpResponse(_written(), content_type="application/json", headers={"Cache-Control": "public, max-age=300"})


@csrf_exempt
@public("says what of the contract is offered; it holds no data")
def meta(request: HttpRequest) -> HttpResponse:
    return response(Answer(200, META) if request.method in _READ else wrong_method("GET").answer)


@csrf_exempt
@public("an address that does not exist answers as the others do")
def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    return response(no_endpoint().answer)


@cache
def _written() -> str:
    return json.dumps(DOCUMENT, ensure_ascii=False, indent=1)


@cache
def _chapters() -> list[object]:
    return list(chapters(DOCUMENT))
