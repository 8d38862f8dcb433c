"""What a reservation import knows and makes: members, classes, sessions and reservations, each asked for once."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from bookings.actions.importing import changed_elsewhere, lock_sessions
from bookings.models import CalendarItem, Reservation, ScheduledSession
from portal.imports.members import MemberBook, split_name
from portal.models import Location, Member, Studio

PLACEHOLDER = "Member {number}"


@dataclass
class Seats:
    """Who has a place in a session: by `Ledger.key_of` the member, the reference of the booking."""

    limit: int | None = None
    taken_by: dict[int, str] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        return self.limit is not None and len(self.taken_by) >= self.limit


class Ledger:
    """In chunks: `load` what the rows name, then ask. What is new is kept here, and saved by `save_new`."""

    def __init__(self, studio: Studio, source: str, *, numbers_in_file: Collection[str]) -> None:
        self.studio, self.source = studio, source
        self.book = MemberBook(studio, in_file=numbers_in_file)
        self._locations = {place.pk: place for place in studio.locations.all()}
        self._items_by_pk = {item.pk: item for item in studio.calendar_items.all()}
        self.items = {(item.location_id, item.name.casefold()): item for item in self._items_by_pk.values()}
        self._starts: set[datetime] = set()
        self._keys: dict[int, int] = {}
        self.sessions: dict[tuple[int, str, datetime], ScheduledSession] = {}
        self._by_pk: dict[int, ScheduledSession] = {}
        self.seats: dict[int, Seats] = {}
        self.reservations: dict[str, Reservation] = {}
        self.corrected: set[int] = set()
        self.new_members: list[Member] = []
        self.new_sessions: list[ScheduledSession] = []

    def load(
        self,
        *,
        refs: Collection[str],
        numbers: Collection[str],
        emails: Collection[str],
        starts: Collection[datetime],
        lock: bool,
    ) -> None:
        """One query for each kind of thing that a chunk names. `lock`: sessions and reservations, to write them."""
        self.book.load(numbers, emails)
        known = Reservation.objects.filter(studio=self.studio, source=self.source, external_ref__in=refs)
        self._load_sessions(starts, also=set(known.values_list("session_id", flat=True)), lock=lock)
        if lock:
            known = known.order_by("pk").select_for_update(of=("self",))
        found = {reservation.external_ref: reservation for reservation in known.select_related("member")}
        for reservation in found.values():
            reservation.session = self._by_pk[reservation.session_id]
            self.book.add(reservation.member)
            reservation.member = self.book.known(reservation.member)
        self.corrected |= changed_elsewhere([one.pk for one in found.values()], but_by_the_clock=True)
        self.reservations |= found

    def _load_sessions(self, starts: Collection[datetime], *, also: Collection[int], lock: bool) -> None:
        unseen = set(starts) - self._starts
        self._starts |= unseen
        wanted = ScheduledSession.objects.filter(Q(starts_at__in=unseen) | Q(pk__in=also), studio=self.studio)
        fresh = [session for session in (lock_sessions(wanted) if lock else wanted) if session.pk not in self._by_pk]
        for session in fresh:
            session.item, session.location = self._items_by_pk[session.item_id], self._locations[session.location_id]
            session.item.location = session.location
            self._by_pk[session.pk] = session
            self.sessions.setdefault(_key(session.location, session.item.name, session.starts_at), session)
            self.seats[id(session)] = Seats(session.capacity)
        booked = Reservation.objects.active().filter(session__in=[session.pk for session in fresh])
        for session_id, member_id, source, ref in booked.values_list("session", "member", "source", "external_ref"):
            self.seats[id(self._by_pk[session_id])].taken_by[member_id] = ref if source == self.source else ""

    def key_of(self, member: Member) -> int:
        """What stands for the member in `Seats`, the same before and after a new one is saved."""
        return self._keys.setdefault(id(member), member.pk or -id(member))

    def member(self, number: str, email: str, name: str) -> Member:
        """The known one, or a new one, with a placeholder for a name that the file does not say."""
        found = self.book.find(number, email)
        if found is not None:
            return found
        number = number or self.book.free_number()
        first, last = split_name(name) if name else (PLACEHOLDER.format(number=number), "")
        member = Member(studio=self.studio, number=number, first_name=first, last_name=last, email=email)
        self.new_members.append(member)
        self.book.add(member)
        return member

    def session(self, location: Location, name: str, starts_at: datetime) -> ScheduledSession:
        """The session of the class with this name; a new one has no capacity, because none was recorded."""
        key = _key(location, name, starts_at)
        if key not in self.sessions:
            item = self._item(location, name)
            session = ScheduledSession(
                studio=self.studio,
                item=item,
                location=location,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=item.duration_minutes),
            )
            self.sessions[key] = session
            self.seats[id(session)] = Seats()
            self.new_sessions.append(session)
        return self.sessions[key]

    def _item(self, location: Location, name: str) -> CalendarItem:
        key = (location.pk, name.casefold())
        if key not in self.items:
            self.items[key] = CalendarItem(studio=self.studio, location=location, name=name)
        return self.items[key]

    def save_new(self, reservations: Collection[Reservation]) -> list[Member | CalendarItem | ScheduledSession]:
        """Insert what is new and needed by these, each before what points to it; what was inserted, in that order.

        What only refused rows have named stays unsaved.
        """
        needed = {id(one.member) for one in reservations} | {id(one.session) for one in reservations}
        members = [member for member in self.new_members if id(member) in needed]
        sessions = [session for session in self.new_sessions if id(session) in needed]
        items = list({id(session.item): session.item for session in sessions if not session.item.pk}.values())
        Member.objects.bulk_create(members)
        CalendarItem.objects.bulk_create(items)
        for session in sessions:
            session.item_id = session.item.pk
        ScheduledSession.objects.bulk_create(sessions)
        self.new_members = [member for member in self.new_members if id(member) not in needed]
        self.new_sessions = [session for session in self.new_sessions if id(session) not in needed]
        return [*members, *items, *sessions]


def _key(location: Location, name: str, starts_at: datetime) -> tuple[int, str, datetime]:
    return location.pk, name.casefold(), starts_at
