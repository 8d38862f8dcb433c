"""Purchases as a kind of import: what is asked, how it is undone, and the proof that nobody lost a use (N13)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from bookings.models import ItemPackage
from bookings.purchase_resource import PurchaseResource
from bookings.selectors.wallet import balances
from packages.models import LedgerEntry, Package, Purchase
from portal.imports import questions
from portal.imports.kinds import ImportKind, Mapped, Question, Target
from portal.imports.reading import Table
from portal.imports.undoing import USED_SINCE, take_back
from portal.models import ImportRow, ImportRun, Studio

TARGETS = (
    Target(
        "member_number", gettext_noop("member number"),
        ("client id", "clientid", "customer id", "member id", "kundennummer", "mitgliedsnummer", "klantnummer",
         "lidnummer"),
    ),
    Target(
        "member_email", gettext_noop("e-mail"), ("email", "email address", "client email", "mail", "e-mail-adresse")
    ),
    Target(
        "package", gettext_noop("package"),
        ("package name", "pass", "pricing option", "product", "membership", "paket", "karte", "pakket", "kaart", "abo"),
    ),
    Target(
        "purchased_at", gettext_noop("bought"),
        ("purchase date", "purchased", "sale date", "bought on", "date", "kaufdatum", "gekauft am",
         "aankoopdatum", "gekocht op"),
    ),
    Target(
        "left", gettext_noop("uses left"),
        ("remaining", "sessions remaining", "visits remaining", "remaining uses", "balance", "rest", "guthaben",
         "verbleibend", "resterend", "saldo", "tegoed"),
        gettext_noop("What is still to be used. It becomes what the purchase is good for here."),
    ),
    Target(
        "uses", gettext_noop("uses bought"),
        ("sessions", "visits", "count", "total", "credits", "anzahl", "einheiten", "aantal", "beurten"),
        gettext_noop("Used where the file does not say what is left. Empty or “unlimited”: without a limit."),
    ),
    Target(
        "expires_on", gettext_noop("last day"),
        ("expires", "expiration date", "expiry", "expiry date", "valid until", "ablauf", "gültig bis", "ablaufdatum",
         "geldig tot", "vervaldatum"),
        gettext_noop("Empty: it never ends. Without this column: as the package says."),
    ),
    Target("price", gettext_noop("price"), ("amount", "paid", "price paid", "preis", "betrag", "prijs", "bedrag")),
    Target(
        "external_ref", gettext_noop("number of the purchase"),
        ("purchase id", "sale id", "order id", "invoice", "rechnungsnummer", "bestellnummer", "factuurnummer"),
        gettext_noop("Finds the same purchase again in the next file."),
    ),
)  # fmt: skip


class PurchaseImport(ImportKind):
    word = "purchases"
    label = gettext_lazy("Packages and purchases")
    explanation = gettext_lazy("One row per purchase: who, which package, when, and what is left of it.")
    targets = TARGETS

    def columns(self) -> list[str]:
        return [_("Member"), _("Package"), _("Bought"), _("Last day"), _("Left")]

    def show(self, row: ImportRow) -> dict[str, Any]:
        shown = row.shown
        left = _("unlimited") if shown.get("unlimited") else str(shown.get("left", ""))
        names = ("member", "package", "purchased_at", "expires_on")
        return {"row": row, "cells": [*(shown.get(name, "") for name in names), left], "changes": []}

    def new_objects(self, counts: Mapping[str, int]) -> list[str]:
        number = counts.get("new_package", 0)
        words = ngettext("%(count)d new package", "%(count)d new packages", number)
        return [words % {"count": number}] if number else []

    def problems(self, table: Table, mapping: Mapped) -> list[str]:
        found = []
        if not {"member_number", "member_email"} & set(mapping):
            found.append(_("Choose the column with the member number or the one with the e-mail."))
        if "package" not in mapping:
            found.append(_("Choose the column with the package."))
        if "purchased_at" not in mapping:
            found.append(_("Choose the column that says when it was bought: the newest is used first."))
        if not {"left", "uses"} & set(mapping):
            found.append(_("Choose the column with the uses that are left, or with those that were bought."))
        return found

    def questions(self, studio: Studio, table: Table, mapping: Mapped) -> list[Question]:
        return questions.date_order(table, mapping, ("purchased_at", "expires_on"))

    def resource(self, run: ImportRun, table: Table, *, now: datetime, write: bool) -> PurchaseResource:
        return PurchaseResource(run, now=now, write=write)

    def files(self, run: ImportRun) -> list[tuple[str, str]]:
        return [(_("Balance proof as CSV"), reverse("bookings:balance_proof", args=[run.studio.slug, run.pk]))]

    def undo(
        self, run: ImportRun, rows: Sequence[ImportRow], *, now: datetime, keep_job: Callable[[], None]
    ) -> dict[int, str]:
        """What was sold, held or used since stays, and a package that a class takes by now."""
        bought = {record["pk"]: row.line for row in rows for record in row.written if record["model"] == "purchase"}
        others = LedgerEntry.objects.filter(purchase__in=bought).exclude(kind=LedgerEntry.Kind.IMPORTED)
        used = set(others.values_list("purchase_id", flat=True))
        made = {record["pk"]: row.line for row in rows for record in row.written if record["model"] == "package"}
        linked = set(ItemPackage.objects.filter(package__in=made).values_list("package_id", flat=True))
        kept = {bought[pk]: USED_SINCE for pk in used} | {made[pk]: USED_SINCE for pk in linked}
        gone = [_without(row, {"purchase": used, "package": linked}) for row in rows]
        kept |= take_back(Purchase, gone, keep_job=keep_job)
        return kept | take_back(Package, gone, keep_job=keep_job)


def _without(row: ImportRow, stays: Mapping[str, set[int]]) -> ImportRow:
    """The same row without what stays in any case; it is not saved."""
    written = [record for record in row.written if record["pk"] not in stays.get(record["model"], set())]
    return ImportRow(run_id=row.run_id, line=row.line, written=written)


@dataclass
class Proof:
    """One member: what the file says is left, and what is left here."""

    number: str
    name: str
    rows: int = 0
    refused: int = 0
    old: int = 0
    new: int = 0
    old_unlimited: int = 0
    new_unlimited: int = 0

    @property
    def agrees(self) -> bool:
        return (self.old, self.old_unlimited) == (self.new, self.new_unlimited)


def balance_proof(run: ImportRun, *, now: datetime) -> Iterator[Proof]:
    """Each member of the file, old and new; before the import is written, what it would be. Two queries.

    Refused rows are in the old numbers only: what is missing here is to be seen.
    """
    rows = list(run.rows.only("run", "line", "outcome", "shown", "written"))
    keys = {row.line: _purchase_of(row) for row in rows}
    bought = Purchase.objects.filter(studio=run.studio_id, pk__in=[key for key in keys.values() if key])
    left = balances(bought, now=now)
    proofs: dict[str, Proof] = {}
    for row in rows:
        shown = row.shown
        proof = proofs.setdefault(
            str(shown.get("number") or shown.get("member") or ""),
            Proof(str(shown.get("number", "")), str(shown.get("member", ""))),
        )
        proof.rows += 1
        refused = row.outcome == ImportRow.Outcome.REFUSED
        proof.refused += refused
        text = str(shown.get("left", ""))
        said = int(text) if text.isascii() and text.isdecimal() else None
        proof.old += said or 0
        proof.old_unlimited += said is None
        balance = left.get(keys[row.line] or 0)
        if balance is not None:
            proof.new += balance.free or 0
            proof.new_unlimited += balance.limit is None
        elif not refused and run.status == ImportRun.Status.CHECKED:
            proof.new += said or 0
            proof.new_unlimited += said is None
    yield from sorted(proofs.values(), key=lambda one: (one.agrees, one.name))


def _purchase_of(row: ImportRow) -> int | None:
    written = next((record["pk"] for record in row.written if record["model"] == "purchase"), None)
    return written or row.shown.get("purchase")
