"""The signature time-stamp in the CMS, and the room that is kept for it."""

import pytest
from asn1crypto import cms

from idservice.crypto.algorithms import SHA256
from idservice.crypto.der import check_der
from idservice.errors import MalformedCms, SignatureRoomTooSmall
from idservice.pades.extension import (
    SIGNATURE_TIME_STAMP,
    add_signature_time_stamp,
    prepare_time_stamp,
)
from idservice.pades.facts import read_facts
from idservice.pades.signing import embed_cms, prepare, signature_cms
from idservice.pdf.document import open_document
from support import pdfs
from support.cms_forgery import Forgery
from support.pki import AT, chain
from support.signing import signed, template_for
from support.time_stamps import forgery, imprint, info_der, token_of


def _token(value: bytes) -> bytes:
    info = info_der(message_imprint=imprint("sha256", SHA256.digest(value)))
    return token_of(forgery(info))


def _signed_cms(room: int = 0) -> tuple[bytes, bytes, bytes]:
    """A pending signature's CMS, its value, and the token over it, put in with `room`."""
    pending = prepare(open_document(pdfs.baseline()), template_for(), at=AT, room=room)
    value = chain().leaf.signer().sign(pending.dtbs)
    cms_der = signature_cms(pending, value)
    stamped = add_signature_time_stamp(cms_der, _token(value))
    return cms_der, stamped, embed_cms(pending, stamped)


def test_a_time_stamp_is_added_and_nothing_else_changes() -> None:
    """Another reader finds the token, and the CMS around it is DER and as it was."""
    before_der, after_der, _ = _signed_cms(room=8192)
    check_der(after_der)
    before = cms.ContentInfo.load(before_der, strict=True)
    after = cms.ContentInfo.load(after_der, strict=True)
    signer = after["content"]["signer_infos"][0]
    [attribute] = signer["unsigned_attrs"]
    assert attribute["type"].dotted == SIGNATURE_TIME_STAMP
    [token] = attribute["values"]
    assert token["content"]["encap_content_info"]["content_type"].native == "tst_info"
    assert after["content"]["certificates"].dump() == before["content"]["certificates"].dump()
    old = before["content"]["signer_infos"][0]
    for field in ("sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature"):
        assert signer[field].dump() == old[field].dump()


def test_a_second_time_stamp_stands_beside_the_first() -> None:
    """Unsigned attributes that are there stay, and the set is in DER order."""
    _, once, _ = _signed_cms(room=8192)
    twice_der = add_signature_time_stamp(once, _token(b"another"))
    attributes = cms.ContentInfo.load(twice_der)["content"]["signer_infos"][0]["unsigned_attrs"]
    encoded = [item.dump() for item in attributes]
    assert len(encoded) == 2
    assert encoded == sorted(encoded)


def test_our_own_reader_finds_the_time_stamp() -> None:
    """The time-stamp is read back, over the value of this signature."""
    *_, update = _signed_cms(room=8192)
    [signature] = read_facts(pdfs.baseline() + update).signatures
    assert signature.integrity.value == "intact"
    [stamp] = signature.time_stamps
    assert not [item for item in stamp.findings if "imprint" in item.code]


def test_what_does_not_fit_is_refused() -> None:
    """Without room for it a time-stamp is not cut off but refused."""
    with pytest.raises(SignatureRoomTooSmall, match="reserved"):
        _signed_cms(room=100)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x30\x00", b"\x30\x03\x06\x01\x2a", Forgery().encode(bytes(32))[:-1]],
    ids=["nothing", "empty", "no content", "cut off"],
)
def test_what_is_no_cms_takes_no_time_stamp(data: bytes) -> None:
    """Anything but one SignedData of one signer is refused."""
    with pytest.raises(MalformedCms):
        add_signature_time_stamp(data, _token(b""))


def test_a_document_time_stamp_covers_everything_but_itself() -> None:
    """The imprint is that of the whole file with its update, except the value of /Contents."""
    data = signed(pdfs.baseline())
    pending = prepare_time_stamp(open_document(data), algorithm=SHA256, room=8192, at=AT)
    gap = data + pending.update
    start, end = len(data) + pending.contents_start, len(data) + pending.contents_end
    assert SHA256.digest(gap[:start] + gap[end:]) == pending.imprint
    info = info_der(message_imprint=imprint("sha256", pending.imprint))
    whole = data + pending.complete(token_of(forgery(info)))
    assert len(whole) == len(gap)
    [stamp] = read_facts(whole).time_stamps
    assert stamp.id == pending.field_name == "Timestamp1"
    assert stamp.integrity.value == "intact"
    with pytest.raises(SignatureRoomTooSmall):
        pending.complete(bytes(8193))
