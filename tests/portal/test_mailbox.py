"""`/mail/`: the mails that stayed in the house, for the operator alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal import mailbox
from portal.models import KeptMail
from tests.factories import StaffLoginFactory, StudioFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/mail/"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def kept(subject: str = "Hello", **fields: Any) -> KeptMail:
    values = {"sender": "Yoga <t@tresen.test>", "to": "kim@example.test", "text": "Look:\nhttp://tresen.test/a/"}
    page = "<p>Look: <script>window.__pwn = 1</script></p>"
    return KeptMail.objects.create(**{**values, "html": page, "sent_at": timezone.now(), "subject": subject, **fields})


def addresses(mail: KeptMail) -> list[str]:
    return [LIST, reverse("portal:mail_shown", args=[mail.pk]), reverse("portal:mail_html", args=[mail.pk])]


def test_nobody_but_the_operator_learns_that_there_is_such_a_page(client: Client) -> None:
    urls = addresses(kept())
    assert [client.get(url).status_code for url in urls] == [302] * 3
    for user in (StaffLoginFactory().user, UserFactory(is_staff=True)):
        client.force_login(user)
        assert [client.get(url).status_code for url in urls] == [404] * 3


def test_the_newest_stands_first_and_the_search_looks_at_address_and_subject(operator: Client) -> None:
    for subject, to in [("Your login", "kim@example.test"), ("Class moved", "bo@example.test")]:
        kept(subject, to=to, studio=StudioFactory(name="Linden"))
    page = operator.get(LIST).content.decode()
    assert page.index("Class moved") < page.index("Your login")
    for words, found in [("KIM", "Your login"), ("moved bo@", "Class moved"), ("linden login", "Your login")]:
        page = operator.get(LIST, {"q": words}).content.decode()
        assert [one for one in ("Your login", "Class moved") if one in page] == [found]
    assert "No mail with these words" in operator.get(LIST, {"q": "kim moved"}).content.decode()


def test_the_list_costs_the_same_however_long_it_is(operator: Client) -> None:
    operator.get(LIST)  # the session notes that it was used
    asked = []
    for number in (1, 29):
        for at in range(number):
            kept(f"Mail {at}", studio=StudioFactory())
        with CaptureQueriesContext(connection) as queries:
            operator.get(LIST)
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_a_mail_is_shown_with_heads_text_and_a_frame(operator: Client) -> None:
    mail = kept("<b>Hello</b>", message_id="<1@tresen.test>")
    page = operator.get(addresses(mail)[1]).content.decode()
    assert "&lt;b&gt;Hello&lt;/b&gt;" in page
    assert "&lt;1@tresen.test&gt;" in page
    assert '<a href="http://tresen.test/a/"' in page
    assert f'<iframe src="{addresses(mail)[2]}" sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "__pwn" not in page


def test_the_frame_can_do_nothing_but_open_its_links(operator: Client) -> None:
    shown, framed = [operator.get(url).headers for url in addresses(kept())[1:]]
    assert shown["X-Frame-Options"] == "DENY"
    assert "frame-src 'self'" in shown["Content-Security-Policy"]
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    policy = dict(part.strip().partition(" ")[::2] for part in framed["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
        "sandbox": "allow-popups allow-popups-to-escape-sandbox",
    }


def test_where_mails_go_out_the_page_says_so(operator: Client, settings: Any) -> None:
    assert "go out by its mail server" in operator.get(LIST).content.decode()
    settings.EMAIL_BACKEND = mailbox.KeepingBackend.__module__ + ".KeepingBackend"
    assert "No mail server is set up" in operator.get(LIST).content.decode()


def test_after_thirty_days_a_mail_is_forgotten() -> None:
    now = timezone.now()
    kept("old", sent_at=now - timedelta(days=30, minutes=1))
    kept("young", sent_at=now - timedelta(days=29))
    assert mailbox.forget_old(now, at_once=100) == 1
    assert KeptMail.objects.get().subject == "young"


def test_a_mail_without_html_has_no_frame(operator: Client) -> None:
    _list, shown, framed = addresses(kept(html=""))
    assert "<iframe" not in operator.get(shown).content.decode()
    assert operator.get(framed).status_code == 404
