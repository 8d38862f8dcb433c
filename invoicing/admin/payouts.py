"""Payouts on the operator's desk: where each is, and what happened to it, one by one, several at once or by CSV."""

from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from invoicing.actions import payouts
from invoicing.actions.locking import behind_issues
from invoicing.forms.telling import PayoutFileForm, TellForm, TellManyForm
from invoicing.imports import payouts as files
from invoicing.models import Payout, PayoutEvent
from invoicing.payout_words import PAYOUT_STATES, failed_words, payout_said, payout_words
from invoicing.rules.payouts import PayoutState
from invoicing.selectors.payouts import Standing, standing_of, standings, with_state
from marketplace.selectors.connecting import today_of
from packages.words import money_words
from portal.admin_site import ReadOnly
from portal.imports.reading import Unreadable
from portal.models import User
from portal.operator.sections import Section

OPEN = (PayoutState.EXPECTED, PayoutState.LATE, PayoutState.SENT, PayoutState.SHORT, PayoutState.FAILED)


def _operator(request: HttpRequest) -> User:
    """Whom `admin_view` has let in."""
    return cast("User", request.user)


def _waiting(payouts: QuerySet[Payout], today: date) -> list[Standing]:
    """Those that have something to bring still."""
    rows = standings(payouts.select_related("studio", "invoice"), today=today)
    return [one for one in rows if one.answer.missing > 0]


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("all that have not come")), *((str(state), word) for state, word in PAYOUT_STATES.items())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Payout]) -> QuerySet[Payout]:
        wanted = self.value()
        if wanted == "open":
            return queryset.filter(Q(("state__in", [str(state) for state in OPEN])))
        return queryset.filter(Q(("state", wanted))) if wanted in set(PayoutState) else queryset


@admin.register(Payout)
class PayoutAdmin(ReadOnly):
    """What was told is appended and never changed; a mistake is taken back."""

    label = gettext_lazy("Payouts")
    named = gettext_lazy("payout"), gettext_lazy("payouts")
    section, icon, place = Section.MONEY, "banknote", 20
    change_list_template = "admin/invoicing/payouts.html"
    change_form_template = "admin/invoicing/payout.html"
    list_display = ("number", "studio", "marketplace", "month", "due", "came", "expected_on", "state")
    list_display_links = ("number",)
    list_filter = (StateFilter, "invoice__connection__marketplace", "expected_on")
    list_select_related = ("studio", "invoice__connection__marketplace")
    search_fields = ("invoice__number", "studio__name", "studio__slug", "events__reference")
    date_hierarchy = "expected_on"
    fields = readonly_fields = ("number", "studio", "marketplace", "month", "due", "expected_on", "where")
    actions = ("mark_sent", "mark_received")

    @staticmethod
    def may_tell(request: HttpRequest) -> bool:
        return request.user.has_perm("invoicing.change_payout")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payout]:
        return with_state(timezone.now().date()).order_by("-expected_on", "-pk")

    @admin.display(description=gettext_lazy("invoice"), ordering="invoice__number")
    def number(self, payout: Payout) -> str:
        return payout.invoice.number

    @admin.display(description=gettext_lazy("marketplace"))
    def marketplace(self, payout: Payout) -> str:
        return payout.invoice.connection.marketplace.name

    @admin.display(description=gettext_lazy("month"), ordering="invoice__month")
    def month(self, payout: Payout) -> str:
        return f"{payout.invoice.month:%Y-%m}"

    @admin.display(description=gettext_lazy("expected"), ordering="due")
    def due(self, payout: Any) -> str:
        return money_words(payout.due, payout.currency)

    @admin.display(description=gettext_lazy("received"), ordering="came")
    def came(self, payout: Any) -> str:
        return money_words(payout.came, payout.currency)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state(self, payout: Any) -> str:
        return str(PAYOUT_STATES[PayoutState(payout.state)])

    @admin.display(description=gettext_lazy("state"))
    def where(self, payout: Payout) -> str:
        return payout_words(standing_of(payout, today=today_of(payout.studio, now=timezone.now())))

    @admin.action(description=gettext_lazy("Mark as sent ..."), permissions=["view"])
    def mark_sent(self, request: HttpRequest, queryset: QuerySet[Payout]) -> HttpResponse | None:
        return self._mark(request, queryset, PayoutEvent.Kind.SENT)

    @admin.action(description=gettext_lazy("Mark as received ..."), permissions=["view"])
    def mark_received(self, request: HttpRequest, queryset: QuerySet[Payout]) -> HttpResponse | None:
        return self._mark(request, queryset, PayoutEvent.Kind.RECEIVED)

    def _mark(self, request: HttpRequest, queryset: QuerySet[Payout], kind: PayoutEvent.Kind) -> HttpResponse | None:
        """Asks for the day and the reference; then each gets what it still has to bring, all of them or none."""
        if not self.may_tell(request):
            self.message_user(request, _("You may look, and tell nothing."), messages.ERROR)
            return None
        now = timezone.now()
        waiting = _waiting(queryset, now.date())
        form = TellManyForm(request.POST if "apply" in request.POST else None, initial={"on": now.date()})
        if form.is_bound and form.is_valid():
            try:
                with transaction.atomic():
                    behind_issues(one.payout.studio_id for one in waiting)
                    waiting = _waiting(queryset, now.date())
                    for one in waiting:
                        payouts.tell(
                            one.payout, kind, amount=one.answer.missing, operator=_operator(request), now=now,
                            **form.cleaned_data,
                        )  # fmt: skip
            except payouts.NotTold as refused:
                form.add_error("on", str(refused.words))
            else:
                words = ngettext("%(number)d payout: %(kind)s.", "%(number)d payouts: %(kind)s.", len(waiting))
                given = {"number": len(waiting), "kind": kind.label}
                self.message_user(request, words % given, messages.SUCCESS)
                return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Mark as sent") if kind == PayoutEvent.Kind.SENT else _("Mark as received"),
            "opts": self.opts,
            "form": form,
            "rows": [(one, money_words(one.answer.missing, one.payout.currency)) for one in waiting],
            "left_out": queryset.count() - len(waiting),
            "action": f"mark_{kind}",
            "selected": request.POST.getlist("_selected_action"),
        }
        return render(request, "admin/invoicing/payouts_mark.html", context, status=422 if form.errors else 200)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("upload/", view(self.upload), name="invoicing_payout_upload"),
            path("<int:object_id>/tell/", view(self.tell), name="invoicing_payout_tell"),
            path("told/<int:object_id>/take-back/", view(self.take_back), name="invoicing_payout_take_back"),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        payout = self.get_object(request, object_id)
        extra: dict[str, Any] = {"may_tell": self.may_tell(request)}
        if payout is not None:
            standing = standing_of(payout, today=today_of(payout.studio, now=timezone.now()))
            told = payout.events.select_related("operator", "takes_back", "taken_back_by").order_by("-pk")
            extra["events"] = [(one, failed_words(one.note) if one.note else "") for one in told]
            extra["said"] = payout_said(standing)
        return super().change_view(request, object_id, extra_context=extra)

    def tell(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """What happened to one payout."""
        payout = get_object_or_404(Payout.objects.select_related("studio", "invoice"), pk=object_id)
        if not self.may_tell(request):
            return HttpResponse(status=403)
        now = timezone.now()
        standing = standing_of(payout, today=today_of(payout.studio, now=now))
        missing = standing.answer.missing
        initial = {"on": now.date(), "amount": missing if missing > 0 else None}
        form = TellForm(request.POST if request.method == "POST" else None, initial=initial)
        if form.is_bound and form.is_valid():
            try:
                payouts.tell(payout, operator=_operator(request), now=now, **form.given)
            except payouts.NotTold as refused:
                form.add_error("on", str(refused.words))
            else:
                self.message_user(request, _("Told. The owners of the studio get a mail."), messages.SUCCESS)
                return redirect("admin:invoicing_payout_change", payout.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("What happened to this payout?"),
            "opts": self.opts,
            "original": payout,
            "form": form,
            "words": payout_words(standing),
            "expected": money_words(standing.expected, payout.currency),
        }
        return render(request, "admin/invoicing/payout_tell.html", context, status=422 if form.errors else 200)

    def take_back(self, request: HttpRequest, object_id: int) -> HttpResponse:
        event = get_object_or_404(PayoutEvent.objects.select_related("studio"), pk=object_id)
        if request.method != "POST" or not self.may_tell(request):
            return HttpResponse(status=405 if request.method != "POST" else 403)
        try:
            payouts.take_back(event, operator=_operator(request), now=timezone.now())
        except payouts.NotTold as refused:
            self.message_user(request, str(refused.words), messages.ERROR)
        else:
            self.message_user(request, _("Taken back."), messages.SUCCESS)
        return redirect("admin:invoicing_payout_change", event.payout_id)

    def upload(self, request: HttpRequest) -> HttpResponse:
        """A CSV: looked at first, told by the second button."""
        if not self.may_tell(request):
            return HttpResponse(status=403)
        now = timezone.now()
        form = PayoutFileForm(request.POST or None, request.FILES or None)
        file = None
        if form.is_bound and form.is_valid():
            given = form.cleaned_data
            try:
                how = {name: given[name] for name in ("mark", "order", "encoding")}
                file = files.look(given["content"], given["kind"], now=now, **how)
            except Unreadable as error:
                where = _("Line %(line)s: ") % {"line": error.line} if error.line else ""
                form.add_error("file", where + _(error.text) % error.params)
            else:
                if "tell" in request.POST:
                    number = files.tell(file, given["kind"], operator=_operator(request), now=now)
                    words = ngettext("%(number)d payout was told.", "%(number)d payouts were told.", number)
                    self.message_user(request, words % {"number": number}, messages.SUCCESS)
                    if not file.refused:
                        return redirect(
                            f"{reverse('admin:invoicing_payout_changelist')}?{urlencode({'state': 'open'})}"
                        )
        context = {
            **self.admin_site.each_context(request),
            "title": _("Payouts from a file"),
            "opts": self.opts,
            "form": form,
            "file": file,
            "done": "tell" in request.POST,
            "carried": PayoutFileForm.carry(form.cleaned_data["content"]) if file else "",
        }
        return render(request, "admin/invoicing/payouts_upload.html", context, status=422 if form.errors else 200)
