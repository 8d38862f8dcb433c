"""A person who is deleted is in no archive that lies there to be fetched, nor in one that is being written (Q39)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy

from portal.leaving.exports import delete_with_a_person
from portal.members.holdings import Exported, People, Preview
from portal.members.own import Owned
from portal.models import Member, StaffLogin


class Archives(Owned):
    """Nothing in them can be changed, so they go; another one is a press away."""

    key, label = "archives", gettext_lazy("Archives with everything")

    def preview(self, merged: Member, kept: Member) -> Preview:
        return Preview(str(self.label), 0)

    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        return None

    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        return []

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        return []

    def scrub(self, people: People, *, now: datetime) -> None:
        for studio in {member.studio for member in people.members}:
            delete_with_a_person(studio)
