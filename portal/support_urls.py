"""Addresses of help, below `/<studio>/support/`. The decision trees stand there too, in `bookings`."""

from django.urls import path

from portal.views import support, tickets

urlpatterns = [
    path("<slug:studio>/support/", support.support, name="support"),
    path("<slug:studio>/support/answers/<slug:answer>/", support.answer, name="answer"),
    path("<slug:studio>/support/keys/", support.support_keys, name="support_keys"),
    path("<slug:studio>/support/status/", support.support_status, name="support_status"),
    # What may be larger than other requests stands in settings.LARGE_BODIES.
    path("<slug:studio>/support/ask/", tickets.ticket_new, name="ticket_new"),
    path("<slug:studio>/support/questions/", tickets.tickets, name="tickets"),
    path("<slug:studio>/support/questions/<slug:reference>/", tickets.ticket, name="ticket"),
    path("<slug:studio>/support/questions/<slug:reference>/reply/", tickets.ticket_reply, name="ticket_reply"),
    path("<slug:studio>/support/questions/<slug:reference>/close/", tickets.ticket_close, name="ticket_close"),
    path("<slug:studio>/support/questions/<slug:reference>/reopen/", tickets.ticket_reopen, name="ticket_reopen"),
    path(
        "<slug:studio>/support/questions/<slug:reference>/files/<int:ticket_file>/",
        tickets.ticket_file,
        name="ticket_file",
    ),
]
