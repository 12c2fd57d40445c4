"""Honest keeping: further signatures, validation data, time-stamps, and saving without effect."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator
from functools import cache

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from idservice.pades.signing import SignatureOptions
from idservice.pdf.stamp import Box, Place
from support import long_term
from support.attack_documents import (
    CATALOG,
    INFORMATION,
    METADATA,
    PAGE,
    SHADOW_CATALOG,
    contract,
    options,
)
from support.attacks import Recipes, Variant, over_bases, variant
from support.pdf_writing import stream
from support.pki import AT, chain
from support.revision_writing import OBJECTS, STREAM, Revision
from support.signing import signed
from support.stamps import stamp

Edit = Callable[[bytes], bytes]
_ADDED = "signature-added"


@cache
def _pyhanko_signer() -> signers.SimpleSigner:
    links = chain()
    held = links.leaf.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register(asn1_x509.Certificate.load(links.intermediate.der))
    return signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(links.leaf.der),
        signing_key=asn1_keys.PrivateKeyInfo.load(held),
        cert_registry=store,
    )


def _by_pyhanko(*, name: str = "ByPyHanko", box: tuple[int, int, int, int] | None = None) -> Edit:
    """Sign with pyHanko, in a field of its own or in the empty one."""

    def edit(data: bytes) -> bytes:
        writer = IncrementalPdfFileWriter(io.BytesIO(data))
        meta = signers.PdfSignatureMetadata(
            field_name=name, subfilter=fields.SigSeedSubFilter.PADES, md_algorithm="sha256"
        )
        wanted = fields.SigFieldSpec(name, box=box) if name != "Approval" else None
        made = signers.PdfSigner(meta, _pyhanko_signer(), new_field_spec=wanted)
        out: io.BytesIO = made.sign_pdf(writer, in_place=False)
        return out.getvalue()

    return edit


def _beside(data: bytes) -> bytes:
    shown = stamp(place=Place(page=1, box=Box(350, 200, 200, 60)))
    return signed(data, options=SignatureOptions(stamp=shown))


def _on_page_3(data: bytes) -> bytes:
    shown = stamp(place=Place(page=3, box=Box(350, 100, 200, 60)))
    return signed(data, options=SignatureOptions(stamp=shown))


def _empty_field(data: bytes) -> bytes:
    return signed(data, options=SignatureOptions(field_name="Approval"))


def _visible_in_empty_field(data: bytes) -> bytes:
    return signed(data, options=SignatureOptions(field_name="Approval", stamp=stamp()))


def _three_times(data: bytes) -> bytes:
    return signed(signed(signed(data)))


def _stored(data: bytes) -> bytes:
    return long_term.store(data, **long_term.material(AT + long_term.MINUTE))


def _stored_twice(data: bytes) -> bytes:
    stored = _stored(data)
    return long_term.store(stored, ocsps=[long_term.answer(long_term.authorities().signer, _LATER)])


def _stamped(data: bytes) -> bytes:
    return long_term.archive(data, AT + 3 * long_term.MINUTE)


def _extended(data: bytes) -> bytes:
    return _stamped(_stored(data))


def _renewed(data: bytes) -> bytes:
    evidence = long_term.material(AT + 4 * long_term.MINUTE)
    return long_term.archive(long_term.store(data, **evidence), AT + 5 * long_term.MINUTE)


def _signed_and_stamped(data: bytes) -> bytes:
    return _extended(signed(data))


_LATER = AT + dt.timedelta(minutes=10)
_SIGNINGS: dict[str, tuple[str, Edit]] = {
    "invisible": (_ADDED, signed),
    "locking": (_ADDED, lambda data: signed(data, options=options())),
    "visible-beside": (_ADDED, _beside),
    "visible-on-page-3": (_ADDED, _on_page_3),
    "in-empty-field": (_ADDED, _empty_field),
    "visible-in-empty-field": (_ADDED, _visible_in_empty_field),
    "three-more": (_ADDED, _three_times),
    "by-pyhanko": (_ADDED, _by_pyhanko()),
    "by-pyhanko-beside": (_ADDED, _by_pyhanko(box=(350, 200, 550, 240))),
    "by-pyhanko-in-empty-field": (_ADDED, _by_pyhanko(name="Approval")),
    "signed-and-stamped": (_ADDED + " document-time-stamp-added dss-added", _signed_and_stamped),
}
_KEEPINGS: dict[str, tuple[str, Edit]] = {
    "store": ("dss-added", _stored),
    "store-twice": ("dss-added", _stored_twice),
    "time-stamp": ("document-time-stamp-added", _stamped),
    "extended": ("dss-added document-time-stamp-added", _extended),
    "time-stamp-twice": (
        "document-time-stamp-added",
        lambda data: long_term.archive(_stamped(data), AT + 5 * long_term.MINUTE),
    ),
}

_XMP = contract()[METADATA].replace(b"2026-06-01T12:00:00Z", b"2026-06-02T09:00:00Z")
_SAVINGS: Recipes = {
    "empty": ("revision-without-effect", lambda _: None),
    "unused-object": ("revision-without-effect", lambda r: r.add(b"<< /Unused true >>")),
    "unused-freed": ("revision-without-effect", lambda r: r.free(SHADOW_CATALOG)),
    "same-object": ("revision-without-effect", lambda r: r.put(CATALOG, {})),
    "same-content": ("revision-without-effect", lambda r: r.put(4, {})),
    "version": ("version-raised", lambda r: r.put(CATALOG, {"Version": b"/2.0"})),
    "panel": ("viewer-panel-changed", lambda r: r.put(CATALOG, {"PageMode": b"/UseAttachments"})),
    "rounded-box": (
        "revision-without-effect",
        lambda r: r.put(PAGE, {"MediaBox": b"[0 0 595.00004 841.9998]"}),
    ),
    "packed-again": (
        "revision-without-effect",
        lambda r: r.add(stream(b"nobody uses this")),
    ),
}
_DATES: Recipes = {
    "date": (
        "modification-date-changed",
        lambda r: r.put(INFORMATION, {"ModDate": b"(D:20260602090000Z)"}),
    ),
    "producer": (
        "modification-date-changed",
        lambda r: r.put(
            INFORMATION, {"ModDate": b"(D:20260602090000Z)", "Producer": b"(Another program)"}
        ),
    ),
    "metadata-date": ("modification-date-changed", lambda r: r.write(METADATA, _XMP)),
    "dates-everywhere": (
        "modification-date-changed",
        lambda r: r.put(INFORMATION, {"ModDate": b"(D:20260602090000Z)"}).write(METADATA, _XMP),
    ),
}


def _styled(style: str) -> Edit:
    return lambda data: Revision(data).put(CATALOG, {}).build(style)


def _many(data: bytes) -> bytes:
    for _ in range(12):
        data = Revision(data).build()
    return data


_ENDS: dict[str, bytes] = {
    "line-end": b"\n",
    "carriage-return": b"\r\n",
    "blanks": b"  \n\n",
    "null-bytes": b"\0" * 16,
}


def variants() -> Iterator[Variant]:
    """Every further signature, keeping and saving."""
    for base in ("table", "stream", "objects", "p2", "p3", "visible"):
        for name, (codes, edit) in _SIGNINGS.items():
            if not (base == "visible" and "empty-field" in name):
                yield variant("sign", name, base, codes.split(), edit)
    for base in ("table", "b-t", "b-t-stream", "p1", "p1-unnamed", "p3-objects", "locked", "twice"):
        for name, (codes, edit) in _KEEPINGS.items():
            yield variant("keep", name, base, codes.split(), edit)
    again = ("document-time-stamp-added", "dss-added")
    yield variant("keep", "renewed", "b-lta", again, _renewed)
    yield variant("keep", "signed", "b-lta", (_ADDED,), signed)
    yield from over_bases("save", _SAVINGS, ("table", "objects", "p3", "b-lta"))
    yield from over_bases("save", _DATES, ("table", "p3", "b-lta"))
    for base in ("table", "stream"):
        yield variant("save", "many", base, ("revision-without-effect",), _many)
        for name, end in _ENDS.items():
            yield variant("save", f"end-{name}", base, (), lambda d, end=end: d + end)  # type: ignore[misc]
    for base, style in (("stream", OBJECTS), ("objects", STREAM)):
        yield variant("save", f"by-{style}", base, ("revision-without-effect",), _styled(style))
