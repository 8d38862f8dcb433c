"""Help: answers for the screen one came from, all others by words and topics, keys, and how the parts are doing."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.access import StudioRequest, studio_view
from portal.models import Answer
from portal.roles import Right
from portal.support import status
from portal.support.finding import answer_in, answers_for, search, shown, topics
from portal.support.markdown import Reader, html_of
from portal.support.tickets import unread
from portal.support.whence import Whence, whence

LONGEST = 100
BESIDE = 6  # more of the same topic, beside an answer


@studio_view(None)
@require_safe
def support(request: StudioRequest) -> HttpResponse:
    """`q`: what is looked for; `page` and `from`: where the question mark was clicked. Three queries at most."""
    words = " ".join(request.GET.get("q", "")[:LONGEST].split())
    came_from, language = whence(request), get_language() or "en"
    context: dict[str, Any] = support_context(request, came_from) | {"q": words}
    if words:
        context["found"] = _listed(request, search(words, language), came_from)
        context["ask_url"] = ask_url(request, came_from, subject=words)
    else:
        context["here"] = _listed(request, answers_for(came_from.page, language), came_from)
        context["topics"] = [
            {"label": topic.label, "word": topic.word, "answers": _listed(request, topic.answers, came_from)}
            for topic in topics(shown(language))
        ]
    return render(request, "portal/support.html#found" if request.htmx else "portal/support.html", context)


@studio_view(None)
@require_safe
def answer(request: StudioRequest, answer: str) -> HttpResponse:
    """One answer, with links to the screens of this studio that this login may open."""
    language = get_language() or "en"
    found, came_from = answer_in(answer, language), whence(request)
    if found is None:
        raise Http404
    beside = [one for one in shown(language) if one.topic == found.topic and one.slug != found.slug][:BESIDE]
    return render(
        request,
        "portal/support_answer.html",
        support_context(request, came_from)
        | {
            "answer": found,
            "text": html_of(found.text, Reader(request.studio.slug, request.login, came_from.query)),
            "beside": _listed(request, beside, came_from),
            "ask_url": ask_url(request, came_from, subject=found.title),
            "crumbs": crumbs(request, came_from),
        },
    )


@studio_view(None)
@require_safe
def support_keys(request: StudioRequest) -> HttpResponse:
    """The keys of every page; the same list as behind `?`."""
    came_from = whence(request)
    return render(
        request,
        "portal/support_keys.html",
        support_context(request, came_from) | {"crumbs": crumbs(request, came_from)},
    )


@studio_view(None)
@require_safe
def support_status(request: StudioRequest) -> HttpResponse:
    """Each part in words; owners and managers read numbers, too."""
    came_from = whence(request)
    parts = status.parts(timezone.now())
    return render(
        request,
        "portal/support_status.html",
        support_context(request, came_from)
        | {
            "parts": parts,
            "is_well": all(part.is_well is not False for part in parts),
            "with_numbers": request.may(Right.MANAGE_SETTINGS),
            "version": status.version(),
            "now": timezone.now(),
            "crumbs": crumbs(request, came_from),
        },
    )


def support_context(request: StudioRequest, came_from: Whence) -> dict[str, Any]:
    """What stands beside each page of help."""
    return {
        "came_from": came_from,
        "whence_query": f"?{came_from.query}" if came_from.query else "",
        "ask_url": ask_url(request, came_from),
        "unread": unread(request.login).count(),
    }


def crumbs(request: StudioRequest, came_from: Whence) -> list[tuple[str, str]]:
    query = f"?{came_from.query}" if came_from.query else ""
    return [(_("Help"), reverse("portal:support", args=[request.studio.slug]) + query)]


def ask_url(request: StudioRequest, came_from: Whence, *, subject: str = "") -> str:
    """The contact form, which keeps the words that were looked for."""
    given = {"page": came_from.page, "from": came_from.path, "subject": subject}
    query = urlencode({name: value for name, value in given.items() if value})
    return reverse("portal:ticket_new", args=[request.studio.slug]) + (f"?{query}" if query else "")


def _listed(request: StudioRequest, answers: list[Answer], came_from: Whence) -> list[dict[str, str]]:
    query = f"?{came_from.query}" if came_from.query else ""
    return [
        {"title": one.title, "url": reverse("portal:answer", args=[request.studio.slug, one.slug]) + query}
        for one in answers
    ]
