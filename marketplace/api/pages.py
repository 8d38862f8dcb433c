"""What anybody may read: the document, as JSON and as a page; and the answer of addresses that do not exist."""

import json
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from marketplace.api.document import BASE, DOCUMENT, INTRODUCTION, META
from marketplace.api.endpoint import response
from marketplace.api.errors import Answer, no_endpoint, wrong_method
from marketplace.api.readable import chapters, everywhere, paragraphs, shapes
from portal.access import public

_READ = {"GET", "HEAD"}
_DOCUMENT_OF_API = "the documentation of an API is for everybody; it holds no data"


@public(_DOCUMENT_OF_API)
@require_safe
def readable(request: HttpRequest) -> HttpResponse:
    """The document for people."""
    return render(request, "marketplace/api.html", _shown())


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
def _shown() -> dict[str, object]:
    return {
        "title": DOCUMENT["info"]["title"],
        "introduction": paragraphs(INTRODUCTION),
        "base": BASE,
        "options": list(META.items()),
        "chapters": list(chapters(DOCUMENT)),
        "everywhere": everywhere(DOCUMENT),
        "shapes": shapes(DOCUMENT),
    }
