"""The sandbox's own SQLite. Each thread has its connection; each statement is its own transaction."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = sqlite3.Row

MEMBERS = (
    ("FP-1001", "Noor", "Bakker", "noor.bakker@example.com"),
    ("FP-1002", "Jonas", "Lindner", "jonas.lindner@example.com"),
    ("FP-1003", "Amira", "El Idrissi", "amira.elidrissi@example.com"),
    ("FP-1004", "Sven", "Vermeulen", "sven.vermeulen@example.com"),
    ("FP-1005", "Chloé", "Martin", "chloe.martin@example.com"),
    ("FP-1006", "Tomasz", "Wójcik", "tomasz.wojcik@example.com"),
    ("FP-1007", "Priya", "Raman", "priya.raman@example.com"),
    ("FP-1008", "Lotte", "van den Heuvel-Brandsma", "lotte.brandsma@example.com"),
    ("FP-1009", "Aylin", "Demir", ""),  # an address is not always given
    ("FP-1010", "Finn", "O’Sullivan", "finn.osullivan@example.com"),
)
KEPT_CALLS = 2000
SCHEMA = Path(__file__).with_name("schema.sql")


class Store:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "sandbox.sqlite3"
        self._local = threading.local()

    def make(self) -> None:
        """Make the folder, the tables and the ten members, whatever of them is not there yet."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._opened() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SCHEMA.read_text())
            connection.executemany(
                "INSERT OR IGNORE INTO member (id, first_name, last_name, email) VALUES (?, ?, ?, ?)", MEMBERS
            )

    def clear(self) -> None:
        """Forget everything but who the members are."""
        for table in ("class", "booking", "call", "message", "heard", "setting"):
            self.run(f"DELETE FROM {table}")  # noqa: S608 - the names stand above
        self.run("UPDATE member SET exerciser_id = ''")

    def run(self, statement: str, *values: Any) -> int:
        """How many rows it changed."""
        with self._opened() as connection:
            return connection.execute(statement, values).rowcount

    def rows(self, statement: str, *values: Any) -> list[Row]:
        with self._opened() as connection:
            return connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> Row | None:
        return next(iter(self.rows(statement, *values)), None)

    def put(self, table: str, **values: Any) -> None:
        """Add a row. Table and columns are named by our own code alone."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        self.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())  # noqa: S608

    def change(self, table: str, key: str, **values: Any) -> None:
        sets = ", ".join(f"{name} = ?" for name in values)
        self.run(f"UPDATE {table} SET {sets} WHERE id = ?", *values.values(), key)  # noqa: S608

    def note_call(
        self, *, at: str, direction: str, what: str, sent: str, status: int, answer: str, took: float, note: str = ""
    ) -> None:
        """Write down what went over the wire; `took` in seconds."""
        row = {"at": at, "direction": direction, "what": what, "sent": sent[:20_000], "status": status}
        self.put("call", **row, answer=answer[:20_000], took=round(took * 1000), note=note)
        self.run("DELETE FROM call WHERE id <= (SELECT max(id) FROM call) - ?", KEPT_CALLS)

    def settings(self) -> dict[str, str]:
        return {row["name"]: row["value"] for row in self.rows("SELECT name, value FROM setting")}

    def set(self, values: dict[str, str]) -> None:
        pairs: Sequence[tuple[str, str]] = list(values.items())
        with self._opened() as connection:
            connection.executemany("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", pairs)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=10, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost what a trial's last second held
            self._local.connection = connection
        yield connection
