from django.urls import URLPattern, URLResolver, include, path

app_name = "invoicing"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("invoicing.settings_urls")),
]
