"""Small files made to cost much: each is answered within five seconds of CPU time.

The sizes are a fraction of what is allowed, and what is measured grows at most in step
with the size; without the budgets each of these takes many times as long.
"""

import time
import tracemalloc
from collections.abc import Callable

import pytest

from idservice.errors import InputTooLarge
from idservice.pades.facts import read_facts
from idservice.pdf.raw_objects import skip
from support.pdfs import plain_objects, stream_pdf, table_pdf

_MARK = b"<< /ByteRange [0] >> "


def _end(start: bytes) -> bytes:
    return start + b"\nstartxref\n9\n%%EOF\n"


ATTACKS: dict[str, Callable[[], bytes]] = {
    "one object with many marks": lambda: (
        b"%PDF-1.7\n1 0 obj\n[" + b"0 " * 90_000 + _MARK * 64 + b"]\nendobj\n"
    ),
    "many objects without an end": lambda: (
        b"%PDF-1.7\n" + b"1 0 obj [(/ByteRange\n" * 64 + b"a" * 30_000_000
    ),
    "marks in strings that do not end": lambda: (
        b"%PDF-1.7\n1 0 obj << /X " + b"(/ByteRange " * 64 + b"a" * 30_000_000
    ),
    "headers of objects": lambda: b"%PDF-1.7\n" + b"1 0 obj\n" * 3_000_000,
    "comments": lambda: _end(b"%PDF-1.7\nxref\n" + b"%\n" * 8_000_000 + b"0 0\ntrailer << >>"),
    "odd entries": lambda: _end(
        b"%PDF-1.7\nxref\n0 900000\n" + b"0000000000 65535 f\n" * 900_000 + b"trailer << >>"
    ),
    "a table of too many": lambda: _end(
        b"%PDF-1.7\nxref\n0 2000000\n" + b"0000000000 65535 f \n" * 2_000_000 + b"trailer << >>"
    ),
    "names of signatures": lambda: table_pdf(plain_objects(o9=b"[" + b"/Sig " * 90_000 + b"]")),
}


@pytest.mark.parametrize("name", list(ATTACKS))
def test_a_file_made_to_cost_time_is_cheap(name: str) -> None:
    """No signature is intact, and the answer is there within the time."""
    data = ATTACKS[name]()
    started = time.process_time()
    found = read_facts(data)
    assert time.process_time() - started < 5
    assert not any(item.identified for item in found.signatures)


def test_comments_are_skipped_without_memory() -> None:
    """Ten million bytes of comments need no memory to be passed over."""
    data = b"%\n" * 5_000_000
    tracemalloc.start()
    try:
        assert skip(data, 0) == len(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_all_signatures_share_one_budget() -> None:
    """Sixty dictionaries of ten thousand entries are not all kept: the file is refused."""
    entries = b"/X [" + b"0 " * 10_000 + b"]"
    value = b"<< /Type /Sig /Contents <00> /ByteRange [0 1 2 3] %b >>" % entries
    objects = {f"o{10 + number}": value for number in range(60)}
    found = read_facts(table_pdf(plain_objects(**objects)))
    assert [item.code for item in found.findings] == ["pdf_damaged"]
    assert "too large" in found.findings[0].message


def test_a_small_object_stream_may_not_become_a_large_one() -> None:
    """A hundred kilobytes that unpack to a hundred megabytes are refused."""
    bomb = b"null" + b" " * (97 * 1024 * 1024)
    data = stream_pdf(plain_objects(o9=bomb), compressed=(9,))
    assert len(data) < 200_000
    try:
        codes = [item.code for item in read_facts(data).findings]
    except InputTooLarge:
        return
    assert codes == ["pdf_damaged"]
