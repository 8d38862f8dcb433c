from django.urls import path

from portal import log_urls, mail_urls, notice_urls, onboarding_urls, staff_urls, support_urls, views
from portal.views import (
    commands,
    imports,
    saved_views,
    settings,
    settings_closing,
    settings_data,
    settings_look,
    settings_places,
    today,
)

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("theme/", views.theme, name="theme"),
    *mail_urls.urlpatterns,
    *notice_urls.urlpatterns,
    path("<slug:studio>/", today.studio, name="studio"),
    path("<slug:studio>/location/", views.choose_location, name="choose_location"),
    path("<slug:studio>/commands/", commands.commands, name="commands"),
    path("<slug:studio>/settings/", settings.settings, name="settings"),
    path("<slug:studio>/settings/locations/", settings_places.settings_locations, name="settings_locations"),
    path("<slug:studio>/settings/locations/add/", settings_places.settings_location_add, name="settings_location_add"),
    path(
        "<slug:studio>/settings/locations/<int:location>/", settings_places.settings_location, name="settings_location"
    ),
    path("<slug:studio>/settings/closing-days/", settings_closing.settings_closing_days, name="settings_closing_days"),
    path(
        "<slug:studio>/settings/closing-days/<int:closing>/remove/",
        settings_closing.settings_closing_days_remove,
        name="settings_closing_days_remove",
    ),
    path("<slug:studio>/settings/look/", settings_look.settings_look, name="settings_look"),
    path("<slug:studio>/settings/data/", settings_data.settings_data, name="settings_data"),
    path("<slug:studio>/settings/data/export/", settings_data.export_all, name="export_all"),
    path("<slug:studio>/settings/data/export/<int:export>/", settings_data.export_file, name="export_file"),
    path("<slug:studio>/logo/", settings_look.logo, name="logo"),
    path("<slug:studio>/settings/<slug:group>/", settings.settings_group, name="settings_group"),
    path("<slug:studio>/settings/<slug:group>/<int:location>/", settings.settings_group_at, name="settings_group_at"),
    path("<slug:studio>/views/", saved_views.save, name="saved_view_save"),
    path("<slug:studio>/views/remove/", saved_views.remove, name="saved_view_remove"),
    *staff_urls.urlpatterns,
    *log_urls.urlpatterns,
    *support_urls.urlpatterns,
    *onboarding_urls.urlpatterns,
    path("<slug:studio>/imports/", imports.imports, name="imports"),
    path("<slug:studio>/imports/<int:run>/", imports.import_run, name="import_run"),
    path("<slug:studio>/imports/<int:run>/columns/", imports.import_mapping, name="import_mapping"),
    path("<slug:studio>/imports/<int:run>/questions/", imports.import_questions, name="import_questions"),
    path("<slug:studio>/imports/<int:run>/write/", imports.import_write, name="import_write"),
    path("<slug:studio>/imports/<int:run>/undo/", imports.import_undo, name="import_undo"),
    path("<slug:studio>/imports/<int:run>/retry/", imports.import_retry, name="import_retry"),
    path("<slug:studio>/imports/<int:run>/discard/", imports.import_discard, name="import_discard"),
    path("<slug:studio>/imports/<int:run>/refused.csv", imports.import_refused, name="import_refused"),
    path(
        "<slug:studio>/imports/templates/<int:template>/forget/",
        imports.import_forget_template,
        name="import_forget_template",
    ),
]
