"""Drawing a page as it was signed and as it is now, and finding where the two differ.

PDFium draws, annotations and form fields included, as a common viewer shows them. This runs in
a confined process: the documents are hostile until proved otherwise.
"""

from __future__ import annotations

import base64
import io
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from idservice.errors import DrawingUnavailable, MalformedPdf

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator

    from PIL import Image

    PdfBytes = bytes | mmap.mmap

WIDTH = 640
"""Pixels across a page: enough to read it on a screen, and little to carry."""

_MAX_HEIGHT = 4 * WIDTH
_QUALITY = 70
_CELL = 8
# Of 255 levels of grey; less is what the rounding of colours makes of the same page.
_THRESHOLD = 24
_MAX_MARKS = 40


@dataclass(frozen=True, slots=True)
class Mark:
    """Where two pictures of a page differ: parts of its width and height from the top left."""

    left: float
    top: float
    width: float
    height: float


def draw_pages(data: PdfBytes, end: int, number: int, password: str | None) -> dict[str, Any]:
    """Draw page `number` (from 1) of the first `end` bytes and of the whole file.

    Returns {"was": picture or null, "is": picture or null, "counts": [pages then, pages now],
    "marks": [[left, top, width, height], …]}, a picture being {"webp": Base64, "width", "height"}
    in pixels; null where there is no such page. Raises MalformedPdf when PDFium cannot read
    the file, and DrawingUnavailable without PDFium.
    """
    then, was = _picture(data, end, number, password)
    now, shown = (then, was) if end == len(data) else _picture(data, len(data), number, password)
    marks = [] if was is None or shown is None or was is shown else list(_marks(was, shown))
    return {
        "was": None if was is None else _encoded(was),
        "is": None if shown is None else _encoded(shown),
        "counts": [then, now],
        "marks": [[item.left, item.top, item.width, item.height] for item in marks],
    }


class _Beginning(io.RawIOBase):
    """The first bytes of a document as a file, without a copy of them."""

    def __init__(self, data: PdfBytes, end: int) -> None:
        self._data, self._end, self._at = data, end, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        piece = self._data[self._at : min(self._end, self._at + len(buffer))]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def _picture(
    data: PdfBytes, end: int, number: int, password: str | None
) -> tuple[int, Image.Image | None]:
    """Return how many pages there are, and one of them as it is shown."""
    try:
        import pypdfium2
    except ImportError as exc:
        raise DrawingUnavailable(
            "Pages cannot be drawn, because PDFium is not installed.",
            'Install it with: pip install "idservice[preview]"',
        ) from exc
    try:
        with closing(pypdfium2.PdfDocument(_Beginning(data, end), password=password)) as document:
            document.init_forms()
            pages = len(document)
            if number > pages:
                return pages, None
            with closing(document[number - 1]) as page:
                width, height = page.get_size()
                scale = min(WIDTH / max(width, 1), _MAX_HEIGHT / max(height, 1))
                bitmap = page.render(scale=scale, may_draw_forms=True)
                picture: Image.Image = bitmap.to_pil().convert("RGB")
                return pages, picture
    except (pypdfium2.PdfiumError, ValueError) as exc:
        raise MalformedPdf(
            "A viewer cannot draw this document.", "Ask for an undamaged file."
        ) from exc


def _encoded(picture: Image.Image) -> dict[str, Any]:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=_QUALITY, method=2)
    return {
        "webp": base64.b64encode(out.getvalue()).decode("ascii"),
        "width": picture.width,
        "height": picture.height,
    }


def _marks(was: Image.Image, shown: Image.Image) -> Iterator[Mark]:
    """Find the areas in which two pictures of a page differ."""
    from PIL import Image, ImageChops

    if was.size != shown.size:
        yield Mark(0.0, 0.0, 1.0, 1.0)
        return
    difference = ImageChops.difference(was, shown).convert("L")
    columns, rows = -(-was.width // _CELL), -(-was.height // _CELL)
    padded = Image.new("L", (columns * _CELL, rows * _CELL))
    padded.paste(difference.point(lambda level: 255 if level > _THRESHOLD else 0))
    # Whatever is left of a single changed pixel after the averaging still counts.
    cells = padded.reduce(_CELL).tobytes()
    changed = {index for index, level in enumerate(cells) if level}
    boxes = sorted(_areas(changed, columns), key=lambda box: box[2] * box[3], reverse=True)
    for left, top, right, bottom in map(_framed, boxes[:_MAX_MARKS]):
        yield Mark(
            max(left, 0) / columns,
            max(top, 0) / rows,
            (min(right, columns) - max(left, 0)) / columns,
            (min(bottom, rows) - max(top, 0)) / rows,
        )


def _framed(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Leave room around what differs, so that the frame hides none of it."""
    left, top, width, height = box
    return left - 1, top - 1, left + width + 1, top + height + 1


def _areas(changed: set[int], columns: int) -> Iterator[tuple[int, int, int, int]]:
    """Group cells that touch, also over a gap of one; give left, top, width and height."""
    while changed:
        pending = [changed.pop()]
        xs, ys = [], []
        while pending:
            y, x = divmod(pending.pop(), columns)
            xs.append(x)
            ys.append(y)
            near = {
                (y + down) * columns + x + right
                for down in (-2, -1, 0, 1, 2)
                for right in (-2, -1, 0, 1, 2)
                if 0 <= x + right < columns
            }
            touching = near & changed
            changed -= touching
            pending += touching
        yield min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1
