"""The studio for practice: in with one click, gone with one click, and no other studio can go like that."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.db import InternalError, connection, transaction
from django.db.utils import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings import actions
from bookings.demo import evening, moments
from bookings.demo.practice import make, remove
from bookings.models import Reservation, ReservationEvent
from bookings.rules.practising import Task, learnt, seconds_per_check_in
from bookings.selectors.practising import somebody_is_trained, training_of
from portal.erasing import NotForPractice, belongings, erase
from portal.models import Change, DeskPin, Job, StaffLogin, Studio
from portal.onboarding.path import path_of
from portal.roles import Preset
from portal.staff.desk import switch_in
from portal.staff.selectors import logins_of
from tests.factories import LocationFactory, MemberFactory, StaffLoginFactory, StudioFactory


def rows() -> dict[str, int]:
    """How many rows each table has."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    counts = [f"SELECT '{one}', count(*) FROM {connection.ops.quote_name(one)}" for one in tables]  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(counts))
        return dict(cursor.fetchall())


@pytest.fixture
def login(db: None) -> StaffLogin:
    studio = StudioFactory(slug="real", name="Real", language="de")
    LocationFactory(studio=studio, slug="one", name="One", zone="Europe/Berlin")
    return StaffLoginFactory(studio=studio, preset=Preset.OWNER)


def test_in_and_out_leaves_nothing_but_two_lines_in_the_log(login: StaffLogin) -> None:
    desk = StaffLoginFactory(studio=login.studio, preset=Preset.DESK)
    before, now = rows(), timezone.now()
    practice = make(login.studio, by=login, now=now)
    assert (practice.is_practice, practice.practice_of, practice.language) == (True, login.studio, "de")
    assert set(practice.logins.values_list("user", "preset")) == {
        (login.user_id, Preset.OWNER),
        (desk.user_id, Preset.DESK),
    }
    assert practice.sessions.filter(starts_at__lte=now, ends_at__gt=now).exists()
    assert {place.zone for place in practice.locations.all()} == {"Europe/Berlin"}
    assert not practice.logins.exclude(user__in=[login.user, desk.user]).exists()  # nobody whose password is known
    assert make(login.studio, by=login, now=now) == practice
    assert remove(login.studio, by=login, now=now) > 500
    after = rows()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {"portal_change": 2}
    assert list(Change.objects.order_by("id").values_list("kind", flat=True)) == ["practice_made", "practice_removed"]
    assert remove(login.studio, by=login, now=now) == 0
    assert not mail.outbox


@pytest.mark.parametrize("regulars", [0, 6, 9])
def test_a_day_on_which_nearly_everybody_is_booked_already_has_its_running_class(
    regulars: int,
) -> None:
    free, new, written = list(range(regulars)), [] if regulars else ["new"], []

    class Crowd:
        newcomers = new

        def draw(self, count: int, **_where: Any) -> list[Any]:
            return [free.pop() for _ in range(min(count, len(free)))]

        def newcomer(self, **_where: Any) -> str:
            return new.pop()

        def known_elsewhere(self, **_where: Any) -> None:
            return None

    class Diary:
        crowd, dice = Crowd(), None
        new_session = staticmethod(lambda _plan, _starts_at: SimpleNamespace(location_id=1))
        write_booked = staticmethod(lambda _session, member, came: written.append((member, came)))
        write_cancelled = staticmethod(lambda _session, _member, late, excused: written.append((late, excused)))

    moments._write_running(Diary(), None, timezone.now(), timezone.now().date())  # type: ignore[arg-type]
    assert len(written) == (regulars or 1)


def test_every_table_of_a_studio_is_known_to_who_erases_it() -> None:
    known = {model for model, _path in belongings()}
    of_a_studio = {relation.related_model for relation in Studio._meta.related_objects}
    assert of_a_studio - {Studio} <= known


def test_a_real_studio_keeps_its_logs_whatever_is_tried(login: StaffLogin) -> None:
    with pytest.raises(NotForPractice):
        erase(login.studio)
    practice = make(login.studio, by=login, now=timezone.now())
    event = ReservationEvent.objects.filter(studio=practice).latest("id")
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        # An update is refused in a studio for practice, too.
        ReservationEvent.objects.filter(pk=event.pk).update(kind="cancelled")
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        Change.objects.filter(studio=login.studio).delete()
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        Studio.objects.filter(pk=practice.pk).update(practice_of=None)
    other = StudioFactory()
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        Studio.objects.filter(pk=other.pk).update(practice_of=login.studio)


def test_what_is_practised_is_seen_from_what_was_done(login: StaffLogin) -> None:
    now = timezone.now()
    practice = make(login.studio, by=login, now=now)
    there = practice.logins.get(user=login.user)
    assert training_of(there).done == 0
    session = practice.sessions.filter(starts_at__lte=now, ends_at__gt=now).latest("id")
    booked = list(session.reservations.active().filter(checked_in_at=None))
    free = practice.members.exclude(reservations__session=session)[:4]
    booked += [
        actions.reserve(session, member, source="desk", action_id=uuid4(), by=there, now=now).reservation
        for member in free
    ]
    for row in booked[:5]:
        actions.check_in(row, action_id=uuid4(), by=there, now=now)
    actions.revert_check_in(Reservation.objects.get(pk=booked[0].pk), action_id=uuid4(), by=there, now=now)
    assert (training_of(there).is_done, somebody_is_trained(practice)) == (False, False)
    actions.mark_no_show(Reservation.objects.get(pk=booked[0].pk), action_id=uuid4(), by=there, now=now)
    assert (training_of(there).is_done, somebody_is_trained(practice)) == (True, True)
    remove(login.studio, by=login, now=now)
    assert {one.step.word: one.standing.done for one in path_of(login.studio).steps}["training"]


def test_a_busy_evening_ends_by_itself(login: StaffLogin) -> None:
    now = timezone.now()
    practice = make(login.studio, by=login, now=now)
    evening.begin(practice, now=now)
    evening.begin(practice, now=now)
    (job,) = Job.objects.filter(kind=evening.JOB)
    events = ReservationEvent.objects.filter(studio=practice).count()
    for turn in range(8):
        evening.go_on(job, now=now + turn * evening.PAUSE)
    assert ReservationEvent.objects.filter(studio=practice).count() > events
    planned = Job.objects.filter(kind=evening.JOB).count()
    evening.go_on(job, now=now + evening.LASTS)
    assert Job.objects.filter(kind=evening.JOB).count() == planned
    job.studio = login.studio
    evening.go_on(job, now=now)
    assert not Reservation.objects.filter(studio=login.studio).exists()  # never in a real studio


def test_the_pages_lead_in_and_out(client: Client, login: StaffLogin) -> None:
    client.force_login(login.user)
    made = client.post(reverse("bookings:practice_make", args=["real"]))
    assert made.headers["Location"] == "/real-practice/practice/"
    training = client.get("/real-practice/practice/")
    assert b"banner-warning" in training.content
    assert client.post("/real-practice/practice/evening/").status_code == 302
    assert client.post("/real/practice/evening/").headers["Location"] == "/real/practice/"
    assert {job.studio for job in Job.objects.filter(kind=evening.JOB)} == {Studio.objects.get(slug="real-practice")}
    assert client.post("/real-practice/practice/make/").status_code == 404  # none of its own
    for page in ("marketplaces/", "settings/invoices/", "settings/subscription/"):  # to be looked at
        there, here = (client.get(f"/{slug}/{page}").content.decode() for slug in ("real-practice", "real"))
        assert ('<fieldset class="for-show" disabled>' in there, "for-show" in here) == (True, False), page
        assert "by PIN" not in there
    late = StaffLoginFactory(studio=login.studio, preset=Preset.DESK)
    client.force_login(late.user)
    assert client.get("/real-practice/check-ins/").status_code == 404
    assert client.post("/real/practice/enter/").headers["Location"] == "/real-practice/practice/"
    assert client.get("/real-practice/check-ins/").status_code == 200
    assert client.post("/real-practice/practice/remove/").status_code == 403
    client.force_login(login.user)
    assert client.post("/real-practice/practice/remove/").headers["Location"] == "/real/"
    assert client.get("/real-practice/check-ins/").status_code == 404
    assert client.post("/real/practice/enter/").headers["Location"] == "/real/practice/"


@pytest.mark.parametrize("lost", ["removed", "off", "desk", "stranger"])
def test_nobody_is_more_in_practice_than_in_the_real_studio(client: Client, login: StaffLogin, lost: str) -> None:
    practice = StudioFactory(slug="real-practice", practice_of=login.studio)
    LocationFactory(studio=practice)
    colleague = StaffLoginFactory(studio=login.studio, preset=Preset.MANAGER)
    there = StaffLoginFactory(studio=practice, user=colleague.user, preset=Preset.OWNER)
    client.force_login(colleague.user)
    assert client.get("/real-practice/members/").status_code == 200
    assert client.get("/real-practice/settings/studio/").status_code == 200
    assert client.get("/real-practice/staff/").status_code == client.get("/real/staff/").status_code
    changes = {
        "removed": {"is_active": False, "removed_at": timezone.now()},
        "off": {"is_active": False},
        "desk": {"preset": Preset.DESK},
        "stranger": {"user": StaffLoginFactory().user},
    }
    StaffLogin.objects.filter(pk=colleague.pk).update(**changes[lost])
    assert client.get("/real-practice/settings/studio/").status_code == (403 if lost == "desk" else 404)
    assert client.get("/real-practice/check-ins/").status_code == (200 if lost == "desk" else 404)
    assert logins_of(colleague.user).filter(pk=there.pk).exists() == (lost == "desk")
    # Nor by a PIN at the desk of somebody who is still there.
    StaffLoginFactory(studio=practice, user=login.user, preset=Preset.OWNER)
    pin = DeskPin.objects.create(login=there, digits="x", set_at=timezone.now())
    client.force_login(login.user)
    session = client.session
    switch_in(session, pin)
    session.save()
    assert client.get("/real-practice/check-ins/").status_code == (200 if lost == "desk" else 302)


def test_the_pace_is_the_median_of_pauses_within_one_go() -> None:
    start = timezone.now()
    moments = [start + timedelta(seconds=one) for one in (0, 2, 5, 9, 500, 503)]
    assert seconds_per_check_in(moments) == 3
    assert seconds_per_check_in(moments[:3]) is None
    assert learnt({Task.CHECK_IN: 9})[0].done == 5


@pytest.mark.django_db(transaction=True)
def test_its_files_go_with_it(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    practice = StudioFactory(practice_of=StudioFactory())
    practice.logo.save("logo.png", ContentFile(b"x"))
    MemberFactory(studio=practice).photo.save("photo.jpg", ContentFile(b"x"))
    erase(practice)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
