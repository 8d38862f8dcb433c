"""Files as they come: what can be read is read, and the rest gets a reason with its line (S19)."""

import gzip
import time

import pytest

from portal.imports.reading import MAX_BYTES, Unreadable, read
from tests.portal.files import MEMBERS

PLAIN = "number,name\n1,Anna\n2,Zoë 🧘\n"


@pytest.mark.parametrize(
    ("content", "encoding", "separator"),
    [
        (PLAIN.encode(), "utf-8", ","),
        (b"\xef\xbb\xbf" + PLAIN.encode(), "utf-8", ","),
        (PLAIN.encode("utf-16"), "utf-16", ","),
        (PLAIN.encode("utf-16-le"), "utf-16", ","),
        (PLAIN.encode("utf-16-be"), "utf-16", ","),
        (PLAIN.replace(",", ";").encode(), "utf-8", ";"),
        (PLAIN.replace(",", "\t").encode(), "utf-8", "\t"),
        (PLAIN.replace("\n", "\r").encode(), "utf-8", ","),
        (PLAIN.replace("\n", "\r\n").encode(), "utf-8", ","),
    ],
)
def test_the_same_rows_come_out_of_every_way_to_write_them(content: bytes, encoding: str, separator: str) -> None:
    table = read(content)

    assert table.header == ["number", "name"]
    assert [(row.line, row.cells) for row in table.rows] == [(2, ["1", "Anna"]), (3, ["2", "Zoë 🧘"])]
    assert (table.encoding, table.separator) == (encoding, separator)


@pytest.mark.parametrize("encoding", ["cp1252", "iso8859_15"])
def test_an_old_encoding_is_guessed_so_that_umlauts_are_right(encoding: str) -> None:
    assert read(MEMBERS.encode(encoding)).rows[0].cells[1:3] == ["Jörg", "Müller"]


def test_a_wrong_guess_can_be_overruled() -> None:
    content = "name;city\nŁukasz;Łódź\n".encode("cp1250")

    assert read(content, encoding="cp1250").rows[0].cells == ["Łukasz", "Łódź"]


def test_the_line_of_a_row_counts_the_lines_within_cells() -> None:
    table = read(b'name,notes\nAnna,"two\nlines"\nBen,\n')

    assert [row.line for row in table.rows] == [2, 4]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", None, "is empty"),
        (b"\n \n", None, "is empty"),
        (b"name,city\n", None, "no rows"),
        (b"a,b\n1,\0\n", 2, "NUL"),
        (b'a,b\n1,2\n3,"never closed\n4,5\n', 3, "never closed"),
        (b'a,b\n1,"x"y\n', 2, "middle of a cell"),
        (b"a,b\n1," + b"x" * 140_000 + b"\n", 2, "longer than"),
        (b"a,b\n1," + "é".encode() * 20_000 + b"\n", 2, "longer than"),
        (b"name,city,name\n1,2,3\n", 1, "more than once"),
        (",".join(f"c{n}" for n in range(65)).encode() + b"\n1\n", 1, "65 columns"),
        (b"a,b\n" + b"1,2\n" * 20_001, 20_002, "more than 20000 rows"),
        (b"a,b\n" + b"1\n" * 10**6, 20_002, "more than 20000 rows"),
        (b"PK\x03\x04whatever", None, "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", None, "workbook"),
        (gzip.compress(b"a,b\n" * 10**6), None, "compressed"),
        (b"%PDF-1.7", None, "PDF"),
        (b"x" * (MAX_BYTES + 1), None, "larger than 5 MiB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_line_and_reason(
    content: bytes, line: int | None, words: str
) -> None:
    began = time.monotonic()

    with pytest.raises(Unreadable) as refusal:
        read(content)

    assert refusal.value.line == line
    assert words in refusal.value.text % refusal.value.params
    assert time.monotonic() - began < 5


def test_a_file_that_is_not_in_the_encoding_it_was_said_to_have_is_refused() -> None:
    with pytest.raises(Unreadable) as refusal:
        read("a,b\n1,2\n3,ü\n".encode("cp1252"), encoding="utf-8")

    assert refusal.value.line == 3


def test_a_row_that_repeats_the_header_or_has_too_many_cells_is_refused_alone() -> None:
    table = read(b"a,b\n1,2\na,b\n3,4,5\n6\n")

    assert [(row.line, bool(row.problem)) for row in table.rows] == [(2, False), (3, True), (4, True), (5, False)]
    assert table.rows[3].cells == ["6", ""]
