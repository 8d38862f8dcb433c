"""The operator's desk for invoices."""

from invoicing import invoice_admin  # noqa: F401 (which registers itself)
