"""Addresses that marketplaces call with messages, below `/api/`."""

from django.urls import path

from marketplace.views import hooks

app_name = "hooks"

urlpatterns = [path("webhooks/<uuid:hook>/", hooks.hook, name="hook")]
