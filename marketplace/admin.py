"""The operator's desk for marketplaces: who activates a connection, and nobody else does (I1)."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace import actions
from marketplace.adapters import ADAPTERS
from marketplace.models import ConnectedLocation, Connection, Contract, ContractTerms, Marketplace
from marketplace.words import missing_words

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
    model = ConnectedLocation
    fields = ("location", "external_id")
    extra = 0


class ContractsInline(Kept, admin.TabularInline):
    model = Contract
    fields = ("number", "currency", "ends_on")
    extra = 0
    show_change_link = True


class TermsInline(Kept, admin.TabularInline):
    """Every version, the clauses of money first."""

    model = ContractTerms
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
class MarketplaceAdmin(admin.ModelAdmin):
    form = MarketplaceForm
    list_display = ("name", "key", "shape", "adapter", "horizon_days")

    def get_readonly_fields(self, request: HttpRequest, obj: Marketplace | None = None) -> tuple[str, ...]:
        """The key is the source of its bookings, and stays."""
        return ("key",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Connection)
class ConnectionAdmin(Kept, admin.ModelAdmin):
    """To be looked at, and activated by the action above the list. Secrets are never shown."""

    STAGES = ("contracted_on", "added_at", "activated_at", "allowed_at", "first_synced_at", "first_booked_at")
    list_display = ("studio", "marketplace", "state", "contracted_on", "added_at", "activated_at", "waits_for")
    list_filter = ("state", "marketplace")
    list_select_related = ("studio", "marketplace")
    search_fields = ("studio__name", "studio__slug")
    fields = ("studio", "marketplace", "state", "kinds", "address", "client_id", *STAGES, "ended_at")
    inlines: ClassVar[list[Any]] = [LocationsInline, ContractsInline]
    actions = ("activate",)

    @admin.display(description=gettext_lazy("waits for"))
    def waits_for(self, connection: Connection) -> str:
        if connection.state != Connection.State.SETTING_UP:
            return ""
        missing = actions.missing(connection)
        return missing_words(missing) if missing else _("you: activate it")

    @admin.action(description=gettext_lazy("Activate"), permissions=["view"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        """Each that is ready; the others are named with what is missing."""
        for connection in queryset.select_related("studio", "marketplace"):
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
class ContractAdmin(Kept, admin.ModelAdmin):
    """What was agreed is not rewritten, by nobody."""

    list_display = ("studio", "connection", "number", "currency", "ends_on")
    list_select_related = ("studio", "connection")
    fields = ("studio", "connection", "number", "currency", "ends_on")
    inlines: ClassVar[list[Any]] = [TermsInline]
