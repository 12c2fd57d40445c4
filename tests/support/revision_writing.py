"""Writing revisions behind a finished file, byte by byte, in the manner of any program.

`Revision(data)` knows the objects of a file; a caller replaces, adds and frees some, and
`build()` appends them with the kind of cross-reference that the file has, or another one.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping

import pikepdf

from support.pdf_writing import stream

Entries = dict[str, bytes]
TABLE, STREAM, OBJECTS = "table", "stream", "objects"


def dictionary(entries: Mapping[str, bytes]) -> bytes:
    """Write a dictionary; names come without their slash."""
    return b"<< " + b"".join(b"/%b %b " % (k.encode(), v) for k, v in entries.items()) + b">>"


def written(value: object) -> bytes:
    """Write what pikepdf gives for an object; numbers and booleans are Python's there."""
    if isinstance(value, pikepdf.Object):
        return value.unparse()
    return str(value).lower().encode()


def start_of_xref(data: bytes) -> int:
    """The place that the last startxref of a file names."""
    return int(data[data.rindex(b"startxref") + 9 :].split()[0])


def style_of(data: bytes) -> str:
    """Whether the newest cross-reference of a file is a table or a stream."""
    start = start_of_xref(data)
    return TABLE if data[start : start + 4] == b"xref" else STREAM


def _entry_line(kind: int, place: int, generation: int) -> bytes:
    return b"%010d %05d %b \n" % (place, generation, b"n" if kind else b"f")


class Revision:
    """Objects that are to be appended to a file; `objects` are their bodies by number."""

    def __init__(self, data: bytes) -> None:
        """Read a file that is sound."""
        self.data = data
        self.objects: dict[int, bytes] = {}
        self.freed: list[int] = []
        self.generations: dict[int, int] = {}
        self._pdf = pikepdf.open(io.BytesIO(data))
        self.trailer: Entries = {
            key: written(self._pdf.trailer[f"/{key}"])
            for key in ("Root", "Info", "ID", "Encrypt")
            if f"/{key}" in self._pdf.trailer
        }
        self.size = int(self._pdf.trailer["/Size"])

    def read(self, number: int) -> pikepdf.Object:
        """The object of this number as the file has it."""
        return self._pdf.get_object((number, 0))

    def entries(self, number: int) -> Entries:
        """The entries of a dictionary or stream, as written."""
        found = self.read(number)
        return {key[1:]: written(found[key]) for key in found.keys()}  # noqa: SIM118 - pikepdf

    def put(self, number: int, entries: Mapping[str, bytes | None]) -> Revision:
        """Write a dictionary or stream again with other entries; None takes one out."""
        merged: dict[str, bytes | None] = {**self.entries(number), **entries}
        kept = {key: value for key, value in merged.items() if value is not None}
        found = self.read(number)
        if isinstance(found, pikepdf.Stream):
            kept.pop("Length", None)
            body = dictionary(kept)[3:-2]
            self.objects[number] = stream(found.read_raw_bytes(), body)
        else:
            self.objects[number] = dictionary(kept)
        return self

    def extend(self, number: int, key: str, *items: bytes) -> Revision:
        """Put further items behind those of an array; it is written where its owner is."""
        array = self.read(number).get(f"/{key}", pikepdf.Array())
        listed = [written(array[index]) for index in range(len(array))]
        return self.put(number, {key: b"[" + b" ".join([*listed, *items]) + b"]"})

    def write(self, number: int, body: bytes) -> Revision:
        """Write an object with this number, new or again."""
        self.objects[number] = body
        return self

    def add(self, body: bytes) -> int:
        """Write a new object and return its number."""
        number = max([self.size, *(item + 1 for item in self.objects)])
        self.objects[number] = body
        return number

    def free(self, *numbers: int) -> Revision:
        """Mark objects as free."""
        self.freed += numbers
        return self

    def signatures(self) -> list[tuple[int, int]]:
        """The numbers of field and value of each signature, in the order of the form."""
        fields = self._pdf.Root.AcroForm.Fields
        return [
            (fields[index].objgen[0], fields[index].V.objgen[0])
            for index in range(len(fields))
            if fields[index].get("/FT") == "/Sig" and "/V" in fields[index]
        ]

    def build(
        self, style: str | None = None, *, prev: bytes | None = None, tail: bytes = b""
    ) -> bytes:
        """Append the revision; by default with the same kind of cross-reference."""
        out = bytearray(self.data)
        if out[-1:] not in b"\r\n":
            out += b"\n"
        packed = self._packed() if style == OBJECTS else ()
        rows = dict.fromkeys(self.freed, (0, 0, 1))
        for number in sorted(set(self.objects) - set(packed)):
            generation = self.generations.get(number, 0)
            rows[number] = (1, len(out), generation)
            out += b"%d %d obj\n%b\nendobj\n" % (number, generation, self.objects[number])
        trailer = {**self.trailer, "Prev": prev or b"%d" % start_of_xref(self.data)}
        size = max([self.size, *(number + 1 for number in self.objects)])
        if (style or style_of(self.data)) == TABLE:
            self._table(out, rows, {"Size": b"%d" % size, **trailer})
        else:
            self._stream(out, rows, trailer, size, packed)
        return bytes(out) + tail

    def _packed(self) -> tuple[int, ...]:
        bodies = self.objects.items()
        return tuple(sorted(key for key, body in bodies if not body.endswith(b"endstream")))

    @staticmethod
    def _table(out: bytearray, rows: Mapping[int, tuple[int, int, int]], trailer: Entries) -> None:
        start = len(out)
        listed = [b"%d 1\n%b" % (key, _entry_line(*row)) for key, row in sorted(rows.items())]
        out += b"xref\n" + (b"".join(listed) or b"0 0\n")
        out += b"trailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (dictionary(trailer), start)

    def _stream(
        self,
        out: bytearray,
        rows: dict[int, tuple[int, int, int]],
        trailer: Entries,
        size: int,
        packed: tuple[int, ...],
    ) -> None:
        if packed:
            rows[size] = (1, len(out), 0)
            head, body = b"", b""
            for index, member in enumerate(packed):
                rows[member] = (2, size, index)
                head += b"%d %d " % (member, len(body))
                body += self.objects[member] + b"\n"
            entries = b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode "
            made = stream(zlib.compress(head + body), entries % (len(packed), len(head)))
            out += b"%d 0 obj\n%b\nendobj\n" % (size, made)
            size += 1
        start = len(out)
        rows[size] = (1, start, 0)
        listed_rows = b" ".join(b"%d 1" % item for item in sorted(rows))
        table = b"".join(
            bytes((kind,)) + place.to_bytes(4, "big") + third.to_bytes(2, "big")
            for _, (kind, place, third) in sorted(rows.items())
        )
        listed = dictionary({"Size": b"%d" % (size + 1), **trailer})[3:-2]
        made = stream(table, b"/Type /XRef /W [1 4 2] /Index [%b] %b" % (listed_rows, listed))
        out += b"%d 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (size, made, start)
