"""Studios and the operator's invitations in the admin. `portal/admin.py` imports this."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.admin_site import DeskAdmin, ReadOnly, is_operator
from portal.changes import changed_values, record_change
from portal.models import Invitation, Studio
from portal.operator import figures, looking, parts
from portal.operator.sections import Section
from portal.staff.invitations import OPERATOR


class WithFigures(ChangeList):
    """The page's studios with what every app counts of them: a query for each figure, however many studios."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        found = parts.figures_of([studio.pk for studio in self.result_list], timezone.now())
        for studio in self.result_list:
            studio.figures = {word: by_studio.get(studio.pk) for word, by_studio in found.items()}


class Practice(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("all", _("with those for practice"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Studio]) -> QuerySet[Studio]:
        return queryset if self.value() == "all" else queryset.filter(practice_of=None)

    def choices(self, changelist: Any) -> Any:
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": _("real ones"),
        }
        yield from list(super().choices(changelist))[1:]


@admin.register(Studio)
class StudioAdmin(DeskAdmin):
    """Who has a studio here; what a studio sets itself is set there."""

    label = _("Studios")
    named = _("studio"), _("studios")
    section, icon, place = Section.STUDIOS, "store", 10
    list_display = ("name", "slug", "language")
    list_filter = (Practice,)
    search_fields = ("name", "slug")
    fields = ("name", "slug", "language", "created_at")
    # The address is for good: links, feeds and marketplaces hold it, and the page that invites says so.
    readonly_fields = ("slug", "created_at")
    change_form_template = "admin/operator/studio.html"
    change_list_template = "admin/operator/studios.html"
    LOGGED: ClassVar[list[str]] = ["name", "language"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """By invitation: a page of its own makes studio, location and the owner's link in one go."""
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return WithFigures

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [*self.list_display, *(_column(figure) for figure in parts.figures())]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"may_invite": is_operator(request), **(extra_context or {})})

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        studio = self.get_object(request, object_id)
        extra: dict[str, Any] = {}
        if isinstance(studio, Studio) and is_operator(request):
            now = timezone.now()
            extra = {
                "studio": studio,
                "now": now,
                "parts": parts.parts_of(studio, now),
                "invitations": figures.open_invitations(studio),
                "has_people": bool(looking.people(studio)),
            }
        return super().change_view(request, object_id, extra_context=extra)

    def save_model(self, request: HttpRequest, obj: Studio, form: ModelForm, change: bool) -> None:
        before, after = changed_values(Studio.objects.get(pk=obj.pk), obj, self.LOGGED)
        super().save_model(request, obj, form, change)
        if after:
            now = timezone.now()
            record_change(obj, "changed", studio=obj, by=None, by_word=OPERATOR, now=now, before=before, after=after)


def _column(figure: parts.Figure) -> Any:
    label: Any = figure.label

    @admin.display(description=label)
    def shown(studio: Any) -> Any:
        value = studio.figures.get(figure.word)
        return "-" if value is None else value

    shown.__name__ = figure.word
    return shown


class InvitationState(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("open")), ("late", _("nobody came for three days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        open_ones = queryset.filter(accepted_at=None, withdrawn_at=None)
        late = open_ones.filter(link_made_at__lte=timezone.now() - Invitation.LATE)
        return {"open": open_ones, "late": late}.get(self.value() or "", queryset)


@admin.register(Invitation)
class InvitationAdmin(ReadOnly):
    """Of owners, by the operator. Sent anew, shown and withdrawn on the studio's page."""

    label = _("Invitations")
    named = _("invitation"), _("invitations")
    section, icon, place = Section.STUDIOS, "mail-plus", 15
    list_display = ("name", "email", "studio", "invited_at", "link_made_at", "accepted_at", "withdrawn_at")
    list_filter = (InvitationState,)
    list_select_related = ("studio",)
    search_fields = ("name", "email", "studio__name")
    fields = ("studio", "name", "email", "preset", "invited_at", "link_made_at", "accepted_at", "withdrawn_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return super().get_queryset(request).filter(invited_by=None)
