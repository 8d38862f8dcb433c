"""What staff do about members' records: merging two of one person, and saying that two are not one."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models.people import Member, StaffLogin
from portal.models.studio import Studio


class MemberMerge(models.Model):
    """One profile became part of another; what the undo needs stands here for 30 days (Q23)."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="merges")
    kept = models.ForeignKey(Member, models.CASCADE, related_name="merges")
    merged = models.ForeignKey(Member, models.CASCADE, related_name="+")
    # The data of both before, by name of field.
    before = models.JSONField(default=dict)
    # By key of the holding: what `Holding.move` moved, and what `Holding.restore` needs to bring it back.
    moved = models.JSONField(default=dict)
    by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    merged_at = models.DateTimeField()
    undone_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-merged_at", "-id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["merged"], condition=models.Q(undone_at__isnull=True), name="one_standing_merge_per_member"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merged_id} into {self.kept_id}"


class DuplicateSuggestion(models.Model):
    """Two profiles that look like one person. Nothing happens by itself: a person merges or says that they are two."""

    class Reason(models.TextChoices):
        PHONE = "phone", _("same phone number")
        NAME = "name", _("same name")
        SIMILAR = "similar", _("similar name")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="duplicate_suggestions")
    # In the order of their ids, so that a pair stands once.
    one = models.ForeignKey(Member, models.CASCADE, related_name="+")
    other = models.ForeignKey(Member, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=10, choices=Reason.choices)
    found_at = models.DateTimeField()
    # Somebody said that these are two people.
    dismissed_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    dismissed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["studio", "id"], condition=models.Q(dismissed_at=None), name="duplicates_of_studio"),
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["one", "other"], name="one_suggestion_per_pair"),
            models.CheckConstraint(condition=models.Q(one__lt=models.F("other")), name="suggestion_in_order_of_ids"),
        ]

    def __str__(self) -> str:
        return f"{self.one_id} and {self.other_id}"
