"""What the ground floor itself holds of a member: notes, the log of changes, and what imports remember."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.members.holdings import Exported, Holding, People, Preview
from portal.models import Change, DuplicateSuggestion, Member, MemberMerge, MemberNote, StaffLogin


class Owned(Holding):
    """Nothing of it is scarce, and nothing of it is to come."""

    def lock(self, merged: Member, kept: Member, moved: Any = None) -> Any:
        return None

    def let_go(self, members: Sequence[Member], *, by: StaffLogin, now: datetime) -> int:
        return 0


class Notes(Owned):
    key, label = "notes", gettext_lazy("Notes")

    def preview(self, merged: Member, kept: Member) -> Preview:
        return Preview(str(self.label), merged.staff_notes.count())

    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        moved = list(merged.staff_notes.values_list("pk", flat=True))
        MemberNote.objects.filter(pk__in=moved).update(member=kept)
        return moved

    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        MemberNote.objects.filter(pk__in=moved, member=kept).update(member=merged)
        return []

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        notes = MemberNote.objects.filter(member__in=members).select_related("written_by__user").order_by("id")
        columns = (("written_at", _("Written")), ("by", _("By")), ("text", _("Note")), ("done_at", _("Done")))
        rows = [
            (note.written_at, note.written_by.user.name if note.written_by else None, note.text, note.done_at)
            for note in notes
        ]
        return [Exported("notes", columns, rows)]

    def scrub(self, people: People, *, now: datetime) -> None:
        MemberNote.objects.filter(member__in=people.members).delete()


class Log(Owned):
    """Changes of the member's data. They stay with the profile that they were made to; a profile shows both logs."""

    key, label = "log", gettext_lazy("Log")

    def preview(self, merged: Member, kept: Member) -> Preview:
        return Preview(str(self.label), 0)

    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        return None

    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        return []

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        columns = (("at", _("When")), ("kind", _("What")), ("before", _("Before")), ("after", _("After")))
        changes = changes_of(members).order_by("id")
        merges = MemberMerge.objects.filter(Q(kept__in=members) | Q(merged__in=members)).order_by("id")
        joined = (
            ("merged_at", _("Merged")),
            ("kept", _("Stays")),
            ("merged", _("Merged profile")),
            ("undone_at", _("Taken back")),
        )
        numbers = merges.values_list("merged_at", "kept__number", "merged__number", "undone_at")
        return [
            Exported(
                "log", columns, [(one.occurred_at, one.kind, _told(one.before), _told(one.after)) for one in changes]
            ),
            Exported("merges", joined, list(numbers)),
        ]

    def scrub(self, people: People, *, now: datetime) -> None:
        members = people.members
        changes_of(members).update(before={}, after={})
        MemberMerge.objects.filter(Q(kept__in=members) | Q(merged__in=members)).update(before={}, moved={})
        DuplicateSuggestion.objects.filter(Q(one__in=members) | Q(other__in=members)).delete()
        kind = ContentType.objects.get_for_model(Member)
        LogEntry.objects.filter(content_type=kind, object_id__in=[str(one.pk) for one in members]).update(
            object_repr="", change_message=""
        )


def changes_of(members: Sequence[Member]) -> Any:
    """What people changed in these profiles."""
    return Change.objects.filter(
        studio_id=members[0].studio_id, subject="member", subject_id__in=[member.pk for member in members]
    )


def _told(values: dict[str, Any]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in values.items())
