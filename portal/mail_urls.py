"""The addresses of the mails that stayed in the house, for the operator."""

from django.urls import path

from portal.views import mailbox

urlpatterns = [
    path("mail/", mailbox.mail, name="mail"),
    path("mail/<int:mail>/", mailbox.mail_shown, name="mail_shown"),
    path("mail/<int:mail>/html/", mailbox.mail_html, name="mail_html"),
]
