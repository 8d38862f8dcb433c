"""What the demo studios are made of: places, rooms, classes with their weekly times, and who can log in."""

from dataclasses import dataclass, field
from datetime import date, time, timedelta

from bookings.models import CalendarItem
from portal.roles import Preset

PASSWORD = "tresen-demo"  # noqa: S105 - printed by `make run`, for a studio of invented people
OPERATOR = "operator@tresen.test"
Kind = CalendarItem.Kind
YEAR = timedelta(days=425)  # and two months, so that a year's newcomers are new
ALL_WEEK, WORKDAYS, WEEKEND = range(7), range(5), range(5, 7)


@dataclass(frozen=True)
class PlacePlan:
    slug: str
    name: str
    zone: str
    street: str
    postcode: str
    city: str
    country: str
    # Rooms, with the number of numbered spots in each; 0: none.
    rooms: dict[str, int]
    # Members who come here where nobody has been drawn yet, when it is as large as today; in the order of the members.
    regulars: int
    grace_minutes: int = 0
    region: str = ""
    # How long ago it opened; None: with the studio.
    opened: timedelta | None = None


@dataclass(frozen=True)
class ClassPlan:
    """A calendar item and its week: (days, start) with Monday as 0. `fill` is the usual share of places booked."""

    name: str
    place: str
    room: str
    teacher: str
    minutes: int
    capacity: int
    fill: float
    week: tuple[tuple[range, time], ...]
    kind: CalendarItem.Kind = Kind.CLASS
    cancel_hours: int | None = None
    # Places for marketplaces; None: as many as there are.
    quota: int | None = None


@dataclass(frozen=True)
class LoginPlan:
    email: str
    name: str
    preset: Preset
    # The name of the teacher that this login belongs to.
    teaches_as: str = ""
    # For the quick switch at the desk; empty: none.
    pin: str = ""


@dataclass(frozen=True)
class PackagePlan:
    """A package and the classes that it is for, by name. `uses` None: unlimited; `months` 0: it never ends."""

    name: str
    uses: int | None
    months: int
    price: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class StudioPlan:
    slug: str
    name: str
    language: str
    members: int
    places: list[PlacePlan]
    classes: list[ClassPlan]
    logins: list[LoginPlan]
    # The class of which one runs right now, whatever the hour, and one starts later today.
    now_class: str
    soon_class: str
    # None: every class is free.
    packages: tuple[PackagePlan, ...] = ()
    cancel_hours: int = 12
    # How far back its book reaches, and how long ago it was small: usually the same (bookings/demo/course.py).
    # Whole months, where it is months.
    past: timedelta = YEAR
    age: timedelta = YEAR
    future: timedelta = timedelta(days=28)
    # By which road people come today, and how long ago marketplaces among them joined.
    sources: dict[str, int] = field(default_factory=lambda: {"direct": 48, "wellpass": 28, "onefit": 26})
    joined: dict[str, timedelta] = field(
        default_factory=lambda: {"wellpass": timedelta(days=300), "onefit": timedelta(days=165)}
    )
    # Until how many hours before the start their guests cancel free of charge (Q20), and how many days ago that began,
    # the oldest first.
    contract_hours: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def begins(self, today: date) -> date:
        """The first day of the book."""
        begins = today - self.past
        return begins.replace(day=1) if self.past > timedelta(days=60) else begins


def days(days: range, *times: str) -> tuple[tuple[range, time], ...]:
    return tuple((days, time.fromisoformat(one)) for one in times)


DEMO = StudioPlan(
    slug="demo",
    name="Studio Linden",
    language="en",
    members=1150,
    places=[
        PlacePlan(
            "centrum",
            "Centrum",
            "Europe/Amsterdam",
            "Prinsengracht 401",
            "1016 HM",
            "Amsterdam",
            "NL",
            {"Zaal": 0, "Reformer": 12, "Tuin": 0},
            230,
        ),
        PlacePlan(
            "noord",
            "Noord",
            "Europe/Amsterdam",
            "Papaverweg 12",
            "1032 KJ",
            "Amsterdam",
            "NL",
            {"Loft": 0},
            130,
            grace_minutes=10,
            opened=timedelta(days=235),
        ),
    ],
    classes=[
        ClassPlan(
            "Vinyasa Flow",
            "centrum",
            "Zaal",
            "Joris de Wit",
            60,
            18,
            0.8,
            days(WORKDAYS, "07:00", "18:00") + days(WEEKEND, "10:00"),
            quota=8,
        ),
        ClassPlan(
            "Reformer Pilates",
            "centrum",
            "Reformer",
            "Mila Horvat",
            50,
            12,
            1.0,
            days(WORKDAYS, "09:00", "17:30", "19:00") + days(WEEKEND, "11:30"),
        ),
        ClassPlan("Lunch Stretch", "centrum", "Zaal", "Joris de Wit", 40, 16, 0.45, days(WORKDAYS, "12:15")),
        ClassPlan("Yin & Nidra", "centrum", "Zaal", "Céline Dubois", 75, 18, 0.7, days(ALL_WEEK, "20:00")),
        ClassPlan("Open Mat", "centrum", "Tuin", "Joris de Wit", 90, 14, 0.75, ()),
        ClassPlan(
            "Personal Training",
            "centrum",
            "Reformer",
            "Mila Horvat",
            55,
            1,
            0.9,
            days(range(1, 5), "14:00"),
            kind=Kind.APPOINTMENT,
            cancel_hours=24,
        ),
        ClassPlan(
            "Handstand Workshop",
            "centrum",
            "Zaal",
            "Tom Okafor",
            150,
            16,
            0.9,
            days(range(6, 7), "14:00"),
            kind=Kind.WORKSHOP,
            cancel_hours=48,
        ),
        ClassPlan(
            "Power Yoga",
            "noord",
            "Loft",
            "Tom Okafor",
            60,
            20,
            0.7,
            days(WORKDAYS, "07:30", "18:30") + days(WEEKEND, "09:30"),
        ),
        ClassPlan("Barre", "noord", "Loft", "Céline Dubois", 50, 16, 0.65, days(WORKDAYS, "12:30", "17:15")),
        ClassPlan(
            "Hatha Basics",
            "noord",
            "Loft",
            "Nadia Karimi",
            60,
            20,
            0.5,
            days(WORKDAYS, "20:00") + days(WEEKEND, "11:00"),
        ),
        ClassPlan(
            "Prenatal Yoga", "noord", "Loft", "Nadia Karimi", 60, 10, 0.8, days(range(5, 6), "13:00"), kind=Kind.COURSE
        ),
    ],
    logins=[
        LoginPlan("owner@demo.test", "Linde van Aalst", Preset.OWNER),
        LoginPlan("manager@demo.test", "Marek Nowak", Preset.MANAGER, pin="8362"),
        LoginPlan("desk@demo.test", "Ana Vos", Preset.DESK, pin="4719"),
        LoginPlan("viewer@demo.test", "Vincent Bos", Preset.VIEWER),
        LoginPlan("teacher@demo.test", "Joris de Wit", Preset.TEACHER, teaches_as="Joris de Wit"),
    ],
    cancel_hours=24,
    contract_hours={"wellpass": ((330, 6), (75, 4)), "onefit": ((180, 8),)},
    now_class="Open Mat",
    soon_class="Vinyasa Flow",
    packages=(
        PackagePlan(
            "5 Pack Small Group",
            5,
            2,
            "75.00",
            ("Vinyasa Flow", "Reformer Pilates", "Yin & Nidra", "Open Mat", "Power Yoga", "Barre"),
        ),
        PackagePlan(
            "Unlimited month",
            None,
            1,
            "99.00",
            ("Vinyasa Flow", "Yin & Nidra", "Open Mat", "Power Yoga", "Barre", "Hatha Basics"),
        ),
        PackagePlan("Workshop pass", 1, 3, "45.00", ("Handstand Workshop",)),
    ),
)

OTHER = StudioPlan(
    slug="other",
    name="Kiezyoga",
    language="de",
    members=180,
    places=[
        PlacePlan(
            "kreuzberg",
            "Kreuzberg",
            "Europe/Berlin",
            "Oranienstraße 25",
            "10999",
            "Berlin",
            "DE",
            {"Saal": 0, "Kleiner Saal": 0},
            70,
            region="BE",
        ),
    ],
    classes=[
        ClassPlan("Morgenyoga", "kreuzberg", "Saal", "Henrike Böhm", 60, 14, 0.7, days(ALL_WEEK, "08:00")),
        ClassPlan("Feierabend-Flow", "kreuzberg", "Saal", "Henrike Böhm", 75, 14, 0.8, days(WORKDAYS, "18:30")),
        ClassPlan("Offener Saal", "kreuzberg", "Kleiner Saal", "Jörg Krüger", 90, 12, 0.6, ()),
    ],
    logins=[LoginPlan("owner@other.test", "Henrike Böhm", Preset.OWNER, teaches_as="Henrike Böhm")],
    # Enough for a look at a second studio.
    past=timedelta(days=120),
    # It works with no marketplace.
    sources={"direct": 48},
    joined={},
    now_class="Offener Saal",
    soon_class="Feierabend-Flow",
)
