"""Developer extensions that a signature uses, declared in the catalog and never lowered.

ISO 32000-2 cl. 7.12; EN 319 142-1 cl. 5.6 for ESIC, which PDF 2.0 does not need any more;
ISO/TS 32001 (SHA-3) and 32002 (EdDSA, and which curves ECDSA may use) for PDF 2.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pikepdf import Object

    from idservice.pdf.document import PdfDocument
    from idservice.pdf.update import Update
    from idservice.pdf.writer import Writer

SHA3_IN_PDF = 32001
CURVES_IN_PDF = 32002

_PAGES = {
    SHA3_IN_PDF: "https://www.iso.org/standard/45874.html",
    CURVES_IN_PDF: "https://www.iso.org/standard/45875.html",
}
_REVISION = ":2022"
_ESIC_LEVEL = 2
_WITH_ESIC = (1, 7)
_PDF_2 = (2, 0)


def extension_entries(
    document: PdfDocument, update: Update, iso_levels: Iterable[int] = ()
) -> dict[str, bytes]:
    """Return the entries to be changed in the catalog so that it declares what is used.

    A PDF 1.7 declares ESIC level 2, a PDF 2.0 the `iso_levels` (numbers of ISO/TS documents
    above). An extensions dictionary that is an object of its own is put into `update`.
    """
    version = document.version
    if version < _WITH_ESIC:
        return {}
    extensions = document.catalog.get("/Extensions")
    present = extensions if isinstance(extensions, Dictionary) else None
    own_object = present is not None and present.is_indirect
    owner = present.objgen if present is not None and own_object else document.catalog.objgen
    is_new = version >= _PDF_2
    added = _iso(present, update.writer, owner, iso_levels) if is_new else _esic(present)
    if not added:
        return {}
    if present is None:
        return {"/Extensions": b"<< %b >>" % b" ".join(b"%b %b" % _entry(i) for i in added.items())}
    body = update.writer.with_entries(present, added, owner)
    if not own_object:
        return {"/Extensions": body}
    update.put(owner, body)
    return {}


def _entry(item: tuple[str, bytes]) -> tuple[bytes, bytes]:
    return item[0].encode(), item[1]


def _esic(present: Object | None) -> dict[str, bytes]:
    declared = None if present is None else present.get("/ESIC")
    level = declared.get("/ExtensionLevel", 0) if isinstance(declared, Dictionary) else 0
    if isinstance(level, int) and level >= _ESIC_LEVEL:
        return {}
    return {"/ESIC": b"<< /BaseVersion /1.7 /ExtensionLevel %d >>" % _ESIC_LEVEL}


def _iso(
    present: Object | None, writer: Writer, owner: tuple[int, int], levels: Iterable[int]
) -> dict[str, bytes]:
    """Several extensions of one developer stand in an array (ISO 32000-2 cl. 7.12.2)."""
    declared = None if present is None else present.get("/ISO_")
    listed = list(declared) if isinstance(declared, Array) else [declared]
    known = [item for item in listed if isinstance(item, Dictionary)]
    missing = set(levels) - {item.get("/ExtensionLevel") for item in known}
    if not missing:
        return {}
    kept = [writer.value(item, owner) for item in known]
    new = [_iso_extension(level, writer, owner) for level in sorted(missing)]
    return {"/ISO_": b"[ %b ]" % b" ".join(kept + new)}


def _iso_extension(level: int, writer: Writer, owner: tuple[int, int]) -> bytes:
    return (
        b"<< /Type /DeveloperExtensions /BaseVersion /2.0 /ExtensionLevel %d "
        b"/ExtensionRevision %b /URL %b >>"
        % (level, writer.text(_REVISION, owner), writer.text(_PAGES[level], owner))
    )
