"""Saved views: the address is the view, and a person keeps some of a screen's addresses as tabs (*Tables*).

A screen puts `saved_views(request, "members")` into its context as `views` and includes `components/saved_views.html`.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.access import StudioRequest
from portal.models import SavedView, StaffLogin

# Where one is in a list, not which list it is.
PLACES = frozenset({"page", "after", "before", "first", "open", "week"})
MOST = 12  # tabs of one screen


@dataclass(frozen=True)
class Tab:
    pk: int
    name: str
    query: str
    current: bool


@dataclass(frozen=True)
class SavedViews:
    """What `components/saved_views.html` draws."""

    screen: str
    tabs: list[Tab]
    # The address's own query in canonical form; empty without filters.
    query: str

    @property
    def current(self) -> Tab | None:
        return next((tab for tab in self.tabs if tab.current), None)

    @property
    def can_save(self) -> bool:
        return bool(self.query) and self.current is None and len(self.tabs) < MOST


class SaveViewForm(forms.ModelForm):
    class Meta:
        model = SavedView
        fields = ("screen", "name", "query")

    def clean_query(self) -> str:
        query = canonical(self.cleaned_data["query"])
        if not query:
            raise forms.ValidationError(_("There is nothing to keep: no filter is set."))
        return query


def canonical(query: str) -> str:
    """The query without empty words and without the place in the list, in the order of its names."""
    words = parse_qsl(query.removeprefix("?"))
    return urlencode(sorted((name, value) for name, value in words if name not in PLACES))


def saved_views(request: StudioRequest, screen: str) -> SavedViews:
    """The tabs of this login for the screen: one query."""
    query = canonical(request.GET.urlencode())
    kept = request.login.saved_views.filter(screen=screen)
    return SavedViews(screen, [Tab(view.pk, view.name, view.query, view.query == query) for view in kept], query)


def save_view(login: StaffLogin, *, screen: str, name: str, query: str) -> SavedView | None:
    """Keep the canonical query under this name; a view of the same name gives way. None: there are too many."""
    with transaction.atomic():
        StaffLogin.objects.select_for_update().get(pk=login.pk)
        kept = SavedView.objects.filter(login=login, screen=screen)
        same = kept.filter(name__iexact=name).first()
        if same is None and kept.count() >= MOST:
            return None
        view = same or SavedView(login=login, screen=screen)
        view.name, view.query = name, query
        view.save()
        return view
