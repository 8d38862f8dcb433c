"""The studio's log: what it keeps, and that nobody rewrites it (S24)."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, transaction

from portal.changes import changed_values, record_change
from portal.models import Change, Member
from tests.factories import LocationFactory, MemberFactory, StaffLoginFactory

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_a_change_says_what_was_and_what_is():
    by = StaffLoginFactory()
    place = LocationFactory(studio=by.studio, grace_minutes=15, name="Centrum")
    old = type(place).objects.get(pk=place.pk)
    place.grace_minutes, place.name = 30, "Centrum"
    before, after = changed_values(old, place, ["grace_minutes", "name"])
    change = record_change(place, "changed", studio=by.studio, by=by, now=NOW, before=before, after=after)
    assert (change.subject, change.subject_id) == ("location", place.pk)
    assert (change.before, change.after) == ({"grace_minutes": 15}, {"grace_minutes": 30})


def test_days_and_moments_are_kept_as_text():
    by = StaffLoginFactory()
    member = MemberFactory(studio=by.studio)
    change = record_change(
        member, "changed", studio=by.studio, by=by, now=NOW, after={"joined_on": date(2026, 11, 1), "seen": NOW}
    )
    assert Change.objects.get(pk=change.pk).after == {"joined_on": "2026-11-01", "seen": "2026-11-22T09:00:00Z"}


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda rows: rows.delete(),
        lambda rows: rows.update(kind="other"),
        lambda rows: rows.update(after={"preset": "owner"}),
    ],
)
def test_nobody_rewrites_the_log(rewrite):
    by = StaffLoginFactory()
    made = record_change(by, "invited", studio=by.studio, by=by, now=NOW, after={"preset": "desk"})
    rows = Change.objects.filter(pk=made.pk)
    with pytest.raises(DatabaseError, match="appended"), transaction.atomic():
        rewrite(rows)


def test_a_scrubbed_person_leaves_that_something_happened_and_not_what():
    member: Member = MemberFactory()
    made = record_change(
        member, "changed", studio=member.studio, by=None, now=NOW, before={"last_name": "Old"}, after={"last_name": "X"}
    )
    Change.objects.filter(pk=made.pk).update(before={}, after={})
    made.refresh_from_db()
    assert (made.kind, made.before, made.after) == ("changed", {}, {})
