"""Invoices on the operator's desk: looked at, answered about, corrected; never changed."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invoicing.actions import ISSUE, NotToCorrect, Obstructed, correct
from invoicing.actions.answering import NotPossible, reply
from invoicing.answer_words import STAND_WORDS
from invoicing.models import Invoice, InvoiceEvent, IssueAttempt
from invoicing.rules import Obstacle
from invoicing.rules.answers import WAITS, Stand
from invoicing.selectors.answers import with_stand
from invoicing.words import OBSTACLE_WORDS, month_words
from portal.admin_site import ReadOnly, is_operator
from portal.jobs.progress import progress_of
from portal.models import User
from portal.operator.sections import Section


class AnswerForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("Your words"), max_length=2000, widget=forms.Textarea(attrs={"rows": 6}))


class Waits(admin.SimpleListFilter):
    title = gettext_lazy("answer")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", gettext_lazy("waits for you"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> QuerySet[Invoice]:
        return queryset.filter(Q(("stands__in", [*WAITS]))) if self.value() else queryset


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly):
    """What was issued, with how the matter stands; the studio's questions are answered from here."""

    label = gettext_lazy("Invoices")
    named = gettext_lazy("invoice"), gettext_lazy("invoices")
    section, icon, place = Section.MONEY, "receipt-text", 10
    list_display = ("number", "studio", "marketplace", "of_month", "type_code", "gross", "currency", "stands", "deeds")
    list_filter = (Waits, "type_code", "month")
    list_select_related = ("studio", "connection__marketplace", "credit")
    search_fields = ("number", "studio__name", "studio__slug")
    ordering = ("-pk",)
    fields = (
        *("number", "studio", "marketplace", "month", "type_code", "issued_at", "due_on", "corrects", "replaces"),
        *("check_ins", "additional", "no_shows", "late_cancels", "adjustments", "net", "tax", "gross", "currency"),
        *("hash", "stands", "deeds", "timeline"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invoice]:
        return with_stand(super().get_queryset(request))

    @staticmethod
    def may_act(request: HttpRequest) -> bool:
        """Who only looks finds no way to what would be refused."""
        return is_operator(request)

    def get_list_display(self, request: HttpRequest) -> Any:
        return [name for name in self.list_display if name != "deeds" or self.may_act(request)]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in self.fields if name != "deeds" or self.may_act(request)]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """With how far a run that issues is, over all studios."""
        if progress := progress_of(ISSUE):
            told = {"done": progress.done, "total": progress.total}
            messages.info(request, _("Issuing: %(done)d of %(total)d invoices are done.") % told)
        return super().changelist_view(request, extra_context)

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        own = [
            path("<int:id>/answer/", guarded(self.answer), name="invoicing_invoice_answer"),
            path("<int:id>/correct/", guarded(self.correct), name="invoicing_invoice_correct"),
        ]
        return own + super().get_urls()

    @admin.display(description=gettext_lazy("marketplace"), ordering="connection__marketplace__name")
    def marketplace(self, invoice: Invoice) -> str:
        return invoice.connection.marketplace.name

    @admin.display(description=gettext_lazy("month"), ordering="month")
    def of_month(self, invoice: Invoice) -> str:
        return month_words(invoice.month)

    @admin.display(description=gettext_lazy("stands"))
    def stands(self, invoice: Any) -> str:
        return str(STAND_WORDS[Stand(invoice.stands)])

    @admin.display(description=gettext_lazy("to do"))
    def deeds(self, invoice: Any) -> SafeString:
        links = []
        if invoice.stands in WAITS:
            links.append((reverse("admin:invoicing_invoice_answer", args=[invoice.pk]), _("Answer")))
        if not invoice.is_credit and not hasattr(invoice, "credit"):
            links.append((reverse("admin:invoicing_invoice_correct", args=[invoice.pk]), _("Correct")))
        return format_html_join(" · ", '<a href="{}">{}</a>', links)

    @admin.display(description=gettext_lazy("what happened"))
    def timeline(self, invoice: Invoice) -> SafeString:
        events = invoice.events.select_related("by__user").order_by("id")
        lines = [
            (
                timezone.localtime(one.occurred_at).strftime("%Y-%m-%d %H:%M"),
                one.get_kind_display(),
                one.by.user.name if one.by else "",
                one.text,
            )
            for one in events
        ]
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{} {} {} {}</li>", lines))

    def answer(self, request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002 (the admin's word)
        """What the studio asked, and a field for the answer: the owners get it by mail."""
        invoice, user = self._asked(request, id)
        form = AnswerForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                reply(invoice, form.cleaned_data["text"], operator=user, now=timezone.now())
                self.message_user(request, _("Answered. The owners get it by mail."), messages.SUCCESS)
            except NotPossible:
                self.message_user(request, _("Nobody waits for an answer about this invoice."), messages.WARNING)
            return redirect("admin:invoicing_invoice_change", invoice.pk)
        return self._page(request, invoice, form, _("Answer"), "")

    def correct(self, request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002
        """Take the invoice back and issue it anew, after saying so."""
        invoice, user = self._asked(request, id)
        form = AnswerForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            self._correct(request, invoice, form.cleaned_data["text"], user)
            return redirect("admin:invoicing_invoice_change", invoice.pk)
        says = _(
            "A correction of its own number takes the invoice back as a whole, and a new invoice bills every visit as "
            "it is worth now. Both are issued at once and cannot be taken back. Your words stand in the timeline."
        )
        return self._page(request, invoice, form, _("Correct"), says)

    def _correct(self, request: HttpRequest, invoice: Invoice, text: str, user: User) -> None:
        try:
            credit, replacement = correct(invoice, now=timezone.now(), operator=user, text=text)
        except NotToCorrect:
            self.message_user(request, _("It cannot be corrected, or has been already."), messages.WARNING)
        except Obstructed as obstructed:
            why = " ".join(str(OBSTACLE_WORDS[one]) for one in obstructed.obstacles)
            self.message_user(request, _("Nothing was issued. %(why)s") % {"why": why}, messages.ERROR)
        else:
            told = {"credit": credit.number, "invoice": replacement.number if replacement else _("nothing")}
            words = _("Issued: %(credit)s, and in its place %(invoice)s.") % told
            self.message_user(request, words, messages.SUCCESS)

    def _asked(self, request: HttpRequest, key: int) -> tuple[Invoice, User]:
        """Raises Http404 and PermissionDenied."""
        if not self.may_act(request):
            raise PermissionDenied
        invoices = Invoice.objects.select_related("studio", "connection__marketplace", "contract")
        return get_object_or_404(invoices, pk=key), cast("User", request.user)

    def _page(self, request: HttpRequest, invoice: Invoice, form: AnswerForm, title: str, says: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"{title}: {invoice.number}",
            "opts": self.model._meta,
            "invoice": invoice,
            "form": form,
            "says": says,
            "verb": title,
            "asked": invoice.events.filter(kind__in=[*WAITS, InvoiceEvent.Kind.ANSWERED]).select_related("by__user"),
        }
        return TemplateResponse(request, "admin/invoicing/answer.html", context)


@admin.register(IssueAttempt)
class IssueAttemptAdmin(ReadOnly):
    """Months of a contract that came to no invoice, and why."""

    section, icon, place = Section.MONEY, "circle-slash", 30
    label = gettext_lazy("Not issued")
    named = gettext_lazy("invoice that was not issued"), gettext_lazy("invoices that were not issued")
    list_display = ("of_month", "studio", "marketplace", "why", "tried_at")
    list_select_related = ("studio", "contract__connection__marketplace")
    search_fields = ("studio__name", "studio__slug")
    ordering = ("-month", "pk")
    fields = ("studio", "contract", "of_month", "why", "tried_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[IssueAttempt]:
        return super().get_queryset(request).exclude(obstacles=[])

    @admin.display(description=gettext_lazy("month"), ordering="month")
    def of_month(self, attempt: IssueAttempt) -> str:
        return month_words(attempt.month)

    @admin.display(description=gettext_lazy("marketplace"))
    def marketplace(self, attempt: IssueAttempt) -> str:
        return attempt.contract.connection.marketplace.name

    @admin.display(description=gettext_lazy("why"))
    def why(self, attempt: IssueAttempt) -> str:
        return " ".join(str(OBSTACLE_WORDS[Obstacle(one)]) for one in attempt.obstacles)
