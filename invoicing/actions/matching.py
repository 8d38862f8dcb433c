"""A statement's lines beside our visits: a handful of statements for any number of lines (X2).

What both sides say is gathered in temporary tables of one transaction; the rule explains each set of facts once, and
one statement writes the answers to the lines.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from invoicing.actions import matching_sql as sql
from invoicing.models import Statement
from invoicing.rules import next_month
from invoicing.rules.matching import OURS_TO_MEND, By, Fact, explained
from invoicing.selectors.flat import flat_entries
from marketplace.models import Connection, Contract
from portal.models import Location

# A month of a large house; a page would not wait that long.
LONGEST = "4min"

LONGEST_PLACES = 2000  # characters: beyond some hundred locations a file is about all of them

# Line by line: the surest lead first, and each visit to one line.
_PEOPLE = (
    (By.MEMBER, "member_ref", "guest", "true"),
    (By.NAME, "name", "member_name", "NOT knows_member"),
)
_NOBODY = "member_ref = '' AND name = ''"


def match(statement: Statement, *, now: datetime, still_ours: Callable[[], None]) -> None:
    """Judge every line of a statement that was read, and every visit of ours of its month; the former one is replaced.

    One transaction; the number of statements does not depend on the number of lines. `still_ours` raises when another
    worker has taken over.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_timeout = 0")
        for limit in ("transaction_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SET LOCAL {limit} = '{LONGEST}'")
        locked = Statement.objects.select_for_update().get(pk=statement.pk)
        if locked.state != Statement.State.MATCHING:
            return
        facts = _parameters(statement, now)
        _gather_ours(cursor, statement, facts)
        _pair(cursor, facts)
        still_ours()
        _judge(cursor, facts)
        _conclude(cursor, statement, facts, now)
        still_ours()


def _parameters(statement: Statement, now: datetime) -> dict[str, Any]:
    month = statement.month
    if month is None:
        raise ValueError(statement)
    invoices = list(statement.connection.invoices.standing().filter(month=month).values_list("pk", "contract_id"))
    contract = Contract.objects.filter(connection=statement.connection_id).order_by("-pk").first()
    return {
        "statement": statement.pk,
        "studio": statement.studio_id,
        "connection": statement.connection_id,
        "connections": [statement.connection_id],
        "month": month,
        "first": month,
        "after": next_month(month),
        "now": now,
        "invoices": [invoice for invoice, _contract in invoices],
        "issued": [issued for _invoice, issued in invoices],
        "ours_to_mend": [reason.value for reason in OURS_TO_MEND],
        "currency": contract.currency if contract else "EUR",
    }


def _gather_ours(cursor: Any, statement: Statement, facts: dict[str, Any]) -> None:
    cursor.execute(sql.CLEAR)
    cursor.execute(sql.OURS)
    cursor.execute(sql.BILLED, facts)
    cursor.execute(sql.FIGURED, facts)
    cursor.execute("CREATE INDEX ON figured (visit)")
    cursor.execute("ANALYZE figured")
    cursor.execute(sql.DRAFTED, facts)
    drafted = Contract.objects.filter(connection=statement.connection_id).exclude(pk__in=facts["issued"])
    for contract in drafted:
        flat = sum(entry.price * entry.quantity for entry in flat_entries(contract, facts["month"]))
        if flat:
            cursor.execute(
                "INSERT INTO ours (contract, kind, because, amount, tax_rate, is_adjustment)"
                " VALUES (%s, 'flat', 'flat_rate', %s, 0, false)",
                [contract.pk, flat],
            )
    cursor.execute(sql.WHO, facts)
    statement.places = _places(cursor, facts)
    if statement.places:
        cursor.execute(sql.OTHER_PLACES, {"places": [int(pk) for pk in statement.places.split()]})
        if cursor.rowcount:
            cursor.execute(sql.NO_FLAT, facts)
    cursor.execute("CREATE INDEX ON ours (visit)")
    cursor.execute("ANALYZE ours")


def _places(cursor: Any, facts: dict[str, Any]) -> str:
    """As in `Statement.places`: "" where the lines do not say it, or name every location."""
    cursor.execute(sql.PLACES, facts)
    found = {place for (place,) in cursor.fetchall()}
    known = set(Location.objects.filter(studio=facts["studio"]).values_list("pk", flat=True))
    text = " ".join(str(pk) for pk in sorted(found - {None}))
    return "" if None in found or found >= known or len(text) > LONGEST_PLACES else text


def _pair(cursor: Any, facts: dict[str, Any]) -> None:
    cursor.execute(sql.THEIRS, facts)
    cursor.execute("ANALYZE theirs")
    cursor.execute(sql.BY_BOOKING)
    for by, theirs, ours, only in _PEOPLE:
        words = {"by": by.value, "theirs": theirs, "ours": ours, "only": only}
        for when in ("starts_at", "day"):
            for equal in (sql.EQUAL, sql.IN_ORDER):
                cursor.execute(sql.BY_PERSON.format(**words, **equal, when=when))
        # A line with a time is the same visit again only where that is its time.
        cursor.execute(sql.AGAIN.format(**words, when="starts_at"))
        cursor.execute(sql.AGAIN.format(**words | {"only": f"{only} AND theirs.starts_at IS NULL"}, when="day"))
    words = {"by": By.CLASS.value, "theirs": "class_name", "ours": "class_name", "only": _NOBODY}
    for equal in (sql.EQUAL, sql.IN_ORDER):
        cursor.execute(sql.BY_PERSON.format(**words, **equal, when="starts_at"))
    cursor.execute(sql.BY_FLAT)
    cursor.execute(sql.LEFT_OUT)
    cursor.execute(sql.NOT_JUDGED, facts)
    cursor.execute(sql.ELSEWHERE)
    cursor.execute(sql.REFUSED, facts)


def _judge(cursor: Any, facts: dict[str, Any]) -> None:
    """Explain each set of facts once."""
    cursor.execute(sql.RATES, facts)
    cursor.execute(sql.FACTS.format(**{str(fact.name): fact.value for fact in Fact}), facts)
    cursor.execute("SELECT DISTINCT facts FROM facts")
    found = [(bits, explained(Fact(bits))) for (bits,) in cursor.fetchall()]
    cursor.execute(sql.ANSWERS)
    cursor.executemany(
        "INSERT INTO answers VALUES (%s, %s, %s)",
        [(bits, answer.verdict.value, answer.reason.value) for bits, answer in found],
    )
    cursor.execute("ANALYZE facts")
    cursor.execute(sql.ANSWERED, facts)
    cursor.execute("DELETE FROM invoicing_statementline WHERE statement_id = %(statement)s AND line IS NULL", facts)
    cursor.execute(sql.LINES, facts)
    cursor.execute(sql.OURS_ONLY, facts)
    cursor.execute(sql.ANSWERED_ON_A_LINE, facts)
    cursor.execute(sql.AGREED, facts)
    cursor.execute(sql.CLOSED, facts)


def _conclude(cursor: Any, statement: Statement, facts: dict[str, Any], now: datetime) -> None:
    cursor.execute(sql.TOTALS, facts)
    statement.theirs, statement.ours = cursor.fetchone()
    statement.currency, statement.matched_at = facts["currency"], now
    statement.state = Statement.State.MATCHED
    _replace_former(statement)
    statement.replaced_by = None
    statement.save(update_fields=["theirs", "ours", "currency", "matched_at", "state", "replaced_by", "places"])


def _replace_former(statement: Statement) -> None:
    """What stood for the month and a location in common is replaced; the rest stands, or stands again."""
    Connection.objects.select_for_update(no_key=True).get(pk=statement.connection_id)
    of_connection = Statement.objects.filter(connection=statement.connection_id).exclude(pk=statement.pk)
    standing = list(of_connection.standing().filter(month=statement.month))
    replaced = [former.pk for former in standing if former.covers(statement.places)]
    # It was of another month or of other locations before.
    for former in of_connection.filter(replaced_by=statement):
        if former.month != statement.month or not former.covers(statement.places):
            stand_again(former, but=statement)
    of_connection.filter(pk__in=replaced).update(replaced_by=statement)


def stand_again(former: Statement, *, but: Statement) -> None:
    """`but` replaces a statement no longer: it stands, unless another one has its month and a location of it."""
    others = Statement.objects.filter(connection=former.connection_id, month=former.month).standing()
    over = next((one for one in others.exclude(pk__in=[former.pk, but.pk]) if one.covers(former.places)), None)
    Statement.objects.filter(pk=former.pk).update(replaced_by=over)
