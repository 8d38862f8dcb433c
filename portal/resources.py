"""Members, from a file to the studio's book."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _
from import_export import fields, widgets
from import_export.instance_loaders import BaseInstanceLoader
from tablib import Dataset

from portal.imports import questions
from portal.imports.dates import NotADate, Order, read_day
from portal.imports.kinds import ImportKind, Mapped, Question, Target
from portal.imports.members import MemberBook, split_name
from portal.imports.reading import Table
from portal.imports.rows import LINE, RowResource, Text
from portal.imports.undoing import entries, made, take_back
from portal.members.addresses import IMPORT, record_addresses
from portal.models import ImportRow, ImportRun, Member, Studio

MEMBER_TARGETS = (
    Target(
        "number",
        _("member number"),
        (
            "member id",
            "memberid",
            "client id",
            "clientid",
            "customer id",
            "id",
            "kundennummer",
            "mitgliedsnummer",
            "mitglieds nr",
            "mitglied id",
            "lidnummer",
            "klantnummer",
            "klant id",
            "lid id",
        ),
        _("Without it, members are known by their e-mail and get the next free number."),
    ),
    Target(
        "name", _("full name"), ("client", "member", "client name", "member name", "mitglied", "kunde", "lid", "naam")
    ),
    Target("first_name", _("first name"), ("firstname", "given name", "vorname", "voornaam")),
    Target("last_name", _("last name"), ("lastname", "surname", "family name", "nachname", "achternaam")),
    Target("email", _("e-mail"), ("email address", "mail", "e-mail-adresse", "emailadres", "e-mailadres")),
    Target(
        "phone",
        _("phone"),
        (
            "phone number",
            "mobile",
            "mobile phone",
            "cell",
            "telephone",
            "telefon",
            "telefonnummer",
            "handy",
            "mobil",
            "telefoon",
            "telefoonnummer",
            "mobiel",
        ),
    ),
    Target(
        "joined_on",
        _("member since"),
        (
            "joined",
            "join date",
            "created",
            "created at",
            "creation date",
            "since",
            "sign up date",
            "mitglied seit",
            "eintritt",
            "eintrittsdatum",
            "angelegt am",
            "lid sinds",
            "inschrijfdatum",
            "aangemaakt op",
        ),
    ),
    Target(
        "notes",
        _("notes"),
        (
            "note",
            "comment",
            "comments",
            "remarks",
            "notiz",
            "notizen",
            "bemerkung",
            "opmerking",
            "opmerkingen",
            "notitie",
            "notities",
        ),
    ),
)


class Day(widgets.Widget):
    """A calendar day in the order that the file was said to have; None when empty."""

    def __init__(self, order: Order = Order.YEAR) -> None:
        super().__init__()
        self.order = order

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> date | None:
        if not value.strip():
            return None
        try:
            return read_day(value, order=self.order)
        except NotADate as error:
            raise ValidationError(error.text, params={"value": error.value}) from error


class KnownMembers(BaseInstanceLoader):
    """By number, else by e-mail, out of what `before_import` loaded for the chunk."""

    def get_instance(self, row: Any) -> Member | None:
        return self.resource.book.find(row["number"].strip(), row["email"].strip())


def _field(name: str, widget: widgets.Widget) -> fields.Field:
    # An empty cell says nothing; it never erases what is known.
    return fields.Field(attribute=name, column_name=name, widget=widget, saves_null_values=False)


class MemberResource(RowResource):
    """Rows of members. Known ones, by number or by e-mail ignoring case, are changed; others are new."""

    watched = ("first_name", "last_name", "email", "phone", "joined_on", "notes")

    number = _field("number", Text(40))
    first_name = _field("first_name", Text(100))
    last_name = _field("last_name", Text(100))
    email = _field("email", Text(254, validate_email))
    phone = _field("phone", Text(40))
    joined_on = _field("joined_on", Day())
    notes = _field("notes", Text(2000))

    class Meta:
        model = Member
        fields = ("number", "first_name", "last_name", "email", "phone", "joined_on", "notes")
        import_id_fields = ("number",)
        instance_loader_class = KnownMembers

    def __init__(self, run: ImportRun, *, now: datetime, write: bool, numbers_in_file: Sequence[str] = ()) -> None:
        super().__init__(run, now=now, write=write)
        self.book = MemberBook(run.studio, in_file=numbers_in_file)
        self.fields["joined_on"].widget.order = questions.answered_order(run.answers)
        # By identity: a new member has no key yet. The book keeps them alive.
        self._lines: dict[int, int] = {}

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        self.book.load([number.strip() for number in dataset["number"]], [email.strip() for email in dataset["email"]])

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        if row["name"].strip():
            first, last = split_name(row["name"])
            row["first_name"], row["last_name"] = row["first_name"] or first, row["last_name"] or last
        self.shown[row[LINE]] = {name: row[name].strip() for name in ("number", "email", "phone", "joined_on")}
        self.shown[row[LINE]]["name"] = f"{row['first_name'].strip()} {row['last_name'].strip()}".strip()
        if not row["number"].strip() and not row["email"].strip():
            raise ValidationError({"number": ValidationError(_("There is neither a member number nor an e-mail."))})

    def get_instance(self, instance_loader: KnownMembers, row: Any) -> Member | None:
        member = instance_loader.get_instance(row)
        if member is not None and id(member) in self._lines:
            raise ValidationError(
                _("This is the same member as in line %(line)s."), params={"line": self._lines[id(member)]}
            )
        return member

    def init_instance(self, row: Any = None) -> Member:
        member = Member(studio=self.studio)
        if not row["number"].strip():
            row["number"] = self.book.free_number()
        return member

    def import_instance(self, instance: Member, row: Any, **kwargs: Any) -> None:
        known_as = instance.number
        super().import_instance(instance, row, **kwargs)
        if known_as:
            instance.number = known_as  # found by e-mail: the number here stays
        if not instance.first_name:
            raise ValidationError({"first_name": ValidationError(_("There is no name."))})

    def before_save_instance(self, instance: Member, row: Any, **kwargs: Any) -> None:
        # Before the next row is looked up: it may be the same person.
        self.book.add(instance)

    def after_import_row(self, row: Any, row_result: Any, **kwargs: Any) -> None:
        super().after_import_row(row, row_result, **kwargs)
        member = row_result.instance
        self._lines[id(member)] = row[LINE]
        self.shown[row[LINE]]["number"] = member.number
        self.made["member"] += member.pk is None

    def write_changed(self, instances: list[Member]) -> None:
        super().write_changed(instances)
        changed = [(one, self.changes(one)["email"]) for one in instances if "email" in self.changes(one)]
        was = [(member, str(before or ""), str(after or "")) for member, (before, after) in changed]
        record_addresses(was, studio=self.studio, by=self.run.by, by_word=IMPORT, now=self.now)

    def write_new(self, instances: list[Member]) -> None:
        super().write_new(instances)
        for member in instances:
            self.written[self._lines[id(member)]] = [made(member, self.watched)]


class MemberImport(ImportKind):
    word = "members"
    label = gettext_lazy("Members")
    explanation = gettext_lazy("One row per person: names, e-mail, phone, number.")
    targets = MEMBER_TARGETS

    def columns(self) -> list[str]:
        return [gettext("Name"), gettext("Number"), gettext("E-mail"), gettext("Phone")]

    def show(self, row: ImportRow) -> dict[str, Any]:
        labels = {target.name: target.words for target in MEMBER_TARGETS}
        return {
            "row": row,
            "cells": [row.shown.get(name, "") for name in ("name", "number", "email", "phone")],
            "changes": [
                f"{labels[name]}: {before or '–'} → {after or '–'}" for name, (before, after) in row.changes.items()
            ],
        }

    def problems(self, table: Table, mapping: Mapped) -> list[str]:
        found = []
        if not {"number", "email"} & set(mapping):
            found.append(gettext("Choose the column with the member number or the one with the e-mail."))
        if not {"name", "first_name"} & set(mapping):
            found.append(gettext("Choose the column with the name."))
        return found

    def questions(self, studio: Studio, table: Table, mapping: Mapped) -> list[Question]:
        return questions.date_order(table, mapping, ("joined_on",))

    def resource(self, run: ImportRun, table: Table, *, now: datetime, write: bool) -> MemberResource:
        numbers = table.column(run.mapping["number"]) if "number" in run.mapping else ()
        return MemberResource(run, now=now, write=write, numbers_in_file=numbers)

    def undo(
        self, run: ImportRun, rows: Sequence[ImportRow], *, now: datetime, keep_job: Callable[[], None]
    ) -> dict[int, str]:
        keys = {entry.pk for entry in entries(rows, Member) if "email" in (entry.changed or {})}
        before = dict(Member.objects.filter(pk__in=keys).values_list("pk", "email"))
        kept = take_back(Member, rows, keep_job=keep_job)
        was = [(one, before[one.pk], one.email) for one in Member.objects.filter(pk__in=keys).order_by("pk")]
        record_addresses(was, studio=run.studio, by=None, by_word=IMPORT, now=now)
        return kept
