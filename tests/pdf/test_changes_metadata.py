"""Metadata after a signature: the date and the program may differ, what is described may not."""

import zlib

import pytest

from idservice.pdf.changes import Permission
from support.later_revisions import CATALOG, SIGNED, append, changes, codes, worst
from support.pdf_writing import stream

PERMITTED, _, FORBIDDEN = Permission

XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" %b>%b</rdf:Description>'
    b'</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
TITLE = b'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">%b</rdf:li></rdf:Alt></dc:title>'
TYPE = b"/Type /Metadata /Subtype /XML "


def written(attributes: bytes = b"", elements: bytes = TITLE % b"Contract") -> bytes:
    """A metadata stream."""
    return stream(XMP % (attributes, elements), TYPE)


BEFORE = append(SIGNED, {33: written(b'xmp:ModifyDate="2026-06-01"')})


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (written(b'xmp:ModifyDate="2026-07-01"'), PERMITTED),
        (written(b'xmp:ModifyDate="2026-07-01" xmp:MetadataDate="2026-07-01"'), PERMITTED),
        (written(), PERMITTED),
        (
            written(b"", TITLE % b"Contract" + b"<xmp:ModifyDate> 2026-06-01 </xmp:ModifyDate>"),
            None,
        ),
        (
            stream(
                zlib.compress(XMP % (b'xmp:ModifyDate="2026-07-01"', TITLE % b"Contract")),
                TYPE + b"/Filter /FlateDecode ",
            ),
            PERMITTED,
        ),
        (
            written(
                b'xmp:ModifyDate="2026-07-01"',
                TITLE % b"Contract" + b"<xmp:ModifyDate>2026-08-01</xmp:ModifyDate>"
                b"<pdf:Producer>Other</pdf:Producer>",
            ),
            PERMITTED,
        ),
        (written(b"", TITLE % b"Contract" + b"<pdf:Other>1</pdf:Other>"), FORBIDDEN),
        (written(b"", TITLE % b"Contract" + b"<other:Producer>1</other:Producer>"), FORBIDDEN),
        (written(b'xmp:ModifyDate="2026-07-01"', TITLE % b"Gift"), FORBIDDEN),
        (written(b'xmp:CreatorTool="Other"'), FORBIDDEN),
        (written(b"", b""), FORBIDDEN),
        (
            written(b"", 2 * b"<xmp:Rating>1</xmp:Rating>" + b"<xmp:Rating>2</xmp:Rating>"),
            FORBIDDEN,
        ),
        (stream(b"<!DOCTYPE x []>" + XMP % (b"", TITLE % b"Contract"), TYPE), FORBIDDEN),
        (stream(b"no metadata", TYPE), FORBIDDEN),
        (stream(XMP % (b"", TITLE % b"Contract"), TYPE + b"/Extra 1 "), FORBIDDEN),
        (stream(b"<a>" * 50_000 + b"</a>" * 50_000, TYPE), FORBIDDEN),
        (b"<< /Type /Metadata >>", FORBIDDEN),
    ],
)
def test_only_who_wrote_and_when_may_differ(new: bytes, expected: Permission | None) -> None:
    """Properties of the writing program are permitted, however they are written; others not."""
    found = changes(append(BEFORE, {33: new}), signed=2)
    assert worst(found) is expected
    assert codes(found) <= {"modification-date-changed", "metadata-changed"}


def test_metadata_may_move_to_another_object() -> None:
    """What counts is what the catalog leads to."""
    moved = {1: CATALOG.replace(b"33 0 R", b"40 0 R") % b""}
    same = append(BEFORE, moved | {40: written(b'xmp:ModifyDate="2026-07-01"')})
    other = append(BEFORE, moved | {40: written(b"", TITLE % b"Gift")})
    assert worst(changes(same, signed=2)) is PERMITTED
    assert worst(changes(other, signed=2)) is FORBIDDEN


def test_metadata_that_are_something_else_as_well_may_not_change() -> None:
    """A stream that a page shows is page content, whatever else it is."""
    base = append(BEFORE, {4: stream(b""), 3: b"<< /Type /Page /Parent 2 0 R /Contents 33 0 R >>"})
    found = changes(append(base, {33: written()}), signed=3)
    assert (codes(found), worst(found)) == ({"page-content-changed"}, FORBIDDEN)


def test_a_certification_without_changes_leaves_the_metadata() -> None:
    """What is not judged after an ordinary signature is forbidden after such a certification."""
    reference = b"[<< /TransformMethod /DocMDP /TransformParams << /P 1 >> >>]"
    signature = b"<< /Type /Sig /Contents <00> /Reference %b >>" % reference
    base = append(BEFORE, {1: CATALOG % b"/Perms << /DocMDP 8 0 R >> ", 8: signature})
    found = changes(append(base, {33: written(b"", TITLE % b"Gift")}), signed=3)
    assert worst(found) is FORBIDDEN
