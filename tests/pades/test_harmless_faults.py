"""Small faults of a file that was signed all the same: borne when they change nothing."""

import re
import zlib

import pytest

from idservice.errors import MalformedPdf
from idservice.pdf.document import open_document
from idservice.pdf.faulty_document import open_with_faults
from idservice.validation.facts import Coverage, Integrity
from support.faulty_pdfs import base, signed_over
from support.pdfs import TEXT, append_table
from support.signed_pdfs import codes, facts_of, only_signature

GOOD = base()
FLATE = zlib.compress(TEXT)


def stream(length: int, data: bytes, entries: bytes = b"") -> bytes:
    """A file whose page has a stream that says to have another length than it has."""
    return base(o4=b"<< /Length %d %b >>\nstream\n%b\nendstream" % (length, entries, data))


def deflated(length: int, behind: bytes = b"") -> bytes:
    """The same with compressed data, and more behind their end."""
    return stream(length, FLATE + behind, b"/Filter /FlateDecode")


BORNE = {
    "compressed data longer than said": deflated(len(FLATE) + 7),
    "compressed data far longer than said": deflated(len(FLATE) + 300),
    "compressed data in a row of filters": stream(len(FLATE) + 9, FLATE, b"/Filter [/FlateDecode]"),
    "no endobj behind a stream": GOOD.replace(b"endstream\nendobj", b"endstream\n      ", 1),
    "table that counts from one": re.sub(rb"xref\n0 (\d+)", rb"xref\n1 \1", GOOD),
    "entries of 21 bytes": GOOD.replace(b" n \n", b" n \r\n").replace(b" f \n", b" f \r\n"),
    "blanks in front of the table": GOOD.replace(b"xref\n0", b"\n\nxref\n0", 1),
}
QUIET = {
    "nothing": GOOD,
    "more blanks in a stream than said": stream(len(TEXT), TEXT + b" " * 12),
    "entries of 19 bytes": GOOD.replace(b" n \n", b" n\n").replace(b" f \n", b" f\n"),
    "no endobj": GOOD.replace(b"endobj", b"      ", 1),
    "size too small": re.sub(rb"/Size \d+", b"/Size 3", GOOD),
    "size too large": re.sub(rb"/Size \d+", b"/Size 99", GOOD),
    "junk behind the end": GOOD + b"<html></html>\n",
    "no mark of the end": GOOD.replace(b"%%EOF\n", b"\n"),
    "a previous section at zero": GOOD.replace(b"trailer\n<< ", b"trailer\n<< /Prev 0 "),
    "no entry for object 0": re.sub(
        rb"xref\n0 (\d)\n.{20}", lambda m: b"xref\n1 %d\n" % (int(m[1]) - 1), GOOD, flags=re.DOTALL
    ),
}
REFUSED = {
    "text shorter than said": stream(len(TEXT) - 3, TEXT),
    "text longer than said": stream(len(TEXT) + 5, TEXT),
    "compressed data cut off": deflated(len(FLATE) - 4),
    "compressed data of no length": deflated(0),
    "an entry that leads nowhere": GOOD.replace(b"%010d" % GOOD.index(b"5 0 obj"), b"0000000011"),
    "a table that counts from two": re.sub(rb"xref\n0 (\d+)", rb"xref\n2 \1", GOOD),
    "an object that is written twice": GOOD.replace(b" 00000 n \n", b" 00000 n \r\n").replace(
        b"4 0 obj", b"4 0 obj null endobj\n4 0 obj", 1
    ),
}


@pytest.mark.parametrize("name", list(BORNE))
def test_a_fault_that_changes_nothing_is_told(name: str) -> None:
    """The signature holds, a warning names the fault, and signing still refuses the file."""
    data = signed_over(BORNE[name])
    signature = only_signature(data)
    assert (signature.integrity, signature.coverage) == (Integrity.INTACT, Coverage.WHOLE_FILE)
    assert codes(signature) == {"pdf_fault_harmless"}
    assert signature.level == "PAdES_BASELINE_B"
    with pytest.raises(MalformedPdf):
        open_document(data)


@pytest.mark.parametrize("name", list(QUIET))
def test_what_is_no_fault_to_any_reader_is_read(name: str) -> None:
    """What every reader takes alike needs no word."""
    signature = only_signature(signed_over(QUIET[name]))
    assert (signature.integrity, signature.coverage) == (Integrity.INTACT, Coverage.WHOLE_FILE)
    assert codes(signature) == set()


@pytest.mark.parametrize("name", list(REFUSED))
def test_a_fault_that_readers_take_differently_is_damage(name: str) -> None:
    """Where two readers could see two documents, no signature over them counts."""
    found = facts_of(signed_over(REFUSED[name]))
    assert [item.code for item in found.findings] == ["pdf_damaged"]
    assert "pdf_damaged" in codes(found.signatures[0])


def test_a_fault_of_later_is_damage() -> None:
    """Nobody appends a badly written stream to a signed file for an honest reason."""
    later = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (
        len(FLATE) + 7,
        FLATE,
    )
    data = append_table(signed_over(GOOD), {20: later}, size=21)
    (finding,) = facts_of(data).findings
    assert "written after a signature" in finding.message
    assert open_with_faults(data).faults


def test_later_changes_are_judged_over_an_old_fault() -> None:
    """A change after the signature is found although the first revision has a fault."""
    first = signed_over(BORNE["compressed data longer than said"])
    page = b"<< /Length 3 >>\nstream\nq Q\nendstream"
    signature = only_signature(append_table(first, {4: page}, size=18))
    assert signature.coverage is Coverage.REVISION
    assert any(item.code == "page-content-changed" for item in signature.changes)
    harmless = only_signature(append_table(first, {20: b"null"}, size=21))
    assert not any(item.code == "page-content-changed" for item in harmless.changes)


def test_what_an_update_says_too_much_of_its_size_is_read() -> None:
    """An update whose /Size is too large hides nothing; one that is too small may."""
    signed = signed_over(GOOD)
    large = append_table(signed, {20: b"null"}, size=40)
    assert "pdf_damaged" not in codes(only_signature(large))
    small = append_table(signed, {20: b"null"}, size=7)
    assert "pdf_damaged" in codes(only_signature(small))
