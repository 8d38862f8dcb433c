"""The operator's room: Django's admin, furnished as the rest of the house (docs/operator.md).

What an app shows there is a `DeskAdmin`, or a `ReadOnly` where nothing is changed by hand, registered in the app's
admin as usual:

    @admin.register(Ticket)
    class TicketAdmin(ReadOnly):
        section = Section.SUPPORT
        icon = "life-buoy"              # of lucide

What waits for the operator is registered with `portal.operator.needs`.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeAlias, cast

from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from portal.models import User
from portal.operator import naming, needs
from portal.operator.sections import OF_APP, SECTION_WORDS, Section

View: TypeAlias = Callable[..., HttpResponseBase]

#: What a phone has room for beside "More": the desk and these.
TABS = ("portal.Studio", "portal.Ticket")


def is_operator(request: HttpRequest) -> bool:
    """Who runs this installation, and not only helps in it with some of its tables."""
    user = request.user
    return isinstance(user, User) and user.is_active and user.is_staff and user.is_superuser


def refuse_others(request: HttpRequest) -> User:
    """The operator. Raises PermissionDenied for everybody else."""
    if not is_operator(request):
        raise PermissionDenied
    return cast("User", request.user)


class DeskAdmin(admin.ModelAdmin):
    """A list and a page on the operator's desk. Nothing is deleted there; rows leave by actions that say so."""

    section: Section | None = None
    icon = "table-2"
    #: In the rail and above the list, where the model's own plural says too little.
    label: str | Promise = ""
    #: The same for the rail and a phone's tabs, where there is no room for that.
    tab: str | Promise = ""
    #: What one row is called, and many, in Django's own sentences.
    named: tuple[str | Promise, str | Promise] | None = None
    #: Where among the pages of its section.
    place = 50
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def __init__(self, model: type[models.Model], site: admin.AdminSite) -> None:
        super().__init__(model, site)
        naming.name(model, self.named)
        for inline in self.inlines:
            if inline.model is not None:
                naming.name(inline.model, getattr(inline, "named", None))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Without Django's small buttons that open another table in a window: the rail leads there."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"heading": self.label, **(extra_context or {})})

    def title_of(self, found: Any) -> str:
        """What a row's page is headed by."""
        return str(found)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["heading"] = self.label
        if (found := context.get("original")) is not None:
            context["row_title"] = self.title_of(found)
        return super().render_change_form(request, context, *args, **kwargs)


class ReadOnly(DeskAdmin):
    """To be looked at; what is done about it goes by actions and pages of its own."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


_pages: dict[str, tuple[str, View]] = {}


def operator_page(route: str, name: str) -> Callable[[View], View]:
    """Make a view a page of the operator's: `admin:<name>` at `/admin/<route>`. Anybody else is refused.

    To be used in an app's admin module, which is read before any address is asked for.
    """

    def add(view: View) -> View:
        _pages[name] = (route, view)
        return view

    return add


class OperatorSite(admin.AdminSite):
    """Grouped by work; its first page says what needs the operator."""

    site_header = site_title = "Tresen"
    enable_nav_sidebar = False
    index_template = "admin/index.html"

    def only_operator(self, view: View) -> Callable[..., Any]:
        """For a view of the operator's: logged in as staff like everywhere in the admin, and a superuser."""

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            refuse_others(request)
            response = view(request, *args, **kwargs)
            add_never_cache_headers(response)
            return response

        return self.admin_view(update_wrapper(guarded, view))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        own = [path(route, self.only_operator(view), name=name) for name, (route, view) in _pages.items()]
        return own + super().get_urls()

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What needs the operator: only for who may do something about it."""
        extra: dict[str, Any] = {"title": _("Desk")}
        if is_operator(request):
            now = timezone.now()
            found = needs.needs(now)
            extra |= {
                "now": now,
                "waiting": [one for one in found if one.count],
                "calm": [one for one in found if not one.count],
            }
        return super().index(request, extra | (extra_context or {}))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        return context | {"sections": self.sections(request, context["available_apps"])}

    def sections(self, request: HttpRequest, apps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rail: the pages that this person may open, by work."""
        found: dict[Section, list[dict[str, Any]]] = {section: [] for section in SECTION_WORDS}
        for app in apps:
            for model in app["models"]:
                if not model["admin_url"]:
                    continue
                page = self._registry[model["model"]]
                section = getattr(page, "section", None) or OF_APP.get(app["app_label"], Section.MACHINES)
                found[section].append(
                    {
                        "label": getattr(page, "label", "") or model["name"],
                        "tab": getattr(page, "tab", ""),
                        "url": model["admin_url"],
                        "icon": getattr(page, "icon", "table-2"),
                        "place": getattr(page, "place", 50),
                        "active": request.path.startswith(model["admin_url"]),
                        "is_tab": f"{app['app_label']}.{model['object_name']}" in TABS,
                    }
                )
        if is_operator(request):
            for section, label, name, icon, place in LINKS:
                try:
                    url = reverse(name)
                except NoReverseMatch:
                    continue
                active = request.path.startswith(url)
                entry = {"label": label(), "url": url, "icon": icon, "place": place, "active": active, "is_tab": False}
                found[section].append(entry)
        return [
            {"label": SECTION_WORDS[section], "pages": sorted(pages, key=lambda one: (one["place"], one["label"]))}
            for section, pages in found.items()
            if pages
        ]


#: Pages that are no table's: section, words, name of the address, icon, place.
LINKS: list[tuple[Section, Callable[[], str], str, str, int]] = [
    (Section.STUDIOS, lambda: _("Statistics"), "admin:statistics", "chart-column", 90),
    (Section.MACHINES, lambda: _("Mails"), "portal:mail", "mail", 30),
]
