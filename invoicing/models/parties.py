"""Who is on an invoice: the studio that is paid, the marketplace that pays, and what they agreed about writing it."""

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from stdnum import bic, iban
from stdnum.exceptions import ValidationError as NotANumber

from marketplace.models import Contract, Marketplace
from portal.models import StaffLogin, Studio


def check_iban(text: str) -> None:
    if not iban.is_valid(text):
        raise ValidationError(_("%(text)s is not an IBAN: its check digits do not fit."), params={"text": text})


def check_bic(text: str) -> None:
    try:
        bic.validate(text)
    except NotANumber as error:
        raise ValidationError(_("%(text)s is not a BIC."), params={"text": text}) from error


check_country = RegexValidator(r"^[A-Z]{2}\Z", _("Two capital letters, as in NL."))


class PartyFields(models.Model):
    """What EN 16931 asks of a seller or a buyer (BG-4, BG-7). Empty: not known."""

    legal_name = models.CharField(_("legal name"), max_length=200)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, validators=[check_country])
    vat_id = models.CharField(_("VAT id"), max_length=20, blank=True)
    registration = models.CharField(_("register number"), max_length=40, blank=True)
    # Where e-invoices reach it: a scheme of the EAS list ("0106": KvK) and the number in it.
    electronic_scheme = models.CharField(_("scheme of the e-invoice address"), max_length=4, blank=True)
    electronic_address = models.CharField(_("e-invoice address"), max_length=100, blank=True)
    contact = models.CharField(_("contact"), max_length=100, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.legal_name


class Seller(PartyFields):
    """The studio as a seller, and where its money goes. What was issued keeps what it was then."""

    studio = models.OneToOneField(Studio, models.CASCADE, primary_key=True, related_name="seller")
    tax_number = models.CharField(_("tax number"), max_length=30, blank=True)
    iban = models.CharField(_("IBAN"), max_length=34, blank=True, validators=[check_iban])
    bic = models.CharField(_("BIC"), max_length=11, blank=True, validators=[check_bic])
    account_holder = models.CharField(_("account holder"), max_length=200, blank=True)
    # Whose holidays move a payout; ISO 3166-2 without the country where they differ within it.
    payout_country = models.CharField(_("country of the bank"), max_length=2, blank=True, validators=[check_country])
    payout_region = models.CharField(_("region of the bank"), max_length=10, blank=True)
    # Of the numbers that the studio gives itself.
    prefix = models.CharField(
        _("number range"),
        max_length=12,
        default="R",
        validators=[RegexValidator(r"^[A-Z0-9]+(-[A-Z0-9]+)*\Z", _("Capital letters, digits and hyphens."))],
    )


class TaxStatus(models.Model):
    """From a day on the studio is a small business that shows no VAT, or no longer is. Dated, as tax law is."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="tax_statuses")
    first_on = models.DateField(_("from"))
    small_business = models.BooleanField(_("small business, no VAT is shown"))

    class Meta:
        ordering = ["studio", "first_on"]
        constraints = [models.UniqueConstraint(fields=["studio", "first_on"], name="one_tax_status_per_day")]

    def __str__(self) -> str:
        return f"{self.studio_id} {self.first_on}"


class Payer(PartyFields):
    """A marketplace as the buyer of visits. The operator writes it down."""

    marketplace = models.OneToOneField(Marketplace, models.CASCADE, primary_key=True, related_name="payer")
    buyer_reference = models.CharField(_("buyer reference"), max_length=60, blank=True)


class SelfBillingAgreement(models.Model):
    """The studio lets the marketplace write its invoices (art. 224 of the VAT directive); without it none is valid."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="self_billing")
    # Which text was agreed to.
    version = models.CharField(_("version"), max_length=20)
    signed_by = models.CharField(_("signed by"), max_length=100)
    login = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    signed_on = models.DateField(_("signed on"))
    ended_on = models.DateField(_("ended on"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contract"], condition=models.Q(ended_on=None), name="one_standing_agreement_per_contract"
            )
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.signed_by}"
