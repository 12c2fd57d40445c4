"""Visible signatures as other people's programs draw them, place them and read them."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import segno
from PIL import Image
from pyhanko.sign.validation.status import SignatureCoverageLevel

from idservice.pdf.document import open_document
from idservice.pdf.page_geometry import rectangle
from idservice.pdf.qr_code import QUIET_ZONE
from idservice.pdf.stamp import Box, Colour, Corner, Place
from support import oracles, pdfs
from support.pki import chain
from support.programs import require_program
from support.rendering import SCALE, by_pdfium, chromium, every_renderer, ink, likeness, part
from support.stamps import (
    archival_pdf,
    drawn,
    encoded,
    field_pdf,
    page_pdf,
    stamp,
    stamped,
)

Draw = Callable[..., Image.Image]

PLACE = Box(30, 40, 190, 70)
EDGE = 1.5
"""Points by which what is drawn may differ from what was asked: line width and rounding."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of unusual geometry and its size as seen, in points."""

    data: bytes
    width: float = 595
    height: float = 842


PAGES = {
    "plain": Page(page_pdf()),
    "turned-90": Page(page_pdf(b"/Rotate 90"), 842, 595),
    "turned-180": Page(page_pdf(b"/Rotate 180")),
    "turned-270": Page(page_pdf(b"/Rotate 270"), 842, 595),
    "turned-back": Page(page_pdf(b"/Rotate -90"), 842, 595),
    "turned-450": Page(page_pdf(b"/Rotate 450"), 842, 595),
    "turn-inherited": Page(page_pdf(tree=b"/Rotate 90"), 842, 595),
    "turn-overridden": Page(page_pdf(b"/Rotate 0", tree=b"/Rotate 90")),
    "boxes-inherited": Page(page_pdf(media=b"", tree=b"/MediaBox [0 0 400 300]"), 400, 300),
    "box-negative": Page(page_pdf(media=b"[-300 -400 100 200]"), 400, 600),
    "box-corners-swapped": Page(page_pdf(media=b"[400 600 0 0]"), 400, 600),
    "cropped": Page(page_pdf(b"/CropBox [100 150 500 650]"), 400, 500),
    "cropped-turned-90": Page(page_pdf(b"/CropBox [100 150 500 650] /Rotate 90"), 500, 400),
    "cropped-turned-180": Page(page_pdf(b"/CropBox [100 150 500 650] /Rotate 180"), 400, 500),
    "cropped-turned-270": Page(page_pdf(b"/CropBox [100 150 500 650] /Rotate 270"), 500, 400),
    "cropped-by-tree": Page(page_pdf(tree=b"/CropBox [100 150 500 650] /Rotate 90"), 500, 400),
    "crop-beyond-media": Page(page_pdf(b"/CropBox [-50 300 900 900]"), 595, 542),
    "unit-of-two": Page(page_pdf(b"/UserUnit 2", media=b"[0 0 300 400]"), 600, 800),
    "unit-turned": Page(page_pdf(b"/UserUnit 2 /Rotate 90", media=b"[0 0 300 400]"), 800, 600),
}

every_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


def seen_box(page: Page, box: Box) -> tuple[float, float, float, float]:
    """The rectangle of a box on a page as seen: left, bottom, right, top."""
    left = page.width - box.x - box.width if box.corner.is_right else box.x
    bottom = page.height - box.y - box.height if box.corner.is_top else box.y
    return left, bottom, left + box.width, bottom + box.height


def in_points(image: Image.Image, page: Page) -> Image.Image:
    """Scale a drawn page to the size that the document says; some programs ignore /UserUnit."""
    size = (round(page.width * SCALE), round(page.height * SCALE))
    near = max(abs(image.width - size[0]), abs(image.height - size[1])) <= 2
    return image if near else image.resize(size)


@every_renderer
@every_page
def test_a_stamp_stands_upright_where_it_was_asked(draw: Draw, page: Page, tmp_path: Path) -> None:
    """On every page the ink fills just the asked rectangle, and reads as on a plain page."""
    shown = stamp(place=Place(1, PLACE))
    image = in_points(draw(stamped(page.data, shown), tmp_path), page)
    assert abs(image.width - page.width * SCALE) <= 2
    assert ink(image) == pytest.approx(seen_box(page, PLACE), abs=EDGE)
    assert likeness(part(image, seen_box(page, PLACE)), stamp_on_a_plain_page()) > 0.96


@cache
def stamp_on_a_plain_page() -> Image.Image:
    """The stamp of the test above, where nothing can go wrong with it."""
    plain = by_pdfium(stamped(shown=stamp(place=Place(1, PLACE))), Path())
    return part(plain, seen_box(PAGES["plain"], PLACE))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_likeness_tells_a_turned_stamp_apart(turn: int) -> None:
    """The measure of the test above sees a stamp that stands on its head or lies on its side."""
    seen = stamp_on_a_plain_page()
    assert likeness(seen.rotate(turn, expand=True).resize(seen.size), seen) < 0.94


@every_renderer
@pytest.mark.parametrize("corner", Corner)
@pytest.mark.parametrize("page", ["plain", "cropped-turned-90"])
def test_distances_run_from_the_named_corner(
    draw: Draw, corner: Corner, page: str, tmp_path: Path
) -> None:
    """Each corner is that of the page as seen."""
    box = Box(25, 35, 190, 70, corner)
    image = draw(stamped(PAGES[page].data, stamp(place=Place(1, box))), tmp_path)
    assert ink(image) == pytest.approx(seen_box(PAGES[page], box), abs=EDGE)


@every_renderer
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_an_existing_field_shows_the_stamp_in_its_rectangle(
    draw: Draw, turn: int, tmp_path: Path
) -> None:
    """Upright on a turned page too, and where the author of the form drew the field."""
    data = field_pdf(b"[300 500 500 580]", page=b"/Rotate %d" % turn)
    image = draw(stamped(data, stamp(), field_name="Approval"), tmp_path)
    boxes = {
        0: (300, 500, 500, 580),
        90: (500, 95, 580, 295),
        180: (95, 262, 295, 342),
        270: (262, 300, 342, 500),
    }
    assert ink(image) == pytest.approx(boxes[turn], abs=EDGE)


@every_renderer
@pytest.mark.parametrize("revision", ["rc4-40", "rc4-128", "aes-128", "aes-256"])
def test_encrypted_documents_show_the_same(draw: Draw, revision: str, tmp_path: Path) -> None:
    """Fonts, pictures and appearances are encrypted as the document asks, and drawn alike."""
    name = f"encrypted-{revision}"
    case = pdfs.build(name)
    shown = stamp(place=Place(1, PLACE), picture=encoded(drawn()), qr_template="{code}")
    image = draw(stamped(case.data, shown, password=case.password), tmp_path)
    plain = draw(stamped(page_pdf(), shown), tmp_path)
    box = seen_box(PAGES["plain"], PLACE)
    assert likeness(part(image, box), part(plain, box)) > 0.995


@every_renderer
@pytest.mark.parametrize(
    ("reason", "archival"),
    [("no claim", None), ("calibrated", 2), ("flattened", 1)],
    ids=str,
)
def test_colours_and_alpha_are_right(
    draw: Draw, reason: str, archival: int | None, tmp_path: Path
) -> None:
    """A picture shows its colours, and what is transparent lets the background through."""
    del reason
    data = page_pdf() if archival is None else archival_pdf(archival)
    green = Colour(0.6, 1.0, 0.6)
    shown = stamp(
        place=Place(1, Box(100, 100, 132, 72)),
        template=None,
        picture=encoded(drawn()),
        frame=False,
        background=green,
    )
    image = draw(stamped(data, shown), tmp_path)
    area = part(image, (100, 100, 232, 172))
    red, blue, above, beside = (
        area.getpixel((round(x * SCALE), round(y * SCALE)))
        for x, y in ((40, 50), (90, 50), (66, 20), (66, 3))
    )
    behind = (255, 255, 255) if archival == 1 else (153, 255, 153)
    assert red == pytest.approx((220, 0, 0), abs=12)
    assert blue == pytest.approx((0, 0, 220), abs=12)
    assert above == pytest.approx(behind, abs=12)
    assert beside == pytest.approx((153, 255, 153), abs=12)


@every_renderer
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_is_seen_upright(draw: Draw, orientation: int, tmp_path: Path) -> None:
    """A JPEG that says how it is to be turned keeps its bytes and is turned."""
    upright = Image.new("RGB", (80, 80), "white")
    upright.paste((220, 0, 0), (0, 0, 40, 20))
    turned = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if turned is None else upright.transpose(turned)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = encoded(stored, "JPEG", quality=95, exif=exif)
    shown = stamp(
        place=Place(1, Box(100, 100, 100, 100)), template=None, picture=picture, frame=False
    )
    data = stamped(shown=shown)
    assert picture in data
    box = ink(draw(data, tmp_path))
    assert box == pytest.approx((106, 172, 150, 194), abs=2.5)


@every_renderer
@pytest.mark.parametrize("text", ["https://id.example.ee/1", "JÕEORG Привет", "0123456789" * 12])
def test_a_qr_code_has_every_module(draw: Draw, text: str, tmp_path: Path) -> None:
    """Sampled in the middle of each module the drawing is the code, quiet zone included."""
    side = 120.0
    shown = stamp(
        place=Place(1, Box(50, 60, side, side)),
        template=None,
        qr_template=text,
        background=Colour(0.2, 0.2, 0.2),
    )
    image = draw(stamped(shown=shown), tmp_path)
    matrix = segno.make_qr(text, error="m", encoding="utf-8", boost_error=False).matrix
    modules = len(matrix) + 2 * QUIET_ZONE
    inner = part(image, (56, 66, 50 + side - 6, 60 + side - 6)).convert("L")
    step = inner.width / modules
    for row in range(modules):
        for column in range(modules):
            inside = QUIET_ZONE <= row < modules - QUIET_ZONE
            inside = inside and QUIET_ZONE <= column < modules - QUIET_ZONE
            dark = inside and matrix[row - QUIET_ZONE][column - QUIET_ZONE]
            level = inner.getpixel((int((column + 0.5) * step), int((row + 0.5) * step)))
            assert isinstance(level, int)
            assert (level < 100) == bool(dark), (row, column, level)


NAMES = [
    "JÕEORG, ŽŠÄÖÜ",
    "O’CONNEŽ-ŠUSLIK",
    "Владимир Соловьёв",
    "Ελένη Παπαδοπούλου",
    "Łukasz Żółć",
    "Nguyễn Thị Ánh",
    "X" * 60,
    "MARY ÄNN O'CONNEŽ-ŠUSLIK TESTNUMBER VON UND ZU HOHENLOHE-SCHILLINGSFÜRST",
]


@every_renderer
@pytest.mark.parametrize("name", NAMES)
def test_names_of_all_kinds_fit_and_can_be_copied(draw: Draw, name: str, tmp_path: Path) -> None:
    """The ink stays inside the frame, and pdftotext reads the letters of the name."""
    shown = stamp(name=name, place=Place(1, PLACE))
    data = stamped(shown=shown)
    image = draw(data, tmp_path)
    left, bottom, right, top = seen_box(PAGES["plain"], PLACE)
    assert ink(image) == pytest.approx((left, bottom, right, top), abs=EDGE)
    frame = 2.0
    assert ink(part(image, (left + frame, bottom + frame, right - frame, top - frame))) is not None
    assert _is_clear_of_the_frame(image, (left, bottom, right, top))
    path = tmp_path / "text.pdf"
    path.write_bytes(data)
    command = [require_program("pdftotext"), "-raw", str(path), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert "".join(name.split()) in "".join(text.split())


def _is_clear_of_the_frame(image: Image.Image, box: tuple[float, float, float, float]) -> bool:
    """Between frame and text is a strip without ink on all four sides."""
    left, bottom, right, top = box
    strips = (
        (left + 2, bottom + 2, left + 4, top - 2),
        (right - 4, bottom + 2, right - 2, top - 2),
        (left + 2, bottom + 2, right - 2, bottom + 4),
        (left + 2, top - 4, right - 2, top - 2),
    )
    return all(ink(part(image, strip)) is None for strip in strips)


def test_several_stamps_in_one_file_stand_apart_and_stay_valid(tmp_path: Path) -> None:
    """Sixteen automatic places do not overlap, all are drawn, and pdfsig accepts each signature."""
    data = page_pdf()
    for _ in range(16):
        data = stamped(data)
    assert [verdict.valid for verdict in oracles.pdfsig(data, tmp_path)] == [True] * 16
    document = open_document(data)
    boxes = [rectangle(item.dictionary["/Rect"]) for item in document.form.signature_fields]
    image = by_pdfium(data, tmp_path)
    for number, (left, bottom, right, top) in enumerate(boxes):
        assert ink(part(image, (left + 2, bottom + 2, right - 2, top - 2))) is not None
        for other in boxes[:number]:
            assert right < other[0] or other[2] < left or top < other[1] or other[3] < bottom


STRUCTURES = [
    *("baseline", "xref-stream", "object-streams", "hybrid", "linearised", "line-ends-cr"),
    *("form-direct", "form-indirect-fields-indirect", "annotations-direct", "deep-page-tree"),
    *("annotations-indirect", "annotations-shared", "direct-page", "direct-page-kids-indirect"),
    *("archival-with-metadata", "encrypted-rc4-40"),
    *("encrypted-rc4-128", "encrypted-aes-128", "encrypted-aes-256", "password-aes-256"),
]


@pytest.mark.parametrize("name", STRUCTURES)
def test_three_programs_accept_visible_signatures(name: str, tmp_path: Path) -> None:
    """Pdfsig, pyHanko and qpdf find nothing wrong with stamps in files of every structure."""
    case = pdfs.build(name)
    shown = stamp(picture=encoded(drawn()), qr_template="{code}")
    data = stamped(case.data, shown, password=case.password)
    assert data.startswith(case.data)
    (verdict,) = oracles.pdfsig(data, tmp_path, password=case.password)
    assert verdict.valid
    assert verdict.whole_file
    before = oracles.qpdf_complaints(case.data, tmp_path, password=case.password)
    assert oracles.qpdf_complaints(data, tmp_path, password=case.password) <= before
    status = oracles.pyhanko(data, chain().root, password=case.password)
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE


@pytest.mark.parametrize("field_name", [None, "Approval"])
def test_pyhanko_permits_a_visible_signature_after_another(field_name: str | None) -> None:
    """A second, visible signature is no more than a form filling for pyHanko's analysis."""
    data = field_pdf(b"[300 500 500 580]")
    twice = stamped(stamped(data), field_name=field_name)
    first = oracles.pyhanko(twice, chain().root, index=0)
    assert first.bottom_line
    assert first.modification_level is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "turned-90", "cropped-turned-270"])
def test_chromium_itself_shows_the_stamp(name: str, tmp_path: Path) -> None:
    """What the viewer of Chromium shows in its window is what PDFium draws."""
    page = PAGES[name]
    box = Box(60, 60, 260, 110, Corner.TOP_LEFT)
    shown = stamp(place=Place(1, box), picture=encoded(drawn()), qr_template="{code}")
    data = stamped(page.data, shown)
    path = tmp_path / "seen.pdf"
    path.write_bytes(data)
    with chromium(tmp_path, (round(page.width * 1.5), round(page.height * 1.5) + 90)) as browser:
        window = browser.photograph(f"{path.as_uri()}#toolbar=0&navpanes=0&view=Fit")
    seen = _page_in(window).resize((round(page.width * SCALE), round(page.height * SCALE)))
    expected = by_pdfium(data, tmp_path).resize(seen.size)
    where = seen_box(page, box)
    assert likeness(part(seen, where), part(expected, where)) > 0.95
    assert ink(seen) == pytest.approx(where, abs=3)


def _page_in(window: Image.Image) -> Image.Image:
    """Cut the white page out of the dark window around it."""
    mask = window.convert("L").point([255 if level > 100 else 0 for level in range(256)])
    box = mask.getbbox()
    assert box is not None
    return window.crop(box)
