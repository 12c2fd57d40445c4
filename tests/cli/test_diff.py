"""`idservice diff`: what each revision changed, for people and for programs."""

import itertools
import json
import re
from pathlib import Path

import pytest

from idservice.cli import main
from support import pdfs
from support.commands import Transcript
from support.pdf_writing import stream
from support.revision_writing import Revision
from support.signing import signed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def content_replaced(data: bytes) -> bytes:
    """Append a revision that shows another text on the first page."""
    change = Revision(data)
    page = int(re.findall(rb"(\d+) 0 obj\s*<<[^>]*/Type /Page\b", data)[0])
    new = change.add(stream(b"BT /F1 18 Tf 72 720 Td (Pay 900 euros) Tj ET"))
    return change.put(page, {"Contents": b"%d 0 R" % new}).build()


def diff(capsys: pytest.CaptureFixture[str], *arguments: str) -> Transcript:
    """Run the command in this process."""
    code = main.run(["--home", "no-home", "diff", *arguments])
    printed = capsys.readouterr()
    return Transcript(code, printed.out, printed.err)


def test_each_revision_is_told_with_who_signed_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A twice-signed file has three revisions; both signatures are at the ones they cover."""
    (folder / "a.pdf").write_bytes(signed(signed(pdfs.baseline())))
    done = diff(capsys, "a.pdf", "--json")
    assert done.code == 0
    revisions = json.loads(done.out)["revisions"]
    assert [item["signatures"] for item in revisions] == [[], ["Signature1"], ["Signature2"]]
    assert [item["revision"] for item in revisions] == [1, 2, 3]
    assert revisions[0]["start"] == 0
    assert revisions[-1]["end"] == (folder / "a.pdf").stat().st_size
    pairs = itertools.pairwise(revisions)
    assert all(one["end"] == two["start"] for one, two in pairs)
    before, after = revisions[1]["changes"], revisions[2]["changes"]
    assert {item["verdict"] for item in before} == {None}
    assert {item["verdict"] for item in after} == {"permitted"}
    assert revisions[2]["objects"]["added"] > 0


def test_a_changed_page_is_named_and_fails(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Replaced content is told with its page, and the command ends with 1."""
    (folder / "a.pdf").write_bytes(content_replaced(signed(pdfs.baseline())))
    done = diff(capsys, "a.pdf", "--json")
    assert done.code == 1
    (found,) = [
        change
        for change in json.loads(done.out)["revisions"][-1]["changes"]
        if change["verdict"] == "forbidden"
    ]
    assert found["page"] == 1
    shown = diff(capsys, "a.pdf")
    assert shown.code == 1
    assert "forbidden" in shown.out
    assert found["code"] in shown.out


def test_changes_of_an_unsigned_file_are_told_without_a_verdict(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody forbade a change before the first signature, so it does not fail."""
    (folder / "a.pdf").write_bytes(content_replaced(pdfs.baseline()))
    done = diff(capsys, "a.pdf", "--json")
    assert done.code == 0
    (_, second) = json.loads(done.out)["revisions"]
    assert {item["verdict"] for item in second["changes"]} == {None}
    assert second["changes"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"hello", "unknown_format"), (b"%PDF-1.7\nrubbish", "malformed_pdf")],
    ids=["text", "damaged"],
)
def test_what_has_no_revisions_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], content: bytes, code: str
) -> None:
    """A file that is no PDF, or a damaged one, ends with 2 and a clear message."""
    (folder / "a.pdf").write_bytes(content)
    done = diff(capsys, "a.pdf")
    assert (done.code, done.out) == (2, "")
    assert code in done.err


def test_names_from_the_document_cannot_move_the_cursor(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a document says never reaches the terminal as control characters."""
    data = signed(pdfs.baseline())
    change = Revision(data)
    field, _ = change.signatures()[0]
    data = change.put(field, {"T": b"(\\033[31mred)"}).build()
    (folder / "a.pdf").write_bytes(data)
    done = diff(capsys, "a.pdf")
    assert "\x1b" not in done.out + done.err
