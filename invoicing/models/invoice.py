"""What was issued. PostgreSQL refuses to change or delete any of it (migration 0002)."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from invoicing import rules
from marketplace.models import Connection, Contract, ContractTerms, Visit
from portal.models import StaffLogin, Studio, User


class NumberSeries(models.Model):
    """The numbers of one issuer, kind and year. Locked by whoever issues, in the transaction that issues: no gaps."""

    studio = models.ForeignKey(Studio, models.PROTECT, related_name="+")
    prefix = models.CharField(max_length=100)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["studio", "prefix", "year"], name="one_series_per_year")]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year}"


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def standing(self) -> Self:
        """Invoices that no credit has taken back; no credits."""
        return self.filter(corrects=None, credit=None)


class Invoice(models.Model):
    """One contract's visits of one month, or the credit that takes such an invoice back (261, 381).

    What happens to it afterwards (opened, accepted, paid) are rows of their own.
    """

    class TypeCode(models.TextChoices):
        """UNTDID 1001."""

        INVOICE = "380", _("Invoice")
        SELF_BILLED = "389", _("Self-billed invoice")
        SELF_BILLED_CREDIT = "261", _("Self-billed correction")
        CREDIT = "381", _("Correction")

    studio = models.ForeignKey(Studio, models.PROTECT, related_name="invoices")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="invoices")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="invoices")
    # The first day of the month, local to the studio's locations.
    month = models.DateField(_("month"))
    type_code = models.CharField(_("kind"), max_length=3, choices=TypeCode)
    series = models.ForeignKey(NumberSeries, models.PROTECT, related_name="invoices")
    series_number = models.PositiveIntegerField()
    number = models.CharField(_("number"), max_length=120)
    # The invoice that this credit takes back, and the one in whose place this invoice stands.
    corrects = models.OneToOneField("self", models.PROTECT, null=True, related_name="credit")
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replacement")
    issued_at = models.DateTimeField(_("issued"))
    issued_on = models.DateField(_("issued on"))
    due_on = models.DateField(_("paid around"))
    currency = models.CharField(max_length=3)
    # Numbers of paid visits, as the invoice states them (P9); what a credit takes back stands as a positive number.
    check_ins = models.IntegerField()
    additional = models.IntegerField()
    no_shows = models.IntegerField()
    late_cancels = models.IntegerField()
    # Net, of what belongs to earlier months.
    adjustments = models.DecimalField(max_digits=12, decimal_places=2)
    net = models.DecimalField(max_digits=12, decimal_places=2)
    tax = models.DecimalField(max_digits=12, decimal_places=2)
    gross = models.DecimalField(max_digits=12, decimal_places=2)
    # Everything printed: `invoicing.documents.model.as_json`.
    snapshot = models.JSONField()
    # SHA-256 over the snapshot and the hash of the studio's invoice before it: a chain nobody can rewrite in part.
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ["-month", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "month"],
                condition=Q(corrects=None, replaces=None),
                name="one_invoice_per_contract_and_month",
            ),
            models.UniqueConstraint(fields=["series", "series_number"], name="one_invoice_per_number"),
            models.UniqueConstraint(fields=["studio", "number"], name="invoice_number_once_per_studio"),
            models.UniqueConstraint(fields=["id", "studio"], name="invoice_of_studio"),
            models.CheckConstraint(condition=Q(gross=models.F("net") + models.F("tax")), name="gross_is_net_and_tax"),
            models.CheckConstraint(condition=Q(month__day=1), name="invoice_of_a_month"),
            models.CheckConstraint(
                condition=Q(corrects=None, type_code__in=["380", "389"])
                | Q(corrects__isnull=False, replaces=None, type_code__in=["381", "261"]),
                name="a_credit_corrects_an_invoice",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_credit(self) -> bool:
        return self.corrects_id is not None

    @property
    def is_self_billed(self) -> bool:
        return self.type_code in {self.TypeCode.SELF_BILLED, self.TypeCode.SELF_BILLED_CREDIT}


class InvoiceLine(models.Model):
    """Visits of one clause at one price (BG-25); unpaid ones together at 0.00, with the reason; or the flat rate.

    `because` is a `rules.Because`. `month` is the month of the visits: an earlier one than the invoice's is an
    adjustment. A reversal has a negative quantity.
    """

    studio = models.ForeignKey(Studio, models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12)
    because = models.CharField(max_length=20)
    month = models.DateField()
    terms = models.ForeignKey(ContractTerms, models.PROTECT, related_name="+")
    quantity = models.IntegerField()
    price = models.DecimalField(max_digits=12, decimal_places=2)
    net = models.DecimalField(max_digits=12, decimal_places=2)
    tax_category = models.CharField(max_length=2)
    tax_rate = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta:
        ordering = ["invoice", "position"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="one_line_per_position"),
            models.UniqueConstraint(fields=["id", "invoice"], name="line_of_invoice"),
            models.CheckConstraint(
                condition=Q(net=models.F("quantity") * models.F("price")), name="net_is_quantity_times_price"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.position}"

    @property
    def is_adjustment(self) -> bool:
        return self.month != self.invoice.month


class BilledVisitQuerySet(models.QuerySet["BilledVisit"]):
    def standing(self) -> Self:
        """What is billed by now: one row at most for a visit."""
        return self.filter(reverses=None, reversal=None)


class BilledVisit(models.Model):
    """A visit on a line of an invoice: once, until that is reversed; then perhaps once more.

    A reversal repeats what it takes back with the amount below zero. So a visit's rows add up to what was billed for
    it, and PostgreSQL refuses a second standing one.
    """

    studio = models.ForeignKey(Studio, models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="visits")
    line = models.ForeignKey(InvoiceLine, models.PROTECT, related_name="visits")
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="billed")
    month = models.DateField()
    # The local day of the visit, as it was billed.
    day = models.DateField()
    kind = models.CharField(max_length=12)
    because = models.CharField(max_length=20)
    terms = models.ForeignKey(ContractTerms, models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=9, decimal_places=2)
    tax_category = models.CharField(max_length=2)
    tax_rate = models.DecimalField(max_digits=5, decimal_places=2)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversal")
    # The reversed row in whose place this one stands.
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replacement")

    objects = BilledVisitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["visit"], condition=Q(reverses=None, replaces=None), name="visit_billed_once"
            ),
            models.CheckConstraint(condition=Q(reverses=None) | Q(replaces=None), name="a_reversal_replaces_nothing"),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.because}"

    @property
    def is_paid(self) -> bool:
        return self.because in rules.PAID


class InvoiceDocument(models.Model):
    """A file of an issued invoice, byte for byte as it was made first."""

    studio = models.ForeignKey(Studio, models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="documents")
    # `invoicing.documents.Made.kind`.
    kind = models.CharField(max_length=12)
    file_name = models.CharField(max_length=150)
    media_type = models.CharField(max_length=60)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    # Of the libraries that made it: another version may make other bytes of the same invoice.
    versions = models.JSONField(default=dict)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "kind"], name="one_document_of_a_kind")]

    def __str__(self) -> str:
        return self.file_name


class InvoiceEvent(models.Model):
    """What happened to an issued invoice, appended: who opened it, who accepted it, who objected and why."""

    class Kind(models.TextChoices):
        ISSUED = "issued", _("issued")
        MAILED = "mailed", _("the owners were told by mail")
        OPENED = "opened", _("opened")
        DOWNLOADED = "downloaded", _("downloaded")
        ACCEPTED = "accepted", _("accepted")
        QUESTIONED = "questioned", _("question asked")
        ANSWERED = "answered", _("question answered")
        OBJECTED = "objected", _("objected to")
        CORRECTION_WANTED = "correction_wanted", _("correction asked for")
        CORRECTED = "corrected", _("corrected")

    studio = models.ForeignKey(Studio, models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=Kind)
    occurred_at = models.DateTimeField()
    # A person of the studio, or of the operator; neither: by itself.
    by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    operator = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    text = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["invoice", "id"], name="event_of_invoice"),
            models.Index(fields=["studio", "-occurred_at", "-id"], name="invoice_event_log"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.kind}"


class IssueAttempt(models.Model):
    """The last try to issue a contract's month that came to no invoice, and why. Gone from view once there is one."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    contract = models.ForeignKey(Contract, models.CASCADE, related_name="attempts")
    month = models.DateField()
    tried_at = models.DateTimeField()
    # `rules.Obstacle` words; empty: there was nothing to bill.
    obstacles = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contract", "month"], name="one_attempt_per_month")]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.month}"


class MonthClosing(models.Model):
    """Somebody looked at what a month will be invoiced for, and signed it by name."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="month_closings")
    month = models.DateField()
    signed_at = models.DateTimeField()
    login = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["studio", "month"], name="one_closing_per_month")]

    def __str__(self) -> str:
        return f"{self.studio_id} {self.month}"
