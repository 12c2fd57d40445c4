"""The appearance of stamps as objects: self-contained, embedded, and fit for the archive."""

import io
import re
import struct
import zlib
from functools import cache
from typing import Any

import pikepdf
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageCms

from idservice.errors import (
    CharactersNotInFont,
    FontUnreadable,
    IdServiceError,
    MalformedRequest,
    PictureUnreadable,
)
from idservice.pdf.document import open_document
from idservice.pdf.fonts import MAX_FONT_BYTES, open_font
from idservice.pdf.pictures import MAX_PIXELS, MAX_SIDE, Picture, read_picture
from idservice.pdf.qr_code import qr_code
from idservice.pdf.stamp import MAX_PICTURE_BYTES, Box, Place
from idservice.services.stamps import default_font
from support import pdfs
from support.signing import signed
from support.stamps import archival_pdf, drawn, encoded, page_pdf, stamp, stamped

BOX = Place(1, Box(30, 40, 190, 70))


def widget(data: bytes, **options: Any) -> pikepdf.Object:
    """The newest signature widget of a file, with the file kept open."""
    pdf = pikepdf.open(io.BytesIO(data), **options)
    found = pdf.Root.AcroForm.Fields[-1]
    _OPEN[found.objgen, id(found)] = pdf
    return found


_OPEN: dict[Any, pikepdf.Pdf] = {}


def form_of(data: bytes) -> pikepdf.Object:
    """The appearance of the newest signature."""
    return widget(data).AP.N


@cache
def srgb() -> bytes:
    """An ICC profile of an RGB space."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_the_appearance_is_one_form_with_resources_of_its_own() -> None:
    """Only /N, upright box, no transparency group, and everything it names is inside it."""
    shown = widget(stamped(shown=stamp(place=BOX, picture=encoded(drawn()), qr_template="x")))
    assert list(shown.AP.keys()) == ["/N"]
    assert shown.F == 132
    assert [float(edge) for edge in shown.Rect] == [30, 40, 220, 110]
    form = shown.AP.N
    assert form.Subtype == "/Form"
    assert [float(edge) for edge in form.BBox] == [0, 0, 190, 70]
    assert [float(part) for part in form.Matrix] == [1, 0, 0, 1, 0, 0]
    assert "/Group" not in form
    assert set(form.Resources.keys()) == {"/Font", "/XObject"}
    operators = [str(item.operator) for item in pikepdf.parse_content_stream(form)]
    assert operators.count("q") == operators.count("Q")
    assert operators.count("BT") == operators.count("ET")


def test_an_invisible_signature_has_no_appearance() -> None:
    """Without a stamp the widget has no area and shows nothing."""
    shown = widget(signed(page_pdf()))
    assert [float(edge) for edge in shown.Rect] == [0, 0, 0, 0]
    assert "/AP" not in shown


def test_the_font_is_embedded_as_a_small_subset() -> None:
    """Only the letters used are embedded, each with its width and its character."""
    font = form_of(stamped(shown=stamp(place=BOX, template="JÕEORG Žš Ω"))).Resources.Font.F
    assert font.Encoding == "/Identity-H"
    descendant = font.DescendantFonts[0]
    descriptor = descendant.FontDescriptor
    assert re.fullmatch(r"/[A-Z]{6}\+DejaVuSans", str(font.BaseFont))
    assert font.BaseFont == descendant.BaseFont == descriptor.FontName
    embedded = TTFont(io.BytesIO(descriptor.FontFile2.read_bytes()))
    assert len(descriptor.FontFile2.read_bytes()) == descriptor.FontFile2.Length1 < 8000
    widths = [int(width) for width in descendant.W[1]]
    units = embedded["head"].unitsPerEm
    for number, glyph in enumerate(embedded.getGlyphOrder()):
        assert abs(widths[number] - 1000 * embedded["hmtx"][glyph][0] / units) <= 0.5
    mapped = re.findall(rb"<([0-9a-f]{4})> <([0-9a-f]+)>", font.ToUnicode.read_bytes())
    letters = {bytes.fromhex(code.decode()).decode("utf-16-be") for _, code in mapped[1:]}
    assert letters | {"\uffff"} >= set("JÕEORGŽšΩ 0123456789")


def test_the_same_signature_is_drawn_with_the_same_bytes() -> None:
    """Nothing in the drawing depends on chance or on the clock of the machine."""
    shown = stamp(place=BOX, picture=encoded(drawn()), qr_template="{name}")
    one, other = (stamped(shown=shown) for _ in range(2))
    cut = one.index(b"/Contents <")
    assert one[:cut] == other[:cut]
    assert len(one) == len(other)


def test_letters_outside_the_basic_plane_are_mapped() -> None:
    """A character that takes two UTF-16 units can be copied as well."""
    font = form_of(stamped(shown=stamp(place=BOX, template="x \U0001d538"))).Resources.Font.F
    assert b"<d835dd38>" in font.ToUnicode.read_bytes()


@pytest.mark.parametrize(
    ("part", "profile", "calibrated", "mask", "cid_set"),
    [
        (None, False, False, True, False),
        (1, True, False, False, True),
        (1, False, True, False, True),
        (2, True, False, True, False),
        (3, False, True, True, False),
    ],
)
def test_what_the_archive_permits(
    part: int | None,
    profile: bool,  # noqa: FBT001 - a column
    calibrated: bool,  # noqa: FBT001 - a column
    mask: bool,  # noqa: FBT001 - a column
    cid_set: bool,  # noqa: FBT001 - a column
) -> None:
    """PDF/A without an RGB output gets calibrated colours; part 1 no mask, and a list of glyphs."""
    data = page_pdf() if part is None else archival_pdf(part, profile=srgb() if profile else None)
    form = form_of(stamped(data, stamp(place=BOX, picture=encoded(drawn()))))
    picture = form.Resources.XObject.Im
    space = picture.ColorSpace
    operators = {str(item.operator) for item in pikepdf.parse_content_stream(form)}
    if calibrated:
        assert space[0] == "/CalRGB"
        assert form.Resources.ColorSpace.Cs[0] == "/CalRGB"
        assert not operators & {"rg", "RG", "g", "G"}
    else:
        assert space == "/DeviceRGB"
        assert not operators & {"cs", "CS"}
    assert ("/SMask" in picture) == mask
    descriptor = form.Resources.Font.F.DescendantFonts[0].FontDescriptor
    assert ("/CIDSet" in descriptor) == cid_set
    if cid_set:
        bits = "".join(f"{octet:08b}" for octet in descriptor.CIDSet.read_bytes())
        count = len(form.Resources.Font.F.DescendantFonts[0].W[1])
        assert bits == "1" * count + "0" * (-count % 8)


@pytest.mark.parametrize("intents", [b"[<< /S /GTS_PDFA1 >> null 5]", b"/None", b"[7 0 R]"])
def test_strange_output_intents_name_no_device(intents: bytes) -> None:
    """What is no RGB profile leaves the colours calibrated."""
    data = archival_pdf(2, profile=b"short").replace(
        b"[<< /S /GTS_PDFA1 /DestOutputProfile 8 0 R >>]",
        intents.ljust(len(b"[<< /S /GTS_PDFA1 /DestOutputProfile 8 0 R >>]")),
    )
    assert "/ColorSpace" in form_of(stamped(data, stamp(place=BOX))).Resources


def test_encrypted_documents_hide_the_strings_of_the_font() -> None:
    """Streams and strings of the stamp are encrypted, and readable with the password."""
    case = pdfs.build("password-aes-256")
    data = stamped(case.data, stamp(place=BOX, name="UNIQUE NAME"), password=case.password)
    update = data[len(case.data) :]
    assert b"(Adobe)" not in update
    assert b"beginbfchar" not in update
    font = widget(data, password=case.password or "").AP.N.Resources.Font.F
    assert b"beginbfchar" in font.ToUnicode.read_bytes()
    assert str(font.DescendantFonts[0].CIDSystemInfo.Registry) == "Adobe"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pngs_of_every_kind_are_read(mode: str) -> None:
    """Black-and-white, grey, palette, colour, alpha and 16 bits come out as 8-bit grey or RGB."""
    image = drawn("L" if mode.startswith("I") else mode)
    if mode.startswith("I"):
        image = image.convert("I").point(lambda level: level * 257).convert(mode)
    picture = read_picture(encoded(image))
    assert picture.filter_name == b"/FlateDecode"
    assert (picture.alpha is not None) == (mode in {"LA", "P", "RGBA"})
    assert picture.components == (1 if mode in {"1", "L", "I;16"} else 3)
    expected = drawn("L").getextrema() if picture.components == 1 and mode != "1" else None
    assert expected is None or _pixels(picture).getextrema() == expected


def _pixels(picture: Picture) -> Image.Image:
    """The picture as it will be seen, decoded by Pillow."""
    mode = "L" if picture.components == 1 else "RGB"
    return Image.frombytes(mode, picture.pixels, zlib.decompress(picture.data))


def test_an_interlaced_png_is_read() -> None:
    """Adam7 comes out as the same pixels; the file is written here, as Pillow does not."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    level = [[(x * 30 + y) % 256 for x in range(8)] for y in range(8)]
    passes = (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    )
    rows = b"".join(
        b"\0" + bytes(level[y][x] for x in range(left, 8, across))
        for left, top, across, down in passes
        for y in range(top, 8, down)
    )
    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1)
    data = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    assert _pixels(read_picture(data)).tobytes() == bytes(item for row in level for item in row)


def test_sixteen_bit_grey_with_a_hidden_value_is_transparent_there() -> None:
    """The one value that a PNG names as transparent becomes a mask, to the last bit."""
    image = Image.frombytes("I;16", (2, 1), b"\x34\x12\x35\x12")
    picture = read_picture(encoded(image, transparency=0x1234))
    assert picture.alpha is not None
    assert zlib.decompress(picture.alpha) == b"\x00\xff"


@pytest.mark.parametrize(("mode", "components"), [("RGB", 3), ("L", 1)])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_stays_as_it_is(mode: str, components: int, progressive: bool) -> None:  # noqa: FBT001
    """Its bytes are in the signed file, one to one."""
    data = encoded(drawn(mode), "JPEG", progressive=progressive)
    picture = read_picture(data)
    assert picture.data == data
    assert picture.components == components
    assert data in stamped(shown=stamp(place=BOX, picture=data))


def test_a_jpeg_for_print_is_converted() -> None:
    """CMYK comes out as RGB: red stays red."""
    picture = read_picture(
        encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100)
    )
    assert picture.components == 3
    assert _pixels(picture).getpixel((4, 4)) == pytest.approx((255, 0, 0), abs=10)


def test_large_pictures_are_reduced() -> None:
    """More pixels than paper shows are not kept; the proportions are."""
    picture = read_picture(encoded(Image.new("RGB", (4000, 1000), "red")))
    assert picture.pixels == (MAX_SIDE, MAX_SIDE // 4)


def test_large_photographs_are_decoded_at_a_smaller_scale() -> None:
    """A JPEG that has to be decoded costs no more memory than a small PNG; its shape is kept."""
    picture = read_picture(encoded(Image.new("CMYK", (4000, 3000)), "JPEG"))
    assert picture.pixels == (1000, 750)


def _bomb(side: int) -> bytes:
    """A PNG of a few bytes that claims to have `side` times as many pixels on each side."""
    data = bytearray(encoded(Image.new("1", (8, 8))))
    data[16:24] = side.to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "neither PNG nor JPEG"),
        (b"%PDF-1.7", "neither PNG nor JPEG"),
        (b"GIF89a" + bytes(40), "neither PNG nor JPEG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "damaged"),
        (b"\xff\xd8\xff" + bytes(40), "damaged"),
        (encoded(drawn())[:-40], "damaged"),
        (encoded(drawn("RGB"), "JPEG")[:-200], "damaged"),
        (_bomb(2001), "2001 × 2001 pixels"),
        (_bomb(20_000), "far more pixels"),
        (_bomb(2_000_000_000), "far more pixels"),
        (b"\x89PNG\r\n\x1a\n" + bytes(MAX_PICTURE_BYTES), "bytes where"),
        (encoded(drawn("RGB"), "JPEG") + b"\xff\xda" * 101, "passes"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, why: str) -> None:
    """Other files, damaged ones and bombs are refused before they cost anything."""
    with pytest.raises(PictureUnreadable, match=why):
        read_picture(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_any_damage_to_a_picture_is_an_error_of_ours(kind: str) -> None:
    """With each byte of the file changed in turn, it is read or refused, never anything else."""
    whole = encoded(drawn("RGB", (16, 16)), kind)
    for position in range(len(whole)):
        data = bytearray(whole)
        data[position] ^= 0xFF
        try:
            picture = read_picture(bytes(data))
        except PictureUnreadable:
            continue
        assert picture.pixels[0] * picture.pixels[1] <= MAX_PIXELS


def test_a_font_of_ones_own_is_embedded() -> None:
    """Any TrueType font whose licence permits it can be given."""
    font = TTFont(io.BytesIO(default_font()))
    font["name"].setName("Own Font!", 6, 3, 1, 0x409)
    font["name"].setName("Own Font!", 6, 1, 0, 0)
    shown = form_of(stamped(shown=stamp(place=BOX, font=_saved(font))))
    assert str(shown.Resources.Font.F.BaseFont).endswith("+OwnFont")


def _saved(font: TTFont) -> bytes:
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def _with_permissions(value: int) -> bytes:
    font = TTFont(io.BytesIO(default_font()))
    font["OS/2"].fsType = value
    return _saved(font)


@pytest.mark.parametrize("value", [0x0002, 0x0100, 0x0200, 0x0300])
def test_a_font_that_may_not_be_embedded_is_refused(value: int) -> None:
    """What its maker forbids is not done."""
    with pytest.raises(FontUnreadable, match="permit"):
        open_font(_with_permissions(value))


@pytest.mark.parametrize("value", [0x0000, 0x0004, 0x0008])
def test_a_font_that_may_be_embedded_is_taken(value: int) -> None:
    """Preview, print and editable embedding are permissions."""
    assert open_font(_with_permissions(value)).width("x") > 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"OTTO" + bytes(60),
        b"ttcf" + bytes(60),
        b"wOFF" + bytes(60),
        b"\0\1\0\0" + bytes(60),
        b"\0\1\0\0" + b"\xff" * 60,
        default_font()[:5000],
        b"\0\1\0\0" + bytes(MAX_FONT_BYTES),
    ],
)
def test_what_is_no_truetype_font_is_refused(data: bytes) -> None:
    """Other kinds of fonts and damaged ones are refused, saying what is wanted."""
    with pytest.raises(FontUnreadable, match="TrueType"):
        stamped(shown=stamp(place=BOX, font=data))


def test_damage_anywhere_in_the_tables_of_a_font_is_an_error_of_ours() -> None:
    """With its directory and first tables spoilt at any place, a font is drawn or refused."""
    whole = default_font()
    for position in [*range(4, 300, 24), *range(300, len(whole), 130_011)]:
        data = bytearray(whole)
        data[position : position + 4] = b"\xff\xff\xff\xff"
        try:
            open_font.__wrapped__(bytes(data)).subset("Jaak")
        except (FontUnreadable, CharactersNotInFont):
            continue


def test_a_stamp_must_show_something() -> None:
    """No text, no picture and no code is refused; so is text that comes out empty."""
    for template in (None, "", "{contact}", "\u200b"):
        with pytest.raises(MalformedRequest, match="show nothing"):
            stamped(shown=stamp(place=BOX, template=template))


@pytest.mark.parametrize("text", ["", "x" * 2400, "\udcff"])
def test_a_qr_code_that_cannot_be_made_is_refused(text: str) -> None:
    """Too much text, none, and bytes that are no text."""
    with pytest.raises(MalformedRequest, match="QR code"):
        qr_code(text)


def test_a_refusal_leaves_the_document_as_it_was() -> None:
    """A stamp that fails does not spoil the opened document: it signs right after."""
    data = page_pdf()
    document = open_document(data)
    with pytest.raises(IdServiceError):
        stamped(data, stamp(place=BOX, picture=b"no"))
    assert open_document(stamped(data)).form.is_signed
    assert not document.is_signed
