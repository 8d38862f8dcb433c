"""Moments as they go over the wire and into the tables: `yyyy-MM-ddTHH:mm:ssZ`, which sorts as text."""

from datetime import UTC, datetime

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(FORMAT)


def read(text: object) -> datetime | None:
    """None for what is not such a moment."""
    try:
        return datetime.strptime(str(text), FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
