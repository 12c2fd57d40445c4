"""Rules about the metadata of a document: who wrote it last and when may differ, no more.

Programs that append a revision say so in the metadata stream (ISO 32000-2 cl. 14.3.2; XMP is
ISO 16684-1). What the document is called, who made it and what it conforms to stays.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from idservice.errors import MalformedPdf
from idservice.pdf.change_kinds import Kind
from idservice.pdf.document_roles import text
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.xmp_properties import Property, read_properties, words

if TYPE_CHECKING:
    from idservice.pdf.changes_judgement import Judgement
    from idservice.pdf.object_history import View
    from idservice.pdf.stored_objects import StoredObject

_XMP = "{http://ns.adobe.com/xap/1.0/}"
_MEDIA = "{http://ns.adobe.com/xap/1.0/mm/}"
_PDF = "{http://ns.adobe.com/pdf/1.3/}"
_OF_WRITER = frozenset(
    {
        f"{_XMP}ModifyDate",
        f"{_XMP}MetadataDate",
        f"{_PDF}Producer",
        f"{_MEDIA}InstanceID",
        f"{_MEDIA}VersionID",
        f"{_MEDIA}History",
    }
)
_DC = "{http://purl.org/dc/elements/1.1/}"
# Properties that repeat what stands in the document information, which is judged by itself.
_REPEATED = {
    f"{_DC}title": "Title",
    f"{_DC}creator": "Author",
    f"{_DC}description": "Subject",
    f"{_PDF}Keywords": "Keywords",
    f"{_XMP}CreatorTool": "Creator",
}
_SUBJECTS = f"{_DC}subject"
_WORD = re.compile(r"[^\s,;]+")
_OF_STREAM = frozenset({"Length", "Filter", "DecodeParms"})
_PLAIN_STREAM = {"Type": "Metadata", "Subtype": "XML"}
_MAX_BYTES = 1024 * 1024


def metadata_changed(judgement: Judgement, _key: str, old: Value, new: Value) -> None:
    """Judge the metadata of the catalog."""
    try:
        before, after = _properties(judgement.step.old, old), _properties(judgement.step.new, new)
    except (MalformedPdf, ValueError, ElementTree.ParseError, RecursionError):
        judgement.forbid("metadata-changed", "changes the metadata to some that nobody can compare")
        return
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    repeated = _of_information(judgement)
    told = {name for name in changed - before.keys() if words(after[name]) == repeated.get(name)}
    told |= {_SUBJECTS} & changed - before.keys() if _subjects_told(after, repeated) else set()
    if changed - _OF_WRITER - told:
        named = ", ".join(sorted(name.split("}")[-1] for name in changed - _OF_WRITER - told))
        judgement.forbid("metadata-changed", f"changes the metadata of the document ({named[:80]})")
    elif changed:
        message = "says in its metadata who wrote it and when"
        judgement.permit("modification-date-changed", message, kind=Kind.METADATA)


def _subjects_told(after: dict[str, Property], repeated: dict[str, str]) -> bool:
    """Whether the list of subjects is the keywords, which have commas or nothing between them."""
    subjects, said = words(after.get(_SUBJECTS, "")), words(after.get(f"{_PDF}Keywords", ""))
    keywords = repeated.get(f"{_PDF}Keywords", said)
    return sorted(_WORD.findall(subjects)) == sorted(_WORD.findall(keywords))


def _of_information(judgement: Judgement) -> dict[str, str]:
    """What metadata may repeat that did not: the document information (ISO 19005-1 cl. 6.7.3)."""
    view = judgement.step.new
    information = view.dictionary(judgement.step.new_trailer.get("Info"))
    found = {f"{_DC}format": "application/pdf"}
    for name, key in _REPEATED.items():
        value = view.value(information.get(key))
        if isinstance(value, bytes):
            found[name] = text(value).strip()
    return found


def metadata_object_changed(
    judgement: Judgement, number: int, _old: StoredObject | None, _new: StoredObject | None
) -> None:
    """Judge the metadata stream that was written again."""
    reference = Reference(number, 0)
    metadata_changed(judgement, "Metadata", reference, reference)


def _properties(view: View, value: Value) -> dict[str, Property]:
    """Return the properties of a metadata stream, and the other entries of its dictionary.

    Raises ValueError, ParseError or MalformedPdf for metadata that cannot be read for sure.
    """
    if value is None:
        return {}
    stored = view.get(value) if isinstance(value, Reference) else None
    if stored is None or not isinstance(value, Reference):
        raise ValueError("the metadata are no stream")
    others = {key: item for key, item in stored.entries.items() if key not in _OF_STREAM}
    data = view.decoded(value)
    if others != _PLAIN_STREAM or len(data) > _MAX_BYTES:
        raise ValueError("the metadata are unusual")
    return read_properties(data, repeatable=_OF_WRITER)
