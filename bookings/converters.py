from datetime import date


class MonthConverter:
    """`2026-10` in an address is the first day of that month; there are no months 13, and none before 1970."""

    regex = "(?:19[7-9][0-9]|[2-9][0-9]{3})-(?:0[1-9]|1[0-2])"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(f"{value}-01")

    def to_url(self, value: date) -> str:
        return f"{value:%Y-%m}"
