"""Signed PDFs whose every byte a test can choose, and the facts read back from them.

`SignedPdf()` lays out a small file with one signature field; a test replaces an entry of
the signature dictionary, the byte range or the CMS, and gets the file with `build()`.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from idservice.pades.facts import read_facts
from idservice.validation.facts import DocumentFacts, SignatureFacts
from support.cms_forgery import Forgery
from support.pdfs import IDENTIFIER, plain_objects, table_pdf

ROOM = 4096
_RANGE = b"[0 0000000000 0000000000 0000000000]"
_FIELD = b"<< /FT /Sig /T (Signature1) /V 7 0 R /Type /Annot /Subtype /Widget /Rect [0 0 0 0] >>"
_CATALOG = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /SigFlags 3 >> >>"

GOOD_ENTRIES = {
    "Type": b"/Sig",
    "Filter": b"/Adobe.PPKLite",
    "SubFilter": b"/ETSI.CAdES.detached",
    "M": b"(D:20260601120000Z)",
}

Ranges = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class SignedPdf:
    """The parts of a signed file. `entries` replaces or adds; an empty value leaves one out."""

    cms: Callable[[bytes], bytes] = field(default_factory=lambda: Forgery().encode)
    entries: dict[str, bytes] = field(default_factory=dict)
    before_contents: bytes = b""
    after_contents: bytes = b""
    tail: bytes = b""
    ranges: Callable[[Ranges], Ranges] = lambda found: found
    objects: dict[str, bytes] = field(default_factory=dict)
    padding: bytes = b"0"
    trailer: bytes = IDENTIFIER

    def build(self) -> bytes:
        """Lay out the file, sign it, and return it."""
        entries = {**GOOD_ENTRIES, **self.entries}
        dictionary = b"<< %b /ByteRange %b %b/Contents <%b>%b >>" % (
            b" ".join(b"/%b %b" % (k.encode(), v) for k, v in entries.items() if v),
            _RANGE,
            self.before_contents,
            b"0" * ROOM,
            self.after_contents,
        )
        objects = {"o1": _CATALOG, "o6": _FIELD, "o7": dictionary, **self.objects}
        data = bytearray(table_pdf(plain_objects(**objects), trailer=self.trailer))
        gap = data.index(b"<" + b"0" * ROOM + b">")
        stop = gap + ROOM + 2
        ranges = self.ranges((0, gap, stop, len(data) - stop))
        written = (b"[%d %d %d %d]" % ranges).ljust(len(_RANGE))
        place = data.index(_RANGE)
        data[place : place + len(_RANGE)] = written
        start, first, second, length = ranges
        covered = data[start : start + first] + data[second : second + length]
        value = self.cms(hashlib.sha256(covered).digest()).hex().encode()
        if len(value) > ROOM:
            raise AssertionError(f"the signature needs {len(value)} digits")
        data[gap + 1 : stop - 1] = value.ljust(ROOM, self.padding)
        return bytes(data) + self.tail


def facts_of(data: bytes, password: str | None = None) -> DocumentFacts:
    """Read the facts of a file."""
    return read_facts(data, password=password)


def only_signature(data: bytes) -> SignatureFacts:
    """Read the facts of a file that has one signature."""
    (signature,) = read_facts(data).signatures
    return signature


def codes(signature: SignatureFacts) -> set[str]:
    """The codes of everything that was found about a signature."""
    return {item.code for item in signature.findings}


def signed_again(data: bytes, original: bytes, replacement: bytes) -> bytes:
    """Replace bytes that the newest signature covers, which its signer then signs.

    So comes about what this product would not write; everything keeps its place.
    """
    assert len(replacement) <= len(original)
    made = bytearray(data)
    place = made.rindex(original)
    made[place : place + len(original)] = replacement.ljust(len(original))
    numbers = made[made.rindex(b"/ByteRange") :].split(b"[", 1)[1].split(b"]", 1)[0].split()
    _, gap, stop, _ = (int(item) for item in numbers)
    covered = hashlib.sha256(made[:gap] + made[stop:]).digest()
    value = Forgery().encode(covered).hex().encode()
    made[gap + 1 : stop - 1] = value.ljust(stop - gap - 2, b"0")
    return bytes(made)
