from django.urls import include, path

from marketplace.views import agreeing, classes, connection_deeds, connections, dry_run, subscription

app_name = "marketplace"
_ONE = "marketplaces/<slug:marketplace>/"
urlpatterns = [
    path("settings/subscription/", subscription.subscription, name="subscription"),
    path("marketplaces/", connections.marketplaces, name="marketplaces"),
    path("marketplaces/begin/", connections.begin, name="begin"),
    path("", include("marketplace.risk_urls")),
    path("", include("marketplace.old_passes_urls")),
    path("", include("marketplace.log_urls")),
    path(_ONE, connections.connection, name="connection"),
    path(f"{_ONE}locations/", connections.locations, name="locations"),
    path(f"{_ONE}kinds/", connections.kinds, name="kinds"),
    path(f"{_ONE}address/", connections.address, name="address"),
    path(f"{_ONE}secret/", connections.secret, name="secret"),
    path(f"{_ONE}contract/", agreeing.contract, name="contract"),
    path(f"{_ONE}terms/", agreeing.terms, name="terms"),
    path(f"{_ONE}classes/", classes.classes, name="classes"),
    path(f"{_ONE}dry-run/", dry_run.dry_run, name="dry_run"),
    path(f"{_ONE}test/", connection_deeds.test, name="test"),
    path(f"{_ONE}pause/", connection_deeds.pause, name="pause"),
    path(f"{_ONE}resume/", connection_deeds.resume, name="resume"),
    path(f"{_ONE}end/", connection_deeds.end, name="end"),
]
