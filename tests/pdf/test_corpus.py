"""Files by other producers: what is to be signed signs, what is damaged is refused cleanly.

The collection is not part of this project; the test is skipped where it does not stand
beside it. Where an expectation of the collection is wrong, the exception is named here
with the argument.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from idservice.errors import (
    IdServiceError,
    MalformedPdf,
    PdfPasswordWrong,
    UnsupportedPdf,
)
from idservice.pades.facts import read_facts
from idservice.pdf.document import open_document
from idservice.pdf.repair import repair
from idservice.validation.facts import Coverage, Integrity
from support.signing import signed

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
TABLE = CORPUS / "expected.tsv"

if not TABLE.exists():
    pytest.skip("corpus: the collection is not beside the project", allow_module_level=True)

NEEDS_REPAIR = {
    "pdf.js/encrypted-attachment.pdf": "startxref points to no cross-references",
    "pdf.js/outlines_for_editor.pdf": "startxref points to no cross-references",
    "pdf20examples/pdf20-utf8-test.pdf": "startxref points to no cross-references",
    "pyhanko/minimal-annotless.pdf": "the entry of object 3 points into white space",
    "pyhanko/minimal-badxref.pdf": "a cross-reference entry is no entry",
    "pyhanko/minimal-startxref-obo1.pdf": "startxref is off by one",
    "pyhanko/minimal-startxref-obo2.pdf": "startxref is off by one",
    "pyhanko/minimal-startxref-obo4.pdf": "startxref is off by one",
    "pyhanko/minimal-startxref-obo5.pdf": "startxref is off by two",
    "pyhanko/minimal-startxref-obo6.pdf": "startxref is off by three",
    "pypdf/issue-297.pdf": "startxref points to no cross-references",
    "pypdf/selenium-pypdf-issue-177.pdf": "startxref is not within the last kilobyte",
    "pypdf/toy.pdf": "the offsets of all objects are wrong",
}
"""Marked as signable, but their offsets are wrong. An update refers to those offsets, and
whoever reads strictly would not find the document that was signed; so they are refused by
default, naming the damage, and sign after an explicit repair."""

NO_PASSWORD_GIVEN = {
    "open-pdf-sign/demo_protected.pdf",
    "pdf.js/auth-event-ef-open.pdf",
    "pdf.js/pr6531_1.pdf",
    "qpdf/enc-long-password.pdf",
    "safedocs/unicode-corrigendum5-fixed.pdf",
    "safedocs/unicode-test-U2F874-correct.pdf",
    "safedocs/unicode-test-U2F874-wrong.pdf",
}
"""Encrypted with a user password that the table does not tell: nobody can open them with
the empty one, so the right answer is that a password is needed."""

NOT_SIGNABLE = {
    "pdf.js/Pages-tree-refs.pdf": "the page tree is circular: which pages the document has "
    "depends on the reader, so a signature would not say what was signed; qpdf reports an error",
    "pyhanko/circular-page-tree.pdf": "as above; validating the result must fail, says the note",
    "qpdf/deep-pages.pdf": "more than a hundred levels deep, and circular at the last of them",
    "qpdf/minimal-linearize-pass1.pdf": "the first of two passes of a writer: all entries of its "
    "cross-references are zero, and no reader finds a catalog",
    "safedocs/Dialect-DictIsStream.pdf": "its only page is a stream, which is no page object "
    "(ISO 32000-2 cl. 7.7.3.3); qpdf finds no page in it",
    "verapdf-corpus/veraPDF test suite 6-1-11-t01-pass-a.pdf": "its signature claims bytes behind "
    "the end of the file, where a further signature would come to stand: neither could be valid",
    "sample-files/unreadablemetadata.pdf": "some bytes were lost in the middle: the page tree is "
    "gone, and poppler shows no page either",
}
"""Marked as signable, but refused for good."""

SIGNABLE = {
    "pdf.js/bad-PageLabels.pdf": "only a page label is odd text; the syntax is right and all "
    "readers show the same page",
    "pyhanko/minimal-with-orphaned-xrefs.pdf": "a generation number above zero without history; "
    "table, object and reference agree on it, so nothing is to be guessed",
    "qpdf/badlin1.pdf": "only hints for loading the first page faster are wrong; an appended "
    "update makes every reader ignore them",
    "qpdf/invalid-id-xref.pdf": "encrypted without identifier, as encrypted_doc_no_id.pdf, which "
    "is to be signed; the password is confirmed with the empty identifier",
}
"""Marked as damaged, but nothing that is read depends on the fault."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    expected: str
    password: str

    @property
    def data(self) -> bytes:
        """The file."""
        return (CORPUS / "plain" / self.name).read_bytes()


def _rows() -> list[Row]:
    with TABLE.open(newline="", encoding="utf-8") as table:
        lines = list(csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return [
        Row(line[0].removeprefix("plain/"), line[2], line[4])
        for line in lines
        if line[1] == "plain"
    ]


ROWS = _rows()


def _named(names: set[str]) -> list[Row]:
    return [row for row in ROWS if row.name in names]


REFUSED = NEEDS_REPAIR.keys() | NO_PASSWORD_GIVEN | NOT_SIGNABLE.keys()
SIGNS = [
    row
    for row in ROWS
    if row.name in SIGNABLE or (row.expected == "sign-ok" and row.name not in REFUSED)
]
DAMAGED = [row for row in ROWS if row.expected == "reject" and row.name not in SIGNABLE]


def test_the_collection_is_here() -> None:
    """The exceptions above all name files of the collection."""
    names = {row.name for row in ROWS}
    assert REFUSED | SIGNABLE.keys() <= names


@pytest.mark.parametrize("row", SIGNS, ids=lambda row: row.name)
def test_signs(row: Row) -> None:
    """A sound file signs; the input is a prefix, and the result reads strictly again."""
    data = signed(row.data, password=row.password)
    assert data.startswith(row.data)
    again = open_document(data, password=row.password)
    assert again.is_signed


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.name, marks=() if number % 8 == 0 else pytest.mark.slow)
        for number, row in enumerate(SIGNS)
    ],
)
def test_verifies(row: Row) -> None:
    """What was signed passes our own validation, whatever else the file holds."""
    facts = read_facts(signed(row.data, password=row.password), password=row.password)
    newest = facts.signatures[-1]
    assert newest.integrity is Integrity.INTACT, newest.findings
    assert newest.coverage is Coverage.WHOLE_FILE, newest.findings
    assert {item.code for item in facts.findings} <= {"usage_rights_not_validated"}


@pytest.mark.parametrize("row", DAMAGED, ids=lambda row: row.name)
def test_refuses_damage(row: Row) -> None:
    """A damaged file is refused with an error of ours that says what to do."""
    with pytest.raises(IdServiceError) as caught:
        signed(row.data, password=row.password)
    assert caught.value.fix


@pytest.mark.parametrize("row", _named(set(NEEDS_REPAIR)), ids=lambda row: row.name)
def test_signs_after_repair(row: Row) -> None:
    """A file with wrong offsets is refused, naming --repair, and signs once rewritten."""
    with pytest.raises(MalformedPdf) as caught:
        signed(row.data, password=row.password)
    assert "--repair" in caught.value.fix
    if row.name == "pdf.js/encrypted-attachment.pdf":
        with pytest.raises(PdfPasswordWrong):
            repair(row.data)
        return
    repaired = repair(row.data, password=row.password)
    assert repaired.faults
    assert open_document(signed(repaired.data)).is_signed


@pytest.mark.parametrize("row", _named(NO_PASSWORD_GIVEN), ids=lambda row: row.name)
def test_asks_for_the_password(row: Row) -> None:
    """A file with an unknown user password is refused as such, not as damaged."""
    with pytest.raises(PdfPasswordWrong):
        signed(row.data)


@pytest.mark.parametrize("row", _named(set(NOT_SIGNABLE)), ids=lambda row: row.name)
def test_refuses_what_has_no_one_reading(row: Row) -> None:
    """A file without one certain reading is refused, whatever the table says."""
    with pytest.raises(MalformedPdf):
        signed(row.data)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.expected == "n/a"], ids=lambda row: row.name
)
def test_refuses_public_key_encryption(row: Row) -> None:
    """Public-key encryption is named as not supported."""
    with pytest.raises(UnsupportedPdf, match="public-key"):
        signed(row.data)
