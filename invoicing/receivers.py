"""News of invoices that people hear by mail."""

from typing import Any

from django.dispatch import receiver

from invoicing.actions.mailing import mail_issued
from invoicing.models import Invoice
from invoicing.signals import invoice_issued


@receiver(invoice_issued, dispatch_uid="invoicing.mail_issued")
def tell_owners(invoice: Invoice, **kwargs: Any) -> None:
    mail_issued(invoice)
