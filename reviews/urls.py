from django.urls import URLPattern, URLResolver, include, path

app_name = "reviews"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("reviews.member_urls")),
    path("", include("reviews.screen_urls")),
]
