"""What the screens of bookings show of marketplaces: sight lines, the switch, passes, ticks (I4, I8, I12, Q14-Q27)."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bookings import actions as bookings
from bookings.marketplaces import marketplaces
from bookings.models import CalendarItem, Pulse, ScheduledSession
from marketplace import actions
from marketplace.models import Connection, Guest, Listing, Visit
from portal.roles import Preset
from tests.factories import SessionFactory, StaffLoginFactory
from tests.factories.marketplace import ListingFactory
from tests.marketplace.scenes import connected, item_of, session_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_day")]


@pytest.fixture
def there() -> Connection:
    return connected()


def staff(there: Connection, preset: Preset = Preset.OWNER) -> Client:
    client = Client()
    client.force_login(StaffLoginFactory(studio=there.studio, preset=preset).user)
    return client


def read(client: Client, there: Connection, name: str, *args: Any, **asked: Any) -> str:
    answer = client.get(reverse(f"bookings:{name}", args=[there.studio.slug, *args]), asked)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def guest_of(there: Connection, first: str = "Kim", last: str = "Jansen") -> Guest:
    given = {"external_id": uuid4().hex, "first_name": first, "last_name": last}
    return actions.welcome(there, **given, now=timezone.now())[0]


def book(there: Connection, session: ScheduledSession, guest: Guest | None = None) -> Visit:
    return actions.book(there, session, guest or guest_of(there), action_id=uuid4(), now=timezone.now())


def listed(there: Connection, session: ScheduledSession, **fields: Any) -> Listing:
    given = {
        "stand": "selling",
        "shown_start": session.starts_at,
        "shown_offered": 10,
        "shown_free": 3,
        "told_at": timezone.now() - timedelta(minutes=2, seconds=5),
    }
    Listing.objects.filter(connection=there, reference=session.pk).delete()
    return ListingFactory(connection=there, session=session, **(given | fields))


class TestSight:
    def line(self, session: ScheduledSession) -> Any:
        found = ScheduledSession.objects.select_related("item", "location").get(pk=session.pk)
        (line,) = marketplaces().seen([found], now=timezone.now())[session.pk]
        return line

    def test_what_was_told_last_and_when(self, there: Connection) -> None:
        session = session_of(there)
        listed(there, session)
        line = self.line(session)
        begins = session.starts_at.astimezone(session.location.tz)
        assert (line.words, line.ago) == (f"Fitpass One sees {begins:%H:%M}, 3 free", "2 min ago")
        assert (line.is_sold, line.is_behind) == (True, False)

    def test_another_time_than_ours_is_behind(self, there: Connection) -> None:
        session = session_of(there)
        listed(there, session, shown_start=session.starts_at + timedelta(minutes=30))
        assert self.line(session).is_behind

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"allows_marketplaces": False}, "Marketplace bookings are not allowed for it."),
            ({"kind": CalendarItem.Kind.COURSE}, "A course series is booked as a whole"),
            ({"marketplace_quota": 0}, "Its places for marketplaces are 0."),
        ],
    )
    def test_why_it_is_not_shown(self, there: Connection, fields: dict[str, Any], words: str) -> None:
        line = self.line(SessionFactory(item=item_of(there, **fields), starts_at=timezone.now() + timedelta(days=1)))
        assert line.words.startswith("Fitpass One does not show it.")
        assert words in line.words
        assert not line.is_sold

    def test_no_contract_no_connection_no_line(self, there: Connection) -> None:
        session = session_of(there)
        there.contracts.update(ends_on="2021-01-01")
        assert "No contract holds on that day." in self.line(session).words
        Connection.objects.update(state=Connection.State.ENDED, ended_at=timezone.now())
        assert marketplaces().seen([session], now=timezone.now()) == {}

    def test_places_that_are_held_for_those_who_are_booked(self, there: Connection) -> None:
        session = SessionFactory(item=item_of(there, allows_marketplaces=False))
        listed(there, session, stand="held", shown_free=0)
        assert "no places. Marketplace bookings are not allowed for it." in self.line(session).words

    def test_refused_and_not_told_yet(self, there: Connection) -> None:
        session = session_of(there)
        assert self.line(session).words == "Fitpass One is being told of it."
        listed(there, session, stand="", shown_start=None, told_at=None, answer="no such room", refused_marks="x")
        assert self.line(session).words == "Fitpass One has refused it: no such room"

    def test_one_session_and_thirty_cost_two_queries(self, there: Connection) -> None:
        item = item_of(there)
        for hours in range(1, 31):
            listed(there, SessionFactory(item=item, starts_at=timezone.now() + timedelta(hours=hours)))
        sessions = list(ScheduledSession.objects.select_related("item", "location"))
        for some in (sessions[:1], sessions):
            with CaptureQueriesContext(database) as queries:
                assert len(marketplaces().seen(some, now=timezone.now())) == len(some)
            assert len(queries) == 2

    def test_it_stands_on_the_roster_the_opened_class_and_the_schedule(self, there: Connection) -> None:
        session, client = session_of(there), staff(there)
        listed(there, session)
        for html in (
            read(client, there, "session", session.pk),
            read(client, there, "session_edit", session.pk),
        ):
            assert "3 free" in html
            assert "2 min ago" in html
        seen_url = reverse("bookings:session_seen", args=[there.studio.slug, session.pk])
        opened = read(client, there, "bookings", open=session.pk)
        assert f'hx-get="{seen_url}" hx-trigger="load"' in opened  # fetched apart: the page has its limit of queries
        strip = client.get(
            reverse("bookings:session_seen", args=[there.studio.slug, session.pk]), headers={"HX-Request": "true"}
        )
        assert strip.content.decode().lstrip().startswith(f'<div class="seen" id="seen-{session.pk}" hx-get=')
        page = client.get(reverse("bookings:session_seen", args=[there.studio.slug, session.pk]))
        assert page.headers["Location"] == reverse("bookings:session", args=[there.studio.slug, session.pk])

    def test_the_list_says_how_many_came_through_it_and_of_how_many(self, there: Connection) -> None:
        session = SessionFactory(item=item_of(there, marketplace_quota=4))
        book(there, session)
        assert "1 Fitpass One of 4" in read(staff(there), there, "bookings")


class TestSwitch:
    def test_beside_it_stands_who_gets_the_class(self, there: Connection) -> None:
        item, client = item_of(there), staff(there)
        for page in ("item", "item_edit"):
            assert "Fitpass One gets it." in read(client, there, page, item.pk)
        CalendarItem.objects.filter(pk=item.pk).update(allows_marketplaces=False)
        assert "Fitpass One gets it when this is switched on." in read(client, there, "item_edit", item.pk)

    def test_a_course_series_never_goes_and_the_reason_stands_there(self, there: Connection) -> None:
        course, client = item_of(there, kind=CalendarItem.Kind.COURSE), staff(there)
        for page, args in (("item", [course.pk]), ("item_edit", [course.pk])):
            html = read(client, there, page, *args)
            assert "Fitpass One does not get it. A course series is booked as a whole" in html
        html = read(client, there, "item_new")
        assert "Fitpass One gets: Class and Workshop." in html
        assert "A course series never goes" in html

    def test_switched_off_those_who_are_booked_stay_and_are_counted(self, there: Connection) -> None:
        session = session_of(there)
        for _ in range(3):
            book(there, session)
        CalendarItem.objects.update(allows_marketplaces=False)
        assert "3 booked through Fitpass One stay." in read(staff(there), there, "item", session.item_id)


class TestMoving:
    def test_one_session_with_guests_asks_first_with_names_and_count(self, there: Connection) -> None:
        session, client = session_of(there, starts_at=timezone.now() + timedelta(days=2)), staff(there)
        for first in ("Kim", "Ada"):
            book(there, session, guest_of(there, first, "Guest"))
        url = reverse("bookings:session_edit", args=[there.studio.slug, session.pk])
        form = client.get(url).context["form"]
        given = {name: form[name].value() for name in form.fields if form[name].value() is not None}
        before = session.starts_at
        asked = client.post(url, given | {"local_start": "23:15"})
        html = " ".join(asked.content.decode().split())
        session.refresh_from_db()
        assert (asked.status_code, session.starts_at) == (200, before)
        assert "2 bookings are affected" in html
        assert "<b>2</b> Fitpass One" in html
        assert "Kim Guest" in html
        assert "Ada Guest" in html
        done = client.post(url, given | {"local_start": "23:15", "confirmed": asked.context["fingerprint"]})
        session.refresh_from_db()
        assert (done.status_code, session.starts_at != before) == (302, True)


class TestPass:
    def passes(self, visit: Visit) -> list[Any]:
        assert visit.guest is not None
        member = visit.guest.member
        return marketplaces().passes(member, [visit.connection.studio.locations.get()], now=timezone.now())

    def test_the_profile_lists_it_open_with_0_credits_and_a_cancel_closes_it(self, there: Connection) -> None:
        session, client = SessionFactory(item=item_of(there, name="Flow")), staff(there)
        visit = book(there, session)
        assert visit.guest is not None
        html = read(client, there, "member_packages", visit.guest.member_id)
        row = html[html.index(f'id="pass-{visit.reservation_id}"') :]
        row = row[: row.index("</tr>")]
        for words in ("Fitpass One", ">0<", "Flow", "open"):
            assert words in row
        actions.cancel(there, session, visit.guest, action_id=uuid4(), now=timezone.now())
        (closed,) = self.passes(visit)
        assert not closed.is_open
        assert "closed" in read(client, there, "member_packages", visit.guest.member_id)

    def test_it_is_never_sold_never_unpaid_and_no_package(self, there: Connection) -> None:
        visit, client = book(there, session_of(there)), staff(there)
        assert visit.guest is not None
        member = visit.guest.member_id
        assert "Fitpass One" not in read(client, there, "purchase_sell", member)
        for html in (
            read(client, there, "session", visit.session_id),
            read(client, there, "bookings", open=visit.session_id),
            read(client, there, "member", member),
        ):
            assert "unpaid" not in html.lower().replace("unpaid=", "")
        assert "pass of Fitpass One" in read(client, there, "member", member)

    def test_another_locations_login_does_not_see_it(self, there: Connection) -> None:
        visit = book(there, session_of(there))
        assert visit.guest is not None
        assert marketplaces().passes(visit.guest.member, [], now=timezone.now()) == []


class TestTick:
    def test_a_tick_of_the_marketplace_bears_its_name_wherever_a_persons_would(self, there: Connection) -> None:
        session, client = session_of(there, starts_at=timezone.now() - timedelta(minutes=5)), staff(there)
        Connection.objects.filter(pk=there.pk).update(state=Connection.State.LIVE)
        early = timezone.now() - timedelta(hours=1)
        guest = guest_of(there)
        visit = actions.book(there, session, guest, action_id=uuid4(), now=early)
        since = Pulse.objects.get(studio=there.studio)
        actions.check_in(there, session, guest, action_id=uuid4(), now=timezone.now())
        html = read(client, there, "check_ins")
        assert "Checked in by Fitpass One" in html
        assert '<span class="meta">Fitpass One</span>' in html  # the last actions
        assert "First visit here" in html  # the star, of somebody whom nobody knew (Q14)
        # An open tab asks every two seconds, and has the row with its star.
        url = reverse("bookings:check_ins_changes", args=[there.studio.slug])
        news = client.get(url, {"since": since.version, "at": early.isoformat()})
        assert f'id="reservation-{visit.reservation_id}"' in news.content.decode()
        assert "First visit here" in news.content.decode()
        panel = read(client, there, "session", session.pk, person=visit.reservation_id)
        assert "Checked in by Fitpass One" in panel
        assert "by Fitpass One" in read(client, there, "member", guest.member_id)
        # The desk ticks once more: told who was first.
        again = client.post(
            reverse("bookings:check_in", args=[there.studio.slug, visit.reservation_id]),
            {"action_id": uuid4()},
            headers={"HX-Request": "true"},
        )
        assert "Fitpass One" in again.content.decode()

    def test_a_login_that_was_deleted_is_no_marketplace(self, there: Connection) -> None:
        session = session_of(there, starts_at=timezone.now() - timedelta(minutes=5))
        visit = actions.book(
            there, session, guest_of(there), action_id=uuid4(), now=session.starts_at - timedelta(hours=1)
        )
        ana = StaffLoginFactory(studio=there.studio, preset=Preset.DESK)
        assert visit.reservation is not None
        bookings.check_in(visit.reservation, action_id=uuid4(), by=ana, now=timezone.now())
        ana.delete()
        assert "Checked in by" not in read(staff(there), there, "check_ins")
