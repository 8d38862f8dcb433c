"""The operator's desk for reviews: what studios reported, visits in dispute, and one page on which it is decided.

Nobody writes, changes or deletes a review here; what is decided is a case with rule and reason (P13, Q33, Q34).
"""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.words import day_and_clock
from portal.admin_site import ReadOnly, operator_page, refuse_others
from portal.operator.sections import Section
from reviews import rules
from reviews.actions.deciding import CannotDecide, case_of, decide, last_decided, open_case
from reviews.models import Report, Review, ReviewInvitation, Rule
from reviews.rules.moderation import ABOUT_THE_VISIT, Case, Obstacle, Verdict, obstacle_to
from reviews.selectors.authorship import Address, addresses_in_time
from reviews.words import doubt_words, sum_words

_VISIT = ("reservation__member", "reservation__location", "reservation__session__item", "studio", "doubt__by__user")

OBSTACLES = {
    Obstacle.DECIDED: gettext_lazy("Nothing was changed: this case was decided meanwhile, as it says below."),
    Obstacle.HIDDEN_ALREADY: gettext_lazy("Nothing was changed: this review is hidden already."),
    Obstacle.NOT_HIDDEN: gettext_lazy("Nothing was changed: this review is shown already."),
    Obstacle.NOT_DISPUTED: gettext_lazy(
        "Nothing was changed: the visit has a check-in and nobody doubts the author, so there is nothing to settle."
    ),
    Obstacle.SETTLED_ALREADY: gettext_lazy("Nothing was changed: it was settled like this already."),
    Obstacle.RULE_MISSING: gettext_lazy("Please name the rule that was looked at."),
    Obstacle.REASON_MISSING: gettext_lazy("Please write the reason: author and studio read it."),
}
DEEDS = {
    Verdict.HIDDEN: gettext_lazy("Hide it: it breaches the rule"),
    Verdict.KEPT: gettext_lazy("It stays: it does not breach the rule"),
    Verdict.SHOWN_AGAIN: gettext_lazy("Show it again"),
    Verdict.VISIT_STANDS: gettext_lazy("Visit and author are right: the review counts"),
    Verdict.VISIT_FELL: gettext_lazy(
        "The visit did not take place, or somebody else wrote this: the review does not count"
    ),
}


def case_url(review: int) -> str:
    return reverse("admin:reviews_case", args=[review])


class CaseState(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("waiting")), ("decided", _("decided"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Report]) -> QuerySet[Report]:
        if self.value() in {"open", "decided"}:
            queryset = queryset.filter(decided_at__isnull=self.value() == "open")
        return queryset.filter(studio__practice_of=None) if self.value() == "open" else queryset


@admin.register(Report)
class ReportAdmin(ReadOnly):
    """Cases, those that wait first."""

    label = gettext_lazy("Reports")
    named = gettext_lazy("report"), gettext_lazy("reports")
    section, icon, place = Section.REVIEWS, "flag", 10
    list_display = ("opened", "studio", "rule_words", "reason_words", "reported_at", "decision", "decided_at")
    list_display_links = None
    list_filter = (CaseState, "rule", "decision")
    list_select_related = ("studio",)
    search_fields = ("reason", "studio__name")
    ordering = (F("decided_at").desc(nulls_first=True), "-reported_at")

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        found = get_object_or_404(Report, pk=object_id)
        return redirect(case_url(found.review_id))

    @admin.display(description=gettext_lazy("case"))
    def opened(self, report: Report) -> SafeString:
        words = _("Look and decide") if report.decided_at is None else _("Look")
        return format_html('<a href="{}">{}</a>', case_url(report.review_id), words)

    @admin.display(description=gettext_lazy("rule"))
    def rule_words(self, report: Report) -> str:
        return report.get_rule_display() if report.rule else _("about the visit")

    @admin.display(description=gettext_lazy("reason"))
    def reason_words(self, report: Report) -> str:
        return Truncator(report.reason).chars(80)


class ReviewState(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("disputed", _("visit or author in doubt")),
            ("mended", _("hidden and changed since")),
            ("hidden", _("hidden")),
            ("reported", _("reported")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        states = {
            "disputed": Q(waits=True, studio__practice_of=None),
            "mended": Q(pk__in=Review.objects.mended().values("pk"), studio__practice_of=None),
            "hidden": Q(hidden_at__isnull=False),
            "reported": Q(pk__in=Report.objects.open().values("review")),
        }
        return queryset.filter(states.get(self.value() or "", Q()))


@admin.register(Review)
class ReviewAdmin(ReadOnly):
    """All reviews, those first whose visit or author is in doubt and not settled."""

    label = gettext_lazy("Reviews")
    named = gettext_lazy("review"), gettext_lazy("reviews")
    section, icon, place = Section.REVIEWS, "star", 20
    list_display = (
        "opened",
        "studio",
        "score",
        "words",
        "written_at",
        "disputed",
        "doubt_told",
        "hidden_at",
        "scrubbed_at",
    )
    list_display_links = None
    list_filter = (ReviewState, "source")
    list_select_related = ("studio", "reservation__location", "doubt__by__user")
    search_fields = ("text", "studio__name")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("-waits", "-written_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        return Review.objects.with_waits()

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect(case_url(get_object_or_404(Review, pk=object_id).pk))

    @admin.display(description=gettext_lazy("review"))
    def opened(self, review: Review) -> SafeString:
        return format_html('<a href="{}">{}</a>', case_url(review.pk), _("Look and decide"))

    @admin.display(description=gettext_lazy("words"))
    def words(self, review: Review) -> str:
        return Truncator(review.text).chars(80)

    @admin.display(description=gettext_lazy("visit"))
    def disputed(self, review: Any) -> str:
        return _("disputed") if review.waits and review.has_no_visit else "-"

    @admin.display(description=gettext_lazy("author"))
    def doubt_told(self, review: Review) -> str:
        return doubt_words(review) or "-"


class DecisionForm(forms.Form):
    """What is possible for this review as it is; a rule for what is about the words, a reason for all."""

    decision = forms.ChoiceField(label=gettext_lazy("Decision"), widget=forms.RadioSelect)
    rule = forms.ChoiceField(
        label=gettext_lazy("Rule"),
        choices=[("", "---------"), *Rule.choices],
        required=False,
        help_text=gettext_lazy("The rule that was looked at. About visit and author no rule is named."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Author and studio read it, in a mail and where the review stands."),
    )

    def __init__(self, case: Case, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.case = case
        # What is sent may have been possible when the page was opened: the deed says what happened since.
        self.fields["decision"].choices = [  # type: ignore[attr-defined]
            (one.value, DEEDS[one])
            for one in Verdict
            if self.is_bound or obstacle_to(one, case, rule="-", reason="-") is None
        ]

    def clean(self) -> None:
        given = self.cleaned_data
        decision = given.get("decision")
        if decision and Verdict(decision) not in ABOUT_THE_VISIT and not given.get("rule"):
            self.add_error("rule", str(OBSTACLES[Obstacle.RULE_MISSING]))


@operator_page("reviews/review/<int:review>/case/", "reviews_case")
def case(request: HttpRequest, review: int) -> HttpResponse:
    """One review with its visit, versions, reply and cases; and the decision, with rule and reason."""
    found = get_object_or_404(Review.objects.select_related(*_VISIT, "response"), pk=review)
    waiting = found.reports.open().first()
    form = DecisionForm(case_of(found), request.POST or None, initial={"rule": waiting.rule if waiting else ""})
    if request.method == "POST" and form.is_valid():
        try:
            _decided(request, found, form.cleaned_data)
        except CannotDecide as obstacle:
            words = str(OBSTACLES[obstacle.obstacle])
            if obstacle.decided is not None:
                words += f" {obstacle.decided.get_decision_display()}: {obstacle.decided.decision_reason}"
            form.add_error(None, words)
        else:
            messages.success(request, _("Decided. Author and studio are told by mail."))
            return redirect(case_url(found.pk))
    return _case_page(request, found, form, waiting)


def _decided(request: HttpRequest, found: Review, given: dict[str, str]) -> None:
    """Decide the case that waited when the page was opened, or without one. Raises CannotDecide."""
    deed: dict[str, Any] = {"operator": refuse_others(request), "now": timezone.now()}
    words = (given["decision"], given["rule"], given["reason"])
    key, seen = (rules.number(request.POST.get(name, "")) for name in ("waiting", "seen"))
    reported = None if Verdict(given["decision"]) in ABOUT_THE_VISIT else found.reports.filter(pk=key or 0).first()
    if reported is not None:
        decide(reported, *words, **deed)
    else:
        open_case(found, *words, seen=seen, **deed)


def _addresses(found: Review) -> list[Address]:
    """Where the operator can ask who wrote: each address that the member had, where that is in doubt."""
    if not found.is_doubted or found.scrubbed_at is not None:
        return []
    asked = ReviewInvitation.objects.filter(reservation=found.reservation).values_list("address", flat=True).first()
    return addresses_in_time(found.reservation, asked=asked or "")


def _case_page(request: HttpRequest, found: Review, form: DecisionForm, waiting: Report | None) -> HttpResponse:
    visit = found.reservation
    context = {
        **admin.site.each_context(request),
        "title": _("Review %(number)s") % {"number": found.pk},
        "review": found,
        "visit": visit,
        "when": day_and_clock(visit.starts_at, visit.location),
        "sum": sum_words(found.arithmetic),
        "doubt": doubt_words(found),
        "addresses": _addresses(found),
        "reply": getattr(found, "response", None),
        "versions": list(found.versions.all()),
        "cases": list(found.reports.select_related("reported_by__user", "decided_by")),
        "waiting": waiting,
        "seen": last_decided(found),
        "form": form,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "admin/reviews/case.html", context, status=status)
