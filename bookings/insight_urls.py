"""Addresses of insight: a page for visits, classes, people and marketplaces, and each chart's table as a file."""

from django.urls import path

from bookings.views import insight, insight_files

urlpatterns = [
    path("insight/", insight.insight, name="insight"),
    path("insight/classes/", insight.insight_classes, name="insight_classes"),
    path("insight/people/", insight.insight_people, name="insight_people"),
    path("insight/marketplaces/", insight.insight_marketplaces, name="insight_marketplaces"),
    path("insight/<slug:chart>.<file_kind:file_kind>", insight_files.insight_file, name="insight_file"),
]
