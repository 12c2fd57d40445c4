"""Parser differentials: updates that two readers understand in two ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from support.attack_documents import CONTENT, PAGE, PAGES
from support.attacks import Variant, variant
from support.attacks_saving import EVIL
from support.pdf_writing import stream
from support.revision_writing import Revision, dictionary, start_of_xref

Edit = Callable[[bytes], bytes]
_EVIL_BODY = b"BT /F1 12 Tf 72 740 Td (The buyer pays 9999 euros) Tj ET"
_AMBIGUOUS = (
    "page-content-changed pages-changed revision-unreadable hybrid-object-differs pdf_damaged "
    "FORMAT_FAILURE bytes-appended revision-appended object-stream-changed trailer-changed "
    "object-changed changes_forbidden changes_not_analysed xref_not_covered catalog-changed "
    "extensions-changed"
)


def _raw(
    objects: bytes,
    table: bytes = b"",
    *,
    trailer: bytes = b"",
    size: int = 60,
    after: bytes = b"",
) -> Edit:
    """Append objects and a table by hand; `%d` in the table is where the objects start."""

    def edit(data: bytes) -> bytes:
        start = len(data)
        rows = table % start if b"%" in table else table
        out = data + objects
        xref = len(out)
        out += (
            b"xref\n"
            + rows
            + b"trailer\n<< /Size %d /Root 1 0 R /Prev %d %b >>\n"
            % (
                size,
                start_of_xref(data),
                trailer,
            )
        )
        return out + after + b"startxref\n%d\n%%%%EOF\n" % xref

    return edit


_ROW = b"4 1\n%010d 00000 n \n"


def _page(entries: bytes) -> Edit:
    """Write the page again, with an entry added in front of the others."""

    def edit(data: bytes) -> bytes:
        revision = Revision(data)
        evil = revision.add(EVIL)
        named = entries % evil if b"%d" in entries else entries
        body = dictionary(revision.entries(PAGE))
        return revision.write(PAGE, b"<< " + named + b" " + body[3:]).build()

    return edit


def _two_objects(data: bytes) -> bytes:
    """Write one object twice in a revision; only the first is in the table."""
    honest = Revision(data)
    honest.put(CONTENT, {})
    first = b"4 0 obj\n" + honest.objects[CONTENT] + b"\nendobj\n"
    second = b"4 0 obj\n" + EVIL + b"\nendobj\n"
    return _raw(first + second, _ROW)(data)


def _two_rows(data: bytes) -> bytes:
    """List one object twice in a table: as it was, and anew."""
    evil = b"4 0 obj\n" + EVIL + b"\nendobj\n"
    place = data.index(b"\n4 0 obj") + 1
    rows = b"4 1\n%010d 00000 n \n4 1\n%010d 00000 n \n"
    return _raw(evil, rows % (place, len(data)))(data)


def _hidden_by_stream(data: bytes) -> bytes:
    """Change a page in objects that only readers of cross-reference streams see."""
    evil = b"4 0 obj\n" + EVIL + b"\nendobj\n"
    section = len(data) + len(evil)
    row = b"\x01" + len(data).to_bytes(4, "big") + b"\0\0"
    entries = b"/Type /XRef /W [1 4 2] /Index [4 1] /Size 60 /Root 1 0 R "
    made = b"59 0 obj\n%b\nendobj\n" % stream(row, entries)
    return _raw(evil + made, b"0 0\n", trailer=b"/XRefStm %d" % section)(data)


def _stream_entries(entries: bytes, body: bytes = _EVIL_BODY) -> Edit:
    made = b"4 0 obj\n<< %b >>\nstream\n%b\nendstream\nendobj\n" % (entries, body)
    return _raw(made, _ROW)


def _packed_content(data: bytes) -> bytes:
    """Put a page into an object stream of an update, beside its plain form."""
    revision = Revision(data)
    revision.put(PAGE, {"Contents": b"24 0 R"})
    return revision.build("objects")


def _generation(data: bytes) -> bytes:
    revision = Revision(data)
    revision.generations[CONTENT] = 1
    return revision.write(CONTENT, EVIL).build()


def _body(pattern: bytes) -> Edit:
    """Append the content with its object header written oddly."""
    return _raw(pattern + EVIL + b"\nendobj\n", _ROW)


_SHOWS = b"4 0 obj\n" + EVIL + b"\nendobj\n"
_LENGTH = b"/Length %d" % len(_EVIL_BODY)
EDITS: dict[str, tuple[str, Edit]] = {
    "key-twice": (_AMBIGUOUS, _page(b"/Contents %d 0 R")),
    "key-escaped": (_AMBIGUOUS, _page(b"/Conten#74s %d 0 R")),
    "key-with-null": (_AMBIGUOUS, _page(b"/Contents#00 %d 0 R")),
    "key-in-comment": (_AMBIGUOUS, _page(b"%%x\n/Contents %d 0 R")),
    "reference-in-comment": (_AMBIGUOUS, _page(b"/Contents %d 0 R %% 4 0 R\n")),
    "object-twice": (_AMBIGUOUS, _two_objects),
    "row-twice": (_AMBIGUOUS, _two_rows),
    "hidden-by-stream": (_AMBIGUOUS, _hidden_by_stream),
    "length-short": (_AMBIGUOUS, _stream_entries(b"/Length 9")),
    "length-long": (_AMBIGUOUS, _stream_entries(b"/Length 99999")),
    "length-missing": (_AMBIGUOUS, _stream_entries(b"")),
    "length-negative": (_AMBIGUOUS, _stream_entries(b"/Length -1")),
    "length-indirect": (_AMBIGUOUS, _stream_entries(b"/Length 4 0 R")),
    "length-twice": (_AMBIGUOUS, _stream_entries(_LENGTH + b" /Length 1")),
    "end-in-stream": (
        _AMBIGUOUS,
        _stream_entries(_LENGTH, _EVIL_BODY[:-20].ljust(len(_EVIL_BODY)) + b"\nendstream"),
    ),
    "packed": (_AMBIGUOUS, _packed_content),
    "generation": (_AMBIGUOUS, _generation),
    "header-comment": (_AMBIGUOUS, _body(b"4 %x\n0 obj\n")),
    "header-glued": (_AMBIGUOUS, _body(b"4 0 obj")),
    "header-signed": (_AMBIGUOUS, _body(b"+4 0 obj\n")),
    "header-zeros": (_AMBIGUOUS, _body(b"0004 0 obj\n")),
    "header-other": (_AMBIGUOUS, _body(b"5 0 obj\n")),
    "end-missing": (_AMBIGUOUS, _raw(b"4 0 obj\n" + EVIL + b"\n", _ROW)),
    "place-before-header": (_AMBIGUOUS, _raw(b"  \n" + _SHOWS, _ROW)),
    "place-zero": (_AMBIGUOUS, _raw(_SHOWS, b"4 1\n0000000000 00000 n \n")),
    "place-in-table": (_AMBIGUOUS, _raw(_SHOWS, b"4 1\n9999999999 00000 n \n")),
    "rows-short": (_AMBIGUOUS, _raw(_SHOWS, b"4 1\n%d 00000 n\n")),
    "rows-19": (_AMBIGUOUS, _raw(_SHOWS, b"4 1\n%010d 00000 n\n")),
    "rows-21": (_AMBIGUOUS, _raw(_SHOWS, b"4 1\n%010d 00000 n  \n")),
    "count-too-large": (_AMBIGUOUS, _raw(_SHOWS, b"4 2\n%010d 00000 n \n")),
    "row-kind-odd": (_AMBIGUOUS, _raw(_SHOWS, b"4 1\n%010d 00000 x \n")),
    "section-in-comment": (_AMBIGUOUS, _raw(_SHOWS, b"%%x\n4 1\n%010d 00000 n \n")),
    "size-small": (_AMBIGUOUS, _raw(_SHOWS, _ROW, size=3)),
    "size-negative": (_AMBIGUOUS, _raw(_SHOWS, _ROW, size=-1)),
    "trailer-key-twice": (_AMBIGUOUS, _raw(_SHOWS, _ROW, trailer=b"/Root 47 0 R")),
    "trailer-twice": (
        _AMBIGUOUS,
        _raw(_SHOWS, _ROW, after=b"trailer\n<< /Size 60 /Root 47 0 R >>\n"),
    ),
    "start-twice": (_AMBIGUOUS, _raw(_SHOWS, _ROW, after=b"startxref\n9\n")),
    "start-in-comment": (_AMBIGUOUS, _raw(_SHOWS, _ROW, after=b"% startxref 9 ")),
    "prev-real": (_AMBIGUOUS, _raw(_SHOWS, _ROW, trailer=b"/Prev 9.0")),
    "page-count-real": (
        _AMBIGUOUS,
        lambda data: Revision(data).put(PAGES, {"Count": b"3.5"}).build(),
    ),
    "kids-direct": (
        _AMBIGUOUS,
        lambda data: (
            Revision(data)
            .put(PAGES, {"Kids": b"[3 0 R 22 0 R << /Type /Page /Parent 2 0 R >>]"})
            .build()
        ),
    ),
    "kids-loop": (
        _AMBIGUOUS,
        lambda data: Revision(data).put(PAGES, {"Kids": b"[3 0 R 22 0 R 2 0 R]"}).build(),
    ),
    "string-not-closed": (_AMBIGUOUS, _page(b"/X (never closed")),
    "deep": (_AMBIGUOUS, _page(b"/X " + b"[" * 600 + b"]" * 600)),
}


def variants() -> Iterator[Variant]:
    """Every update that is not what it seems."""
    for base in ("table", "p3", "b-lta"):
        for name, (codes, edit) in EDITS.items():
            yield variant("reader", name, base, codes.split(), edit)
