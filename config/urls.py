from django.contrib import admin
from django.urls import include, path

from config.health import healthz, livez

handler500 = "config.errors.server_error"
urlpatterns = [
    path("livez", livez, name="livez"),
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("portal.urls")),
    path("<slug:studio>/", include("bookings.urls")),
]
