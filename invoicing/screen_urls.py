"""The list of invoices, drafts, one invoice with its files, and what is answered to it; the number's addresses last."""

from django.urls import path

import bookings.urls  # noqa: F401 (its converters: months, kinds of files)
from invoicing.views import answers, downloads, draft, invoice, listing

_ONE = "invoices/<str:number>/"
urlpatterns = [
    path("invoices/", listing.invoices, name="invoices"),
    path("invoices.<file_kind:file_kind>", downloads.invoices_file, name="invoices_file"),
    path("invoices/year/<int:year>.zip", downloads.year, name="invoices_year"),
    path("invoices/draft/<month:month>/<slug:marketplace>/", draft.draft, name="invoice_draft"),
    path(_ONE, invoice.invoice, name="invoice"),
    path(f"{_ONE}files/<slug:document>/", downloads.document, name="invoice_document"),
    path(f"{_ONE}visits.csv", downloads.visits, name="invoice_visits"),
    path(f"{_ONE}accept/", answers.accept, name="invoice_accept"),
    path(f"{_ONE}question/", answers.question, name="invoice_question"),
    path(f"{_ONE}objection/", answers.objection, name="invoice_objection"),
    path(f"{_ONE}correction/", answers.correction, name="invoice_correction"),
]
