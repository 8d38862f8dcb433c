"""Addresses of the finder of old workarounds. Before those of one marketplace, which begin with its name."""

from django.urls import path

from marketplace.views import old_passes

urlpatterns = [
    path("marketplaces/old-passes/", old_passes.passes, name="old_passes"),
    path("marketplaces/old-passes/retire/", old_passes.retire, name="old_passes_retire"),
    path("marketplaces/old-passes/<int:package>/", old_passes.members, name="old_passes_members"),
    path("marketplaces/old-passes/<int:retirement>/restore/", old_passes.restore, name="old_passes_restore"),
]
