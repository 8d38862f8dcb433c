"""Profiles that look like one person are suggested, once, and no others."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.imports.members import MemberBook
from portal.members import merging
from portal.members.duplicates import compare_next, suggestions
from portal.models import DuplicateSuggestion, Member, StaffLogin, Studio
from tests.factories import LocationFactory, MemberFactory, StaffLoginFactory, StudioFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def studio() -> Studio:
    return LocationFactory(studio__slug="ours").studio


def member(studio: Studio, name: str, phone: str = "") -> Member:
    first, _space, last = name.partition(" ")
    return MemberFactory(studio=studio, first_name=first, last_name=last, phone=phone)


def found(studio: Studio) -> list[tuple[str, str, str]]:
    compare_next(now=timezone.now())
    return [(pair.one.name, pair.other.name, pair.reason) for pair in suggestions(studio)]


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (("Kim de Boer", "+31 6 12345678"), ("K. Boer", "06-12 34 56 78"), "phone"),
        (("Jürgen Müller", ""), ("Jurgen MULLER", ""), "name"),
        (("Annemarie Hoffmann", ""), ("Annemarie Hofmann", ""), "similar"),
        (("Kim de Boer", "06 12345678"), ("Kim de Boer", "+31612345678"), "phone"),
    ],
)
def test_a_pair_is_suggested(studio: Studio, one: Any, other: Any, reason: str) -> None:
    member(studio, *one)
    member(studio, *other)
    MemberFactory(studio=StudioFactory(), first_name="Kim", last_name="de Boer", phone="06 12345678")
    assert found(studio) == [(one[0], other[0], reason)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Kim de Boer", "06 12345678"), ("Ana Vos", "06 87654321")),
        (("Kim", "123"), ("Ana", "123")),
        (("Jan Jansen", ""), ("Jan de Vries", "")),
    ],
)
def test_others_are_not(studio: Studio, one: Any, other: Any) -> None:
    member(studio, *one)
    member(studio, *other)
    assert found(studio) == []


def test_each_is_compared_once_and_again_when_changed(studio: Studio) -> None:
    kim, ana = member(studio, "Kim de Boer"), member(studio, "Ana Vos")
    assert compare_next(now=timezone.now()) == 2
    assert compare_next(now=timezone.now()) == 0
    Member.objects.filter(pk=ana.pk).update(first_name="Kim", last_name="de Boer", compared_at=None)
    assert len(found(studio)) == 1
    kim.delete()
    assert found(studio) == []


def test_two_people_are_not_suggested_again(client: Client, studio: Studio) -> None:
    kim, twin = member(studio, "Kim de Boer"), member(studio, "Kim de Boer")
    assert len(found(studio)) == 1
    owner = StaffLoginFactory(studio=studio)
    client.force_login(owner.user)
    page = client.get("/ours/members/duplicates/").content.decode()
    assert f"/ours/members/{kim.pk}/merge/{twin.pk}/" in page
    client.post(f"/ours/members/duplicates/{DuplicateSuggestion.objects.get().pk}/")
    Member.objects.update(compared_at=None)
    assert found(studio) == []


def test_a_common_name_makes_no_crowd_of_pairs(studio: Studio) -> None:
    for _number in range(12):
        member(studio, "Kim de Boer")
    compare_next(now=timezone.now())
    assert suggestions(studio).count() <= 12 * 5


def test_an_import_finds_the_kept_profile_and_leaves_the_deleted(studio: Studio) -> None:
    owner: StaffLogin = StaffLoginFactory(studio=studio)
    kept, merged = member(studio, "Kim de Boer"), member(studio, "K. Boer")
    merging.merge(kept, merged, take={}, by=owner, now=timezone.now())
    book = MemberBook(studio)
    book.load([merged.number, kept.number], [])
    assert book.find(merged.number, "") == kept
