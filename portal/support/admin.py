"""Questions of studios and the answers of the help, on the operator's desk. `portal/admin.py` imports this."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from portal.admin_site import DeskAdmin, ReadOnly, refuse_others
from portal.models import Answer, Studio, Ticket, TicketFile
from portal.operator.sections import Section
from portal.support import tickets as actions
from portal.support.editing import AnswerForm, back_to_shipped, own_sheets, remove_own
from portal.support.files import as_download
from portal.support.forms import LONGEST_TEXT
from portal.support.markdown import Reader, html_of
from portal.support.shipped import LANGUAGES


class TicketState(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("waits for you")), ("answered", _("answered")), ("closed", _("closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        states: dict[str, dict[str, Any]] = {
            "waiting": {"closed_at": None, "answered_at": None, "studio__practice_of": None},
            "answered": {"closed_at": None, "answered_at__isnull": False},
            "closed": {"closed_at__isnull": False},
        }
        return queryset.filter(**states.get(self.value() or "", {}))


class AnswerToTicket(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Answer"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 8})
    )
    close = forms.BooleanField(label=gettext_lazy("and close the question"), required=False)


@admin.register(Ticket)
class TicketAdmin(ReadOnly):
    """Those that wait stand first, the oldest on top. Answered on the question's own page: by mail and on screen."""

    label, tab = gettext_lazy("Questions of studios"), gettext_lazy("Questions")
    named = gettext_lazy("question"), gettext_lazy("questions")
    section = Section.SUPPORT
    icon = "messages-square"
    place = 10
    list_display = ["reference", "subject", "studio", "state_words", "opened_at"]
    list_filter = [TicketState, "studio"]
    list_select_related = ["studio"]
    search_fields = ["reference", "subject", "studio__name", "messages__text", "member_number", "log_reference"]
    change_form_template = "admin/portal/ticket.html"

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [F("closed_at").desc(nulls_first=True), F("answered_at").desc(nulls_first=True), "opened_at"]

    @admin.display(description=gettext_lazy("state"))
    def state_words(self, ticket: Ticket) -> str:
        if ticket.closed_at:
            return _("closed")
        return _("answered") if ticket.answered_at else _("waits for you")

    def get_urls(self) -> list[URLPattern]:
        file = path(
            "<int:ticket>/files/<int:file>/", self.admin_site.admin_view(self.file_view), name="portal_ticket_file"
        )
        return [file, *super().get_urls()]

    def file_view(self, request: HttpRequest, ticket: int, file: int) -> HttpResponse:
        refuse_others(request)
        return as_download(get_object_or_404(TicketFile, pk=file, message__ticket=ticket))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The thread; a POST answers, closes or opens again."""
        ticket = self.get_object(request, object_id)
        if ticket is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        if not self.has_view_permission(request, ticket):
            raise PermissionDenied
        form = AnswerToTicket(request.POST or None)
        if request.method == "POST" and (done := self._done(request, ticket, form)):
            return done
        context = {
            **self.admin_site.each_context(request),
            "title": ticket.reference,
            "opts": self.opts,
            "original": ticket,
            "ticket": ticket,
            "form": form,
            "written": actions.thread(ticket),
            "has_view_permission": True,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, self.change_form_template, context, status=status)

    def _done(self, request: HttpRequest, ticket: Ticket, form: AnswerToTicket) -> HttpResponse | None:
        """What the POST asks for; None: its form is not right yet."""
        operator, now, step = refuse_others(request), timezone.now(), request.POST.get("step")
        if step == "close":
            actions.close(ticket, by=None, now=now)
        elif step == "reopen":
            actions.reopen(ticket, by=None, now=now)
        elif form.is_valid():
            words = form.cleaned_data
            actions.answer_ticket(ticket, words["text"], operator=operator, now=now, close=words["close"])
            messages.success(request, _("The answer is on its way, and stands in the studio's help."))
        else:
            return None
        return redirect("admin:portal_ticket_change", ticket.pk)


class IsEdited(admin.SimpleListFilter):
    title = gettext_lazy("text")
    parameter_name = "text"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("edited", _("edited")), ("own", _("your own")), ("shipped", _("as shipped"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Answer]) -> QuerySet[Answer]:
        wanted = {
            "edited": Answer.objects.filter(edited_at__isnull=False).exclude(shipped_hash=""),
            "own": Answer.objects.filter(shipped_hash=""),
            "shipped": Answer.objects.filter(edited_at=None).exclude(shipped_hash=""),
        }.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(slug__in=wanted.values("slug"))


@admin.register(Answer)
class AnswerAdmin(DeskAdmin):
    """A line for each question; its page has the languages side by side."""

    label = gettext_lazy("Answers")
    named = gettext_lazy("answer"), gettext_lazy("answers")
    section = Section.SUPPORT
    icon = "book-open"
    place = 20
    list_display = ["title", "slug", "topic", "position", "is_shown", "text_words"]
    list_filter = ["is_shown", "topic", IsEdited]
    search_fields = ["title", "words", "text", "slug"]
    ordering = ["topic", "position", "slug"]
    actions = ["hide", "show"]
    change_form_template = "admin/portal/answer.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Answer]:
        """One row for each address: in the operator's language, else in whichever there is."""
        return super().get_queryset(request).filter(pk__in=_one_of_each(get_language() or "en"))

    @admin.display(description=gettext_lazy("text"))
    def text_words(self, answer: Answer) -> str:
        if not answer.shipped_hash:
            return _("your own")
        return _("edited") if answer.edited_at else _("as shipped")

    @admin.action(description=gettext_lazy("Hide from the help"), permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Answer]) -> None:
        self._show(request, queryset, is_shown=False)

    @admin.action(description=gettext_lazy("Show in the help"), permissions=["change"])
    def show(self, request: HttpRequest, queryset: QuerySet[Answer]) -> None:
        self._show(request, queryset, is_shown=True)

    def _show(self, request: HttpRequest, queryset: QuerySet[Answer], *, is_shown: bool) -> None:
        slugs = list(queryset.values_list("slug", flat=True))
        Answer.objects.filter(slug__in=slugs).update(is_shown=is_shown)
        text = ngettext("%(count)d question changed.", "%(count)d questions changed.", len(slugs))
        self.message_user(request, text % {"count": len(slugs)}, messages.SUCCESS)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """All languages of one question: saved, previewed, brought back to the shipped text, or removed."""
        answer = self.get_object(request, object_id) if object_id else None
        if object_id and answer is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        if not (self.has_change_permission(request, answer) if answer else self.has_add_permission(request)):
            raise PermissionDenied
        slug, step = answer.slug if answer else "", request.POST.get("step", "")
        if request.method == "POST" and slug and step.startswith("shipped "):
            return self._brought_back(request, slug, step.removeprefix("shipped "), object_id)
        if request.method == "POST" and slug and step == "remove":
            if remove_own(slug):
                messages.success(request, _("The question is removed."))
            return redirect("admin:portal_answer_changelist")
        form = AnswerForm(request.POST if request.method == "POST" else None, slug=slug)
        if request.method == "POST" and form.is_valid() and step != "preview":
            return self._saved(request, form)
        return self._page(request, answer, form)

    def _brought_back(self, request: HttpRequest, slug: str, language: str, object_id: str | None) -> HttpResponse:
        if back_to_shipped(slug, language):
            messages.success(request, _("The shipped text is back."))
        else:
            messages.warning(request, _("No such text comes with the product any more. Nothing was changed."))
        return redirect("admin:portal_answer_change", object_id)

    def _saved(self, request: HttpRequest, form: AnswerForm) -> HttpResponse:
        rows = form.save(now=timezone.now())
        for row in rows:
            self.log_change(request, row, [{"changed": {"fields": [row.language]}}])
        link = reverse("admin:portal_answer_change", args=[self._listed(request, form.slug).pk])
        messages.success(request, format_html('{} <a href="{}">{}</a>', _("Saved."), link, _("Look at it again")))
        return redirect("admin:portal_answer_changelist")

    def _listed(self, request: HttpRequest, slug: str) -> Answer:
        return self.get_queryset(request).get(slug=slug)

    def _page(self, request: HttpRequest, answer: Answer | None, form: AnswerForm) -> HttpResponse:
        reader = Reader(Studio.objects.order_by("pk").values_list("slug", flat=True).first() or "studio")
        texts = {language: str(form[f"text_{language}"].value() or "") for language in LANGUAGES}
        context = {
            **self.admin_site.each_context(request),
            "title": answer.title if answer else _("New question"),
            "opts": self.opts,
            "original": answer,
            "add": answer is None,
            "form": form,
            "sheets": [{**sheet, "html": html_of(texts[sheet["language"]], reader)} for sheet in own_sheets(form)],
            "is_own": answer is not None and not form.is_shipped,
            "has_view_permission": True,
        }
        return TemplateResponse(request, self.change_form_template, context, status=422 if form.errors else 200)


def _one_of_each(language: str) -> list[int]:
    """The key of one row for each address: the language's where there is one."""
    chosen: dict[str, int] = {}
    for pk, slug, of in Answer.objects.order_by("pk").values_list("pk", "slug", "language"):
        if slug not in chosen or of == language:
            chosen[slug] = pk
    return list(chosen.values())
