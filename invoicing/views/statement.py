"""One statement: what it comes to, why it differs line by line, what of it is accepted or claimed (X2)."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from invoicing.actions import claiming
from invoicing.forms.statements import WordsForm
from invoicing.imports import statements as reading
from invoicing.models import Statement, StatementAnswer, StatementLine
from invoicing.rules.matching import OURS_TO_MEND, Reason, Verdict
from invoicing.selectors import statements as selected
from invoicing.statement_words import REASON_WORDS, VERDICT_WORDS, about, money, our_words, path_of, sentence
from invoicing.views.listing import zone_of
from invoicing.views.statements import statement_of, to
from invoicing.words import month_words
from portal.access import StudioRequest, studio_view
from portal.roles import Right

PER_PAGE = 50
State = Statement.State
ANSWERS = {"open": "open", **{kind: kind for kind in StatementAnswer.Kind.values}}


@studio_view(Right.SEE_MONEY, hidden=True)
@require_safe
def statement(request: StudioRequest, statement: int) -> HttpResponse:
    """Its progress while a worker is at it; then its sums, its groups and its lines."""
    found = statement_of(request, statement)
    if found.state == State.MAPPING:
        return to(request, "statement_columns", found)
    context: dict[str, Any] = {"statement": found, "month_words": month_words(found.month) if found.month else ""}
    if found.is_at_work:
        context["given_up"] = reading.is_given_up(found)
    elif found.state == State.ASKING:
        context["form"] = WordsForm(reading.unknown_words(found))
    else:
        context |= _matched(request, found)
    name = (
        "invoicing/statement.html#statement"
        if request.htmx and not request.htmx.boosted
        else "invoicing/statement.html"
    )
    return render(request, name, context)


def _matched(request: StudioRequest, found: Statement) -> dict[str, Any]:
    chosen = _filters(request)
    summary = selected.summary_of(found)
    page = Paginator(selected.lines_of(found, **chosen), PER_PAGE).get_page(request.GET.get("page"))
    currency = found.currency
    # Of another file's lines nothing is to be claimed.
    finds_nothing = selected.finds_nothing(found)
    return {
        "finds_nothing": finds_nothing,
        "foreign": ", ".join(money(amount, other) for other, amount in selected.foreign_sums(found)),
        "place_names": _place_names(request, found),
        "summary": summary,
        "sums": [money(amount, "") for amount in (found.theirs, found.ours, found.difference)],
        "theirs": money(found.theirs, currency),
        "ours": money(found.ours, currency),
        "difference": money(found.difference, currency),
        "groups": [_group(group, finds_nothing=finds_nothing) for group in summary.groups],
        "verdicts": [
            (verdict.value, VERDICT_WORDS[verdict], number, money(difference, currency))
            for verdict, number, difference in summary.by_verdict()
        ],
        "page": page,
        "lines": [_shown(line, currency, finds_nothing=finds_nothing) for line in page],
        "chosen": chosen,
        "is_filtered": any(chosen.values()),
        "answers": [(answer, _answered(answer)) for answer in selected.answers_of(found)],
        "zone": zone_of(request),
        "invoice": found.connection.invoices.standing().filter(month=found.month).first() if found.month else None,
    }


def _answered(answer: Any) -> str:
    """What it was about: "line 7", or the group's words."""
    if answer.held == 1 and answer.line:
        return _("line %(line)d") % {"line": answer.line}
    if answer.kinds > 1 or not answer.verdict:
        return ""
    words = VERDICT_WORDS[Verdict(answer.verdict)], REASON_WORDS.get(Reason(answer.reason), "")
    return " · ".join(str(word) for word in words if word)


def _place_names(request: StudioRequest, found: Statement) -> str:
    """Of the locations that it covers; "": all of them."""
    places = request.studio.locations.filter(pk__in=[int(pk) for pk in found.places.split()])
    return ", ".join(places.values_list("name", flat=True)) if found.places else ""


def _filters(request: StudioRequest) -> dict[str, str]:
    """What the address, or the form that was sent from there, narrows the list to; unknown words narrow nothing."""
    data, at = (request.POST, "at_") if request.method == "POST" else (request.GET, "")
    said = {name: data.get(f"{at}{name}", "") for name in ("verdict", "reason", "answer")}
    known: dict[str, set[str]] = {"verdict": set(Verdict), "reason": set(Reason), "answer": set(ANSWERS)}
    return {name: word if word in known[name] else "" for name, word in said.items()}


def _group(group: selected.Group, *, finds_nothing: bool) -> dict[str, Any]:
    return {
        "verdict": group.verdict.value,
        "reason": group.reason.value,
        "verdict_words": VERDICT_WORDS[group.verdict],
        "reason_words": REASON_WORDS.get(group.reason, ""),
        "number": group.number,
        "theirs": money(group.theirs, ""),
        "ours": money(group.ours, ""),
        "difference": money(group.difference, ""),
        "is_less": group.difference < 0,
        "accepted": group.accepted,
        "disputed": group.disputed,
        "open": group.open,
        "can_claim": not finds_nothing and group.reason not in OURS_TO_MEND,
    }


def _shown(line: StatementLine, currency: str, *, finds_nothing: bool) -> dict[str, Any]:
    visit, differs = line.visit, line.verdict != Verdict.MATCHED
    session = visit.session if visit else None
    return {
        "line": line,
        "about": about(line),
        "verdict_words": VERDICT_WORDS[Verdict(line.verdict)],
        "reason_words": REASON_WORDS.get(Reason(line.reason), ""),
        "sentence": sentence(line, currency),
        "theirs": "" if line.theirs is None else money(line.theirs, line.currency if line.currency != currency else ""),
        "ours": "" if line.ours is None else money(line.ours, ""),
        "difference": money(line.difference, currency) if line.difference else "",
        "our_words": our_words(line),
        "visit": visit,
        "session": session,
        "member": visit.guest.member if visit and visit.guest else None,
        "path": path_of(line) if differs else [],
        "end": capfirst(str(REASON_WORDS.get(Reason(line.reason), ""))) if differs else "",
        "answer": line.answer,
        "can_claim": not finds_nothing and line.reason not in OURS_TO_MEND,
    }


@studio_view(Right.SEE_MONEY, hidden=True)
@require_POST
def statement_words(request: StudioRequest, statement: int) -> HttpResponse:
    """What the marketplace's words mean; then it is matched."""
    found = statement_of(request, statement)
    if found.state != State.ASKING:
        return to(request, "statement", found)
    form = WordsForm(reading.unknown_words(found), request.POST)
    if not form.is_valid():
        context = {"statement": found, "form": form, "month_words": month_words(found.month) if found.month else ""}
        return render(request, "invoicing/statement.html", context, status=422)
    reading.name_words(found, form.words(), now=timezone.now())
    return to(request, "statement", found)


@studio_view(Right.SEE_MONEY, hidden=True)
@require_POST
def statement_answer(request: StudioRequest, statement: int) -> HttpResponse:
    """Accept or claim a line (`line`), or all open ones of a group (`verdict`, `reason`)."""
    found, kind, now = statement_of(request, statement), request.POST.get("kind", ""), timezone.now()
    line: StatementLine | None = None
    if kind not in StatementAnswer.Kind.values:
        raise Http404
    try:
        if number := request.POST.get("line", ""):
            pk = int(number) if number.isdecimal() and len(number) < 19 else 0
            line = get_object_or_404(found.lines.select_related("statement"), pk=pk)
            if request.POST.get("over", "") != str(line.answer_id or ""):
                raise claiming.NothingToAnswer
            answer = claiming.answer_line(line, kind, by=request.login, now=now)
        else:
            verdict, reason = request.POST.get("verdict", ""), request.POST.get("reason", "")
            answer = claiming.answer_group(found, kind, verdict=verdict, reason=reason, by=request.login, now=now)
    except claiming.NothingToAnswer:
        messages.warning(request, _("Nothing was left to answer there. The page shows how it is now."))
    else:
        messages.success(request, answered_words(answer))
    return _back(request, found, line)


def answered_words(answer: StatementAnswer) -> str:
    if answer.kind == StatementAnswer.Kind.ACCEPTED:
        words = ngettext("%(number)d line is accepted.", "%(number)d lines are accepted.", answer.number)
    else:
        words = ngettext(
            "%(number)d line is on the claim list.", "%(number)d lines are on the claim list.", answer.number
        )
    return words % {"number": answer.number}


@studio_view(Right.SEE_MONEY, hidden=True)
@require_POST
def statement_undo(request: StudioRequest, statement: int, statement_answer: int) -> HttpResponse:
    found = statement_of(request, statement)
    answer = get_object_or_404(found.answers_given, pk=statement_answer)
    try:
        number = claiming.undo_answer(answer, by=request.login, now=timezone.now())
    except claiming.NothingToAnswer:
        return to(request, "statement", found)
    words = ngettext("Taken back for %(number)d line.", "Taken back for %(number)d lines.", number)
    messages.success(request, words % {"number": number})
    return _back(request, found)


def _back(request: StudioRequest, found: Statement, line: StatementLine | None = None) -> HttpResponse:
    """To the list as it was narrowed, and in it to the next line that waits behind this one, else to this one."""
    chosen, page, place = _filters(request), request.POST.get("at_page", ""), ""
    if line is not None:
        place = f"#line-{line.pk}"
        if following := selected.next_open(line, **chosen):
            place, page = f"#line-{following[0]}", str(following[1] // PER_PAGE + 1)
    said = {name: word for name, word in chosen.items() if word}
    query = urlencode(said | ({"page": page} if page.isdecimal() else {}))
    address = reverse("invoicing:statement", args=[request.studio.slug, found.pk])
    return redirect(f"{address}?{query}{place}" if query else f"{address}{place}")


@studio_view(Right.SEE_MONEY, hidden=True)
@require_POST
def statement_again(request: StudioRequest, statement: int) -> HttpResponse:
    """Match it anew with what both sides say now, or try what a worker gave up."""
    found = statement_of(request, statement)
    try:
        if found.state == State.READING:
            reading.begin(found)
        else:
            reading.begin_matching(found)
    except reading.NotNow:
        messages.warning(request, _("A worker is at it already."))
    return to(request, "statement", found)


@studio_view(Right.SEE_MONEY, hidden=True)
@require_http_methods(["GET", "HEAD", "POST"])
def statement_remove(request: StudioRequest, statement: int) -> HttpResponse:
    """What would be lost with it; then it is."""
    found = statement_of(request, statement)
    if found.is_at_work and not reading.is_given_up(found):
        messages.warning(request, _("A worker is at it. Wait until it is done."))
        return to(request, "statement", found)
    if request.method != "POST":
        context = {"statement": found, "summary": selected.summary_of(found)}
        return render(request, "invoicing/statement_remove.html", context)
    claiming.remove(found)
    messages.success(request, _("Removed. A former statement of that month stands again, if there is one."))
    return redirect("invoicing:statements", request.studio.slug)
