from django.urls import URLPattern, URLResolver, include, path

app_name = "invoicing"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("invoicing.settings_urls")),
    path("", include("invoicing.closing_urls")),
    path("", include("invoicing.statement_urls")),
    # Last: what it does not know as a word is an invoice's number.
    path("", include("invoicing.screen_urls")),
]
