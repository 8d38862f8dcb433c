"""Mails that jobs send."""

import pytest
from django.db import transaction

from portal import mail
from portal.jobs import enqueue
from tests.factories import StudioFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def template(settings, tmp_path):
    (tmp_path / "hello.txt").write_text("Hello from\n\nDear {{ name }},\nthis is {{ studio.name }}.\n")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path]}]
    return "hello.txt"


def job(studio):
    with transaction.atomic():
        return enqueue("portal.clean", key="hello 1", studio=studio)


def test_the_first_line_is_the_subject_and_the_studio_the_sender(template, mailoutbox):
    studio = StudioFactory(name="Yoga, Noord")
    assert mail.send(job(studio), to="kim@example.test", studio=studio, template=template, context={"name": "Kim & Bo"})
    sent = mailoutbox[0]
    assert sent.subject == "Hello from"
    assert sent.body == "Dear Kim & Bo,\nthis is Yoga, Noord.\n"
    assert sent.from_email.startswith('"Yoga, Noord" <')
    assert sent.to == ["kim@example.test"]


def test_a_job_that_runs_twice_sends_the_same_message(template, mailoutbox):
    studio = StudioFactory()
    work = job(studio)
    for _ in range(2):
        mail.send(work, to="kim@example.test", studio=studio, template=template, context={"name": "Kim"})
    first, second = (sent.extra_headers["Message-ID"] for sent in mailoutbox)
    assert first == second


def test_without_an_address_nothing_is_sent(template, mailoutbox):
    studio = StudioFactory()
    assert not mail.send(job(studio), to="", studio=studio, template=template, context={})
    assert mailoutbox == []
