"""Closing a month; below `invoices/`."""

from django.urls import path

import bookings.urls  # noqa: F401 (its converter: months)
from invoicing.views import closing

urlpatterns = [
    path("invoices/close/<month:month>/", closing.close, name="close"),
    path("invoices/close/<month:month>/sign/", closing.close_sign, name="close_sign"),
    path("invoices/close/<month:month>/take-back/", closing.close_take_back, name="close_take_back"),
]
