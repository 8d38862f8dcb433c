"""A marketplace's statement of a month, line by line beside what we say of the same visits (X2)."""

from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from invoicing.rules.matching import OURS_TO_MEND, Fact
from marketplace.models import Connection, Visit
from portal.models import Job, StaffLogin, Studio


class StatementMapping(models.Model):
    """What was decided for the files of a marketplace with this header, so that the next one asks nothing."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="statement_mappings")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="statement_mappings")
    # Of the column names in their order, see `portal.imports.mapping.fingerprint`.
    header = models.CharField(max_length=64)
    # Of the file that it was made for: what people know it by.
    name = models.CharField(max_length=100)
    columns = models.JSONField(default=dict)
    # What the file does not say: the order of dates, which mark is the decimal one.
    answers = models.JSONField(default=dict)
    # The marketplace's words for what happened, as a person read them: in lower case, and a `rules.Event`.
    words = models.JSONField(default=dict)
    used_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "header"], name="one_statement_mapping_per_header")
        ]

    def __str__(self) -> str:
        return self.name


class StatementQuerySet(models.QuerySet["Statement"]):
    def standing(self) -> Self:
        """Read to the end, and not replaced by a later one of the same month and locations."""
        return self.filter(state=Statement.State.MATCHED, replaced_by=None)


class Statement(models.Model):
    """One file of a marketplace, or a pasted table, for one month. The next one for the month replaces it.

    A month may come in several files: one that names other locations replaces none of the others.
    """

    class State(models.TextChoices):
        MAPPING = "mapping", _("columns are to be named")
        READING = "reading", _("being read")
        ASKING = "asking", _("words are to be named")
        MATCHING = "matching", _("being matched")
        MATCHED = "matched", _("matched")

    AT_WORK = (State.READING, State.MATCHING)

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="statements")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="statements")
    # The first day of the month that it is about; None: not known yet.
    month = models.DateField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.MAPPING)
    file_name = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    encoding = models.CharField(max_length=20)
    separator = models.CharField(max_length=1)
    header = models.JSONField(default=list)
    columns = models.JSONField(default=dict)
    answers = models.JSONField(default=dict)
    mapping = models.ForeignKey(StatementMapping, models.SET_NULL, null=True, related_name="+")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    # Why it could not be read: an English msgid with its parameters and its line.
    problem = models.JSONField(default=dict)
    lines_read = models.PositiveIntegerField(default=0)
    lines_refused = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    # The locations that its lines name, as a sorted text of their keys ("3 17"); "": all of them.
    places = models.CharField(max_length=2000, blank=True, default="", db_default="")
    # Net in `currency`, of all lines that could be read, and of what we say of the month at its locations.
    theirs = models.DecimalField(max_digits=16, decimal_places=4, default=0)
    ours = models.DecimalField(max_digits=16, decimal_places=4, default=0)
    by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    uploaded_at = models.DateTimeField()
    matched_at = models.DateTimeField(null=True)
    replaced_by = models.ForeignKey("self", models.CASCADE, null=True, related_name="replaced")

    objects = StatementQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "month", "places"],
                condition=Q(state="matched", replaced_by=None),
                name="one_standing_statement_per_month",
            ),
            models.UniqueConstraint(
                fields=["connection", "sha256"], condition=~Q(sha256=""), name="one_statement_per_file"
            ),
            models.UniqueConstraint(fields=["id", "studio"], name="statement_of_studio"),
            models.CheckConstraint(condition=Q(month=None) | Q(month__day=1), name="statement_of_a_month"),
            models.CheckConstraint(condition=Q(state="mapping") | Q(month__isnull=False), name="statement_has_a_month"),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_at_work(self) -> bool:
        return self.state in self.AT_WORK

    def covers(self, places: str) -> bool:
        """Whether both are about a location in common."""
        return not self.places or not places or not set(self.places.split()).isdisjoint(places.split())

    @property
    def difference(self) -> Decimal:
        """What they state above what we say; below zero: less."""
        return self.theirs - self.ours


class StatementChunk(models.Model):
    """A piece of the file: a file of any size is read and written a piece at a time."""

    statement = models.ForeignKey(Statement, models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["statement", "position"]
        constraints = [models.UniqueConstraint(fields=["statement", "position"], name="one_chunk_per_position")]

    def __str__(self) -> str:
        return f"{self.statement_id} {self.position}"


class StatementAnswer(models.Model):
    """A person accepted or claimed lines of a statement: one of them, or a group at once."""

    class Kind(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        DISPUTED = "disputed", _("claimed")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    statement = models.ForeignKey(Statement, models.CASCADE, related_name="answers_given")
    kind = models.CharField(max_length=8, choices=Kind)
    by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    given_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    # How many lines it was about.
    number = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["id", "statement"], name="answer_of_statement")]

    def __str__(self) -> str:
        return f"{self.statement_id} {self.kind}"


class StatementLineQuerySet(models.QuerySet["StatementLine"]):
    def read(self) -> Self:
        return self.filter(problem={})

    def refused(self) -> Self:
        return self.exclude(problem={})

    def differing(self) -> Self:
        """What a person can accept or claim."""
        return self.read().exclude(verdict__in=["", "matched"])

    def claimable(self) -> Self:
        """Where it is the marketplace that could be wrong."""
        return self.differing().exclude(reason__in=OURS_TO_MEND)


class StatementLine(models.Model):
    """One line of the file beside our visit, or a visit of ours that no line is about (`line` None).

    `theirs` and `ours` are net; our amount stands in one row only, so that the rows add up to both totals and their
    differences to the whole difference. Why is a `rules.Reason`, found from `facts` alone (`rules.explained`).
    """

    # A hundred thousand rows at once are written with each index: those that others begin with have none of their own.
    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+", db_index=False)
    statement = models.ForeignKey(Statement, models.CASCADE, related_name="lines", db_index=False)
    # Of the file, its header being line 1.
    line = models.PositiveIntegerField(null=True)
    # As the file has them; empty: it does not say.
    booking_ref = models.CharField(max_length=150, blank=True, db_default="")
    member_ref = models.CharField(max_length=150, blank=True, db_default="")
    member_name = models.CharField(max_length=200, blank=True, db_default="")
    class_name = models.CharField(max_length=200, blank=True, db_default="")
    location_ref = models.CharField(max_length=150, blank=True, db_default="")
    product = models.CharField(max_length=200, blank=True, db_default="")
    period = models.CharField(max_length=60, blank=True, db_default="")
    # The local day and, where the file has one, the moment.
    day = models.DateField(null=True)
    starts_at = models.DateTimeField(null=True)
    # Their word, and what it means: a `rules.Event`.
    event_word = models.CharField(max_length=100, blank=True, db_default="")
    event = models.CharField(max_length=12, blank=True, db_default="")
    quantity = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    unit_amount = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    adjustment = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    tax = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True, db_default="")
    theirs = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    # Why the line could not be read: column, English msgid, parameters; and its cells, to give them back.
    problem = models.JSONField(default=dict, db_default={})
    cells = models.JSONField(default=list, db_default=[])
    # Of our side.
    visit = models.ForeignKey(Visit, models.CASCADE, null=True, related_name="statement_lines", db_index=False)
    ours = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    our_kind = models.CharField(max_length=12, blank=True, db_default="")
    our_because = models.CharField(max_length=20, blank=True, db_default="")
    # How the visit was found: a `rules.By`.
    found_by = models.CharField(max_length=8, blank=True, db_default="")
    facts = models.PositiveIntegerField(default=0, db_default=0)
    verdict = models.CharField(max_length=13, blank=True, db_default="")
    reason = models.CharField(max_length=16, blank=True, db_default="")
    # Of a visit that no line is about: the line that could not be read and seems to name it.
    refused_line = models.PositiveIntegerField(null=True)
    answer = models.ForeignKey(StatementAnswer, models.SET_NULL, null=True, related_name="lines", db_index=False)
    answer_before = models.ForeignKey(StatementAnswer, models.SET_NULL, null=True, related_name="+", db_index=False)

    objects = StatementLineQuerySet.as_manager()

    class Meta:
        ordering = ["statement", "id"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "line"], name="one_row_per_line_of_a_statement"),
            models.UniqueConstraint(
                fields=["statement", "visit"], condition=Q(ours__isnull=False), name="ours_stands_once_in_a_statement"
            ),
            models.CheckConstraint(
                condition=Q(line__isnull=False) | Q(ours__isnull=False), name="a_row_is_a_line_or_a_visit"
            ),
        ]
        indexes = [
            models.Index(fields=["statement", "verdict", "reason"], name="statement_groups"),
            models.Index(fields=["visit"], condition=Q(visit__isnull=False), name="statement_line_of_visit"),
            models.Index(fields=["answer"], condition=Q(answer__isnull=False), name="statement_line_of_answer"),
            models.Index(
                fields=["answer_before"], condition=Q(answer_before__isnull=False), name="statement_line_before"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.statement_id} {self.line}"

    @property
    def is_foreign(self) -> bool:
        """In another currency than the contract: it is in no sum."""
        return Fact.CURRENCY in Fact(self.facts)

    @property
    def difference(self) -> Decimal:
        """In the contract's currency."""
        return (Decimal(0) if self.is_foreign else self.theirs or Decimal(0)) - (self.ours or Decimal(0))
