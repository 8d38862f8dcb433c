"""The HTML of a mail, made of its text: paragraphs, lists and links, and nothing that a name in it could smuggle in.

What the text may hold: paragraphs between empty lines; lists of lines that begin with "- "; an address of ours alone on
a line, which becomes a button; the same indented by two spaces, which makes a link of the line above it. A line
directly above a list is its heading. Lines behind "> " are somebody else's words: a quotation, in which nothing is a
link (`portal.templatetags.quoting`). Everything is escaped; other people's addresses stay words.
"""

from dataclasses import dataclass, field

from django.template.loader import render_to_string
from django.utils.translation import get_language

from portal.models import Studio

PREHEADER = 140  # signs that mail programs show beside the subject


@dataclass
class Line:
    """Words, and where they lead; "" for nowhere."""

    text: str
    url: str = ""


@dataclass
class Block:
    """`kind`: "text", "heading", "list", "quote" or "link" (whose lines have an address only)."""

    kind: str
    lines: list[Line] = field(default_factory=list)


def blocks_of(body: str, ours: tuple[str, ...]) -> list[Block]:
    """The blocks of a text; `ours`: how addresses begin that may be links, each with its last slash."""
    found: list[Block] = []
    is_open = False  # whether the next line goes on with the last block
    for raw in body.splitlines():
        line = raw.strip()
        if not line:
            is_open = False
        elif raw.startswith(">"):
            if not (is_open and found[-1].kind == "quote"):
                found.append(Block("quote"))
            found[-1].lines.append(Line(line.removeprefix(">").strip()))
            is_open = True
        elif _is_ours(line, ours) and raw.startswith("  ") and is_open and found[-1].kind not in {"link", "quote"}:
            found[-1].lines[-1].url = line
        elif _is_ours(line, ours):
            found.append(Block("link", [Line("", line)]))
            is_open = False
        elif line.startswith("- "):
            if not (is_open and found[-1].kind == "list"):
                _make_heading(found, follows=is_open)
                found.append(Block("list"))
            found[-1].lines.append(Line(line.removeprefix("- ").strip()))
            is_open = True
        elif is_open and found[-1].kind == "text":
            found[-1].lines.append(Line(line))
        else:
            found.append(Block("text", [Line(line)]))
            is_open = True
    return found


def _is_ours(line: str, ours: tuple[str, ...]) -> bool:
    return line.startswith(ours) and not any(sign.isspace() for sign in line) if ours else False


def _make_heading(found: list[Block], *, follows: bool) -> None:
    if follows and found and found[-1].kind == "text" and len(found[-1].lines) == 1:
        found[-1].kind = "heading"


def preheader_of(blocks: list[Block]) -> str:
    """The first sentence that says something: not the greeting."""
    texts = [" ".join(line.text for line in block.lines) for block in blocks if block.kind != "link"]
    said = texts[1] if len(texts) > 1 and texts[0].endswith(",") else next(iter(texts), "")
    return said[:PREHEADER]


def page_of(
    subject: str, body: str, *, ours: tuple[str, ...], studio: Studio | None = None, logo: str = "", footer: str = ""
) -> str:
    """The whole HTML of a mail in the active language. `logo`: the Content-ID of the studio's logo, if it comes along;
    `footer`: why one gets this, as text of the same kind."""
    blocks = blocks_of(body, ours)
    context = {
        "language": get_language(),
        "subject": subject,
        "preheader": preheader_of(blocks),
        "blocks": blocks,
        "has_one_link": sum(block.kind == "link" for block in blocks) == 1,
        "footer": blocks_of(footer, ours),
        "studio": studio,
        "logo": logo,
    }
    return render_to_string("portal/mail/frame.html", context)
