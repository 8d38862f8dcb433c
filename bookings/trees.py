"""The two decision trees as drawings (K7): boxes in a grid, arrows between them, and which of them a path lit.

Pure: words come in, numbers for an SVG go out. `bookings.why` says what a reservation's path was.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from textwrap import wrap

WIDTH, GAP_X, LINE, PAD, GAP_Y = 250, 80, 17, 12, 40
LETTERS = 34  # of a line in a box; of bold words a few less
MARGIN = 10


@dataclass(frozen=True)
class Box:
    """One question or one end, in a cell of the grid."""

    key: str
    column: int
    row: int
    words: str
    is_end: bool = False


@dataclass(frozen=True)
class Arrow:
    """From one box to another; `answer` stands beside it. `back`: around the right side to above its aim."""

    start: str
    end: str
    answer: str
    back: bool = False

    @property
    def key(self) -> str:
        return f"{self.start}-{self.end}"


@dataclass(frozen=True)
class Tree:
    name: str
    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True)
class Line:
    words: str
    x: int
    y: int
    is_fact: bool = False


@dataclass(frozen=True)
class DrawnBox:
    x: int
    y: int
    height: int
    lines: list[Line]
    is_end: bool
    is_lit: bool
    width: int = WIDTH


@dataclass(frozen=True)
class DrawnArrow:
    path: str
    # The tip: a small triangle.
    tip: str
    answer: Line
    is_lit: bool


@dataclass(frozen=True)
class Drawing:
    """Ready for `components/tree.html`: lit arrows come last, so that they lie on top."""

    tree: Tree
    width: int
    height: int
    boxes: list[DrawnBox] = field(default_factory=list)
    arrows: list[DrawnArrow] = field(default_factory=list)

    @property
    def in_words(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Each question, from the top, with its answers and where they lead."""
        words = {box.key: box.words for box in self.tree.boxes}
        questions = sorted((box for box in self.tree.boxes if not box.is_end), key=lambda box: (box.row, box.column))
        return [
            (box.words, [(arrow.answer, words[arrow.end]) for arrow in self.tree.arrows if arrow.start == box.key])
            for box in questions
        ]


def draw(tree: Tree, lit: Collection[str] = (), facts: Mapping[str, str] | None = None) -> Drawing:
    """`lit`: keys of boxes and arrows; `facts`: what stands under a box's words, by its key."""
    facts = facts or {}
    lines = {
        box.key: [(words, False) for words in wrap(box.words, LETTERS - 4)]
        + [(words, True) for words in wrap(facts.get(box.key, ""), LETTERS)]
        for box in tree.boxes
    }
    heights: dict[int, int] = {}
    for box in tree.boxes:
        heights[box.row] = max(heights.get(box.row, 0), len(lines[box.key]) * LINE + 2 * PAD)
    tops, top = {}, MARGIN
    for row in sorted(heights):
        tops[row] = top
        top += heights[row] + GAP_Y
    drawn = {}
    for box in tree.boxes:
        x, y = MARGIN + box.column * (WIDTH + GAP_X), tops[box.row]
        first = y + (heights[box.row] - len(lines[box.key]) * LINE) // 2 + LINE - 4
        told = [Line(words, x + PAD, first + at * LINE, is_fact) for at, (words, is_fact) in enumerate(lines[box.key])]
        drawn[box.key] = DrawnBox(x, y, heights[box.row], told, box.is_end, box.key in lit)
    back = any(arrow.back for arrow in tree.arrows)
    width = max(box.x for box in drawn.values()) + WIDTH + MARGIN + (24 if back else 0)
    arrows = [_arrow(arrow, drawn, width, is_lit=arrow.key in lit) for arrow in tree.arrows]
    return Drawing(
        tree, width, top - GAP_Y + MARGIN, list(drawn.values()), sorted(arrows, key=lambda arrow: arrow.is_lit)
    )


def _arrow(arrow: Arrow, boxes: Mapping[str, DrawnBox], width: int, *, is_lit: bool) -> DrawnArrow:
    start, end = boxes[arrow.start], boxes[arrow.end]
    middle, side = start.y + start.height // 2, start.x + WIDTH
    if arrow.back:
        over = end.y - GAP_Y // 2
        aim = end.x + WIDTH // 2
        path = f"M{side} {middle}H{width - MARGIN - 6}V{over}H{aim + 6}"
        return DrawnArrow(path, _tip(aim + 2, over, "left"), Line("", 0, 0), is_lit)
    if start.x == end.x:
        aim = start.x + WIDTH // 2
        if end.y < start.y:
            foot = end.y + end.height
            label = Line(arrow.answer, aim + 8, start.y - 8)
            return DrawnArrow(f"M{aim} {start.y}V{foot + 7}", _tip(aim, foot, "up"), label, is_lit)
        label = Line(arrow.answer, aim + 8, start.y + start.height + 14)
        return DrawnArrow(f"M{aim} {start.y + start.height}V{end.y - 7}", _tip(aim, end.y, "down"), label, is_lit)
    label = Line(arrow.answer, side + 8, middle - 6)
    if start.y == end.y:
        return DrawnArrow(f"M{side} {middle}H{end.x - 7}", _tip(end.x, middle, "right"), label, is_lit)
    level, turn = end.y + end.height // 2, side + GAP_X // 2
    return DrawnArrow(f"M{side} {middle}H{turn}V{level}H{end.x - 7}", _tip(end.x, level, "right"), label, is_lit)


def _tip(x: int, y: int, direction: str) -> str:
    match direction:
        case "down":
            return f"M{x - 5} {y - 8}H{x + 5}L{x} {y}Z"
        case "up":
            return f"M{x - 5} {y + 8}H{x + 5}L{x} {y}Z"
        case "left":
            return f"M{x + 8} {y - 5}V{y + 5}L{x} {y}Z"
    return f"M{x - 8} {y - 5}V{y + 5}L{x} {y}Z"
