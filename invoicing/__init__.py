"""Invoices, payouts, e-invoice documents, statement matching."""
