"""What the studio answers to an invoice: accept, ask, object, have it corrected; each outcome is said before."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from invoicing.actions import NotToCorrect, Obstructed
from invoicing.actions.answering import NotPossible, answer, answers_to, stand_of
from invoicing.forms.answers import FORMS, AnswerForm
from invoicing.models import Invoice
from invoicing.rules.answers import Answer
from invoicing.views.invoice import invoice_of
from invoicing.words import OBSTACLE_WORDS
from portal.access import StudioRequest, studio_view
from portal.roles import Right

METHODS = ["GET", "HEAD", "POST"]


@studio_view(Right.CLOSE_MONTHS, hidden=True)
@require_POST
def accept(request: StudioRequest, number: str) -> HttpResponse:
    return _given(request, invoice_of(request, number), Answer.ACCEPT, "")


@studio_view(Right.SEE_MONEY, hidden=True)
@require_http_methods(METHODS)
def question(request: StudioRequest, number: str) -> HttpResponse:
    return _form(request, number, Answer.QUESTION)


@studio_view(Right.CLOSE_MONTHS, hidden=True)
@require_http_methods(METHODS)
def objection(request: StudioRequest, number: str) -> HttpResponse:
    """Of a self-billed invoice only; the page says what it means."""
    if not invoice_of(request, number).is_self_billed:
        raise Http404
    return _form(request, number, Answer.OBJECT)


@studio_view(Right.CLOSE_MONTHS, hidden=True)
@require_http_methods(METHODS)
def correction(request: StudioRequest, number: str) -> HttpResponse:
    """The studio's own invoice is corrected at once; of a self-billed one the operator is asked."""
    if invoice_of(request, number).is_credit:
        raise Http404
    return _form(request, number, Answer.CORRECTION)


def _form(request: StudioRequest, number: str, given: Answer) -> HttpResponse:
    found = invoice_of(request, number)
    form = FORMS[given](request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _given(request, found, given, form.cleaned_data["text"])
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "invoicing/answer.html", _context(request, found, given, form), status=status)


def _context(request: StudioRequest, found: Invoice, given: Answer, form: AnswerForm) -> dict[str, Any]:
    slug, stands = request.studio.slug, stand_of(found)
    return {
        "invoice": found,
        "answer": str(given),
        "form": form,
        # Made at once: what stands on it is taken back and billed anew, as it is worth now.
        "anew": given is Answer.CORRECTION and not found.is_self_billed,
        "stands": stands,
        "is_possible": given in answers_to(found, stands),
        "crumbs": [
            (_("Invoices"), reverse("invoicing:invoices", args=[slug])),
            (found.number, reverse("invoicing:invoice", args=[slug, found.number])),
        ],
    }


def _given(request: StudioRequest, found: Invoice, given: Answer, text: str) -> HttpResponse:
    """Do it, say what came of it, and go back to the invoice."""
    back = redirect("invoicing:invoice", request.studio.slug, found.number)
    try:
        made = answer(found, given, by=request.login, now=timezone.now(), text=text)
    except NotPossible:
        messages.warning(request, _("Nothing was changed: the invoice was answered otherwise meanwhile, see below."))
        return back
    except NotToCorrect:
        messages.warning(request, _("Nothing was changed: it has been corrected already."))
        return back
    except Obstructed as obstructed:
        why = " ".join(str(OBSTACLE_WORDS[one]) for one in obstructed.obstacles)
        messages.error(request, _("Nothing was issued. %(why)s") % {"why": why})
        return back
    if made is not None:
        messages.success(request, _corrected_words(*made))
        return back
    messages.success(request, SAID[given]())
    return back


def _corrected_words(credit: Invoice, replacement: Invoice | None) -> str:
    told = {"credit": credit.number, "invoice": replacement.number if replacement else ""}
    if replacement is None:
        return _("Corrected: %(credit)s takes it back, and nothing is left to bill.") % told
    return _("Corrected: %(credit)s takes it back, %(invoice)s stands in its place.") % told


SAID = {
    Answer.ACCEPT: lambda: _("Accepted. Nothing else has to be done."),
    Answer.QUESTION: lambda: _("Your question is with the operator. The answer comes by mail and stands here."),
    Answer.OBJECT: lambda: _("Objected. The operator is asked to correct the invoice; the payout is not stopped."),
    Answer.CORRECTION: lambda: _("The operator is asked to correct it. The answer comes by mail and stands here."),
}
