"""Which purchase is used: settings of the studio that an app keeps in a table of its own (Q1, Q6)."""

import pytest

from packages.models import Policy
from portal.models import Change, StaffLogin
from portal.roles import Preset
from tests.bookings.schedule_pages import ask, words
from tests.factories import LocationFactory, StaffLoginFactory

PATH = "settings/packages/"


@pytest.fixture
def manager(db: None) -> StaffLogin:
    place = LocationFactory(studio__slug="linden")
    return StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)


def test_the_policy_is_set_and_told(manager: StaffLogin) -> None:
    page = ask(manager, PATH)
    assert not Policy.objects.exists()
    data = {
        "order": "expires_first",
        "over_use": "on",
        "judged": "booking",
        "seen": page.context["form"].initial["seen"],
    }
    ask(manager, PATH, data, status=302)
    policy = Policy.of(manager.studio)
    assert (policy.order, policy.over_use, policy.judged) == ("expires_first", True, "booking")
    change = Change.objects.get(subject="policy")
    assert (change.after["order"], change.by) == ("expires_first", manager)
    assert "Reset to the newest first" in words(ask(manager, PATH))
    ask(manager, PATH, {"reset": "order", "seen": ""}, status=302)
    assert Policy.of(manager.studio).order == "newest_first"
    assert Policy.of(manager.studio).judged == "booking"


def test_what_somebody_else_set_meanwhile_stays(manager: StaffLogin) -> None:
    seen = ask(manager, PATH).context["form"].initial["seen"]
    Policy.objects.create(studio=manager.studio, over_use=True)
    ask(manager, PATH, {"order": "oldest_first", "judged": "session", "seen": seen}, status=302)
    policy = Policy.of(manager.studio)
    assert (policy.order, policy.over_use) == ("oldest_first", True)


def test_an_order_that_does_not_exist_is_refused(manager: StaffLogin) -> None:
    ask(manager, PATH, {"order": "dearest_first", "judged": "session"}, status=422)
    assert not Policy.objects.exists()


def test_the_search_finds_it(manager: StaffLogin) -> None:
    assert "Also when it is used up" in words(ask(manager, "settings/?q=used+up"))
