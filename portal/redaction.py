"""What may be kept about an error or a message: never a name, an address, a number to call or a secret (S22)."""

import re
import traceback
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[1]
HIDDEN = "[hidden]"
_PERSONAL = re.compile(
    r"""
      [^\s@<>"'(),;:=]+@[^\s@<>"'(),;:=]+                                # an e-mail address
    | (?<![\w.:+-]) (?:\+|00|0) [1-9] (?:[ ()./-]{0,3}\d){6,14} (?![\w-])  # a phone number
    | \b[A-Za-z0-9_-]{32,}\b                                              # a token, a session key, a signature
    | (?<=://)[^/\s:@]*:[^/\s@]*(?=@)                                     # user:password of an address
    """,
    re.VERBOSE,
)


def redact(text: str) -> str:
    """`text` without what looks like an e-mail address, a phone number or a secret. Names cannot be told by look."""
    return _PERSONAL.sub(HIDDEN, text)


def describe(error: BaseException) -> str:
    """One line on an error that is safe to keep: its class, the database's code and constraint, and where in our code.

    The message is left out: PostgreSQL, parsers and our own code put the offending value into it.
    """
    words = [type(error).__name__]
    cause = error.__cause__
    if sqlstate := getattr(cause, "sqlstate", None):
        words.append(sqlstate)
    if constraint := getattr(getattr(cause, "diag", None), "constraint_name", None):
        words.append(constraint)
    frames = trace(error.__traceback__)
    ours = [frame for frame in frames if not frame.startswith("<")]
    if frames:
        words.append(f"in {(ours or frames)[-1]}")
    return " ".join(words)[:500]


def trace(tb: TracebackType | None) -> list[str]:
    """The frames of a traceback as `bookings/actions.py:120 reserve`; `<django>` and so on for those of libraries."""
    return [_frame(summary) for summary in traceback.extract_tb(tb)]


def _frame(summary: traceback.FrameSummary) -> str:
    path = Path(summary.filename)
    if path.is_relative_to(ROOT) and not {"site-packages", ".venv"} & set(path.parts):
        return f"{path.relative_to(ROOT)}:{summary.lineno} {summary.name}"
    tail = path.parts[path.parts.index("site-packages") + 1 :] if "site-packages" in path.parts else path.parts[-2:]
    return f"<{'/'.join(tail)}>:{summary.lineno} {summary.name}"
