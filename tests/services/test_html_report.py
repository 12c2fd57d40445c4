"""The report in HTML: one file that shows what was signed beside what the document shows now."""

import base64
import io
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from idservice.cli import main
from idservice.services import report_pages
from support import pdfs
from support.pdf_writing import stream, table_pdf
from support.pki import chain
from support.programs import require_program
from support.rendering import chromium
from support.revision_writing import Revision
from support.signing import signed


class Page(HTMLParser):
    """Collects what a browser would load and show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.shown: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.shown.append(data)

    def all(self, tag: str, name: str = "") -> list[dict[str, str | None]]:
        """Attributes of all elements with a tag, and a class where one is given."""
        return [
            attributes
            for found, attributes in self.tags
            if found == tag and name in (attributes.get("class") or "")
        ]

    @property
    def text(self) -> str:
        """What can be read."""
        return " ".join(" ".join(self.shown).split())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a home, and the anchor of the signers."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "root.pem").write_bytes(chain().root.pem)
    return tmp_path


def report_on(data: bytes, folder: Path, *arguments: str) -> tuple[int, Page]:
    """Validate a document with a report, and read that."""
    (folder / "a.pdf").write_bytes(data)
    arguments = ("--trust", "root.pem", "--report", "r.html", *arguments)
    code = main.run(["--home", "no-home", "verify", "a.pdf", *arguments])
    return code, Page((folder / "r.html").read_text(encoding="utf-8"))


def overwritten(data: bytes) -> bytes:
    """Append a revision that covers the first page with a black bar."""
    change = Revision(data)
    page = int(re.findall(rb"(\d+) 0 obj\s*<<[^>]*/Type /Page\b", data)[0])
    bar = change.add(stream(b"0 0 0 rg 72 600 200 60 re f"))
    return change.put(page, {"Contents": b"%d 0 R" % bar}).build()


def test_a_sound_document_has_its_pages_side_by_side(folder: Path) -> None:
    """A valid signature passes; its page is shown twice and nothing is framed."""
    code, page = report_on(signed(pdfs.baseline()), folder)
    assert code == 0
    assert len(page.all("img")) == 2
    assert not page.all("div", "mark")
    assert "TOTAL-PASSED" in page.text
    assert "looks the same" in page.text


def test_the_file_needs_nothing_else(folder: Path) -> None:
    """No script, link or address outside; every picture is in the file, in a known format."""
    _, page = report_on(signed(pdfs.baseline()), folder)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "iframe", "object", "form"})
    for attributes in (attributes for _, attributes in page.tags):
        assert not [name for name in attributes if name.startswith("on")]
        assert "href" not in attributes
    for picture in page.all("img"):
        head, _, data = (picture["src"] or "").partition(",")
        assert head == "data:image/webp;base64"
        assert Image.open(io.BytesIO(base64.b64decode(data))).format == "WEBP"


def test_what_looks_different_is_framed_where_it_is(folder: Path) -> None:
    """A bar that was drawn over the page later is framed, as something forbidden."""
    code, page = report_on(overwritten(signed(pdfs.baseline())), folder)
    assert code == 1
    marks = page.all("div", "mark forbidden")
    assert marks
    place = dict(re.findall(r"(\w+):([\d.]+)%", marks[0]["style"] or ""))
    # The page has 842 points; the bar stands between 600 and 660 of them.
    top, bottom = float(place["top"]), float(place["top"]) + float(place["height"])
    assert top <= 100 * (842 - 660) / 842 + 2
    assert bottom >= 100 * (842 - 600) / 842 - 2
    assert "TOTAL-FAILED" in page.text


def test_only_so_many_pages_are_drawn_and_the_rest_is_counted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long document does not make an endless report, and the report says what it leaves out."""
    monkeypatch.setattr(report_pages, "MAX_PAGES", 3)
    _, page = report_on(signed(table_pdf(pdfs.many_pages(8))), folder)
    assert len(page.all("img")) == 6
    assert "5 further pages are not shown here." in page.text


def test_text_of_the_document_is_never_markup(folder: Path) -> None:
    """A field that is named like an element stays text."""
    change = Revision(signed(pdfs.baseline()))
    field, _ = change.signatures()[0]
    data = change.put(field, {"T": b"(<img src=x onerror=alert\\(1\\)>)"}).build()
    _, page = report_on(data, folder)
    assert all((item["src"] or "").startswith("data:") for item in page.all("img"))


def test_a_damaged_document_has_a_report_too(folder: Path) -> None:
    """What cannot be read is said, with no pages."""
    code, page = report_on(b"%PDF-1.7\nrubbish", folder)
    assert code == 1
    assert not page.all("img")
    assert "damaged" in page.text


def test_an_existing_report_is_kept_unless_it_may_be_replaced(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report never overwrites a file by accident, and says so before anything is drawn."""
    report_on(signed(pdfs.baseline()), folder)
    before = (folder / "r.html").read_bytes()
    code = main.run(["--home", "no-home", "verify", "a.pdf", "--report", "r.html"])
    assert code == 1
    assert "output_exists" in capsys.readouterr().err
    assert (folder / "r.html").read_bytes() == before
    report_on(b"%PDF-1.7\nrubbish", folder, "--force")
    assert (folder / "r.html").read_bytes() != before


def test_a_report_is_about_one_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two files with one report are wrong usage."""
    (folder / "a.pdf").write_bytes(signed(pdfs.baseline()))
    code = main.run(["--home", "no-home", "verify", "a.pdf", "a.pdf", "--report", "r.html"])
    assert code == 2
    assert "one file" in capsys.readouterr().err
    assert not (folder / "r.html").exists()


def test_it_fits_on_a_phone(folder: Path) -> None:
    """A report with changes and pictures needs no more than the 360 pixels of a small screen."""
    report_on(overwritten(signed(pdfs.baseline())), folder)
    with chromium(folder, (800, 800)) as browser:
        assert browser.width_needed((folder / "r.html").resolve().as_uri(), 360) == 360


def test_a_browser_prints_it(folder: Path) -> None:
    """Chromium makes a PDF of the report in which text and pictures are."""
    report_on(overwritten(signed(pdfs.baseline())), folder)
    out = folder / "printed.pdf"
    subprocess.run(
        [
            require_program("chromium"),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--print-to-pdf={out}",
            (folder / "r.html").as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    text = subprocess.run(
        [require_program("pdftotext"), str(out), "-"], check=True, capture_output=True, text=True
    ).stdout
    assert "must not be relied upon" in " ".join(text.split())
    assert "as signed" in text
