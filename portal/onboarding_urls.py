"""The path of a new studio. Steps of other apps stand below `start/` as well, in their own urls."""

from django.urls import path

from portal.views import onboarding

urlpatterns = [
    path("<slug:studio>/start/", onboarding.start, name="start"),
    path("<slug:studio>/start/studio/", onboarding.start_studio, name="start_studio"),
    path("<slug:studio>/start/locations/", onboarding.start_locations, name="start_locations"),
    path("<slug:studio>/start/people/", onboarding.start_people, name="start_people"),
    path("<slug:studio>/start/desk/", onboarding.start_desk, name="start_desk"),
    path("<slug:studio>/start/dismiss/", onboarding.start_dismiss, name="start_dismiss"),
    path("<slug:studio>/start/resume/", onboarding.start_resume, name="start_resume"),
    path("<slug:studio>/start/<slug:step>/skip/", onboarding.start_skip, name="start_skip"),
    path("<slug:studio>/start/<slug:step>/done/", onboarding.start_done, name="start_done"),
]
