"""Developer extensions that a signature uses, declared in the catalog and never lowered.

ISO 32000-2 cl. 7.12; EN 319 142-1 cl. 5.6 for ESIC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikepdf import Dictionary

if TYPE_CHECKING:
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.update import Update

_ESIC_LEVEL = 2
_WITH_ESIC = (1, 7)
_WITHOUT_ESIC = (2, 0)


def extension_entries(document: PdfDocument, update: Update) -> dict[str, bytes]:
    """Return the entries to be changed in the catalog so that it declares what is used.

    A PDF 1.7 declares ESIC level 2; an extensions dictionary of its own is put into `update`.
    """
    if not _WITH_ESIC <= document.version < _WITHOUT_ESIC:
        return {}
    esic = b"<< /BaseVersion /1.7 /ExtensionLevel %d >>" % _ESIC_LEVEL
    extensions = document.catalog.get("/Extensions")
    if not isinstance(extensions, Dictionary):
        return {"/Extensions": b"<< /ESIC %b >>" % esic}
    declared = extensions.get("/ESIC")
    level = declared.get("/ExtensionLevel", 0) if isinstance(declared, Dictionary) else 0
    if isinstance(level, int) and level >= _ESIC_LEVEL:
        return {}
    owner = extensions.objgen if extensions.is_indirect else document.catalog.objgen
    body = update.writer.with_entries(extensions, {"/ESIC": esic}, owner)
    if not extensions.is_indirect:
        return {"/Extensions": body}
    update.put(owner, body)
    return {}
