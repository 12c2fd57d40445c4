"""Sneaky signatures, spoofed entries and copied time-stamps.

A sneaky signature is a field that an attacker adds for what it shows; a spoofed entry is one
of an earlier signature's own dictionaries, written again; a copied time-stamp is genuine, of
something else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache

from idservice.cms.signed_data import cms_template
from idservice.pades.signing import SignatureOptions
from idservice.pades.signing import sign as sign_document
from idservice.pdf.document import open_document
from idservice.pdf.signature_dictionary import SignatureText
from idservice.pdf.stamp import Box, Place
from support import long_term
from support.attack_documents import CATALOG, FORM, PAGE, signed_base, unsigned
from support.attacks import OWN, Change, Recipes, Variant, over_bases, variant
from support.attacks_annotations import annotation
from support.pdf_writing import stream
from support.pki import AT, CertificatePair, leaf, name, root_ca
from support.revision_writing import Revision, dictionary
from support.stamps import stamp

_OVER = b"[72 735 400 765]"
_LOOK = stream(
    b"1 g 0 0 328 30 re f 0 g BT /F1 12 Tf 2 9 Td (pays 9999 euros) Tj ET",
    b"/Type /XObject /Subtype /Form /BBox [0 0 328 30] ",
)
_VALUE = (
    b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /Contents <%b> "
    b"/ByteRange [0 10 20 30] /M (D:20260601120000Z) >>"
)
_SNEAKY = (
    "added-signature-invalid field-added signature-field-added signature-not-permitted "
    "time-stamp-visible contents_malformed cms_unreadable dictionary_ambiguous byte_range_missing "
    "signature_not_in_field"
)


def _field(value: bytes | None, *, visible: bool = True, entries: bytes = b"") -> Change:
    """Add a signature field; `value` is the body of its value, or a reference."""

    def change(revision: Revision) -> None:
        held = b""
        if value is not None:
            is_reference = value.endswith(b" R")
            held = b"/V %b " % (value if is_reference else b"%d 0 R" % revision.add(value))
        shown = b"/Rect %b /AP << /N %d 0 R >> " % (_OVER, revision.add(_LOOK))
        body = b"/Type /Annot /Subtype /Widget /FT /Sig /T (Sneaky) /F 132 /P %d 0 R %b%b%b"
        field = revision.add(
            b"<< %b >>" % (body % (PAGE, shown if visible else b"/Rect [0 0 0 0] ", held, entries))
        )
        revision.extend(FORM, "Fields", b"%d 0 R" % field)
        revision.extend(PAGE, "Annots", b"%d 0 R" % field)

    return change


def _of_first(revision: Revision) -> None:
    _, value = revision.signatures()[0]
    _field(b"%d 0 R" % value)(revision)


def _copy_of_first(revision: Revision) -> None:
    _, value = revision.signatures()[0]
    _field(dictionary(revision.entries(value)))(revision)


_STAMP = (
    b"<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 /Contents <%b> "
    b"/ByteRange [0 10 20 30] >>"
)
_FIELDS: Recipes = {
    "without-value": (_SNEAKY + " signature-added", _field(None)),
    "without-value-hidden": (_SNEAKY, _field(None, visible=False, entries=b"/AA << >> ")),
    "empty-value": (_SNEAKY, _field(_VALUE % b"")),
    "zeros": (_SNEAKY, _field(_VALUE % (b"00" * 40))),
    "garbage": (_SNEAKY, _field(_VALUE % b"3003020101")),
    "no-contents": (_SNEAKY, _field(b"<< /Type /Sig /Filter /F /SubFilter /ETSI.X >>")),
    "value-null": (_SNEAKY, _field(b"null")),
    "value-number": (_SNEAKY, _field(b"42")),
    "value-of-first": (_SNEAKY + " annotation-added", _of_first),
    "value-copied": (_SNEAKY, _copy_of_first),
    "time-stamp-garbage": (_SNEAKY + " document_time_stamp_broken", _field(_STAMP % b"3000")),
    "time-stamp-hidden": (
        _SNEAKY + " document_time_stamp_broken",
        _field(_STAMP % b"3000", visible=False),
    ),
    "field-and-cover": (
        _SNEAKY + " annotation-added annotation-covers-content",
        lambda r: (
            _field(None, visible=False)(r),
            annotation(b"/Subtype /Stamp ", look=_LOOK)(r),
        ),
    ),
}


@cache
def _mallory() -> CertificatePair:
    return leaf(root_ca("TEST Mallory's root"), name("Mallory"))


def _signed_by_mallory(data: bytes) -> bytes:
    """Sign properly, and visibly over the text, with a certificate that nobody trusts."""
    who = _mallory()
    template = cms_template(who.der, (), who.signer().algorithm)
    shown = stamp(place=Place(page=1, box=Box(72, 735, 328, 30)))
    chosen = SignatureOptions(stamp=shown, text=SignatureText(reason="I pay 9999 euros"))
    document = open_document(data)
    return data + sign_document(document, who.signer(), template, at=AT, options=chosen)


def _visible_stamp(data: bytes) -> bytes:
    """Add a genuine document time-stamp, whose field shows something over the text."""
    stamped = long_term.archive(data, AT + dt.timedelta(minutes=2))
    revision = Revision(stamped)
    field, _ = revision.signatures()[-1]
    drawn = revision.add(_LOOK)
    return revision.put(field, {"Rect": _OVER, "AP": b"<< /N %d 0 R >>" % drawn}).build()


def _value(entries: dict[str, bytes | None]) -> Change:
    return lambda r: r.put(r.signatures()[0][1], entries)


def _own_field(entries: dict[str, bytes | None]) -> Change:
    return lambda r: r.put(r.signatures()[0][0], entries)


_SPOOFED = "signature-value-changed signed_revision_differs"
_VALUES: Recipes = {
    "reason": (_SPOOFED, _value({"Reason": b"(I agree to everything)"})),
    "name": (_SPOOFED, _value({"Name": b"(Somebody else)"})),
    "location": (_SPOOFED, _value({"Location": b"(Elsewhere)"})),
    "time": (_SPOOFED, _value({"M": b"(D:20200101000000Z)"})),
    "time-gone": (_SPOOFED, _value({"M": None})),
    "contact": (_SPOOFED, _value({"ContactInfo": b"(call Mallory)"})),
    "build": (_SPOOFED, _value({"Prop_Build": b"<< /App << /Name /Mallory >> >>"})),
    "filter": (_SPOOFED, _value({"Filter": b"/Other"})),
    "reference": (_SPOOFED, _value({"Reference": b"[]"})),
    "cert": (_SPOOFED, _value({"Cert": b"<3000>"})),
}
_FIELD_CODES = (
    _SPOOFED + " signature-field-changed field-removed field-changed signature_not_in_field "
    "form-changed signature-removed"
)
_OWN_FIELDS: Recipes = {
    "value-gone": (_FIELD_CODES, _own_field({"V": None})),
    "value-null": (_FIELD_CODES, _own_field({"V": b"null"})),
    "value-other": (
        _FIELD_CODES + " dictionary_ambiguous",
        lambda r: r.put(r.signatures()[0][0], {"V": b"%d 0 R" % r.add(_VALUE % b"3003020101")}),
    ),
    "value-copied": (
        _FIELD_CODES + " dictionary_ambiguous",
        lambda r: r.put(
            r.signatures()[0][0],
            {"V": b"%d 0 R" % r.add(dictionary(r.entries(r.signatures()[0][1])))},
        ),
    ),
    "renamed": (_FIELD_CODES, _own_field({"T": b"(Approved by the bank)"})),
    "kind": (_FIELD_CODES, _own_field({"FT": b"/Tx"})),
    "made-visible": (_FIELD_CODES, _own_field({"Rect": b"[72 600 300 700]"})),
    "look": (
        _FIELD_CODES + " appearance-changed",
        lambda r: r.put(r.signatures()[0][0], {"AP": b"<< /N %d 0 R >>" % r.add(_LOOK)}),
    ),
    "characteristics": (_FIELD_CODES, _own_field({"MK": b"<< /BG [1 1 1] >>"})),
    "flags": (_FIELD_CODES, _own_field({"F": b"0"})),
    "lock-added": (
        _FIELD_CODES,
        _own_field({"Lock": b"<< /Type /SigFieldLock /Action /All >>"}),
    ),
    "form-flags": ("form-changed", lambda r: r.put(FORM, {"SigFlags": b"0"})),
    "form-flags-gone": ("form-changed", lambda r: r.put(FORM, {"SigFlags": None})),
}
_PERMISSIONS_CODES = _SPOOFED + " permissions-changed catalog-changed"
_PERMISSIONS: Recipes = {
    "permissions-gone": (_PERMISSIONS_CODES, lambda r: r.put(CATALOG, {"Perms": None})),
    "permissions-empty": (_PERMISSIONS_CODES, lambda r: r.put(CATALOG, {"Perms": b"<< >>"})),
    "permissions-other": (
        _PERMISSIONS_CODES,
        lambda r: r.put(CATALOG, {"Perms": b"<< /DocMDP %d 0 R >>" % r.add(_VALUE % b"3000")}),
    ),
    "permissions-raised": (
        _PERMISSIONS_CODES,
        _value(
            {
                "Reference": b"[<< /Type /SigRef /TransformMethod /DocMDP /TransformParams "
                b"<< /Type /TransformParams /V /1.2 /P 3 >> >>]"
            }
        ),
    ),
    "usage-rights": (
        _PERMISSIONS_CODES,
        lambda r: r.put(
            CATALOG,
            {"Perms": b"<< /DocMDP %d 0 R /UR3 %d 0 R >>" % ((r.signatures()[0][1],) * 2)},
        ),
    ),
}
_LATE: Recipes = {
    "certification-late": (
        "permissions-changed",
        lambda r: r.put(CATALOG, {"Perms": b"<< /DocMDP %d 0 R >>" % r.signatures()[0][1]}),
    ),
}


def _swapped(revision: Revision) -> None:
    """Exchange the values of two signature fields."""
    (first, one), (second, two) = revision.signatures()
    revision.put(first, {"V": b"%d 0 R" % two}).put(second, {"V": b"%d 0 R" % one})


_TWO: Recipes = {
    "values-swapped": (_FIELD_CODES + " dictionary_ambiguous", _swapped),
    "second-takes-first": (
        _FIELD_CODES + " dictionary_ambiguous",
        lambda r: r.put(r.signatures()[1][0], {"V": b"%d 0 R" % r.signatures()[0][1]}),
    ),
    "second-overwritten": (
        _FIELD_CODES + " dictionary_ambiguous byte_range_collision gap_elsewhere gap_not_contents",
        lambda r: r.write(r.signatures()[1][1], dictionary(r.entries(r.signatures()[0][1]))),
    ),
    "second-gone": (
        _FIELD_CODES,
        lambda r: r.put(FORM, {"Fields": r.entries(FORM)["Fields"].replace(_second(r), b"")}),
    ),
}


def _second(revision: Revision) -> bytes:
    return b"%d 0 R" % revision.signatures()[1][0]


def _stamped_elsewhere(_: bytes) -> bytes:
    """Sign with a genuine time-stamp that is of another signature."""
    token = long_term.token(b"another signature's value", AT, long_term.authorities().stamper)
    return long_term.sign(unsigned(), stamp_at=None, tokens=(token,))


def _stamp_of_document(data: bytes) -> bytes:
    return long_term.archive(data, AT + dt.timedelta(minutes=2), over=signed_base("b-lt"))


def _stamp_of_nothing(data: bytes) -> bytes:
    return long_term.archive(data, AT + dt.timedelta(minutes=2), over=b"")


def _stamp_by_mallory(data: bytes) -> bytes:
    unit = long_term.stamper(root_ca("TEST Mallory's root"), until=AT + long_term.YEAR)
    return long_term.archive(data, AT - long_term.YEAR / 2, unit)


def _stamp_by_no_authority(data: bytes) -> bytes:
    return long_term.archive(data, AT + dt.timedelta(minutes=2), long_term.authorities().signer)


def _stamped_by_no_authority(_: bytes) -> bytes:
    return long_term.sign(unsigned(), unit=long_term.authorities().signer)


def variants() -> Iterator[Variant]:
    """Every sneaky signature, spoofed entry and copied time-stamp."""
    yield from over_bases("ssa", _FIELDS, ("table", "p1", "p2", "p3"))
    for base in ("table", "p2", "p3", "p2-stream"):
        codes = ("certificate_not_trusted", "signature-covers-content", "changes_forbidden")
        yield variant("ssa", "untrusted-over-text", base, codes, _signed_by_mallory)
        seen = ("time-stamp-visible", "signature-field-changed")
        yield variant("ssa", "visible-time-stamp", base, seen, _visible_stamp)
    yield from over_bases("spoof", _VALUES, ("table", "p1", "b-lta", "twice"))
    yield from over_bases("spoof", _OWN_FIELDS, ("table", "objects", "p2"))
    yield from over_bases("spoof", _PERMISSIONS, ("p1", "p2", "p3"))
    yield from over_bases("spoof", _LATE, ("table", "stream", "p1-unnamed"))
    yield from over_bases("spoof", _TWO, ("twice",))
    broken = (
        "document_time_stamp_broken",
        "signature_time_stamp_broken",
        "time_stamp_not_valid",
    )
    for base in ("table", "b-t", "b-lt"):
        for key, make in {
            "of-another-document": _stamp_of_document,
            "of-nothing": _stamp_of_nothing,
        }.items():
            if not (key == "of-another-document" and base == "b-lt"):
                yield variant("time-stamp", key, base, broken, make)
    refused = ("time_stamp_not_valid", "time_stamp_not_trusted")
    for key, make in {
        "by-no-authority": _stamp_by_no_authority,
        "by-mallory": _stamp_by_mallory,
    }.items():
        yield variant("time-stamp", key, "table", refused, make, only_level=True)
    yield variant("time-stamp", "of-another-signature", OWN, broken, _stamped_elsewhere)
    by_nobody = _stamped_by_no_authority
    yield variant(
        "time-stamp", "signature-by-no-authority", OWN, refused, by_nobody, only_level=True
    )
