from django.urls import path
from django.views.i18n import set_language

from marketplace.sandbox.views import bookings, classes, hooks, members, operator, reviews

urlpatterns = [
    path("", members.home, name="home"),
    path("log-in/", members.log_in, name="log_in"),
    path("log-out/", members.log_out, name="log_out"),
    path("studio/", members.studio, name="studio"),
    path("studio/door/", members.door, name="door"),
    path("classes/", classes.classes, name="classes"),
    path("classes/<str:name>/", classes.one_class, name="one_class"),
    path("classes/<str:name>/book/", classes.book, name="book"),
    path("classes/<str:name>/wait/", classes.wait, name="wait"),
    path("classes/<str:name>/come/", classes.come, name="come"),
    path("bookings/", bookings.bookings, name="bookings"),
    path("bookings/<str:number>/cancel/", bookings.cancel, name="cancel"),
    path("bookings/<str:number>/check-in/", bookings.check_in, name="check_in"),
    path("bookings/<str:number>/check-out/", bookings.check_out, name="check_out"),
    path("bookings/<str:number>/review/", reviews.review, name="review"),
    path("operator/", operator.board, name="operator"),
    path("operator/burst/", operator.burst, name="burst"),
    path("operator/race/", operator.race, name="race"),
    path("operator/clear/", operator.clear, name="clear"),
    path("operator/catalogue/", operator.catalogue, name="catalogue"),
    path("operator/calls/", operator.calls, name="calls"),
    path("operator/statement/", operator.statement, name="statement"),
    path("operator/statement.csv", operator.statement_file, name="statement_file"),
    path("language/", set_language, name="set_language"),
    path("hooks/", hooks.hooks, name="hooks"),
    path("livez", hooks.livez, name="livez"),
]
