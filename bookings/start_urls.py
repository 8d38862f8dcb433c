"""Bookings' steps of a new studio's path, and the studio for practice."""

from django.urls import path

from bookings.views import practice, start

urlpatterns = [
    path("start/timetable/", start.start_timetable, name="start_timetable"),
    path("start/packages/", start.start_packages, name="start_packages"),
    path("practice/", practice.practice, name="practice"),
    path("practice/make/", practice.practice_make, name="practice_make"),
    path("practice/enter/", practice.practice_enter, name="practice_enter"),
    path("practice/remove/", practice.practice_remove, name="practice_remove"),
    path("practice/evening/", practice.practice_evening, name="practice_evening"),
]
