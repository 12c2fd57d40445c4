"""Rules about the document security store: it may grow (EN 319 142-1 cl. 5.4.2).

Nothing in it shows on a page, so whatever it holds is harmless to the document; whether it is
worth anything is for the validation of revocation data to say. An update that drops entries
is told, and they are still found in the older revision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.change_kinds import Kind
from idservice.pdf.object_values import Reference, Value

if TYPE_CHECKING:
    from idservice.pdf.changes_judgement import Judgement
    from idservice.pdf.object_history import View
    from idservice.pdf.stored_objects import StoredObject

_LISTS = ("Certs", "OCSPs", "CRLs")
_KEYS = frozenset({"Type", "VRI", *_LISTS})
_ENTRY_KEYS = frozenset({"Type", "Cert", "OCSP", "CRL", "TU", "TS"})

ADDED, REMOVED, REPLACED = "dss-added", "dss-entry-removed", "dss-entry-replaced"


def store_changed(judgement: Judgement, _key: str, old: Value, new: Value) -> None:
    """Judge the store as a whole."""
    step = judgement.step
    was, now = step.old.value(old), step.new.value(new)
    known = step.old.dictionary(was.get("VRI")) if isinstance(was, dict) else {}
    if now is not None and not (isinstance(now, dict) and _sound(step.new, now, known)):
        judgement.forbid("dss-malformed", "adds a security store that is none")
        return
    before, after = _contents(step.old, was), _contents(step.new, now)
    if before - after:
        _told(judgement, REMOVED, "leaves out entries of the security store")
    if after - before or was is None:
        _told(judgement, ADDED, "adds validation data to the security store")


def store_object_changed(
    judgement: Judgement, _number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge the dictionary of the store as an object of its own."""
    store_changed(
        judgement,
        "DSS",
        None if old is None else old.value,
        None if new is None else new.value,
    )


def part_changed(
    judgement: Judgement, _number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge a list of the store, or an entry of /VRI, as an object of its own."""
    was = None if old is None else old.value
    now = None if new is None else new.value
    if isinstance(was, dict) and isinstance(now, dict):
        # What stayed as it was needs no second look: a store may be added to very often.
        stayed = {key for key, item in now.items() if was.get(key) == item}
        was = {key: item for key, item in was.items() if key not in stayed}
        now = {key: item for key, item in now.items() if key not in stayed}
    before, after = set(_leaves(was)), set(_leaves(now))
    if not _plain(now):
        judgement.forbid("dss-malformed", "puts something into the security store that is no data")
        return
    if before - after:
        _told(judgement, REMOVED, "leaves out entries of the security store")
    if after - before or was is None:
        _told(judgement, ADDED, "adds validation data to the security store")


def item_changed(
    judgement: Judgement, _number: int, _old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge a certificate, an answer or a list that was written again with another content."""
    if new is None:
        _told(judgement, REMOVED, "leaves out entries of the security store")
    elif new.span is None:
        judgement.forbid("dss-malformed", "puts something into the security store that is no data")
    else:
        judgement.forbid(REPLACED, "writes data of the security store again with other content")


def _told(judgement: Judgement, code: str, message: str) -> None:
    """Each kind of change is told once for a revision."""
    if all(item.code != code for item in judgement.items):
        judgement.permit(code, message, kind=Kind.EVIDENCE)


def _sound(view: View, store: dict[str, Value], known: dict[str, Value]) -> bool:
    """Whether a store is made of lists of references and nothing else.

    Entries by signature that are `known` from before are not looked at again.
    """
    if store.keys() - _KEYS or store.get("Type", "DSS") != "DSS":
        return False
    lists = [view.value(store[key]) for key in _LISTS if key in store]
    entries = view.value(store.get("VRI", {}))
    return (
        all(isinstance(item, list) for item in lists)
        and all(_plain(item) for item in lists)
        and isinstance(entries, dict)
        and all(
            _sound_entry(view, item)
            for key, item in entries.items()
            if key != "Type" and known.get(key) != item
        )
    )


def _sound_entry(view: View, value: Value) -> bool:
    entry = view.value(value)
    return isinstance(entry, dict) and not entry.keys() - _ENTRY_KEYS and _plain(entry)


def _plain(value: Value) -> bool:
    """Whether a value holds references and texts only, in lists and dictionaries."""
    if isinstance(value, list):
        return all(isinstance(item, Reference) for item in value)
    if isinstance(value, dict):
        return all(_plain(item) for item in value.values())
    return value is None or isinstance(value, (Reference, bytes, str))


def _leaves(value: Value) -> list[Reference]:
    if isinstance(value, Reference):
        return [value]
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [item for item in value if isinstance(item, Reference)]
    return []


def _contents(view: View, store: Value) -> set[Reference]:
    """The data of a store that its lists name."""
    if not isinstance(store, dict):
        return set()
    lists = (view.items(store[key]) for key in _LISTS if key in store)
    return {item for listed in lists for item in listed if isinstance(item, Reference)}
