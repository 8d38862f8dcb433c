from django.urls import path, re_path

from marketplace.api import pages, reviews, views

app_name = "api"
_V1 = "groupx/v1/"
_ATTENDEE = f"{_V1}classes/<str:class_id>/attendees/<str:exerciser_id>"
urlpatterns = [
    path("", pages.readable, name="readable"),
    path("openapi.json", pages.openapi, name="openapi"),
    path(f"{_V1}meta", pages.meta, name="meta"),
    path(f"{_V1}classes", views.classes, name="classes"),
    path(f"{_V1}classes/<str:class_id>", views.one, name="class"),
    path(_ATTENDEE, views.attendee, name="attendee"),
    path(f"{_ATTENDEE}/review", reviews.review, name="review"),
    path(f"{_ATTENDEE}/check-in", views.presence, name="check_in"),
    path(f"{_V1}classes/<str:class_id>/waitlist/attendees/<str:exerciser_id>", views.waiting, name="waitlist"),
    path(f"{_V1}exercisers", views.exercisers, name="exercisers"),
    path(f"{_V1}exercisers/<str:exerciser_id>/schedule", views.own_schedule, name="schedule"),
    # Whatever else is below /api/ answers as the API does.
    re_path(r"(?P<rest>[\s\S]+)", pages.nothing, name="nothing"),
]
