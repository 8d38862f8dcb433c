"""Finding a member: no accents, any order, phones as people dial them; one indexed query."""

from typing import Any

import pytest
from django.db import connection

from portal.members.search import fitting, search
from portal.models import Studio
from tests.factories import MemberFactory, StudioFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def studio() -> Studio:
    studio = StudioFactory()
    MemberFactory(studio=studio, first_name="Jürgen", last_name="Müller-Söhne", email="jm@example.test", number="4711")
    MemberFactory(
        studio=studio, first_name="Kim", last_name="de Boer", phone="+31 6 12 34 56 78", email="", number="A-17"
    )
    MemberFactory(
        studio=studio, first_name="Łukasz", last_name="Straße", phone="06 98765432", email="", number="2024-001"
    )
    MemberFactory(
        studio=StudioFactory(), first_name="Jürgen", last_name="Müller", phone="+31 6 12 34 56 78", number="4711"
    )
    return studio


@pytest.mark.parametrize(
    ("text", "first_name"),
    [
        ("muller", "Jürgen"),
        ("MÜLLER", "Jürgen"),
        ("mu\u0308ller", "Jürgen"),  # the accent as a character of its own
        ("mu ju", "Jürgen"),
        ("sohne jurgen", "Jürgen"),
        ("ohne", "Jürgen"),
        ("müller-söhne", "Jürgen"),
        ("jm@example", "Jürgen"),
        ("4711", "Jürgen"),
        ("boer kim", "Kim"),
        ("kim de", "Kim"),
        ("0612", "Kim"),
        ("06 12", "Kim"),
        ("06-1234", "Kim"),
        ("+31 6 12", "Kim"),
        ("0031 612", "Kim"),
        ("a-17", "Kim"),
        ("+31 6 98", "Łukasz"),
        ("0698", "Łukasz"),
        ("lukasz", "Łukasz"),
        ("strasse", "Łukasz"),
        ("2024-001", "Łukasz"),
    ],
)
def test_a_text_finds_the_person(studio: Studio, text: str, first_name: str) -> None:
    assert [member.first_name for member in search(studio, text, limit=10)] == [first_name]


@pytest.mark.parametrize("text", ["", "  ", "nobody", "mu bo", "o", "0000", "kim muller", "06 12 99"])
def test_other_texts_find_nobody(studio: Studio, text: str) -> None:
    assert list(search(studio, text, limit=10)) == []


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", "%%%", "a_b", "%' OR 1=1 --", "😀", "x" * 2000, "( ) + -"])
def test_signs_are_no_patterns(studio: Studio, text: str) -> None:
    assert len(search(studio, text, limit=10)) in {0, 3}  # three: there is no word in the text, so it excludes nobody


def test_people_who_were_merged_or_scrubbed_are_not_found(studio: Studio, django_assert_num_queries: Any) -> None:
    kept, gone = MemberFactory(studio=studio, first_name="Zoe"), MemberFactory(studio=studio, first_name="Zoe")
    gone.merged_into = kept
    gone.save()
    kept.merged_words = f"{gone.number} zoe.old@example.test"
    kept.save()
    with django_assert_num_queries(1):
        assert list(search(studio, "zoe", limit=10)) == [kept]
    assert list(search(studio, "zoe.old@ex", limit=10)) == [kept]


@pytest.mark.parametrize("text", ["muller", "mu", "0612", "first777 last"])
def test_the_index_answers(studio: Studio, text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_member (studio_id, number, first_name, last_name, email, phone, photo, notes,"
            " blocked_reason, created_at, merged_words)"
            " SELECT %s, 'n' || n, 'First' || n, 'Last' || n, '', '', '', '', '', now(), ''"
            " FROM generate_series(1, 20000) n",
            [studio.pk],
        )
        cursor.execute("ANALYZE portal_member")
    plan = fitting(studio, text).explain()
    assert "member_search" in plan
    assert "Seq Scan" not in plan
