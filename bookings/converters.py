from datetime import date


class MonthConverter:
    """`2026-10` in an address is the first day of that month; no month 13, none before 1970 or after 2199."""

    regex = "(?:19[7-9][0-9]|2[01][0-9]{2})-(?:0[1-9]|1[0-2])"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(f"{value}-01")

    def to_url(self, value: date) -> str:
        return f"{value:%Y-%m}"
