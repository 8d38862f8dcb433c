from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from config.health import healthz, livez

handler500 = "config.errors.server_error"
# One door: the operator logs in where everybody does, under the same limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("livez", livez, name="livez"),
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("accounts/", include("config.account_urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/", include("marketplace.hook_urls")),
    path("api/", include("marketplace.api.urls")),
    # Before the settings of the portal, one of whose pages is the subscription.
    path("<slug:studio>/", include("marketplace.urls")),
    path("<slug:studio>/", include("invoicing.urls")),
    path("<slug:studio>/", include("reviews.urls")),
    path("", include("portal.urls")),
    path("<slug:studio>/", include("bookings.urls")),
]
