"""Pictures for visible signatures: PNG and JPEG bytes in, image objects of PDF out.

A JPEG in RGB or grey stays as it is, even where it says that it is to be turned; all else
is decoded, reduced to what paper can show, and compressed anew. Pixels are counted before
anything is decoded. Colour profiles and gamma of the file are not applied.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

from idservice.errors import PictureUnreadable
from idservice.pdf.stamp import MAX_PICTURE_BYTES
from idservice.pdf.writer import reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from idservice.pdf.update import Update

MAX_PIXELS = 16_000_000
"""Most pixels of a JPEG; more than a photograph for a stamp can need."""

MAX_DECODED_PIXELS = 4_000_000
"""Most pixels that are decoded at once; a JPEG above is decoded at a smaller scale."""

MAX_SIDE = 1600
"""Pixels of the longer side that are kept of a decoded picture: 600 dpi over 6.7 cm."""

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_ORIENTATION = 0x0112
# A progressive JPEG is decoded anew for each of its passes; encoders make about ten.
_START_OF_SCAN, _MAX_SCANS = b"\xff\xda", 100
_UNDAMAGED_CHECK_SIDE = 64

Matrix = tuple[int, int, int, int, int, int]

# How the unit square of a stored picture is turned to be seen upright, by EXIF orientation.
_UPRIGHT: dict[int, Matrix] = {
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}
_AS_IS: Matrix = (1, 0, 0, 1, 0, 0)
# What Pillow raises for files that lie about themselves.
_BROKEN = (
    *(UnidentifiedImageError, OSError, SyntaxError, ValueError),
    *(struct.error, zlib.error, KeyError, IndexError, TypeError, AttributeError, EOFError),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be embedded.

    `pixels` is its stored width and height, `data` what `filter_name` decodes to 8 bits
    for each of `components` (1 grey, 3 RGB); `alpha` is a compressed mask or None.
    `upright` turns the unit square so that the picture is seen as meant.
    """

    pixels: tuple[int, int]
    components: int
    filter_name: bytes
    data: bytes
    alpha: bytes | None = None
    upright: Matrix = _AS_IS

    @property
    def aspect(self) -> float:
        """Width over height as it is seen."""
        width, height = self.pixels
        return width / height if self.upright[0] else height / width


@lru_cache(maxsize=2)
def read_picture(data: bytes, *, opaque: bool = False) -> Picture:
    """Read the bytes of a PNG or JPEG file. Raises PictureUnreadable.

    `opaque` lays what is transparent over white, for documents that allow no transparency.
    """
    kind = "PNG" if data.startswith(_PNG) else "JPEG" if data.startswith(_JPEG) else None
    if kind is None:
        raise _unreadable("it is neither PNG nor JPEG")
    if len(data) > MAX_PICTURE_BYTES:
        raise _unreadable(f"it has {len(data)} bytes where {MAX_PICTURE_BYTES} are read")
    if kind == "JPEG" and data.count(_START_OF_SCAN) > _MAX_SCANS:
        raise _unreadable(f"it comes in more than {_MAX_SCANS} passes, which take forever")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata; what cannot be decoded raises
            return _read(data, kind, opaque=opaque)
    except Image.DecompressionBombError as exc:
        raise _too_many_pixels("far more") from exc
    except _BROKEN as exc:
        raise _unreadable("it is damaged") from exc


def embed_picture(update: Update, picture: Picture, colour_space: Callable[[int], bytes]) -> bytes:
    """Put a picture into an update; return the reference to it.

    `colour_space` gives the colour space for a number of components, in PDF syntax.
    """
    mask = b""
    if picture.alpha is not None:
        mask = b" /SMask " + _put(update, picture, b"/DeviceGray", b"/FlateDecode", picture.alpha)
    space = colour_space(picture.components) + mask
    return _put(update, picture, space, picture.filter_name, picture.data)


def _put(update: Update, picture: Picture, space: bytes, filter_name: bytes, data: bytes) -> bytes:
    objgen = update.reserve()
    entries = (
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 "
        b"/Filter %b /ColorSpace %b" % (*picture.pixels, filter_name, space)
    )
    update.put(objgen, update.writer.stream(entries, data, objgen))
    return reference(objgen)


def _read(data: bytes, kind: str, *, opaque: bool) -> Picture:
    image = Image.open(io.BytesIO(data), formats=[kind])
    width, height = image.size
    if width * height > (MAX_PIXELS if kind == "JPEG" else MAX_DECODED_PIXELS):
        raise _too_many_pixels(f"{width} × {height}")
    if _stays_as_it_is(image):
        orientation = image.getexif().get(_ORIENTATION, 1)
        components = 1 if image.mode == "L" else 3
        _require_whole(image)
        upright = _UPRIGHT.get(orientation, _AS_IS)
        return Picture((width, height), components, b"/DCTDecode", data, upright=upright)
    if width * height > MAX_DECODED_PIXELS:
        # The next scale below asks for at least half of the longest side that is kept.
        scale = MAX_SIDE / 2 / max(width, height)
        image.draft(None, (round(width * scale), round(height * scale)))
    return _recoded(image, opaque=opaque)


def _stays_as_it_is(image: Image.Image) -> bool:
    """Only what says by its markers which colours it has is read alike everywhere."""
    return (
        image.format == "JPEG"
        and image.mode in {"L", "RGB"}
        and bool({"jfif", "adobe"} & image.info.keys())
    )


def _require_whole(image: Image.Image) -> None:
    """Decode a JPEG to its last byte, at the smallest scale: little memory, every fault."""
    image.draft(None, (_UNDAMAGED_CHECK_SIDE, _UNDAMAGED_CHECK_SIDE))
    image.load()


def _recoded(image: Image.Image, *, opaque: bool) -> Picture:
    image.load()
    plain = _reduced(_eight_bits(ImageOps.exif_transpose(image)))
    alpha = None
    if plain.mode == "RGBA":
        mask = plain.getchannel("A")
        if mask.getextrema() == (255, 255):
            plain = plain.convert("RGB")
        elif opaque:
            white = Image.new("RGBA", plain.size, (255, 255, 255, 255))
            plain = Image.alpha_composite(white, plain).convert("RGB")
        else:
            alpha = zlib.compress(mask.tobytes(), 9)
            plain = plain.convert("RGB")
    components = 1 if plain.mode == "L" else 3
    data = zlib.compress(plain.tobytes(), 9)
    return Picture(plain.size, components, b"/FlateDecode", data, alpha)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return a picture in L, RGB or RGBA, whatever it was stored as."""
    if image.mode.startswith("I"):
        return _from_sixteen_bits(image)
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in {"1", "L"}:
        return image.convert("L")
    return image.convert("RGB")


def _from_sixteen_bits(image: Image.Image) -> Image.Image:
    """Keep the upper byte of grey values of 16 bits; converting would clip them."""
    stored = image.convert("I;16").tobytes()
    upper = Image.frombytes("L", image.size, stored[1::2])
    hidden = image.info.get("transparency")
    if not isinstance(hidden, int):
        return upper
    lower = Image.frombytes("L", image.size, stored[0::2])
    shown = ImageChops.lighter(_differs(upper, hidden >> 8), _differs(lower, hidden & 0xFF))
    whole = upper.convert("RGBA")
    whole.putalpha(shown)
    return whole


def _differs(channel: Image.Image, value: int) -> Image.Image:
    return channel.point([0 if level == value else 255 for level in range(256)])


def _reduced(image: Image.Image) -> Image.Image:
    scale = MAX_SIDE / max(image.size)
    if scale >= 1:
        return image
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _too_many_pixels(shown: str) -> PictureUnreadable:
    return _unreadable(f"it has {shown} pixels, more than are decoded")


def _unreadable(reason: str) -> PictureUnreadable:
    return PictureUnreadable(
        f"The picture for the stamp cannot be used: {reason}.",
        f"Give a PNG or JPEG file of at most {MAX_PICTURE_BYTES >> 20} MiB and "
        f"{MAX_DECODED_PIXELS // 1_000_000} million pixels (a JPEG: {MAX_PIXELS // 1_000_000}).",
    )
