"""Mails that jobs send: text and HTML of one source, and nothing in it that a name could smuggle in."""

import re
from html.parser import HTMLParser
from smtplib import SMTPAuthenticationError, SMTPConnectError
from ssl import SSLCertVerificationError
from typing import Any

import pytest
from anymail.exceptions import AnymailRecipientsRefused
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.test import Client
from django.urls import reverse

from config.mails import anymail_settings, backend_of
from portal import mail, mailbox
from portal.jobs import Away, GiveUp, enqueue
from portal.mail_html import blocks_of, page_of
from portal.models import Job, KeptMail, Studio
from tests.factories import StaffLoginFactory, StudioFactory

pytestmark = pytest.mark.django_db

OURS = ("https://tresen.test/",)
POLYGLOT = (
    """jaVasCript:/*-/*`/*\\`/*'/*"/**/(/* */oNcliCk=alert() )//</stYle/</titLe/--!><img src=x onerror=alert()>"""
)


@pytest.fixture
def template(settings: Any, tmp_path: Any) -> str:
    (tmp_path / "hello.txt").write_text("Hello from\n\nDear {{ name }},\nthis is {{ studio.name }}.\n")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    return "hello.txt"


def job(studio: Studio) -> Job:
    with transaction.atomic():
        return enqueue("portal.clean", key="hello 1", studio=studio)


def send(studio: Studio, template: str, name: str = "Kim", **more: Any) -> bool:
    return mail.send(
        job(studio), to="kim@example.test", studio=studio, template=template, context={"name": name}, **more
    )


def html_of(message: EmailMultiAlternatives) -> str:
    ((content, kind),) = message.alternatives
    assert kind == "text/html"
    return str(content)


class Words(HTMLParser):
    """What a reader sees, and the elements and addresses that there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words, self.tags, self.links, self.silent = [], set(), [], ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.add(tag)
        self.silent = tag if tag in {"style", "title"} else self.silent
        given = dict(attributes)
        assert not [name for name in given if name.startswith("on")]
        if "href" in given:
            self.links.append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        self.silent = "" if tag == self.silent else self.silent

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_first_line_is_the_subject_and_the_studio_the_sender(template: str, mailoutbox: Any) -> None:
    assert send(StudioFactory(name="Yoga, Noord"), template, "Kim & Bo")
    sent = mailoutbox[0]
    assert sent.subject == "Hello from"
    assert sent.body == "Dear Kim & Bo,\nthis is Yoga, Noord.\n"
    assert sent.from_email.startswith('"Yoga, Noord" <')
    assert sent.to == ["kim@example.test"]


def test_a_job_that_runs_twice_sends_the_same_message(template: str, mailoutbox: Any) -> None:
    studio = StudioFactory()
    for _ in range(2):
        send(studio, template)
    first, second = (sent.extra_headers["Message-ID"] for sent in mailoutbox)
    assert first == second


def test_without_an_address_nothing_is_sent(template: str, mailoutbox: Any) -> None:
    studio = StudioFactory()
    assert not mail.send(job(studio), to="", studio=studio, template=template, context={})
    assert mailoutbox == []


def test_the_html_says_what_the_text_says(template: str, mailoutbox: Any) -> None:
    send(StudioFactory(name="Yoga, Noord"), template, "Kim & Bo", footer="Why: because.\nhttps://elsewhere.test/")
    page = Words(html_of(mailoutbox[0]))
    for line in mailoutbox[0].body.replace("--\n", "").splitlines():
        assert line in page.text
    assert page.links == []


def test_a_name_is_never_more_than_a_name(template: str, mailoutbox: Any, settings: Any) -> None:
    settings.SITE_URL = "https://tresen.test"
    send(StudioFactory(name=POLYGLOT[:100]), template, f"{POLYGLOT}\nhttps://evil.test/{POLYGLOT}\n")
    page = Words(html_of(mailoutbox[0]))
    assert page.tags <= {
        "html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "h1", "p", "br",
    }  # fmt: skip
    assert page.links == []
    assert POLYGLOT in page.text


def test_paragraphs_lists_headings_and_links() -> None:
    text = "Hello Kim,\nyou there\n\nToday\n  https://tresen.test/a/\n- one\n- two\n  https://tresen.test/2/\n\n- three\n\nhttps://tresen.test/b/\nhttps://tresen.test.evil.test/\n"
    found = [(block.kind, [(line.text, line.url) for line in block.lines]) for block in blocks_of(text, OURS)]
    assert found == [
        ("text", [("Hello Kim,", ""), ("you there", "")]),
        ("heading", [("Today", "https://tresen.test/a/")]),
        ("list", [("one", ""), ("two", "https://tresen.test/2/")]),
        ("list", [("three", "")]),
        ("link", [("", "https://tresen.test/b/")]),
        ("text", [("https://tresen.test.evil.test/", "")]),
    ]


def test_what_is_quoted_leads_nowhere() -> None:
    found = blocks_of("Kim writes:\n> Click:\n>\n> https://tresen.test/a/\n> - one\n  https://tresen.test/b/\n", OURS)
    assert [(block.kind, [(line.text, line.url) for line in block.lines]) for block in found] == [
        ("text", [("Kim writes:", "")]),
        ("quote", [("Click:", ""), ("", ""), ("https://tresen.test/a/", ""), ("- one", "")]),
        ("link", [("", "https://tresen.test/b/")]),
    ]


def test_one_link_is_a_button_and_several_are_addresses() -> None:
    one = page_of("S", "Look:\n\nhttps://tresen.test/a/", ours=OURS)
    assert Words(one).links == ["https://tresen.test/a/"] * 2
    two = page_of("S", "https://tresen.test/a/\nhttps://tresen.test/b/", ours=OURS)
    assert Words(two).links == ["https://tresen.test/a/", "https://tresen.test/b/"]


def test_the_preview_begins_after_the_greeting() -> None:
    page = page_of("S", "Hello Kim,\n\nyour class has moved.", ours=OURS)
    assert re.search(r"overflow:hidden\">your class has moved\.</div>", page)


def test_the_logo_comes_along_and_the_colour_marks_the_card(template: str, mailoutbox: Any) -> None:
    studio = StudioFactory(brand_colour="#aa3300")
    studio.logo.save("logo.png", ContentFile(b"\x89PNG"))
    send(studio, template)
    studio.logo.delete(save=False)
    send(studio, template)
    page, bare = map(html_of, mailoutbox)
    assert "border-top:4px solid #aa3300" in page
    (part,) = mailoutbox[0].attachments
    assert f"cid:{part['Content-ID'].strip('<>')}" in page
    assert "cid:" not in bare


def test_who_wants_no_more_of_them_is_told_how(template: str, mailoutbox: Any) -> None:
    send(StudioFactory(), template, unsubscribe="https://tresen.test/stop/abc/")
    headers = mailoutbox[0].extra_headers
    assert headers["List-Unsubscribe"] == "<https://tresen.test/stop/abc/>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (AnymailRecipientsRefused(), GiveUp),
        (ConnectionRefusedError(), Away),
        (SMTPAuthenticationError(535, b"5.7.8 who are you"), Away),
        (SMTPConnectError(421, b"4.7.0 too many connections"), Away),
        (SSLCertVerificationError(), Away),
        (KeyError("a mistake of ours"), KeyError),
    ],
)
def test_only_what_will_never_do_is_given_up(
    template: str, monkeypatch: pytest.MonkeyPatch, error: Exception, meaning: type[Exception]
) -> None:
    def refuse(self: Any, fail_silently: bool = False) -> int:
        raise error

    monkeypatch.setattr(EmailMultiAlternatives, "send", refuse)
    with pytest.raises(meaning):
        send(StudioFactory(), template)


def test_a_practice_studio_writes_to_nobody_outside(template: str, mailoutbox: Any) -> None:
    studio = StudioFactory(name="Try", practice_of=StudioFactory())
    send(studio, template)
    assert mailoutbox == []
    kept = KeptMail.objects.get()
    assert (kept.to, kept.subject, kept.studio) == ("kim@example.test", "Hello from", studio)
    assert "this is Try." in kept.text
    assert "this is Try." in kept.html


def test_without_a_server_mails_are_kept(template: str, settings: Any) -> None:
    assert mailbox.mails_go_out()
    settings.EMAIL_BACKEND = backend_of({})
    assert not mailbox.mails_go_out()
    send(StudioFactory(), template, "x" * 5000)
    assert KeptMail.objects.get().message_id.startswith("<")


@pytest.mark.parametrize(
    ("environ", "backend"),
    [
        ({}, "portal.mailbox.KeepingBackend"),
        ({"EMAIL_HOST": "mail.test"}, "portal.mail_smtp.EmailBackend"),
        ({"EMAIL_PROVIDER": "Postmark", "EMAIL_HOST": "mail.test"}, "anymail.backends.postmark.EmailBackend"),
    ],
)
def test_how_mails_leave_is_said_by_the_environment(environ: dict[str, str], backend: str) -> None:
    assert backend_of(environ) == backend


def test_an_unknown_provider_is_refused_at_the_start() -> None:
    with pytest.raises(ImproperlyConfigured, match="postmark"):
        backend_of({"EMAIL_PROVIDER": "pigeon"})


def test_the_providers_secrets_come_from_the_environment() -> None:
    given = {"ANYMAIL_POSTMARK_SERVER_TOKEN": "abc", "ANYMAIL_EMPTY": "", "OTHER": "x"}
    assert anymail_settings(given) == {"POSTMARK_SERVER_TOKEN": "abc", "REQUESTS_TIMEOUT": (10, 60)}


def test_the_mail_for_a_new_password_is_one_of_ours(client: Client, mailoutbox: Any) -> None:
    login = StaffLoginFactory()
    client.post(reverse("account_reset_password"), {"email": login.user.email})
    (sent,) = mailoutbox
    (link,) = set(Words(html_of(sent)).links)
    assert link in sent.body
    assert link.startswith("http")
    assert "/accounts/password/reset/key/" in link
