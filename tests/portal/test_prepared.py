"""Statements that are planned once: in the same transaction, with the same errors, seen by who listens."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from portal.models import Studio
from portal.prepared import prepared_cursor
from tests.factories import StudioFactory

pytestmark = pytest.mark.django_db
BY_SLUG = "SELECT id FROM portal_studio WHERE slug = %s"


def ask(sql: str, *params: object) -> list[tuple[object, ...]]:
    with prepared_cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def planned() -> int:
    """How many statements this connection keeps plans for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["SELECT id FROM portal%"]
        )
        return cursor.fetchone()[0]


def test_it_is_planned_once_and_sees_its_own_transaction() -> None:
    before = planned()
    studio = StudioFactory(slug="harbour")
    assert [ask(BY_SLUG, one) for one in ("harbour", "nowhere", "harbour")] == [[(studio.pk,)], [], [(studio.pk,)]]
    assert planned() - before == 1


def test_a_rollback_takes_nothing_from_it() -> None:
    for _ in range(3):
        with transaction.atomic():
            StudioFactory(slug="harbour")
            assert len(ask(BY_SLUG, "harbour")) == 1
            transaction.set_rollback(True)
        assert ask(BY_SLUG, "harbour") == []


def test_errors_and_notes_are_those_of_django() -> None:
    studio = StudioFactory(slug="harbour")
    with CaptureQueriesContext(connection) as queries:
        ask(BY_SLUG, "harbour")
        with pytest.raises(IntegrityError), transaction.atomic():
            ask("UPDATE portal_studio SET slug = NULL WHERE id = %s RETURNING id", studio.pk)
    assert queries[0]["sql"] == BY_SLUG
    assert Studio.objects.get(pk=studio.pk).slug == "harbour"


def test_only_what_asks_for_it_is_planned_once() -> None:
    ask(BY_SLUG, "harbour")
    before = planned()
    for _ in range(8):
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM portal_studio WHERE slug = 'harbour'")
    assert planned() == before
