"""The operator's desk for marketplaces: who activates a connection, and nobody else does (I1)."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.words import day_and_clock
from marketplace import actions
from marketplace.adapters import ADAPTERS
from marketplace.models import (
    Call,
    Conflict,
    ConnectedLocation,
    Connection,
    Contract,
    ContractTerms,
    InboxMessage,
    Marketplace,
)
from marketplace.selectors.connecting import setting_up
from marketplace.selectors.messages import given_up, lost
from marketplace.words import missing_words
from portal.admin_site import DeskAdmin, ReadOnly, is_operator
from portal.operator.sections import Section

BY = "operator"


class Kept:
    """Looked at here, changed in the studio."""

    def has_add_permission(self, *args: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any) -> bool:
        return False


class LocationsInline(Kept, admin.TabularInline):
    verbose_name_plural = gettext_lazy("locations")
    model = ConnectedLocation
    fields = ("location", "external_id")
    extra = 0


class ContractsInline(Kept, admin.TabularInline):
    verbose_name_plural = gettext_lazy("contracts")
    model = Contract
    fields = ("number", "currency", "ends_on")
    extra = 0
    show_change_link = True


class TermsInline(Kept, admin.TabularInline):
    """Every version, the clauses of money first."""

    model = ContractTerms
    verbose_name_plural = gettext_lazy("versions of the terms")
    fields = (
        *("first_on", "check_in_rate", "no_show_rate", "late_cancel_rate", "late_cancel_paid", "additional_rate"),
        *("paid_per_day", "paid_per_30_days", "flat_rate", "steps", "issuer", "tax_category", "tax_rate"),
        *("cancel_hours", "quota"),
    )
    readonly_fields = ("steps",)
    extra = 0

    @admin.display(description=gettext_lazy("volume steps"))
    def steps(self, terms: ContractTerms) -> str:
        pairs = zip(terms.steps_from, terms.steps_rate, strict=True)
        return ", ".join(f"{first}: {rate}" for first, rate in pairs)


class MarketplaceForm(forms.ModelForm):
    """An adapter is one that this release has."""

    class Meta:
        model = Marketplace
        fields: ClassVar[list[str]] = ["key", "name", "shape", "adapter", "horizon_days"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = sorted({*ADAPTERS, self.instance.adapter} - {""})
        self.fields["adapter"] = forms.ChoiceField(
            label=self.fields["adapter"].label,
            choices=[("", _("none")), *zip(names, names, strict=True)],
            required=False,
        )


@admin.register(Marketplace)
class MarketplaceAdmin(DeskAdmin):
    label = gettext_lazy("Marketplaces")
    named = gettext_lazy("marketplace"), gettext_lazy("marketplaces")
    section, icon, place = Section.MARKETPLACES, "blocks", 30
    form = MarketplaceForm
    list_display = ("name", "key", "shape", "adapter", "horizon_days")

    def get_readonly_fields(self, request: HttpRequest, obj: Marketplace | None = None) -> tuple[str, ...]:
        """The key is the source of its bookings, and stays."""
        return ("key",) if obj else ()


class Waits(admin.SimpleListFilter):
    title = gettext_lazy("waits for")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("you", _("you: activate it")), ("studio", _("the studio")), ("marketplace", _("the marketplace"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Connection]) -> QuerySet[Connection]:
        if self.value() in {"you", "studio"}:
            found = setting_up(adapters=ADAPTERS)
            keys = [one.connection.pk for one in found if bool(one.missing) == (self.value() == "studio")]
            return queryset.filter(pk__in=keys)
        trouble = Q(late_at__isnull=False) | Q(locked_out_at__isnull=False)
        return (
            queryset.filter(trouble, state="live", studio__practice_of=None)
            if self.value() == "marketplace"
            else queryset
        )


@admin.register(Connection)
class ConnectionAdmin(ReadOnly):
    """To be looked at, and activated on a page of its own or by the action above the list. Secrets are never shown."""

    label = gettext_lazy("Connections")
    named = gettext_lazy("connection"), gettext_lazy("connections")
    section, icon, place = Section.MARKETPLACES, "plug", 10
    STAGES = ("contracted_on", "added_at", "activated_at", "allowed_at", "first_synced_at", "first_booked_at")
    list_display = ("studio", "marketplace", "state", "contracted_on", "added_at", "activated_at", "waits_for", "deed")
    list_filter = (Waits, "state", "marketplace")
    list_select_related = ("studio", "marketplace")
    search_fields = ("studio__name", "studio__slug")
    fields = ("studio", "marketplace", "state", "waits_for", "kinds", "address", "client_id", *STAGES, "ended_at")
    readonly_fields = ("waits_for",)
    inlines: ClassVar[list[Any]] = [LocationsInline, ContractsInline]
    actions = ("activate",)
    change_form_template = "admin/marketplace/connection.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.activate_one)
        return [path("<int:id>/activate/", view, name="marketplace_connection_activate"), *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> Any:
        return [name for name in self.list_display if name != "deed" or is_operator(request)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        """What is missing is known of all that are set up, in one query."""
        self._missing = {one.connection.pk: one.missing for one in setting_up(adapters=ADAPTERS)}
        return super().get_queryset(request)

    @admin.display(description=gettext_lazy("waits for"))
    def waits_for(self, connection: Connection) -> str:
        missing = self._missing.get(connection.pk)
        if missing is None:
            return ""
        return missing_words(missing) if missing else _("you: activate it")

    @admin.display(description=gettext_lazy("to do"))
    def deed(self, connection: Connection) -> SafeString | str:
        if self._missing.get(connection.pk) != ():
            return ""
        url = reverse("admin:marketplace_connection_activate", args=[connection.pk])
        return format_html('<a class="button small" href="{}">{}</a>', url, _("Activate"))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        found = self.get_object(request, object_id)
        ready = found is not None and self._missing.get(found.pk) == () and is_operator(request)
        return super().change_view(request, object_id, extra_context={"is_ready": ready})

    def activate_one(self, request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002 (the admin's word)
        """What will happen, and the button (I1)."""
        if not is_operator(request):
            raise PermissionDenied
        connection = get_object_or_404(
            Connection.objects.select_related("studio", "marketplace"), pk=id, studio__practice_of=None
        )
        if request.method == "POST":
            self.activate(request, Connection.objects.filter(pk=connection.pk))
            return redirect("admin:marketplace_connection_change", connection.pk)
        missing = actions.missing(connection)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Activate %(name)s for %(studio)s")
            % {"name": connection.marketplace.name, "studio": connection.studio.name},
            "opts": self.opts,
            "connection": connection,
            "missing": missing_words(missing) if missing else "",
            "is_open": connection.state == Connection.State.SETTING_UP,
        }
        return render(request, "admin/marketplace/activate.html", context)

    @admin.action(description=gettext_lazy("Activate"), permissions=["view"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        """Each that is ready; the others are named with what is missing."""
        for connection in queryset.filter(studio__practice_of=None).select_related("studio", "marketplace"):
            told = {"studio": connection.studio.name, "name": connection.marketplace.name}
            try:
                done = actions.activate(connection, by_word=BY, now=timezone.now())
            except actions.NotReady as refusal:
                told["missing"] = missing_words(refusal.missing)
                text = _("%(studio)s at %(name)s was not activated. Missing: %(missing)s.") % told
                self.message_user(request, text, messages.ERROR)
                continue
            text = _("%(studio)s at %(name)s: %(state)s.") % {**told, "state": done.get_state_display()}
            self.message_user(request, text, messages.SUCCESS)


@admin.register(Contract)
class ContractAdmin(ReadOnly):
    """What was agreed is not rewritten, by nobody: each change is a version with its first day."""

    label = gettext_lazy("Contracts")
    named = gettext_lazy("contract"), gettext_lazy("contracts")
    section, icon, place = Section.MARKETPLACES, "file-text", 20
    list_display = ("number", "studio", "marketplace", "currency", "versions", "since", "ends_on")
    list_filter = ("connection__marketplace",)
    list_select_related = ("studio", "connection__marketplace")
    search_fields = ("number", "studio__name", "studio__slug")
    ordering = ("studio__name", "pk")
    fields = ("studio", "marketplace", "number", "currency", "ends_on")
    readonly_fields = ("marketplace",)
    inlines: ClassVar[list[Any]] = [TermsInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contract]:
        versions: Any = super().get_queryset(request)
        return versions.annotate(versions=Count("terms"), since=Max("terms__first_on"))

    def title_of(self, found: Contract) -> str:
        return ", ".join(filter(None, (found.connection.marketplace.name, found.studio.name, found.number)))

    @admin.display(description=gettext_lazy("marketplace"), ordering="connection__marketplace__name")
    def marketplace(self, contract: Contract) -> str:
        return contract.connection.marketplace.name

    @admin.display(description=gettext_lazy("versions"), ordering="versions")
    def versions(self, contract: Any) -> int:
        return int(contract.versions)

    @admin.display(description=gettext_lazy("latest from"), ordering="since")
    def since(self, contract: Any) -> Any:
        return contract.since


@admin.register(Call)
class CallAdmin(ReadOnly):
    """The outbox: what marketplaces were told, and what was given up, to be sent again by the action above the list."""

    section, icon, place = Section.MARKETPLACES, "send", 40
    label, tab = gettext_lazy("Sent to marketplaces"), gettext_lazy("Sent")
    named = gettext_lazy("call"), gettext_lazy("calls")
    list_display = ("created_at", "studio", "marketplace", "kind", "state", "attempts", "said", "answer", "ended_at")
    list_filter = ("state", "kind", "connection__marketplace")
    list_select_related = ("studio", "connection__marketplace")
    search_fields = ("studio__name", "studio__slug")
    ordering = ("-pk",)
    fields = (
        *("studio", "marketplace", "class_there", "kind", "state", "said", "answer", "attempts"),
        *("created_at", "due_at", "ended_at", "key"),
    )
    readonly_fields = ("marketplace", "class_there")
    actions = ("send_again",)

    def title_of(self, found: Call) -> str:
        return f"{found.connection.marketplace.name}, {found.get_kind_display()} {found.pk}"

    @admin.display(description=gettext_lazy("marketplace"))
    def marketplace(self, call: Call) -> str:
        return call.connection.marketplace.name

    @admin.display(description=gettext_lazy("class"))
    def class_there(self, call: Call) -> str:
        session = call.listing.session
        return f"{session.item.name}, {day_and_clock(session.starts_at, session.location)}" if session else "-"

    @admin.action(description=gettext_lazy("Send again"), permissions=["view"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Call]) -> None:
        """Those that were given up, the oldest first; the others are as they are."""
        if not is_operator(request):
            raise PermissionDenied
        dead = queryset.filter(state=Call.State.DEAD).select_related("connection").order_by("pk")
        again = sum(actions.retry(one) for one in dead)
        words = ngettext("%(number)d call is sent again now.", "%(number)d calls are sent again now.", again)
        self.message_user(request, words % {"number": again}, messages.SUCCESS if again else messages.WARNING)


class Fate(admin.SimpleListFilter):
    title = gettext_lazy("what became of it")
    parameter_name = "fate"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("given_up", _("given up")),
            ("lost", _("given up, too old to be applied again")),
            ("conflict", _("a conflict, for the studio")),
            ("open", _("not dealt with yet")),
            ("done", _("done")),
            ("refused", _("refused")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboxMessage]) -> QuerySet[InboxMessage]:
        outcome = InboxMessage.Outcome
        fates = {
            "given_up": given_up(queryset),
            "lost": lost(queryset),
            "conflict": queryset.filter(outcome=outcome.FOR_A_PERSON, reason__in=Conflict.Kind.values),
            "open": queryset.filter(handled_at=None),
            "done": queryset.filter(outcome=outcome.DONE),
            "refused": queryset.filter(outcome=outcome.REFUSED),
        }
        return fates.get(self.value() or "", queryset)


@admin.register(InboxMessage)
class InboxAdmin(ReadOnly):
    """The inbox: what marketplaces told us. What names people is not shown; what was given up is applied again."""

    section, icon, place = Section.MARKETPLACES, "inbox", 50
    label, tab = gettext_lazy("Received from marketplaces"), gettext_lazy("Received")
    named = gettext_lazy("message"), gettext_lazy("messages")
    list_display = ("received_at", "studio", "marketplace", "outcome", "reason", "path", "handled_at")
    list_filter = (Fate, "connection__marketplace")
    list_select_related = ("studio", "connection__marketplace")
    search_fields = ("studio__name", "studio__slug", "key")
    ordering = ("-pk",)
    fields = (
        *("studio", "marketplace", "method", "path", "key", "proof"),
        *("received_at", "outcome", "reason", "handled_at"),
    )
    readonly_fields = ("marketplace",)
    actions = ("apply_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboxMessage]:
        return super().get_queryset(request).defer("body", "headers")

    def title_of(self, found: InboxMessage) -> str:
        return f"{found.connection.marketplace.name}, {found.method} {found.pk}"

    @admin.display(description=gettext_lazy("marketplace"))
    def marketplace(self, message: InboxMessage) -> str:
        return message.connection.marketplace.name

    @admin.action(description=gettext_lazy("Apply again"), permissions=["view"])
    def apply_again(self, request: HttpRequest, queryset: QuerySet[InboxMessage]) -> None:
        """Those that were given up; a conflict is settled by the studio, and nothing is applied twice."""
        if not is_operator(request):
            raise PermissionDenied
        again = sum(actions.apply_again(one) for one in given_up(queryset).order_by("pk"))
        words = ngettext(
            "%(number)d message is applied again now.", "%(number)d messages are applied again now.", again
        )
        self.message_user(request, words % {"number": again}, messages.SUCCESS if again else messages.WARNING)
        if lost(queryset).exists():
            gone = _("Nothing is kept of it: it was empty, or is older than 30 days.")
            self.message_user(request, gone, messages.WARNING)
