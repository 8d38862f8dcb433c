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
from invoicing.rules.matching import By, Fact, explained
from invoicing.selectors.flat import flat_entries
from marketplace.models import Contract

# A month of a large house; a page would not wait that long.
LONGEST = "4min"

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
        "currency": contract.currency if contract else "EUR",
    }


def _gather_ours(cursor: Any, statement: Statement, facts: dict[str, Any]) -> None:
    cursor.execute(sql.CLEAR)
    cursor.execute(sql.OURS)
    cursor.execute(sql.BILLED, facts)
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
    cursor.execute("CREATE INDEX ON ours (visit)")
    cursor.execute("ANALYZE ours")


def _pair(cursor: Any, facts: dict[str, Any]) -> None:
    cursor.execute(sql.THEIRS, facts)
    cursor.execute("ANALYZE theirs")
    cursor.execute(sql.BY_BOOKING)
    for by, theirs, ours, only in _PEOPLE:
        words = {"by": by.value, "theirs": theirs, "ours": ours, "only": only}
        for when in ("starts_at", "day"):
            cursor.execute(sql.BY_PERSON.format(**words, when=when))
        # A line with a time is the same visit again only where that is its time.
        cursor.execute(sql.AGAIN.format(**words, when="starts_at"))
        cursor.execute(sql.AGAIN.format(**words | {"only": f"{only} AND theirs.starts_at IS NULL"}, when="day"))
    words = {"by": By.CLASS.value, "theirs": "class_name", "ours": "class_name", "only": _NOBODY}
    cursor.execute(sql.BY_PERSON.format(**words, when="starts_at"))
    cursor.execute(sql.BY_FLAT)
    cursor.execute(sql.ELSEWHERE)


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
    of_connection = Statement.objects.filter(connection=statement.connection_id)
    # It was of another month before: what it had replaced there stands again.
    for former in of_connection.filter(replaced_by=statement).exclude(month=statement.month):
        if not of_connection.standing().filter(month=former.month).exclude(pk=statement.pk).exists():
            of_connection.filter(pk=former.pk).update(replaced_by=None)
    of_connection.standing().filter(month=statement.month).exclude(pk=statement.pk).update(replaced_by=statement)
    statement.replaced_by = None
    statement.save(update_fields=["theirs", "ours", "currency", "matched_at", "state", "replaced_by"])
