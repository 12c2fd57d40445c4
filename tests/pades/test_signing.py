"""Two phases: what is to be signed is told, and only a value that verifies is embedded."""

import datetime as dt
import hashlib
import mmap
import re
from pathlib import Path

import pytest
from asn1crypto import cms
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.sign.validation.status import SignatureCoverageLevel

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import raw_from_der
from idservice.errors import (
    IdServiceError,
    MalformedPendingSignature,
    MalformedRequest,
    SignatureInvalid,
    SignatureRoomTooSmall,
)
from idservice.pades.pending import PendingSignature
from idservice.pades.signing import SignatureOptions, complete, prepare, sign
from idservice.pdf.document import open_document
from idservice.pdf.signature_dictionary import SignatureText
from support import pdfs
from support.oracles import pyhanko
from support.pki import AT, chain
from support.signing import signed, template_for

RANGE = re.compile(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+) *\]")


def _pending(name: str = "baseline") -> PendingSignature:
    return prepare(open_document(pdfs.build(name).data), template_for(), at=AT)


def _value(pending: PendingSignature) -> bytes:
    return chain().leaf.signer().sign(pending.dtbs)


def _signature(data: bytes) -> dict[str, str]:
    """The signature dictionary of the newest field, its values as text."""
    document = open_document(data)
    value = document.form.signature_fields[-1].value
    assert value is not None
    return {key: str(item) for key, item in value.items() if key != "/ByteRange"}


def test_byte_range_covers_all_but_the_contents() -> None:
    """The byte range leaves out exactly the hexadecimal string, brackets included."""
    data = signed(pdfs.build("baseline").data)
    match = RANGE.search(data)
    assert match is not None
    start, first, second, rest = (int(item) for item in match.groups())
    assert start == 0
    assert data[first : first + 1] == b"<"
    assert data[second - 1 : second] == b">"
    assert second + rest == len(data)
    assert re.fullmatch(rb"[0-9a-f]+", data[first + 1 : second - 1])


def test_byte_range_has_room_for_ten_digits() -> None:
    """The place for each number of the byte range holds ten digits."""
    data = signed(pdfs.build("baseline").data)
    match = RANGE.search(data)
    assert match is not None
    assert len(match[0]) - len("/ByteRange []") >= 43


def test_message_digest_is_that_of_the_byte_range() -> None:
    """The attribute holds the hash of the signed bytes, and the padding is zeros."""
    data = signed(pdfs.build("baseline").data)
    match = RANGE.search(data)
    assert match is not None
    _, first, second, rest = (int(item) for item in match.groups())
    contents = bytes.fromhex(data[first + 1 : second - 1].decode())
    info = cms.ContentInfo.load(contents)
    assert not contents[len(info.dump()) :].strip(b"\0")
    attributes = info["content"]["signer_infos"][0]["signed_attrs"]
    digests = {item["type"].native: item["values"][0].native for item in attributes}
    covered = data[:first] + data[second : second + rest]
    assert digests["message_digest"] == hashlib.sha256(covered).digest()


def test_signature_dictionary_has_what_the_baseline_asks() -> None:
    """Type, Filter, SubFilter and M are there; Cert is not (EN 319 142-1 cl. 5.3)."""
    signature = _signature(signed(pdfs.build("baseline").data))
    assert signature["/Type"] == "/Sig"
    assert signature["/Filter"] == "/Adobe.PPKLite"
    assert signature["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature["/M"] == "D:20260601120000Z"
    assert "/Cert" not in signature
    assert "/Reason" not in signature


def test_claimed_time_is_written_in_utc() -> None:
    """A time with an offset is written as the same instant in UTC."""
    document = open_document(pdfs.build("baseline").data)
    at = dt.datetime(2026, 6, 1, 2, 30, tzinfo=dt.timezone(dt.timedelta(hours=3)))
    update = sign(document, chain().leaf.signer(), template_for(), at=at)
    assert b"/M (D:20260531233000Z)" in update


def test_options_are_written_as_text() -> None:
    """Name, reason, location and contact arrive as the viewer will show them."""
    text = SignatureText("Jaak Jõeorg", "Nõus (täiesti)", "Tallinn 🇪🇪", "jaak@example.ee")
    data = signed(pdfs.build("baseline").data, options=SignatureOptions(text=text))
    signature = _signature(data)
    assert signature["/Name"] == text.name
    assert signature["/Reason"] == text.reason
    assert signature["/Location"] == text.location
    assert signature["/ContactInfo"] == text.contact


@pytest.mark.parametrize("reason", ["/Contents <", "/Contents <> x", f"/ByteRange [{' ' * 43}]"])
def test_text_that_reads_like_a_gap(reason: str) -> None:
    """A reason that looks like the gaps of the dictionary is only text in it."""
    data = signed(
        pdfs.build("baseline").data, options=SignatureOptions(text=SignatureText(reason=reason))
    )
    status = pyhanko(data, chain().root)
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert _signature(data)["/Reason"] == reason


def test_overlong_text_is_refused() -> None:
    """A reason that would not be kept whole is refused, not cut."""
    options = SignatureOptions(text=SignatureText(reason="x" * 1001))
    with pytest.raises(MalformedRequest):
        signed(pdfs.build("baseline").data, options=options)


@pytest.mark.parametrize("part", ["name", "reason", "location", "contact"])
@pytest.mark.parametrize("case", ["baseline", "encrypted-aes-128"])
def test_text_that_is_no_text_is_refused(part: str, case: str) -> None:
    """A byte that is no UTF-8, as the command line passes it on, is refused."""
    options = SignatureOptions(text=SignatureText(**{part: "N\u00f5us \udcff"}))
    with pytest.raises(MalformedRequest, match="UTF-8"):
        signed(pdfs.build(case).data, options=options)


def test_value_from_outside_is_embedded_after_verification() -> None:
    """A DER value that verifies completes the signature."""
    pending = _pending()
    update = complete(pending, _value(pending))
    data = pdfs.build("baseline").data + update
    assert open_document(data).is_signed
    assert len(update) == len(pending.update)


def test_dtbs_digest_is_the_hash_of_the_dtbs() -> None:
    """Devices that sign a digest get the digest of exactly the bytes to be signed."""
    pending = prepare(open_document(pdfs.build("baseline").data), template_for(KeyKind.P384), at=AT)
    assert pending.hash_name == "sha384"
    assert pending.algorithm_name == "ecdsa-sha384"
    assert pending.dtbs_digest == hashlib.sha384(pending.dtbs).digest()
    assert pending.dtbs[0] == 0x31


def test_input_digest_is_of_the_input_alone() -> None:
    """The pending signature tells to which input it belongs."""
    data = pdfs.build("baseline").data
    pending = _pending()
    assert pending.input_size == len(data)
    assert pending.input_digest == hashlib.sha256(data).digest()


@pytest.mark.parametrize("wrong", ["flipped", "empty", "raw", "other data", "other key"])
def test_value_that_does_not_verify_is_refused(wrong: str) -> None:
    """A changed, empty, raw or foreign value is refused; nothing is embedded."""
    pending = _pending()
    value = _value(pending)
    values = {
        "flipped": value[:-1] + bytes((value[-1] ^ 1,)),
        "empty": b"",
        "raw": raw_from_der(value, KeyKind.P256),
        "other data": chain().leaf.signer().sign(b"something else"),
        "other key": chain(KeyKind.P521).leaf.signer().sign(pending.dtbs),
    }
    with pytest.raises(SignatureInvalid):
        complete(pending, values[wrong])


def test_value_that_is_too_long_is_refused() -> None:
    """Even an own value may not overflow the room that was reserved."""
    with pytest.raises(SignatureRoomTooSmall, match="reserved"):
        complete(_pending(), bytes(500), made_here=True)


def test_memory_map_gives_the_same_signature_bytes(tmp_path: Path) -> None:
    """A mapped file is prepared exactly as its bytes are, in place."""
    data = pdfs.build("multi-megabyte").data
    path = tmp_path / "large.pdf"
    path.write_bytes(data)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        from_map = prepare(open_document(mapped), template_for(), at=AT)
        assert from_map.update == _pending("multi-megabyte").update
        assert from_map.dtbs == _pending("multi-megabyte").dtbs


@pytest.mark.parametrize("kind", list(KeyKind), ids=lambda kind: kind.value)
def test_pending_survives_storage(kind: KeyKind) -> None:
    """What comes back from storage completes to the same bytes."""
    pending = prepare(open_document(pdfs.build("baseline").data), template_for(kind), at=AT)
    stored = pending.to_bytes()
    again = PendingSignature.from_bytes(stored)
    assert again.to_bytes() == stored
    value = chain(kind).leaf.signer().sign(again.dtbs)
    assert complete(again, value) == complete(pending, value)


def test_every_changed_byte_of_a_stored_signature_is_noticed() -> None:
    """No single changed byte in storage goes unnoticed."""
    stored = _pending().to_bytes()
    for position in range(0, len(stored), 97):
        changed = bytearray(stored)
        changed[position] ^= 0x20
        with pytest.raises(MalformedPendingSignature):
            PendingSignature.from_bytes(bytes(changed))


def _resealed(stored: bytes, old: bytes, new: bytes) -> bytes:
    """Change a stored signature and make its checksum right again."""
    body = stored[:-32].replace(old, new, 1)
    assert body != stored[:-32]
    return body + hashlib.sha256(body).digest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ecdsa-sha256", b"ecdsa-sha384"),
        (b"ecdsa-sha256", b"ecdsa-md5\0\0\0"),
        (b"/Contents <", b"/Contents ("),
        (b"0000>", b"00f0>"),
        (b"pending signature 2", b"pending signature 3"),
    ],
)
def test_inconsistent_parts_are_noticed(old: bytes, new: bytes) -> None:
    """A well-formed record whose parts do not belong together is refused."""
    with pytest.raises(MalformedPendingSignature):
        PendingSignature.from_bytes(_resealed(_pending().to_bytes(), old, new))


def test_record_with_a_length_beyond_its_end_is_refused() -> None:
    """A field that claims more bytes than there are is refused."""
    body = b"idservice pending signature 2\n" + b"\xff\xff\xff\xff"
    with pytest.raises(MalformedPendingSignature):
        PendingSignature.from_bytes(body + hashlib.sha256(body).digest())


@given(st.binary(max_size=400))
def test_random_bytes_are_no_pending_signature(data: bytes) -> None:
    """Random bytes, sealed or not, raise our error and nothing else."""
    body = b"idservice pending signature 2\n" + data
    for candidate in (data, body + hashlib.sha256(body).digest()):
        with pytest.raises(IdServiceError):
            PendingSignature.from_bytes(candidate)
