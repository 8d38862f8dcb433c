"""Every address, every method, everybody: compared with the one reviewed table (S1-S3)."""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client

from portal.models import StaffLogin, User
from portal.roles import RIGHTS, Preset
from tests.access_table import ANY, TABLE, Open, Operators, Studio
from tests.bare import bare_errors
from tests.routes import Route, all_routes
from tests.world import MISSING, World

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SAFE = ("GET", "HEAD")
# What no page of ours sends is asked by these; the others ask what pages send.
ASK_EVERYTHING = {"anonymous", "owner", "other owner"}
ROUTES = {route.name: route for route in all_routes()}
# Words in an address that name a row of the studio; the others name a month, a format.
OBJECTS = {
    "reservation",
    "session",
    "item",
    "event",
    "entry",
    "feed",
    "room",
    "spot",
    "member",
    "member_note",
    "other",
    "merge",
    "suggestion",
    "note",
    "run",
    "template",
    "closing",
    "marketplace",
    "call",
    "exchange",
    "message",
    "retirement",
    "location",
    "login",
    "invitation",
    "wish",
    "package",
    "purchase",
    "purchase_run",
    "conflict",
    "statement",
    "statement_answer",
    "statement_mapping",
    "reference",
    "ticket_file",
    "tax_status",
    "change",
    "review",
    "export",
}
# Those that belong to no location: a login that is pinned to one sees them all the same.
OF_THE_STUDIO = {
    "member",
    "member_note",
    "other",
    "merge",
    "suggestion",
    "package",
    "purchase",
    "tax_status",
    "change",
    "export",
}
OTHER_WORDS: dict[str, Any] = {
    "hook": "00000000-0000-0000-0000-000000000001",
    "uidb36": "1", "key": "abc", "pk": 1, "secret": "abc", "studio": "own", "token": "forged",
    "class_id": "1", "exerciser_id": "1", "rest": "nowhere",
    "app_label": "portal", "url": "x", "object_id": "1", "id": 1, "content_type_id": "1",
    "ticket": 1, "file": 1, "review": 1, "mail": 1,
}  # fmt: skip

pytestmark = pytest.mark.django_db


def line(route: Route) -> Studio | Open | Operators | None:
    return TABLE.get("admin:*" if route.is_admin else route.name)


def test_every_route_stands_in_the_table_and_every_line_has_a_route() -> None:
    names = {"admin:*" if route.is_admin else route.name for route in ROUTES.values()}
    assert names == set(TABLE)


def test_every_view_of_ours_wears_a_decorator_that_agrees_with_the_table() -> None:
    for route in ROUTES.values():
        if not route.is_ours or route.is_admin:
            continue
        rule = line(route)
        if isinstance(rule, Open):
            assert getattr(route.view, "public", ""), route.name
        else:
            assert isinstance(rule, Studio), route.name
            assert route.is_studio, route.name
            right, post = route.view.access  # type: ignore[attr-defined]
            assert route.view.hidden == rule.hidden, route.name  # type: ignore[attr-defined]
            wanted = [one for one in (rule.get, rule.post) if one not in (ANY, None)]
            assert {one for one in (right, post) if one} == set(wanted), route.name


class Asking(Client):
    """A browser of one person. What a request leaves in it and in the database is taken back at once."""

    def __init__(self, user: User | None) -> None:
        super().__init__(raise_request_exception=False, REMOTE_ADDR="127.0.0.1")
        self.user = user
        self.login = login_of(user, "own")
        if user is not None:
            self.force_login(user)
            self.get("/")  # writes what the session keeps of itself: no request of those below writes it again
        self.kept = self.cookies.output(header="", sep=";")

    def ask(self, method: str, url: str, data: dict[str, str] | None = None) -> HttpResponseBase:
        self.cookies = SimpleCookie(self.kept)
        # What a refusal's page shows to whom, GET tells.
        with transaction.atomic(), nullcontext() if method == "GET" else bare_errors():
            response = self.generic(method, url) if method != "POST" else self.post(url, data or {})
            b"".join(response) if response.streaming else None
            transaction.set_rollback(True)
        return response


@pytest.fixture(scope="module")
def clients(houses: World, django_db_blocker: Any) -> Iterator[dict[str, Asking]]:
    """Everybody by their word in the table, logged in once for all addresses."""
    with django_db_blocker.unblock():
        yield {who: Asking(user) for who, user in houses.people.items()}


def told(response: HttpResponseBase, url: str) -> str:
    """The page without the address that was asked for, and without what differs on each answer (CSRF tokens)."""
    text = getattr(response, "content", b"").decode().replace(url, "").replace(quote(url, safe=""), "")
    return re.sub(r"[A-Za-z0-9]{64}", "", text)


def login_of(user: User | None, studio: str) -> StaffLogin | None:
    return StaffLogin.objects.filter(user=user, studio__slug=studio, is_active=True).first() if user else None


def expected(rule: Studio, method: str, user: User | None, login: StaffLogin | None) -> set[int]:
    """The statuses that the table allows for a studio's address with its own objects; an empty set is "is let in"."""
    if user is None:
        return {302}
    if login is None:
        return {404}
    rights = RIGHTS[Preset(login.preset)]
    safe = method in SAFE
    if rule.hidden and (rule.get or rule.post) not in rights:
        return {404}
    if safe and rule.get is None:
        return {403, 405}  # which of them depends on whether the view asks for a right before it asks for the method
    asked = [rule.get] if safe else [rule.get, rule.post]
    if any(right is not None and right != ANY and right not in rights for right in asked):
        return {403}
    if method == "HEAD" and not rule.head:
        return {405}
    if method in ("PUT", "PATCH", "DELETE") or (not safe and rule.post is None):
        return {405}
    return set()


def lines(kind: type) -> list[Any]:
    return [pytest.param(route, id=name) for name, route in ROUTES.items() if isinstance(line(route), kind)]


@pytest.mark.parametrize("route", lines(Studio))
def test_a_studio_address_answers_each_person_as_the_table_says(
    route: Route, houses: World, clients: dict[str, Asking]
) -> None:
    rule = TABLE[route.name]
    assert isinstance(rule, Studio)
    names_object = bool((OBJECTS - OF_THE_STUDIO) & set(route.arguments))
    wrong = []
    for who, client in clients.items():
        for method in METHODS if who in ASK_EVERYTHING else ("GET", "POST"):
            wanted = expected(rule, method, client.user, client.login)
            if who == "pinned desk" and names_object and not wanted:
                wanted = {404}  # the object is at a location that this login does not see
            if rule.of_owner and who not in {"owner", "manager"} and not wanted:
                wanted = {404}
            response = client.ask(method, route.url(houses.own.words), rule.data)
            status = response.status_code
            sent_away = response.headers.get("Location", "").startswith("/accounts/login/")
            let_in = status < 500 and status not in {403, 404, 405} and not sent_away
            if (status not in wanted) if wanted else not let_in:
                wrong.append((who, method, status, wanted or "let in"))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("route", lines(Studio))
def test_what_belongs_to_another_studio_looks_like_what_does_not_exist(
    route: Route, houses: World, clients: dict[str, Asking]
) -> None:
    """The same status and the same page, whether the studio or a row in it is another's or nobody's (S1)."""
    rule = TABLE[route.name]
    assert isinstance(rule, Studio)
    methods = [one for one, right in (("GET", rule.get), ("POST", rule.post)) if right]
    own, other = houses.own.words, houses.other.words
    for who in ("owner", "teacher", "other owner"):
        if who == "other owner":
            pairs = [(own, own | {"studio": "missing"})]
        else:
            pairs = [(other, other | {"studio": "missing"})]
            pairs += [(own | {word: other[word]}, own | {word: MISSING}) for word in OBJECTS & set(route.arguments)]
        for theirs, nobodys in pairs:
            for method in methods:
                urls = route.url(theirs), route.url(nobodys)
                answers = [
                    (response.status_code, told(response, url))
                    for url in urls
                    for response in [clients[who].ask(method, url, rule.data)]
                ]
                assert answers[0] == answers[1], (who, method, urls)
                assert answers[0][0] in {403, 404}, (who, method, urls)


@pytest.mark.parametrize("route", lines(Open))
def test_an_open_address_answers_as_the_table_says(route: Route, clients: dict[str, Asking]) -> None:
    rule = TABLE[route.name]
    assert isinstance(rule, Open)
    wrong = []
    for who, client in clients.items():
        get, post = rule.anonymous if client.user is None else rule.known
        if who in {"operator", "switched off"} and route.name == "portal:home":
            get = 200  # has no studio to be led to
        for method in METHODS if who in ASK_EVERYTHING else ("GET", "POST"):
            wanted = get if method in SAFE else post if method == "POST" else None
            status = client.ask(method, route.url(OTHER_WORDS), {}).status_code
            if status != wanted and not (wanted is None and status in {200, 302, 400, 404, 405}):
                wrong.append((who, method, status, wanted))
    assert not wrong, "\n".join(map(str, wrong))


def test_the_admin_is_for_operators(clients: dict[str, Asking]) -> None:
    routes = [route for route in ROUTES.values() if route.is_admin]
    assert routes
    for who in ("anonymous", "owner", "operator"):  # it knows staff and others, and no presets
        client = clients[who]
        for route in routes:
            for method in ("GET", "POST"):
                status = client.ask(method, route.url(OTHER_WORDS)).status_code
                if who == "operator":
                    assert status < 500, (route.name, method, status)
                else:
                    assert status in {302, 403, 404, 405}, (who, route.name, method, status)


def test_a_right_that_is_taken_away_is_gone_at_the_next_request(houses: World) -> None:
    """S3: rights are read on each request; a person who is switched off is logged out by it."""
    url = ROUTES["portal:studio"].url(houses.own.words)
    desk = houses.people["desk"]
    assert desk
    client = Asking(desk)
    assert client.get(url).status_code == 302
    history = ROUTES["bookings:history"].url(houses.own.words)
    assert client.get(history).status_code == 200

    StaffLogin.objects.filter(user=desk).update(preset=Preset.VIEWER)
    assert client.get(history).status_code == 403
    StaffLogin.objects.filter(user=desk).update(is_active=False)
    assert client.get(history).status_code == 404
    User.objects.filter(pk=desk.pk).update(is_active=False)
    assert client.get(history).status_code == 302
