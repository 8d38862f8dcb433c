"""Purchases of another system, from a file into the members' wallets: with the moment at which each was bought (Q5)."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop as _
from import_export import fields
from import_export.instance_loaders import BaseInstanceLoader
from tablib import Dataset

from packages.models import LedgerEntry, Package, PackageVersion, Purchase
from portal.imports import questions
from portal.imports.dates import NotADate, read_day, read_moment
from portal.imports.members import MemberBook
from portal.imports.rows import LINE, RowResource
from portal.imports.undoing import made
from portal.models import ImportRun, Member

SOURCE = "import"
FACTS = ("member", "package", "purchased_at", "price", "uses", "expires_on")
# As other systems write what has no end.
UNLIMITED = {"", "unlimited", "unbegrenzt", "onbeperkt", "∞", "inf", "none", "-"}
MOST_USES = 9_999


class ByReference(BaseInstanceLoader):
    """The purchase that an earlier import made of this row."""

    def get_instance(self, row: Any) -> Purchase | None:
        return self.resource.known.get(row["external_ref"])


def _fact(name: str) -> fields.Field:
    return fields.Field(attribute=name, column_name=name)


class PurchaseResource(RowResource):
    """Rows of purchases. Members must be there; packages that are not are made, on the terms of the first row."""

    watched = ("purchased_at", "price", "uses", "expires_on")

    external_ref = _fact("external_ref")
    member = _fact("member")
    package = _fact("package")
    version = _fact("version")
    purchased_at = _fact("purchased_at")
    price = _fact("price")
    uses = _fact("uses")
    expires_on = _fact("expires_on")

    class Meta:
        model = Purchase
        fields = ("external_ref", "member", "package", "version", "purchased_at", "price", "uses", "expires_on")
        import_id_fields = ("external_ref",)
        instance_loader_class = ByReference

    def __init__(self, run: ImportRun, *, now: datetime, write: bool) -> None:
        super().__init__(run, now=now, write=write)
        self.book = MemberBook(run.studio)
        self.order = questions.answered_order(run.answers)
        self.zone = run.studio.locations.order_by("pk")[0].tz
        self.known: dict[str, Purchase] = {}
        self._seen: Counter[str] = Counter()
        versions = PackageVersion.objects.filter(package__studio=run.studio).select_related("package")
        # The newest last, so that it stays.
        self._versions = {one.package.name.casefold(): one for one in versions.order_by("package_id", "number")}
        # Terms that are not saved yet, by identity.
        self._new: dict[int, PackageVersion] = {}
        # Numbered so in this file, for rows that have no reference of their own.
        self._refs: dict[int, str] = {}

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        rows = dataset.dict
        self.book.load([row["member_number"].strip() for row in rows], [row["member_email"].strip() for row in rows])
        self._refs = {row[LINE]: self._reference(row) for row in rows}
        found = Purchase.objects.filter(studio=self.studio, source=SOURCE, external_ref__in=self._refs.values())
        self.known = {one.external_ref: one for one in found.select_related("package", "member")}

    def _reference(self, row: Mapping[str, str]) -> str:
        """What the file calls it; else who bought what when, and which of several alike."""
        if own := row["external_ref"].strip():
            return own[:150]
        words = [row[name].strip().casefold() for name in ("member_number", "member_email", "package", "purchased_at")]
        same = "\0".join(words)
        self._seen[same] += 1
        return "row:" + sha256(f"{same}\0{self._seen[same]}".encode()).hexdigest()

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Work out what the row means. Raises ValidationError with every reason why it is refused."""
        line, errors = row[LINE], {}
        self.shown[line] = {
            "number": row["member_number"].strip(),
            "member": row["member_number"].strip() or row["member_email"].strip(),
            "package": row["package"].strip(),
            "purchased_at": row["purchased_at"].strip(),
            "left": (row["left"] if "left" in self.run.mapping else row["uses"]).strip(),
        }
        values: dict[str, Any] = {"external_ref": self._refs[line]}
        for name, read in (
            ("member", self._member), ("uses", self._uses), ("price", self._price),
            ("purchased_at", self._bought), ("package", self._package),
        ):  # fmt: skip
            try:
                values[name] = read(row)
            except ValidationError as error:
                errors[_COLUMN.get(name, name)] = error
        if errors:
            raise ValidationError(errors)
        terms = self._terms(values["package"], values)
        values |= {"package": terms.package, "version": terms}
        try:
            values["expires_on"] = self._last_day(row, terms, values["purchased_at"])
        except ValidationError as error:
            raise ValidationError({"expires_on": error}) from error
        self._refuse_changed(values)
        row |= values
        self._show(line, values)

    def _member(self, row: Mapping[str, str]) -> Member:
        found = self.book.find(row["member_number"].strip(), row["member_email"].strip())
        if found is None:
            raise ValidationError(_("There is no such member here. Import the members first."))
        return found.kept if found.merged_into_id else found

    def _uses(self, row: Mapping[str, str]) -> int | None:
        text = (row["left"] if "left" in self.run.mapping else row["uses"]).strip().casefold()
        if text in UNLIMITED:
            return None
        if not text.isascii() or not text.isdecimal() or int(text) > MOST_USES:
            raise ValidationError(
                _("“%(value)s” is not a number of uses from 0 to %(most)s."), params={"value": text, "most": MOST_USES}
            )
        return int(text)

    def _price(self, row: Mapping[str, str]) -> Decimal:
        text = row["price"].strip().strip("€$£ ").replace("\u00a0", "").replace(" ", "")
        if not text:
            return Decimal(0)
        if "," in text:  # the last sign is the decimal one: 1.234,50 and 1,234.50
            text = (
                text.replace(".", "").replace(",", ".") if text.rfind(",") > text.rfind(".") else text.replace(",", "")
            )
        try:
            amount = Decimal(text).quantize(Decimal("0.01"))
        except InvalidOperation as error:
            raise ValidationError(_("“%(value)s” is not a price."), params={"value": row["price"].strip()}) from error
        if not 0 <= amount < 10_000_000:
            raise ValidationError(_("“%(value)s” is not a price."), params={"value": row["price"].strip()})
        return amount

    def _bought(self, row: Mapping[str, str]) -> datetime:
        try:
            moment = read_moment(row["purchased_at"], order=self.order, zone=self.zone)
        except NotADate as error:
            raise ValidationError(error.text, params={"value": error.value}) from error
        if moment > self.now:
            raise ValidationError(_("“%(value)s” is still to come."), params={"value": row["purchased_at"].strip()})
        return moment

    def _package(self, row: Mapping[str, str]) -> str:
        name = row["package"].strip()
        if not name or len(name) > 100:
            raise ValidationError(_("A package needs a name of at most 100 characters."))
        return name

    def _terms(self, name: str, values: Mapping[str, Any]) -> PackageVersion:
        """The package's newest terms; new ones, kept here until they are saved."""
        terms = self._versions.get(name.casefold())
        if terms is None:
            package = Package(studio=self.studio, name=name)
            terms = PackageVersion(
                package=package, number=1, uses=values["uses"] or None, price=values["price"], made_at=self.now
            )
            self._versions[name.casefold()] = self._new[id(terms)] = terms
            self.made["package"] += 1
        return terms

    def _last_day(self, row: Mapping[str, str], terms: PackageVersion, bought: datetime) -> date | None:
        if "expires_on" not in self.run.mapping:
            return terms.last_day(bought.astimezone(self.zone).date())
        if row["expires_on"].strip().casefold() in UNLIMITED:
            return None
        try:
            return read_day(row["expires_on"], order=self.order)
        except NotADate as error:
            raise ValidationError(error.text, params={"value": error.value}) from error

    def _refuse_changed(self, values: Mapping[str, Any]) -> None:
        known = self.known.get(values["external_ref"])
        if known is None:
            return
        if known.member_id != values["member"].pk or any(getattr(known, one) != values[one] for one in self.watched):
            raise ValidationError(_("This purchase was imported before, and is another one here by now; that stays."))

    def _show(self, line: int, values: Mapping[str, Any]) -> None:
        known, uses = self.known.get(values["external_ref"]), values["uses"]
        self.shown[line] = {
            "number": values["member"].number,
            "member": values["member"].name,
            "package": values["package"].name,
            "purchased_at": values["purchased_at"].astimezone(self.zone).date().isoformat(),
            "expires_on": values["expires_on"].isoformat() if values["expires_on"] else "",
            "left": "" if uses is None else uses,
            "unlimited": uses is None,
            "purchase": known.pk if known else None,
        }

    def init_instance(self, row: Any = None) -> Purchase:
        return Purchase(studio=self.studio, source=SOURCE, currency=row["version"].currency)

    def after_import_row(self, row: Any, row_result: Any, **kwargs: Any) -> None:
        super().after_import_row(row, row_result, **kwargs)
        self.made["purchase"] += row_result.instance.pk is None

    def write_new(self, instances: list[Purchase]) -> None:
        """Packages, purchases, and the first entry of each ledger."""
        for one in instances:
            if terms := self._new.pop(id(one.version), None):
                terms.package.save()
                terms.package_id = terms.package.pk
                terms.save()
                self.written.setdefault(self.line_of_row[id(one)], []).append(made(terms.package, ("name",)))
            one.package_id, one.version_id = one.version.package_id, one.version.pk
        super().write_new(instances)
        LedgerEntry.objects.bulk_create(self._entry(one) for one in instances)
        for one in instances:
            line = self.line_of_row[id(one)]
            self.written.setdefault(line, []).append(made(one, FACTS))

    def _entry(self, purchase: Purchase) -> LedgerEntry:
        line = self.line_of_row[id(purchase)]
        return LedgerEntry(
            studio=self.studio,
            purchase=purchase,
            kind=LedgerEntry.Kind.IMPORTED,
            uses=purchase.uses,
            after={
                "purchased_at": purchase.purchased_at.isoformat(),
                "price": str(purchase.price),
                "expires_on": purchase.expires_on.isoformat() if purchase.expires_on else None,
                "line": line,
            },
            action_id=uuid5(NAMESPACE_URL, f"import {self.run.pk} line {line}"),
            by=self.run.by,
            by_word="import",
            occurred_at=self.now,
        )


# Where a value comes from a column of another name.
_COLUMN = {"member": "member_number"}
