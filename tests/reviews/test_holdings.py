"""A member's reviews when profiles are merged, handed out, or scrubbed (Q23, Q39)."""

import json
from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.db.models import Model

from portal.leaving.registry import kind_of
from portal.leaving.tables import as_csv
from portal.members.exporting import export
from portal.members.merging import merge, preview, undo_merge
from portal.members.scrubbing import scrub
from reviews.actions.asking import ask_no_more, is_asked
from reviews.actions.deciding import decide
from reviews.actions.reporting import report
from reviews.actions.responding import respond
from reviews.models import Review, ReviewVersion, Rule
from tests.factories import MemberFactory, StaffLoginFactory
from tests.reviews.visits import AFTER, ALL_FIVE, hidden, operator, visit, written

pytestmark = pytest.mark.django_db


def test_a_merge_says_how_many_and_keeps_the_wish_not_to_be_asked() -> None:
    review = written()
    merged = review.reservation.member
    kept, by = MemberFactory(studio=review.studio), StaffLoginFactory(studio=review.studio)
    ask_no_more(merged, now=AFTER)
    assert ("Reviews", 1) in [(one.label, one.number) for one in preview(kept, merged)]
    done = merge(kept, merged, take={}, by=by, now=AFTER)
    assert not is_asked(kept)
    assert Review.objects.get().reservation.member == kept
    undo_merge(done, by=by, now=AFTER + timedelta(days=1))
    assert is_asked(kept)
    assert not is_asked(merged)


@pytest.mark.parametrize("model", [Review, ReviewVersion])
def test_the_studios_archive_has_no_words_of_a_hidden_one(model: type[Model]) -> None:
    review = written(text="First shown.")
    written(review.reservation, text="Then shown.", now=AFTER + timedelta(hours=1))
    other = written(visit(session=review.reservation.session), text="Vile words.")
    written(other.reservation, text="More vile words.", now=AFTER + timedelta(hours=1))
    hidden(other, now=AFTER + timedelta(hours=2))
    kind = kind_of(model)
    assert kind is not None
    csv = b"".join(part for _number, part in as_csv(kind, review.studio, now=AFTER)).decode()
    assert csv.count(" shown.") == 1
    assert "ile words" not in csv
    assert csv.count("\r\n") == 3


def test_the_person_gets_all_of_it() -> None:
    review = written()
    written(review.reservation, text="Changed.", place=1, now=AFTER + timedelta(hours=1))
    respond(review, "Thank you", by=StaffLoginFactory(studio=review.studio), now=AFTER)
    with ZipFile(export(review.reservation.member, now=AFTER)) as archive:
        everything = json.loads(archive.read("member.json"))
    (row,), (before,) = everything["reviews"], everything["reviews_before_changes"]
    assert (row["text"], row["score"], row["reply"]) == ("Changed.", "4.00", "Thank you")
    assert row["marks"] == "class 4, teacher 5, place 1, welcome 5"
    assert (before["text"], before["score"]) == ("Lovely.", "4.30")


def test_a_scrub_takes_the_words_and_leaves_what_is_counted() -> None:
    review = written()
    written(review.reservation, text="Kim was here.", now=AFTER + timedelta(hours=1))
    member, by = review.reservation.member, StaffLoginFactory(studio=review.studio)
    respond(review, f"Dear {member.name}, thanks", by=by, now=AFTER)
    case = report(review, Rule.INSULT, f"{member.name.upper()} insults us", by=by, now=AFTER)
    decide(case, "kept", "insult", f"{member.name} does not", operator=operator(), now=AFTER)
    ask_no_more(member, now=AFTER)
    scrub(member, by=StaffLoginFactory(studio=review.studio), now=AFTER + timedelta(days=1))
    review.refresh_from_db()
    assert (review.text, review.marks) == ("", ALL_FIVE)
    case.refresh_from_db()
    assert (review.response.text, case.reason, case.decision_reason) == (
        "Dear […], thanks",
        "[…] insults us",
        "[…] does not",
    )
    assert [version.text for version in review.response.versions.all()] == ["Dear […], thanks"]
    assert str(review.score) == "4.30"
    assert review.scrubbed_at == AFTER + timedelta(days=1)
    assert [version.text for version in review.versions.all()] == [""]
    assert Review.objects.counted(AFTER + timedelta(days=2)).exists()
    assert review.reservation.member.name.strip() == f"deleted member {member.number}"
