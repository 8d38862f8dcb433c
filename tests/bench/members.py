"""Members: finding one of 100,000 against one of 1,000, and a page of the list, near its beginning and deep in it."""

from collections.abc import Callable

import psycopg
from django.test import Client as InProcess
from django.urls import reverse

from portal.members.search import search
from portal.models import Location, StaffLogin, Studio, User
from tests.bench.measures import Row, milliseconds, side_by_side

FEW, MANY = 1_000, 100_000
TYPED = ("m", "mi", "mil", "milan 77", "milan77 horvat", "0612", "member-4711@", "4711", "nobody at all")
MOST_SLOWER, PAGE_MOST_SLOWER = 6, 2


def members(person: InProcess, url: str) -> list[Row]:
    """Ratios of the same work over both numbers of members, in one database that holds both studios."""
    few, many = (_studio(f"members-{number}", number, url) for number in (FEW, MANY))
    times, seconds, text = max(_search(few, many, text) for text in TYPED)
    rows = [
        Row(
            f"search, the slowest of {len(TYPED)} texts, {MANY:,} members against {FEW:,}",
            f"{times:.1f} times, {milliseconds(seconds)} (“{text}”)",
            f"{MOST_SLOWER} times",
            times <= MOST_SLOWER,
        )
    ]
    deep = many.members.order_by("pk")[MANY // 2].pk
    for what, query in (("first page of the list", ""), ("page amid the list", f"?after={deep}&first=50000")):
        taken = side_by_side(
            8,
            few=_page(person, _list(few)),
            many=_page(person, _list(many) + query),
        )
        ratio = taken["many"] / taken["few"]
        rows.append(
            Row(
                f"{what}, {MANY:,} members against {FEW:,}",
                f"{ratio:.1f} times, {milliseconds(taken['many'])}",
                f"{PAGE_MOST_SLOWER} times",
                ratio <= PAGE_MOST_SLOWER,
            )
        )
    return rows


def _search(few: Studio, many: Studio, text: str) -> tuple[float, float, str]:
    taken = side_by_side(
        8, few=lambda: list(search(few, text, limit=10)), many=lambda: list(search(many, text, limit=10))
    )
    return taken["many"] / taken["few"], taken["many"], text


def _page(person: InProcess, url: str) -> Callable[[], None]:
    def get() -> None:
        assert person.get(url).status_code == 200, url

    return get


def _list(studio: Studio) -> str:
    return reverse("bookings:members", args=[studio.slug])


def _studio(slug: str, number: int, url: str) -> Studio:
    """A studio with so many members, whose names and numbers are spread as people's are, and the bench's login."""
    studio = Studio.objects.create(slug=slug, name=slug)
    Location.objects.create(studio=studio, slug="centrum", name="Centrum")
    StaffLogin.objects.create(studio=studio, user=User.objects.get(), preset="owner")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO portal_member (studio_id, number, first_name, last_name, email, phone, photo, notes,"
            " blocked_reason, created_at, merged_words)"
            " SELECT %s, n::text,"
            " (ARRAY['Milan', 'Amélie', 'Jürgen', 'Kim', 'Søren', 'Zoë', 'Ana', 'Bo'])[1 + n %% 8] || n %% 97,"
            " (ARRAY['de Boer', 'Horvat', 'Müller', 'van Aalst', 'Öztürk', 'Jansen', 'Vos'])[1 + n %% 7] || n %% 89,"
            " 'member-' || n || '@example.test', '+31 6 ' || 10000000 + n * 7919 %% 89999999, '', '', '', now(), ''"
            " FROM generate_series(1, %s) n",
            [studio.pk, number],
        )
        connection.execute("VACUUM ANALYZE portal_member")
    return studio
