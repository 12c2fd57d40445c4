"""Material for visible signatures: a font, pictures of every kind, and stamps with defaults."""

import io
from dataclasses import replace
from typing import Any

from PIL import Image, ImageDraw

from idservice.pades.signing import SignatureOptions
from idservice.pdf.signature_dictionary import SignatureText
from idservice.pdf.stamp import Stamp
from idservice.services.stamps import default_font
from support import pdfs
from support.pdf_writing import PAGE, plain_objects, stream, table_pdf
from support.signing import signed

NAME = "JAAK-KRISTJAN JÕEORG"
TEXT = SignatureText(name="JÕEORG,JAAK-KRISTJAN,38001085718", reason="Nõus", location="Tallinn")


def stamp(**changed: Any) -> Stamp:
    """A stamp of the standing signer with the default text."""
    return replace(Stamp(font=default_font(), name=NAME, code="38001085718"), **changed)


def stamped(
    data: bytes | None = None,
    shown: Stamp | None = None,
    *,
    field_name: str | None = None,
    new_field: str | None = None,
    text: SignatureText = TEXT,
    password: str | None = None,
) -> bytes:
    """Sign a file, by default an empty page of A4, with a visible signature."""
    options = SignatureOptions(
        field_name=field_name, new_field=new_field, text=text, stamp=shown or stamp()
    )
    return signed(page_pdf() if data is None else data, options=options, password=password)


def page_pdf(entries: bytes = b"", *, tree: bytes = b"", media: bytes = b"[0 0 595 842]") -> bytes:
    """An empty page with further entries, below a page tree with further entries."""
    boxed = b"/MediaBox %b " % media if media else b""
    page = PAGE.replace(b"/MediaBox [0 0 595 842] ", boxed)
    return table_pdf(
        plain_objects(
            o2=b"<< /Type /Pages /Kids [3 0 R] /Count 1 %b >>" % tree,
            o3=page[:-2] + entries + b" >>",
            o4=stream(b""),
        )
    )


def field_pdf(rect: bytes, *, page: bytes = b"", flags: int = 4) -> bytes:
    """A page with an empty signature field Approval that has a rectangle."""
    objects = pdfs.with_empty_field()
    objects[3] = PAGE[:-2] + b"/Annots [6 0 R] " + page + b" >>"
    objects[4] = stream(b"")
    objects[6] = (
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Approval) /F %d /P 3 0 R /Rect %b >>"
        % (flags, rect)
    )
    return table_pdf(objects)


def archival_pdf(part: int, *, profile: bytes | None = None) -> bytes:
    """A file that claims to be PDF/A of this part, perhaps with an ICC profile as its output."""
    xmp = b'<rdf:Description xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="%d"/>'
    intents = b"/OutputIntents [<< /S /GTS_PDFA1 /DestOutputProfile 8 0 R >>]" if profile else b""
    objects = plain_objects(
        o1=b"<< /Type /Catalog /Pages 2 0 R /Metadata 7 0 R %b >>" % intents,
        o4=stream(b""),
        o7=stream(xmp % part, b"/Type /Metadata /Subtype /XML "),
    )
    if profile is not None:
        objects[8] = stream(profile, b"/N 3 ")
    return table_pdf(objects)


def drawn(mode: str = "RGBA", size: tuple[int, int] = (120, 60)) -> Image.Image:
    """A picture with its left half red, its right half blue and nothing in its top half."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.rectangle((0, height // 2, width // 2 - 1, height), fill=(220, 0, 0, 255))
    draw.rectangle((width // 2, height // 2, width, height), fill=(0, 0, 220, 255))
    return image if mode == "RGBA" else image.convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture as the bytes of a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
