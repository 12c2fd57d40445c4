"""Rules about trailer, catalog, document information and extensions.

The catalog is what everything hangs on, so each of its entries is judged by itself, and what
is not named here may not differ (ISO 32000-2 cl. 7.5.5, 7.7.2, 7.12 and 14.3.3).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from idservice.pdf.changes_form import form_changed
from idservice.pdf.changes_judgement import Judgement, Kind, action_code, same
from idservice.pdf.changes_metadata import metadata_changed
from idservice.pdf.changes_names import entry_change, names_changed
from idservice.pdf.changes_pages import page_tree_changed
from idservice.pdf.changes_store import store_changed
from idservice.pdf.changes_structure import structure_changed
from idservice.pdf.object_values import Value
from idservice.pdf.widget_frames import same_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from idservice.pdf.stored_objects import StoredObject

# What describes the section of a revision and not the document.
_OF_SECTION = frozenset(
    {
        "Size", "Prev", "XRefStm", "Type", "W", "Index", "Length", "Filter", "DecodeParms", "DL",
        # Checksums that some producers add, and nobody carries over.
        "DocChecksum",
    }
)  # fmt: skip
# The first identifier is of the document, the second of this version of it (cl. 14.4).
_IDENTIFIERS = 2
_JUDGED_APART = frozenset({"Root", "ID", "Info", "Encrypt"})
_INFO_OF_WRITER = frozenset({"ModDate", "Producer"})
# What a program that writes the first document information says of itself.
_NEW_INFO = frozenset({"CreationDate", "Creator"})
_DEVELOPERS = frozenset({"ESIC", "ADBE", "ISO_"})
# Panels that viewers open beside the pages (table 29); /UseOC and /FullScreen do more than that.
_PANELS = frozenset({None, "UseNone", "UseOutlines", "UseThumbs", "UseAttachments"})
_VERSION = re.compile(r"([12])\.([0-9])")


def trailer_changed(judgement: Judgement) -> None:
    """Judge the trailer: it may not name another document."""
    old, new = judgement.step.old_trailer, judgement.step.new_trailer
    for key in sorted((old.keys() | new.keys()) - _OF_SECTION):
        was, now = old.get(key), new.get(key)
        if was == now and key in _JUDGED_APART:
            continue
        if key == "Root":
            judgement.forbid("trailer-root-changed", "names another catalog, so another document")
        elif key == "ID":
            _identifier_changed(judgement, was, now)
        elif key == "Info":
            views = judgement.step.old, judgement.step.new
            _information_changed(judgement, views[0].value(was), views[1].value(now))
        elif now is None and key not in _JUDGED_APART:
            # What only one program knows, others leave out when they write a trailer.
            message = f"leaves out the entry /{key[:40]} of the trailer, which no standard knows"
            judgement.permit("trailer-entry-left-out", message)
        elif not same(judgement.step.old, was, judgement.step.new, now):
            judgement.forbid("trailer-changed", f"changes the entry /{key[:40]} of the trailer")


def catalog_changed(
    judgement: Judgement, _number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge the catalog entry by entry."""
    was = {} if old is None else old.entries
    now = {} if new is None else new.entries
    for key in sorted(was.keys() | now.keys()):
        if was.get(key) == now.get(key):
            continue
        rule = _ENTRIES.get(key, _other_changed)
        rule(judgement, key, was.get(key), now.get(key))


def information_changed(
    judgement: Judgement, _number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge the document information dictionary."""
    _information_changed(
        judgement, None if old is None else old.value, None if new is None else new.value
    )


def extensions_changed(
    judgement: Judgement, _number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge the extensions dictionary, or one of the extensions, as an object of its own."""
    was, now = None if old is None else old.value, None if new is None else new.value
    if isinstance(now, dict) and ("ExtensionLevel" in now or "BaseVersion" in now):
        _extension_changed(judgement, was, now)
    elif isinstance(now, list):
        _levels_changed(judgement, was, now)
    else:
        _extensions_changed(judgement, "Extensions", was, now)


def encryption_changed(
    judgement: Judgement, _number: int, _old: StoredObject | None, _new: StoredObject | None
) -> None:
    """Forbid every change of the encryption dictionary."""
    judgement.forbid("encryption-changed", "changes how the document is encrypted")


def permissions_object_changed(
    judgement: Judgement, _number: int, _old: StoredObject | None, _new: StoredObject | None
) -> None:
    """Forbid every change of the permissions dictionary, when it is an object of its own."""
    _permissions_changed(judgement, "Perms", None, None)


def _identifier_changed(judgement: Judgement, old: Value, new: Value) -> None:
    """Each version of a file has a second half of its own; the first is part of a key."""
    was, now = judgement.step.old.items(old), judgement.step.new.items(new)
    salts = "Encrypt" in judgement.step.new_trailer
    if len(now) != _IDENTIFIERS or (salts and was[:1] != now[:1]):
        judgement.forbid("trailer-changed", "changes the identifier of the document")


def _information_changed(judgement: Judgement, old: Value, new: Value) -> None:
    was = old if isinstance(old, dict) else {}
    now = new if isinstance(new, dict) else {}
    step = judgement.step
    keys = {
        key
        for key in was.keys() | now.keys()
        if not same(step.old, was.get(key), step.new, now.get(key))
        and not same_text(step.old.value(was.get(key)), step.new.value(now.get(key)))
    }
    if was and not now:
        # Some writers leave it out of their trailers; nothing false is said instead.
        message = "no longer names title, author and dates of the document"
        judgement.permit("information-removed", message, kind=Kind.METADATA)
        return
    permitted = _INFO_OF_WRITER if was else _INFO_OF_WRITER | _NEW_INFO
    if keys - permitted:
        named = ", ".join(sorted(keys - permitted))[:80]
        judgement.forbid("metadata-changed", f"changes the document information ({named})")
    elif keys:
        message = "says when and by what it was written"
        judgement.permit("modification-date-changed", message, kind=Kind.METADATA)


def _version_changed(judgement: Judgement, _key: str, old: Value, new: Value) -> None:
    """The version is the later of the header's and the catalog's (cl. 7.5.2 and 7.7.2)."""
    known = judgement.header_version
    before = max(known, old) if isinstance(old, str) else known
    now = _VERSION.fullmatch(new) if isinstance(new, str) else None
    if now is None or (isinstance(old, str) and now[0] < old) or now[0] < before:
        judgement.forbid("version-changed", "lowers the version of the document, or names none")
    elif now[0] > before:
        judgement.permit("version-raised", f"declares version {now[0]} of PDF")


def _page_mode_changed(judgement: Judgement, key: str, old: Value, new: Value) -> None:
    """Which panel is open at first is set anew by programs that save, and changes no page."""
    step = judgement.step
    was, now = step.old.value(old), step.new.value(new)
    known = all(item is None or isinstance(item, str) for item in (was, now))
    if known and was in _PANELS and now in _PANELS:
        judgement.permit(
            "viewer-panel-changed", "changes which panel viewers open beside the pages"
        )
    else:
        _other_changed(judgement, key, old, new)


def _extensions_changed(judgement: Judgement, _key: str, old: Value, new: Value) -> None:
    step = judgement.step
    was, now = step.old.dictionary(old), step.new.dictionary(new)
    # The type is optional, and says nothing that is not known.
    for key in sorted((was.keys() | now.keys()) - {"Type"}):
        before, after = was.get(key), now.get(key)
        if before == after:
            continue
        if key not in _DEVELOPERS or after is None:
            judgement.forbid("extensions-changed", f"changes the extension /{key[:40]}")
        elif key == "ISO_":
            _levels_changed(judgement, before, after)
        else:
            _extension_changed(judgement, before, after)


def _levels_changed(judgement: Judgement, old: Value, new: Value) -> None:
    """An array of extensions of one developer (ISO 32000-2 table 49) only grows."""
    step = judgement.step
    was, now = step.old.items(old), step.new.items(new)
    if isinstance(step.new.value(new), dict) or any(item not in now for item in was):
        _extension_changed(judgement, old, new)
        return
    for item in now:
        if item not in was:
            _extension_changed(judgement, None, item)


def _extension_changed(judgement: Judgement, old: Value, new: Value) -> None:
    step = judgement.step
    was, now = step.old.dictionary(old), step.new.dictionary(new)
    base, level = now.get("BaseVersion"), now.get("ExtensionLevel")
    before = _rank(was.get("BaseVersion"), was.get("ExtensionLevel"))
    after = _rank(base, level)
    inert = not any(isinstance(item, (dict, list)) for item in now.values())
    if after is None or not inert or (was and (before is None or after < before)):
        judgement.forbid("extensions-changed", "changes or lowers an extension of the document")
    elif was != now:
        declared = f"declares extension level {after[1]} of PDF {after[0]}"
        judgement.permit("extension-declared", declared)


def _rank(base: Value, level: Value) -> tuple[str, int] | None:
    known = isinstance(base, str) and _VERSION.fullmatch(base) is not None
    return (base, level) if known and isinstance(base, str) and isinstance(level, int) else None


def _permissions_changed(judgement: Judgement, _key: str, _old: Value, _new: Value) -> None:
    """A certification comes first or not at all (ISO 32000-2 cl. 12.8.1)."""
    judgement.forbid("permissions-changed", "changes what signatures permit in the document")


def _other_changed(judgement: Judgement, key: str, old: Value, new: Value) -> None:
    step = judgement.step
    if same(step.old, old, step.new, new):
        return
    active = action_code(step.new.value(new))
    if key in {"OpenAction", "AA"} or (active is not None and key != "Names"):
        code = active or "action-added"
        judgement.forbid(code, f"makes viewers act when they open it (/{key[:40]})")
    elif key == "Names":
        names_changed(judgement, old, new)
    else:
        judgement.forbid(*entry_change(key))


_ENTRIES: dict[str, Callable[[Judgement, str, Value, Value], None]] = {
    "AcroForm": form_changed,
    "DSS": store_changed,
    "Extensions": _extensions_changed,
    "Version": _version_changed,
    "PageMode": _page_mode_changed,
    "Perms": _permissions_changed,
    "Metadata": metadata_changed,
    "Pages": page_tree_changed,
    "StructTreeRoot": structure_changed,
}
