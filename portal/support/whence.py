"""Where somebody came from who needs help: read from the address of that page, so that nobody types it (P14).

The question mark on each page leads to `/<studio>/support/?page=<url name>&from=<path>`; both are the browser's word,
so nothing is believed that is not an address of the own studio.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import QueryDict
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from portal.access import StudioRequest
from portal.context import navigation
from portal.models import StaffLogin
from portal.roles import Right

LONGEST = 500
#: Words in addresses that name a line of a log, or a paper: support finds it by them.
_REFERENCES = {
    "exchange": "exchange", "call": "call", "message": "message", "number": "invoice", "statement": "statement",
    "run": "import", "reservation": "booking", "session": "session", "conflict": "conflict", "purchase": "purchase",
}  # fmt: skip


@dataclass(frozen=True)
class Whence:
    """The page one came from: its url name, path, name on the rail, and what its address says it is about."""

    page: str = ""
    path: str = ""
    label: str = ""
    month: date | None = None
    member_number: str = ""
    log_reference: str = ""

    @property
    def query(self) -> str:
        """To be carried on from one support page to the next."""
        found = {"page": self.page, "from": self.path}
        return urlencode({name: value for name, value in found.items() if value})


def whence(request: StudioRequest) -> Whence:
    """Read from `page` and `from`. At most one query, for the member's number."""
    given: QueryDict = request.POST if request.method == "POST" else request.GET
    path = _own_path(given.get("from", ""), request.studio.slug)
    try:
        match = resolve(path.partition("?")[0]) if path else None
    except Resolver404:
        match, path = None, ""
    if match is None or match.kwargs.get("studio") != request.studio.slug:
        name = given.get("page", "")[:100]
        return Whence(page=name if _is_known(name) else "")
    return Whence(
        page=match.view_name,
        path=path,
        label=_label(request, path),
        month=_month(match.kwargs.get("month") or dict(parse_qsl(urlsplit(path).query)).get("month")),
        member_number=_number(match.kwargs.get("member"), request.login),
        log_reference=_reference(match.kwargs),
    )


def _own_path(path: str, slug: str) -> str:
    """The path if it is of this studio, without what somebody searched for: that may be a person's name."""
    parts = urlsplit(path[: 2 * LONGEST]) if path.startswith(f"/{slug}/") else None
    if parts is None or parts.scheme or parts.netloc:
        return ""
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name not in {"q", "from", "page"}])
    return (f"{parts.path}?{query}" if query else parts.path)[:LONGEST]


def _is_known(name: str) -> bool:
    """Whether it looks like the name of an address: it is looked up, and shown to nobody."""
    return bool(name) and all(part.isidentifier() for part in name.split(":"))


def _label(request: StudioRequest, path: str) -> str:
    """The page's name on the rail, or of what is reached otherwise."""
    bare = path.partition("?")[0]
    front = reverse("portal:studio", args=[request.studio.slug])  # every page stands below it
    entries = navigation(request, request.login)
    found = [one for one in entries if bare == one["url"] or (one["url"] != front and bare.startswith(one["url"]))]
    if found:
        return str(max(found, key=lambda entry: len(entry["url"]))["label"])
    return str(_("My account")) if bare.endswith("/me/") else ""


def _month(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date().replace(day=1)
    if isinstance(value, date):
        return value.replace(day=1)
    try:
        return date.fromisoformat(f"{value}-01") if value else None
    except ValueError:
        return None


def _number(member: Any, login: StaffLogin) -> str:
    if member is None or Right.VIEW_MEMBERS not in login.rights:
        return ""
    return login.studio.members.filter(pk=member).values_list("number", flat=True).first() or ""


def _reference(words: dict[str, Any]) -> str:
    found = [f"{label} {words[word]}" for word, label in _REFERENCES.items() if words.get(word)]
    return ", ".join(found)[:100]
