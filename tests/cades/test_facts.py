"""Detached CAdES signatures: what is read of them, honest and tampered with."""

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idservice.cades.facts import read_facts
from idservice.cades.form import begins_as_cms
from idservice.crypto import der
from idservice.errors import IdServiceError, InputTooLarge, SignedContentMissing
from idservice.validation.facts import (
    AlgorithmFacts,
    Coverage,
    DocumentFacts,
    EvidenceKind,
    Integrity,
    SignatureFacts,
    TimeStampKind,
)
from idservice.validation.serialisation import facts_from_json, facts_to_json
from support import cms_forgery as forge
from support.cms_forgery import Forgery, indefinite
from support.detached import (
    ARCHIVE,
    CONTENT,
    DIGEST,
    TIME_STAMP,
    archive_token,
    encode,
    fixed,
    hash_of_value,
    index_of,
    stamped_token,
)
from support.pki import AT, root_ca
from support.time_stamps import later

GOOD = fixed()
SIGNED = encode(GOOD)
VALUE = GOOD.value or b""
OCSP_CHOICE = der.context(
    1, der.object_identifier("1.3.6.1.5.5.7.16.2"), der.sequence(der.octet_string(b"answer"))
)
MIB = 1 << 20


def facts_of(signature: bytes, content: bytes | None = CONTENT) -> DocumentFacts:
    """Read the facts of a signature."""
    return read_facts(signature, content, max_bytes=MIB)


def only(signature: bytes, content: bytes | None = CONTENT) -> SignatureFacts:
    """Read the facts of a structure with one signer."""
    (found,) = facts_of(signature, content).signatures
    return found


def codes(signature: SignatureFacts) -> list[str]:
    """The codes of everything that was found about a signature."""
    return [item.code for item in signature.findings]


def pem(structure: bytes, label: str = "CMS") -> bytes:
    """A structure as PEM."""
    body = base64.encodebytes(structure).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


@pytest.mark.parametrize("form", [SIGNED, pem(SIGNED), pem(SIGNED, "PKCS7")])
def test_a_good_signature_covers_the_whole_file(form: bytes) -> None:
    """In DER and in PEM, the signature is intact, names its signer and claims its time."""
    assert begins_as_cms(form)
    found = only(form)
    assert (found.integrity, found.coverage) == (Integrity.INTACT, Coverage.WHOLE_FILE)
    assert (found.level, codes(found), found.changes) == ("CAdES_BASELINE_B", [], ())
    assert found.claimed_signing_time == AT.replace(microsecond=0)
    assert found.algorithms == AlgorithmFacts("ecdsa", "sha256", 256)
    assert found.certificate_der == GOOD.signer.der
    assert found.identified


@pytest.mark.parametrize("content", [CONTENT + b" ", CONTENT[1:], b""])
def test_another_file_breaks_it(content: bytes) -> None:
    """One octet more or less, or no octet at all, and the digest differs."""
    found = only(SIGNED, content)
    assert found.integrity is Integrity.BROKEN
    assert codes(found) == ["digest_mismatch"]


def test_without_its_file_there_is_nothing_to_say() -> None:
    """A detached signature without its file is an error of the caller, not a verdict."""
    with pytest.raises(SignedContentMissing):
        facts_of(SIGNED, None)


def test_content_inside_must_be_the_file_beside() -> None:
    """An attached signature is over what it holds; with a file, that has to be the same."""
    attached = encode(GOOD.with_(content=CONTENT))
    assert only(attached, None).integrity is Integrity.INTACT
    assert only(attached).integrity is Integrity.INTACT
    exchanged = only(attached, b"another file")
    assert exchanged.integrity is Integrity.BROKEN
    assert codes(exchanged) == ["digest_mismatch"]


def test_each_signer_is_a_signature_of_its_own() -> None:
    """Several signers are legal in CAdES: each is read and has its own name."""
    found = facts_of(encode(GOOD.with_(signer_infos=3))).signatures
    assert [item.id for item in found] == ["Signature1", "Signature2", "Signature3"]
    assert {item.integrity for item in found} == {Integrity.INTACT}
    none = facts_of(encode(GOOD.with_(signer_infos=0)))
    assert none.signatures == ()


FAULTS: dict[str, tuple[Forgery, str]] = {
    "no signed attributes": (GOOD.with_(signed_attributes=False), "cms_no_signed_attributes"),
    "no signing certificate": (
        GOOD.with_(drop=(forge.ESS_V2,), value=None),
        "signing_certificate_attribute_missing",
    ),
    "two message digests": (
        GOOD.with_(add=(*GOOD.add, (forge.MESSAGE_DIGEST, [der.octet_string(DIGEST)])), value=None),
        "attribute_duplicated",
    ),
    "other content type": (
        GOOD.with_(content_type="1.2.3.4", structure_version=3),
        "cms_content_type",
    ),
    "attributes not sorted": (
        GOOD.with_(order="reversed", value=None),
        "signed_attributes_not_der",
    ),
    "no time of signing": (Forgery(), "signing_time_missing"),
    "no certificate": (GOOD.with_(certificates=()), "signing_certificate_missing"),
    "value of another": (
        GOOD.with_(value=VALUE[:-1] + bytes([VALUE[-1] ^ 1])),
        "signature_invalid",
    ),
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_fault_has_its_code(name: str) -> None:
    """One part is wrong, that part is named, and the signature is no baseline one."""
    made, code = FAULTS[name]
    found = only(encode(made))
    assert code in codes(found)
    assert found.level != "CAdES_BASELINE_B"


def test_what_pdf_forbids_is_at_home_here() -> None:
    """The MIME type of the file is an attribute of CAdES."""
    mime = ("0.4.0.1733.2.1", [der.wrap(b"\x0c", b"text/plain")])
    found = only(encode(GOOD.with_(add=(*GOOD.add, mime), value=None)))
    assert (found.level, codes(found)) == ("CAdES_BASELINE_B", [])


def test_ber_is_read_and_told() -> None:
    """Indefinite lengths around honest parts are a warning, data behind the end is a fault."""
    assert codes(only(indefinite(SIGNED))) == ["cms_ber"]
    assert codes(only(SIGNED + b"x")) == ["cms_trailing_data"]


# ------------------------------------------------------------------ time-stamps


def test_a_time_stamp_over_the_value_is_read() -> None:
    """A signature time-stamp is over the value; one over something else is broken."""
    (stamp,) = only(encode(GOOD, ((TIME_STAMP, stamped_token(VALUE)),))).time_stamps
    assert (stamp.kind, stamp.integrity) == (TimeStampKind.SIGNATURE, Integrity.INTACT)
    (copied,) = only(encode(GOOD, ((TIME_STAMP, stamped_token(b"other")),))).time_stamps
    assert copied.integrity is Integrity.BROKEN


def archived(*, extra: tuple[bytes, ...] = (), content: bytes = CONTENT) -> DocumentFacts:
    """A signature with a time-stamp, an OCSP answer, and an archive time-stamp over both."""
    made = GOOD.with_(revocation=der.context(1, OCSP_CHOICE), structure_version=5)
    own = ((TIME_STAMP, stamped_token(VALUE)),)
    structure = encode(made, own)
    token = archive_token(structure, index_of(structure, own, extra=extra), content)
    return facts_of(encode(made, (*own, (ARCHIVE, token))))


def test_an_archive_time_stamp_covers_what_its_index_lists() -> None:
    """It holds, and stands behind signature, time-stamp and evidence."""
    found = archived()
    (stamp,) = found.time_stamps
    assert (stamp.kind, stamp.integrity, stamp.findings) == (
        TimeStampKind.DOCUMENT,
        Integrity.INTACT,
        (),
    )
    (signature,) = found.signatures
    assert codes(signature) == []
    assert (signature.end, signature.time_stamps[0].end, stamp.end) == (1, 2, 2)
    kept = {(item.kind, item.end) for item in found.evidence}
    assert kept == {(EvidenceKind.OCSP, 2), (EvidenceKind.CERTIFICATE, 2)}


def test_an_archive_time_stamp_over_another_file_is_broken() -> None:
    """The digest of the content is a part of what is stamped."""
    (stamp,) = archived(content=b"another file").time_stamps
    assert stamp.integrity is Integrity.BROKEN


def test_what_was_taken_out_later_is_told() -> None:
    """An entry of the index of which nothing is there any more makes the time-stamp useless."""
    (stamp,) = archived(extra=(hash_of_value("1.2.3", b"\x05\x00"),)).time_stamps
    assert [item.code for item in stamp.findings] == ["archive_time_stamp_index"]


def test_what_no_index_lists_is_proved_by_nothing() -> None:
    """Evidence that was added after the archive time-stamp stands behind it."""
    token = archive_token(SIGNED, index_of(SIGNED, ()))
    made = GOOD.with_(revocation=der.context(1, OCSP_CHOICE), structure_version=5)
    found = facts_of(encode(made, ((ARCHIVE, token),)))
    (stamp,) = found.time_stamps
    assert (stamp.findings, stamp.end) == ((), 2)
    kept = {(item.kind, item.end) for item in found.evidence}
    assert kept == {(EvidenceKind.OCSP, 3), (EvidenceKind.CERTIFICATE, 2)}


def test_a_certificate_that_no_index_lists_is_proved_by_nothing() -> None:
    """What was put into the bag after the archive time-stamp stands behind it."""
    token = archive_token(SIGNED, index_of(SIGNED, ()))
    added = root_ca().der
    made = GOOD.with_(certificates=(GOOD.signer.der, added))
    found = facts_of(encode(made, ((ARCHIVE, token),)))
    assert [item.findings for item in found.time_stamps] == [()]
    assert {item.der: item.end for item in found.evidence} == {GOOD.signer.der: 2, added: 3}


def test_a_newer_archive_time_stamp_must_cover_the_older() -> None:
    """With the older one in its index both hold, without it the newer one is useless."""
    first = archive_token(SIGNED, index_of(SIGNED, ()))
    own = ((ARCHIVE, first),)
    structure = encode(GOOD, own)
    for items, expected in ((own, []), ((), ["archive_time_stamp_index"])):
        second = archive_token(structure, index_of(structure, items), gen_time=later(days=400))
        found = facts_of(encode(GOOD, (*own, (ARCHIVE, second)))).time_stamps
        assert [item.end for item in found] == [2, 3]
        assert [item.code for item in found[1].findings] == expected


def test_archive_time_stamps_of_several_signers_prove_nothing() -> None:
    """What is over one signer says nothing about another: told, and not used."""
    token = archive_token(SIGNED, index_of(SIGNED, ()))
    found = facts_of(encode(GOOD.with_(signer_infos=2), ((ARCHIVE, token),)))
    assert found.time_stamps == ()
    assert all("archive_time_stamp_not_judged" in codes(item) for item in found.signatures)


def test_an_archive_time_stamp_without_index_is_told() -> None:
    """Nothing tells what such a token covers."""
    (stamp,) = facts_of(encode(GOOD, ((ARCHIVE, stamped_token(b"x")),))).time_stamps
    assert "archive_time_stamp_index" in [item.code for item in stamp.findings]


# ----------------------------------------------------------------- robustness


def test_facts_survive_their_json() -> None:
    """A confined process can hand on all of them."""
    found = archived()
    assert facts_from_json(facts_to_json(found)) == found


def test_limits_are_kept() -> None:
    """A file beyond the limit is not hashed."""
    with pytest.raises(InputTooLarge):
        read_facts(SIGNED, CONTENT, max_bytes=len(CONTENT) - 1)


@pytest.mark.parametrize(
    "data",
    [SIGNED[:-3], b"-----BEGIN CMS-----\nMII\n", b"-----BEGIN CMS-----\n%\n-----END CMS-----"],
)
def test_what_begins_as_a_signature_and_is_none_is_damaged(data: bytes) -> None:
    """A damaged structure has facts, which say that it is damaged."""
    assert begins_as_cms(data)
    found = facts_of(data)
    assert (found.signatures, [item.code for item in found.findings]) == ((), ["cms_damaged"])


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"\x30", b"\x30\x03\x02\x01\x00", b"text"])
def test_other_files_are_no_signatures(data: bytes) -> None:
    """What a file is, its beginning tells and not its name."""
    assert not begins_as_cms(data)


@given(st.binary(max_size=300))
def test_random_bytes_raise_only_our_errors(data: bytes) -> None:
    """No bytes make the reader fail in another way, and none are called intact."""
    try:
        found = facts_of(data)
    except IdServiceError:
        return
    assert all(item.integrity is not Integrity.INTACT for item in found.signatures)


ARCHIVED = encode(GOOD, ((ARCHIVE, archive_token(SIGNED, index_of(SIGNED, ()))),))


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, len(ARCHIVED) - 1), flip=st.integers(1, 255))
def test_a_flipped_octet_never_makes_another_signer(place: int, flip: int) -> None:
    """Whatever octet is changed, nobody but the honest signer is identified."""
    changed = bytearray(ARCHIVED)
    changed[place] ^= flip
    try:
        found = facts_of(bytes(changed))
    except IdServiceError:
        return
    for item in found.signatures:
        relied_upon = item.integrity is Integrity.INTACT and item.identified
        assert not relied_upon or item.certificate_der == GOOD.signer.der


# -------------------------------------------------------------------- oracles


def test_openssl_signs_and_agrees(tmp_path: Path) -> None:
    """What openssl signs is intact here, and what is built here openssl verifies."""
    (tmp_path / "content").write_bytes(CONTENT)
    key = GOOD.signer.key
    _write_key(tmp_path / "key.pem", key)
    (tmp_path / "cert.pem").write_bytes(GOOD.signer.pem)
    common = ["openssl", "cms", "-binary"]
    for options, level in ((["-cades"], "CAdES_BASELINE_B"), ([], "CMS_NOT_ETSI")):
        for form in ("DER", "PEM"):
            subprocess.run(
                [*common, "-sign", *options, "-in", "content", "-signer", "cert.pem", "-inkey",
                 "key.pem", "-outform", form, "-out", "made"],
                cwd=tmp_path, check=True, capture_output=True,
            )  # fmt: skip
            found = only((tmp_path / "made").read_bytes())
            assert (found.integrity, found.level) == (Integrity.INTACT, level)
    (tmp_path / "ours.p7s").write_bytes(ARCHIVED)
    verify = [*common, "-verify", "-inform", "DER", "-in", "ours.p7s", "-noverify", "-out", "out"]
    subprocess.run([*verify, "-content", "content"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "content").write_bytes(CONTENT + b"!")
    other = subprocess.run(
        [*verify, "-content", "content"], cwd=tmp_path, check=False, capture_output=True
    )
    assert other.returncode != 0


def _write_key(path: Path, key: object) -> None:
    from cryptography.hazmat.primitives import serialization as form

    assert hasattr(key, "private_bytes")
    path.write_bytes(
        key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    )


def test_the_digest_is_that_of_the_content() -> None:
    """The fixture signs what it says: a test of the tests."""
    assert hashlib.sha256(CONTENT).digest() == DIGEST
