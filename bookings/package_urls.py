"""Addresses of packages: the list, one of them, and the matrix with what they are for."""

from django.urls import path

from bookings.views import package_items, packages

urlpatterns = [
    path("packages/", packages.packages, name="packages"),
    path("packages/new/", packages.package_new, name="package_new"),
    path("packages/items/", package_items.package_items, name="package_items"),
    path("packages/<int:package>/", packages.package, name="package"),
    path("packages/<int:package>/change/", packages.package_change, name="package_change"),
    path("packages/<int:package>/archive/", packages.package_archive, name="package_archive"),
    path("packages/<int:package>/restore/", packages.package_restore, name="package_restore"),
]
