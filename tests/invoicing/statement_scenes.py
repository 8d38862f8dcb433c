"""A statement on its way, without a worker and without pages."""

from collections.abc import Iterable
from datetime import date, datetime

from invoicing.imports import statements
from invoicing.models import Statement, StatementLine
from marketplace.models import Visit
from marketplace.sandbox.statement import Line, as_csv, lines
from marketplace.sandbox.statement import Visit as Said
from tests.invoicing.scenes import House, at

NOVEMBER = date(2026, 11, 1)
ON_1_DECEMBER = at("2026-12-01 09:00")


def said(visits: Iterable[Visit]) -> list[Said]:
    """What the sandbox marketplace knows of our visits."""
    found = []
    for visit in visits:
        booked = visit.reservation
        assert booked
        assert visit.guest
        found.append(
            Said(
                booking=visit.booking_ref,
                member=visit.guest.external_id,
                name=visit.guest.member.name,
                location=booked.location.slug,
                class_name=booked.session.item.name,
                starts_at=booked.starts_at,
                state="late_cancelled" if booked.booking == "late_cancelled" else "booked",
                checked_in=booked.attendance == "checked_in",
                additional=bool(visit.additional),
            )
        )
    return found


def sandbox_lines(house: House, visits: Iterable[Visit], *differences: str, **rates: object) -> list[Line]:
    terms = house.contract.terms.get()
    agreed = {
        "check_in": terms.check_in_rate,
        "no_show": terms.no_show_rate,
        "late_cancel": terms.late_cancel_rate,
        "additional": terms.additional_rate or terms.check_in_rate,
        "tax": terms.tax_rate,
    }
    return lines(
        said(visits),
        month=NOVEMBER,
        rates=agreed | rates,  # type: ignore[arg-type]
        differences=frozenset(differences),
        zone=house.place.tz,
    )


def read(
    house: House,
    content: str | bytes,
    *,
    now: datetime = ON_1_DECEMBER,
    month: date | None = None,
    name: str = "nov.csv",
) -> Statement:
    """Uploaded and worked on as far as it goes without a person."""
    data = content.encode() if isinstance(content, str) else content
    chunks = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    statement = statements.upload(house.connection, chunks, file_name=name, month=month, by=None, now=now)
    if statement.state == Statement.State.MAPPING and not statements.problems(statement, statements.look(statement)):
        statements.begin(statement)
    return work(statement, now=now)


def work(statement: Statement, *, now: datetime = ON_1_DECEMBER) -> Statement:
    """What a worker does."""
    statements.work_on(statement.pk, now=now, still_ours=lambda _lines: None)
    statement.refresh_from_db()
    return statement


def verdicts(statement: Statement) -> list[tuple[str, str]]:
    """In the order of the file, what stands on no line last."""
    return [
        (line.verdict, line.reason) for line in StatementLine.objects.filter(statement=statement).order_by("line", "id")
    ]


__all__ = ["NOVEMBER", "ON_1_DECEMBER", "as_csv", "read", "said", "sandbox_lines", "verdicts", "work"]
