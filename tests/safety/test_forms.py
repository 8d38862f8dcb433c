"""Forms and addresses that someone has changed on purpose (S4, S5, "bad input anywhere")."""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit
from zlib import crc32

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve

from portal.models import StaffLogin, User
from tests.access_table import TABLE, Open, Studio
from tests.bare import bare_errors
from tests.routes import all_routes
from tests.safety.crawl import Form, Found, database, dump, page_addresses, walk, writes
from tests.test_access import OTHER_WORDS
from tests.world import World

pytestmark = pytest.mark.django_db

NASTY = [
    "", "-1", "9" * 5000, "NaN", "2026-13", "a\0b", "🌻 ليلى\u202e", "x" * 10_000, "<script>alert(1)</script>", "[]",
    "00000000-0000-0000-0000-000000000000",
]  # fmt: skip
BAD_WORDS = [
    "0", "-1", str(2**63), "9" * 40, "9" * 5000, "2026-13", "0000-01", "9999-12", "%00", "%F0%9F%8C%BB", "%3Cb%3E",
]  # fmt: skip


# Written by reading, on purpose: that a person opened or downloaded an invoice stands in its timeline, once a day.
NOTED = {"invoicing_invoiceevent"}
# Each unsafe method, and whether htmx sends it: that never exempts.
UNSAFE = [("POST", False), ("POST", True), ("PUT", False), ("PATCH", False), ("DELETE", False)]


def some(values: list[str], what: str, how_many: int) -> list[str]:
    """A few of the values, others for each place: every value is tried in many places, not each in every one."""
    first = crc32(what.encode())
    return [values[(first + number * 4) % len(values)] for number in range(how_many)]


@pytest.fixture
def owner(houses: World) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(houses.own.owner.user)
    client.get("/")  # writes what the session keeps of itself
    with connection.cursor() as cursor:  # one transaction holds a test of a thousand requests
        cursor.execute("SET LOCAL transaction_timeout = 0")
    return client


@pytest.fixture(scope="module")
def found(houses: World, django_db_blocker: Any) -> Iterator[Found]:
    """What an owner meets on all pages."""
    with django_db_blocker.unblock():
        client = Client(raise_request_exception=False)
        client.force_login(houses.own.owner.user)
        client.get("/")  # writes what the session keeps of itself
        yield walk(client, page_addresses(houses))


@pytest.fixture
def forms(found: Found) -> list[Form]:
    assert found.forms
    return found.forms


def taken_back(client: Client, url: str, data: dict[str, str]) -> tuple[int, bool]:
    """The status, and whether a refusal left the database as it was; then everything is as before."""
    with transaction.atomic():
        written = writes()
        status = client.post(url, data).status_code
        same = writes() == written
        after = None if same or status < 400 else database()  # written, but perhaps taken back by the view
        transaction.set_rollback(True)
    return status, same or after == database()


@pytest.mark.parametrize("kept", [True, False])
def test_a_refusal_that_leaves_a_row_behind_is_noticed(kept: bool, houses: World) -> None:
    class HalfWritten(Client):
        def post(self, *args: Any, **kwargs: Any) -> Any:
            with transaction.atomic():
                StaffLogin.objects.update(is_active=False)
                transaction.set_rollback(not kept)
            return HttpResponse(status=400)

    assert taken_back(HalfWritten(), "/", {}) == (400, not kept)


def test_opening_a_page_never_changes_the_database(houses: World, owner: Client, found: Found) -> None:
    assert {page: tables for page, tables in found.changed.items() if tables - NOTED} == {}
    before = database()
    for url in page_addresses(houses):
        response = owner.head(url)
        assert response.status_code < 500, url
        if response.streaming:
            list(response)  # type: ignore[call-overload]
    now = database()
    assert {table for table in now if now[table] != before[table]} <= NOTED


def test_no_unsafe_request_is_taken_without_its_csrf_token(houses: World) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(houses.own.owner.user)
    before = database()
    for route in all_routes():
        rule = TABLE.get(route.name)
        if not isinstance(rule, Studio | Open):
            continue
        url = route.url(houses.own.words | OTHER_WORDS)
        for method, by_htmx in UNSAFE:
            with bare_errors() if by_htmx or method != "POST" else nullcontext():
                status = client.generic(method, url, headers={"HX-Request": "true"} if by_htmx else {}).status_code
            refused = {400, 403, 404, 405} if isinstance(rule, Open) and rule.by_programs else {403}
            assert status in refused, (route.name, method, status)
    assert database() == before


def test_nasty_values_in_an_address_are_answered_and_change_nothing(houses: World, owner: Client, found: Found) -> None:
    queries = found.queries
    assert queries
    unasked = {(page, name) for page in page_addresses(houses) for name in ("location", "page")} - queries
    wrong = []
    before = database()
    for path, name in sorted(queries | unasked):
        for value in some(NASTY, f"{resolve(path).view_name} {name}", 1 if (path, name) in unasked else 2):
            response = owner.get(path, {name: value[:2000]})
            if response.streaming:
                list(response)  # type: ignore[call-overload]
            if response.status_code >= 500:
                wrong.append((path, name, value[:30], response.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert database() == before


def test_nasty_ids_and_words_in_a_path_are_404(houses: World, owner: Client) -> None:
    wrong, before = [], database()
    for route in all_routes():
        rule = TABLE.get(route.name)
        if not isinstance(rule, Studio):
            continue
        url = route.url(houses.own.words)
        for word in route.arguments:
            value = f"{houses.own.words[word]:%Y-%m}" if word == "month" else str(houses.own.words[word])
            for bad in some(BAD_WORDS, f"{route.name} {word}", 3):
                tried = re.sub(rf"(?<=[/.]){re.escape(value)}\b", lambda _found, bad=bad: bad, url, count=1)
                assert tried != url, (route.name, word)
                method = "GET" if rule.get else "POST"
                status = owner.generic(method, tried).status_code
                if status not in {400, 404}:
                    wrong.append((route.name, word, bad[:30], method, status))
    assert database() == before
    assert not wrong, "\n".join(map(str, wrong))


def posted(form: Form, name: str, value: str) -> dict[str, str]:
    return form.fields | {name: value}


@pytest.mark.parametrize("half", [0, 1])
def test_nasty_values_in_forms_are_answered_and_never_half_written(half: int, forms: list[Form], owner: Client) -> None:
    wrong = []
    for form in forms[half::2]:
        for name in form.fields:
            for value in some(
                NASTY, f"{resolve(urlsplit(form.action).path).view_name} {name}", 1 + (len(form.fields) < 4)
            ):
                status, same = taken_back(owner, form.action, posted(form, name, value))
                if status >= 500 or (status >= 400 and not same):
                    wrong.append((form.action, name, value[:30], status, same))
    assert not wrong, "\n".join(map(str, wrong))


def test_ten_thousand_pasted_lines_are_answered(forms: list[Form], owner: Client) -> None:
    pasted = "Kim;kim@example.test;2026-10-01\n" * 10_000
    for form in forms:
        name = next(iter(form.fields), "x")
        assert taken_back(owner, form.action, posted(form, name, pasted))[0] < 500, form.action


def test_a_body_too_large_is_refused_clearly(forms: list[Form], owner: Client) -> None:
    """By the middleware, so before any form: a few of them will do."""
    for form in forms[::20]:
        many = taken_back(owner, form.action, {f"field{number}": "1" for number in range(2001)})
        assert many == (400, True), form.action
        large = owner.post(form.action, {"x": "y" * (9 * 2**20)})
        assert large.status_code == 413, form.action
        packed = owner.post(form.action, form.fields, headers={"Content-Encoding": "gzip"})
        assert packed.status_code == 415, form.action


def test_a_form_sent_twice_does_once_what_it_says(forms: list[Form], owner: Client) -> None:
    for form in (one for one in forms if "action_id" in one.fields):
        before = database()
        with transaction.atomic():
            status = owner.post(form.action, form.fields).status_code
            once = database()
            if status == HTTPStatus.UNPROCESSABLE_ENTITY:  # wants to be filled in first
                assert once == before, form.action
                continue
            assert status < 400, form.action
            assert once != before, form.action
            assert owner.post(form.action, form.fields).status_code < 500, form.action
            assert database() == once, form.action
            transaction.set_rollback(True)


def test_fields_that_a_form_does_not_have_are_never_written(houses: World, forms: list[Form], owner: Client) -> None:
    """S4: the names of all model fields, with values that would show, sent along with each form."""
    canary, number = "mass-assigned-canary", "31337"
    names = {field.name for model in apps.get_models() for field in model._meta.get_fields()}
    names |= {f"{name}_id" for name in names} | {"tenant_id", "role", "is_staff", "is_superuser", "price", "status"}
    powers = set(User.objects.values_list("pk", "is_staff", "is_superuser", "is_active"))
    logins = set(StaffLogin.objects.values_list("pk", "studio", "user", "preset", "is_active"))
    for form in forms:
        for value in (canary, number, "on", str(houses.other.studio.pk)):
            fields = dict.fromkeys(names, value) | form.fields
            with transaction.atomic():
                written = writes()
                owner.post(form.action, urlencode(fields), content_type="application/x-www-form-urlencoded")
                assert set(User.objects.values_list("pk", "is_staff", "is_superuser", "is_active")) == powers
                assert set(StaffLogin.objects.values_list("pk", "studio", "user", "preset", "is_active")) == logins
                if value in {canary, number} and writes() != written:
                    assert value not in dump(), (form.action, value)
                transaction.set_rollback(True)
