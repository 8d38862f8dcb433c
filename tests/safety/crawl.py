"""What the safety tests share: the pages and forms of the product, and what stands in the database."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from django.db import connection
from django.test import Client
from django.urls import resolve

from tests.access_table import TABLE, Studio
from tests.routes import all_routes
from tests.world import World

# Written by asking, not by what is asked: the session itself, and allauth's and axes' counts of attempts.
NOT_CONTENT = {"django_session", "portal_cache", "axes_accessattempt"}


@dataclass
class Form:
    """A form as a browser would send it: where to, how, and with what in it."""

    page: str
    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.forms, self.links = page, [], []
        self._open: Form | None = None
        self._select = ""

    forms: list[Form]
    links: list[str]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self.page, given.get("action") or self.page)
            self._open = Form(self.page, given.get("method", "get").upper(), action)
            self.forms.append(self._open)
        elif tag == "a":
            self.links.append(urljoin(self.page, given.get("href", "")))
        elif self._open is None:
            return
        elif tag in {"input", "textarea", "select", "button"} and given.get("name"):
            self._select = given["name"] if tag == "select" else ""
            if not (given.get("type") in {"checkbox", "radio"} and "checked" not in given):
                self._open.fields.setdefault(given["name"], given.get("value", ""))
        elif tag == "option" and self._select and (not self._open.fields[self._select] or "selected" in given):
            self._open.fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def page_addresses(world: World) -> list[str]:
    """Every page that an owner can open, with the own studio's objects in its address."""
    return [
        route.url(world.own.words)
        for route in all_routes()
        if isinstance(rule := TABLE.get(route.name), Studio) and rule.get
    ] + ["/", "/accounts/password/change/", "/accounts/logout/"]


@dataclass
class Found:
    """What a walk through pages meets: their forms, one of each kind; (path, parameter) of every query that they link
    to; and the tables that opening one of them changed."""

    forms: list[Form]
    queries: set[tuple[str, str]]
    changed: dict[str, set[str]]


def walk(client: Client, pages: list[str]) -> Found:
    """Open each of these pages, and what it leads on to by itself."""
    forms: dict[tuple[str, frozenset[str]], Form] = {}
    queries: set[tuple[str, str]] = set()
    changed: dict[str, set[str]] = {}
    before, written = database(), writes()
    for page in pages:
        response = client.get(page, follow=True)
        assert response.status_code < 500, page
        if response.streaming:
            list(response)  # type: ignore[call-overload]
        if (so_far := writes()) != written:
            now, written = database(), so_far
            changed[page] = {table for table in now if now[table] != before[table]}
            before = now
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            continue
        reader = _Reader(page)
        reader.feed(response.content.decode())
        for form in reader.forms:
            form.fields.pop("csrfmiddlewaretoken", None)
            if form.method == "POST":
                view = resolve(urlsplit(form.action).path).view_name
                forms.setdefault((view, frozenset(form.fields)), form)
            else:
                queries |= {(urlsplit(form.action).path, name) for name in form.fields}
        for link in reader.links:
            queries |= {(urlsplit(link).path, name) for name, _value in parse_qsl(urlsplit(link).query)}
    kinds = {(resolve(path).view_name, name): (path, name) for path, name in sorted(queries) if path.startswith("/")}
    return Found(list(forms.values()), set(kinds.values()), changed)


def database() -> dict[str, str]:
    """A checksum of the rows of each table; a moment is the same in every zone."""
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name not in NOT_CONTENT]
        cursor.execute("SELECT set_config('TimeZone', 'UTC', true)")
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}', md5({_rows(name)})" for name in tables))
        return dict(cursor.fetchall())


def writes() -> int:
    """How many rows this transaction has written to what is compared, those taken back included: cheap to ask."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables WHERE relname <> ALL(%s)",
            [sorted(NOT_CONTENT)],
        )
        return int(cursor.fetchone()[0])


def dump() -> str:
    """All rows of all tables as text, to look for what must not be there."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        cursor.execute(" UNION ALL ".join(f"SELECT {_rows(name)}" for name in tables))
        return "\n".join(text for (text,) in cursor.fetchall())


def _rows(table: str) -> str:
    """SQL for the rows of one of our own tables as one text."""
    return f"(SELECT coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '') FROM \"{table}\" t)"  # noqa: S608
