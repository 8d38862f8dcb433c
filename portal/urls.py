from django.urls import path

from portal import views
from portal.views import imports

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("theme/", views.theme, name="theme"),
    path("<slug:studio>/", views.studio, name="studio"),
    path("<slug:studio>/location/", views.choose_location, name="choose_location"),
    path("<slug:studio>/imports/", imports.imports, name="imports"),
]
