"""Who refers to the objects that revisions change, and with which entry.

An object may be reached in more than one way: as an entry of the security store, and as the
content of a page. A change of it is harmless only if it is harmless in every one of them, so
all references to it are looked up, from everywhere in the file. Only objects that change are
indexed, and those that do not exist yet: a reference to nothing is null until somebody adds
the object.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from idservice.pdf.object_values import Reference, Value
from idservice.pdf.stored_objects import malformed
from idservice.pdf.xref_entries import AT_OFFSET

if TYPE_CHECKING:
    from idservice.pdf.object_history import ObjectHistory, Step

TRAILER = 0
"""The holder that stands for the trailer; no object has this number."""

Path = tuple[str | int, ...]
"""Keys and places from an object down to one of its values."""

_WHITE = rb"[\x00\t\n\x0c\r ]"
_BETWEEN = rb"(?:" + _WHITE + rb"|%[^\r\n]*+)++"
# Finds at least every reference; what else it finds is sorted out when the object is read.
_REFERENCE = re.compile(rb"(?<![0-9])(\d++)" + _BETWEEN + rb"\d++" + _BETWEEN + rb"R")
_INNER = rb"\((?:[^()\\]++|\\.)*+\)"
_STRING = rb"\((?:[^()\\]++|\\.|" + _INNER + rb")*+\)"
_BODY = re.compile(
    _WHITE + rb"*+\d++" + _WHITE + rb"++\d++" + _WHITE + rb"++obj"
    rb"(?:[^(%/es]++|/[^\x00\t\n\x0c\r ()<>\[\]{}/%]*+|%[^\r\n]*+"
    rb"|" + _STRING + rb"|e(?!ndobj)|s(?!tream))*+"
    rb"(?:endobj|stream)",
    re.DOTALL,
)


class Edge(NamedTuple):
    """One reference: the object that holds it, and where in that object it stands."""

    holder: int
    path: Path


class ReferenceIndex:
    """All references to some objects of a file, kept up to date step by step."""

    def __init__(self, history: ObjectHistory, watched: set[int]) -> None:
        """Look through the first revision. Raises MalformedPdf, InputTooLarge.

        `watched` are further objects that are indexed; the set may grow with new objects.
        """
        self._watched = watched
        self._changed, added = history.touched()
        self._missing = set(added)
        self._edges: dict[int, dict[int, list[Path]]] = {}
        self._targets: dict[int, set[int]] = {}
        self._put(TRAILER, history.trailer)
        view = history.view
        for number in self._candidates(history):
            entry = view.entry(number)
            if entry is not None:
                self._put(number, view.at(number, entry).value)

    def edges(self, number: int) -> list[Edge]:
        """Return every reference to an object that a later revision changes."""
        holders = self._edges.get(number, {})
        return [Edge(holder, path) for holder, paths in holders.items() for path in paths]

    def take(self, step: Step) -> None:
        """Go one revision further."""
        self._missing -= step.added
        for number, difference in step.changed.items():
            self._drop(number)
            if difference.new is not None:
                self._put(number, difference.new.value)
        self._drop(TRAILER)
        self._put(TRAILER, step.new_trailer)

    def _candidates(self, history: ObjectHistory) -> Iterator[int]:
        """Numbers of the objects that may refer to one of those that are looked for."""
        wanted = self._changed | self._missing | self._watched
        offsets, members = [], dict[int, list[int]]()
        for number, entry in history.entries():
            if entry.kind == AT_OFFSET:
                offsets.append((entry.place, number))
            else:
                members.setdefault(entry.place, []).append(number)
        yield from _in_bodies(history, sorted(offsets), wanted)
        for container, numbers in members.items():
            if _refers(history.decoded_stream(container), wanted):
                yield from numbers

    def _put(self, holder: int, value: Value) -> None:
        if isinstance(value, dict) and value.get("Type") == "XRef" and holder != TRAILER:
            # The dictionary of a cross-reference stream is a trailer; only the newest counts.
            return
        for target, path in self._found(value, ()):
            self._edges.setdefault(target, {}).setdefault(holder, []).append(path)
            self._targets.setdefault(holder, set()).add(target)

    def _drop(self, holder: int) -> None:
        for target in self._targets.pop(holder, ()):
            del self._edges[target][holder]

    def _is_wanted(self, number: int) -> bool:
        return number in self._changed or number in self._missing or number in self._watched

    def _found(self, value: Value, path: Path) -> Iterator[tuple[int, Path]]:
        if isinstance(value, Reference):
            if self._is_wanted(value.number):
                yield value.number, path
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, Reference):
                    if self._is_wanted(item.number):
                        yield item.number, (*path, index)
                elif isinstance(item, (list, dict)):
                    yield from self._found(item, (*path, index))
        elif isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, (Reference, list, dict)):
                    yield from self._found(item, (*path, key))


def _in_bodies(
    history: ObjectHistory, offsets: list[tuple[int, int]], wanted: frozenset[int] | set[int]
) -> Iterator[int]:
    """Look at the objects that stand in the file themselves, without the data of streams."""
    data, base = history.data, history.base
    starts = [offset + base for offset, _ in offsets]
    for (offset, number), start in zip(offsets, starts, strict=True):
        body = _BODY.match(data, start)
        if body is None:
            # A string with deep brackets, or no object at all: reading it will tell.
            yield number
            continue
        following = bisect_right(starts, start)
        if following < len(starts) and starts[following] < body.end():
            raise malformed(f"object {number} at byte {offset + base} overlaps another one")
        if any(int(found[1]) in wanted for found in _REFERENCE.finditer(data, start, body.end())):
            yield number


def _refers(data: bytes, wanted: frozenset[int] | set[int]) -> bool:
    return any(int(found[1]) in wanted for found in _REFERENCE.finditer(data))
