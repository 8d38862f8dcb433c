"""The addresses of what one hears of by mail, below a studio; before the settings' own."""

from django.urls import path

from portal.views import notices

urlpatterns = [
    path("<slug:studio>/notices/", notices.notices, name="notices"),
    path("<slug:studio>/settings/notices/", notices.settings_notices, name="settings_notices"),
]
