"""The location filter: in the address, remembered per login, never wider than the login (P4, Q13)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404

from portal.access import StudioRequest, locations_for
from portal.models import Location

ALL = "all"


def everywhere(visible: Sequence[Location]) -> dict[str, str]:
    """What an address says that shows all locations of a login, whatever it chose last; one alone is always shown."""
    return {"location": ALL} if len(visible) > 1 else {}


@dataclass(frozen=True)
class LocationChoice:
    """The locations that a login may see, and the one chosen; `chosen` None is all of them."""

    visible: list[Location]
    chosen: Location | None

    @property
    def shown(self) -> list[Location]:
        return [self.chosen] if self.chosen else self.visible


def location_choice(request: StudioRequest) -> LocationChoice:
    """The address decides (`?location=noord`, `?location=all`), else what this login chose last.

    The choice is left on the request, where base.html finds it for the filter at the top right. Raises Http404 for a
    location that this login cannot see, as for one that does not exist.
    """
    visible = locations_for(request.login)
    if len(visible) == 1:
        chosen: Location | None = visible[0]
    else:
        remembered = request.login.location_chosen
        chosen = remembered if remembered in visible else None
    slug = request.GET.get("location")
    if slug == ALL and len(visible) > 1:
        chosen = None
    elif slug:
        chosen = next((place for place in visible if place.slug == slug), None)
        if chosen is None:
            raise Http404
    request.location_choice = LocationChoice(visible, chosen)
    return request.location_choice
