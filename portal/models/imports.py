from typing import Any

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.models.jobs import Job
from portal.models.people import StaffLogin
from portal.models.studio import Studio


class ImportTemplate(models.Model):
    """What was decided for files with this header, so that the next one of its kind asks nothing (X8)."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="import_templates")
    name = models.CharField(_("name"), max_length=100)
    kind = models.SlugField(max_length=20)
    # Of the column names in their order, see `portal.imports.mapping.fingerprint`.
    header = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)
    answers = models.JSONField(default=dict)
    used_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["studio", "header"], name="one_import_template_per_header"),
        ]

    def __str__(self) -> str:
        return self.name


class ImportRun(models.Model):
    """One uploaded file on its way: mapped, checked, written, perhaps undone. All it needs is in this row."""

    class Status(models.TextChoices):
        MAPPING = "mapping", _("Columns")
        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("Preview")
        WRITING = "writing", _("Being imported")
        DONE = "done", _("Imported")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")

    AT_WORK = (Status.CHECKING, Status.WRITING, Status.UNDOING)

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="imports")
    by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    kind = models.SlugField(max_length=20)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.MAPPING)
    file_name = models.CharField(max_length=100)
    # The file itself, until it is imported or thrown away: members' data is not kept twice.
    content = models.BinaryField(default=bytes)
    encoding = models.CharField(max_length=20)
    separator = models.CharField(max_length=1)
    header = models.JSONField(default=list)
    rows_in_file = models.PositiveIntegerField()
    mapping = models.JSONField(default=dict)
    answers = models.JSONField(default=dict)
    template = models.ForeignKey(ImportTemplate, models.SET_NULL, null=True, related_name="+")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    only_good_rows = models.BooleanField(default=False)
    # What the last check, import or undo came to: rows by outcome, objects made.
    counts = models.JSONField(default=dict)
    # Why the last step did not finish: an English msgid of ours, translated when shown.
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    written_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["studio", "-created_at"])]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_at_work(self) -> bool:
        return self.status in self.AT_WORK


class ImportProgress(models.Model):
    """How far a worker is. A row of its own, because the import is one long transaction that nobody sees into."""

    run = models.OneToOneField(ImportRun, models.CASCADE, primary_key=True, related_name="progress")
    done = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.done}"


class ImportRow(models.Model):
    """What became, or would become, of one line of the file."""

    class Outcome(models.TextChoices):
        NEW = "new", _("New")
        CHANGED = "changed", _("Changed")
        UNCHANGED = "unchanged", _("Unchanged")
        REFUSED = "refused", _("Refused")

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    # Of a refused row, as in the file: what the list of refused rows gives back.
    cells = models.JSONField(default=list)
    # Reasons of a refusal: column, English msgid, parameters (`portal.imports.rows.reasons_of`).
    reasons = models.JSONField(default=list)
    # A contradiction in the file that a person should look at, an English msgid each.
    flags = models.JSONField(default=list)
    # Words for the preview, by the names that the kind of import gives them.
    shown = models.JSONField(default=dict)
    # Field: [before, after] of a changed row.
    changes = models.JSONField(default=dict)
    # What writing this line made or changed, in that order: what an undo goes through backwards.
    written = models.JSONField(default=list)
    # Why an undo left something of it in place, an English msgid.
    kept = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["run", "line"], name="one_result_per_line")]
        indexes = [models.Index(fields=["run", "outcome", "line"])]

    def __str__(self) -> str:
        return f"{self.line}"

    @property
    def reason_words(self) -> list[str]:
        return [reason_words(reason) for reason in self.reasons]

    @property
    def flag_words(self) -> list[str]:
        return [gettext(flag) for flag in self.flags]

    @property
    def kept_words(self) -> str:
        return gettext(self.kept) if self.kept else ""


def reason_words(reason: dict[str, Any]) -> str:
    """A stored reason in the reader's language: "starts at: 31.02.2026 is not a date"."""
    words = gettext(reason["text"])
    if reason["params"]:
        words %= reason["params"]
    return f"{gettext(reason['column'])}: {words}" if reason.get("column") else words
