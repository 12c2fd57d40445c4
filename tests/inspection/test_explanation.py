"""What a file is and what is in it: every kind, made by ourselves, by OpenSSL and by PyJWT."""

import base64
import datetime as dt
import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)

from idservice.cli import main
from idservice.cms.time_stamp_request import build_request
from idservice.crypto.algorithms import SHA256
from idservice.errors import IdServiceError, UnknownFormat
from idservice.inspection.explanation import explain
from idservice.pki.ocsp_request import build_request as build_ocsp_request
from support import long_term, pdfs, time_stamps
from support.long_term import authorities
from support.pki import chain
from support.signing import signed

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
Maker = Callable[[], bytes]


def pem_of(data: bytes, label: bytes) -> bytes:
    """Wrap DER as PEM."""
    body = base64.encodebytes(data)
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, body, label)


def certificate() -> bytes:
    """The certificate of a signer."""
    return chain().leaf.der


def revocation_list() -> bytes:
    """A list on which the signer stands."""
    made = authorities()
    return long_term.revocation_list(made.issuing, AT, (made.signer, AT))


def request() -> bytes:
    """A request for a certificate."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Requested")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    key: Any = chain().leaf.key
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def ocsp_request() -> bytes:
    """A request about the signer's certificate, with a nonce."""
    made = chain()
    return build_ocsp_request(made.leaf.certificate, made.intermediate.certificate, nonce=b"n" * 32)


def private_key(*, password: bytes | None = b"secret") -> bytes:
    """The signer's key in PKCS#8."""
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
    return chain().leaf.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, encryption)


def public_key() -> bytes:
    """The signer's public key."""
    key = chain().leaf.public_key
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pfx() -> bytes:
    """Key and certificate in PKCS#12."""
    pair = chain().leaf
    key: Any = pair.key
    encryption = BestAvailableEncryption(b"password")
    return pkcs12.serialize_key_and_certificates(b"x", key, pair.certificate, None, encryption)


def token() -> bytes:
    """A signed JSON web token."""
    return jwt.encode({"sub": "PNOEE-38001085718", "exp": 1900000000}, "k" * 32).encode()


def signed_data() -> bytes:
    """The CMS of a signature over a PDF."""
    document = explain_raw_contents(signed(pdfs.baseline()))
    return bytes.fromhex(document)


def explain_raw_contents(data: bytes) -> str:
    """The hexadecimal /Contents of the only signature, without its padding."""
    text = data.split(b"/Contents <")[1].split(b">")[0].decode()
    length = 4 + int(text[4:8], 16)
    return text[: 2 * length]


MAKERS: dict[str, Maker] = {
    "certificate": certificate,
    "certificateRevocationList": revocation_list,
    "ocspResponse": lambda: long_term.answer(authorities().signer, AT),
    "signedData": signed_data,
    "timeStampToken": lambda: time_stamps.token_of(time_stamps.forgery()),
    "timeStampResponse": lambda: time_stamps.response_of(
        time_stamps.token_of(time_stamps.forgery())
    ),
    "timeStampRequest": lambda: build_request(b"\x01" * 32, SHA256, nonce=7),
    "ocspRequest": ocsp_request,
    "certificateRequest": request,
    "publicKey": public_key,
    "privateKey": private_key,
    "pdf": lambda: signed(pdfs.baseline()),
    "jsonWebToken": token,
}

LABELS = {
    "certificate": b"CERTIFICATE",
    "certificateRevocationList": b"X509 CRL",
    "certificateRequest": b"CERTIFICATE REQUEST",
    "signedData": b"CMS",
    "publicKey": b"PUBLIC KEY",
}


@cache
def made(kind: str) -> bytes:
    """One file of a kind."""
    return MAKERS[kind]()


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_is_recognised_by_its_content(kind: str) -> None:
    """Each structure is told for what it is, nothing is wrong with it, and it is plain JSON."""
    found = explain(made(kind))
    assert found["kind"] == kind
    assert found["faults"] == []
    assert found["content"]
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("kind", LABELS)
def test_pem_and_base64_say_the_same_as_der(kind: str) -> None:
    """How the octets are written makes no difference to what they say."""
    expected = explain(made(kind))["content"]
    in_pem = explain(pem_of(made(kind), LABELS[kind]))
    assert (in_pem["kind"], in_pem["content"]) == (kind, expected)
    assert explain(base64.b64encode(made(kind)))["content"] == expected


def test_a_certificate_is_explained() -> None:
    """Subject, issuer, validity, key and extensions are those that the library reads."""
    found = explain(certificate())["content"]
    ours = chain().leaf.certificate
    assert found["serialNumber"] == hex(ours.serial_number)
    assert found["notAfter"] == ours.not_valid_after_utc.isoformat().replace("+00:00", "Z")
    assert found["publicKey"]["type"] == "EC"
    assert found["fingerprints"]["sha256"] == ours.fingerprint(hashes.SHA256()).hex()
    listed = {item["id"].split(" ")[0]: item["critical"] for item in found["extensions"]}
    assert listed == {item.oid.dotted_string: item.critical for item in ours.extensions}


def test_a_list_names_what_was_revoked() -> None:
    """A revocation list counts its entries and names each by its serial number."""
    found = explain(revocation_list())["content"]
    assert found["revokedCertificates"] == 1
    number = hex(authorities().signer.certificate.serial_number)
    assert found["entries"][0]["serialNumber"] == number


def test_an_answer_says_what_it_is_about() -> None:
    """An OCSP answer tells status, times and the certificate of who answered."""
    found = explain(made("ocspResponse"))["content"]
    assert found["status"] == "successful"
    assert found["responses"][0]["certStatus"] == "good"
    responder = authorities().responder.certificate.fingerprint(hashes.SHA256()).hex()
    assert found["certificates"][0]["fingerprints"]["sha256"] == responder


def test_a_pdf_is_explained_down_to_its_certificates() -> None:
    """Revisions, signatures, the CMS in them and the store of an archived document are shown."""
    found = explain(long_term.archived())["content"]
    assert [item["integrity"] for item in found["signatures"]] == ["intact"]
    assert len(found["timeStamps"]) >= 1
    assert len(found["revisions"]) >= 3
    contents = found["signatureDictionaries"][0]["contents"]
    assert contents["certificates"][0]["subject"]
    stamped = [item["type"] for item in contents["signers"][0]["unsignedAttributes"]]
    assert any("signatureTimeStampToken" in item for item in stamped)
    assert found["securityStore"]["ocspResponses"]


def test_a_token_is_never_taken_for_verified() -> None:
    """Claims are readable, times are written out, and the signature counts as unverified."""
    found = explain(token())["content"]
    assert found["signatureVerified"] is False
    assert found["header"]["alg"] == "HS256"
    assert found["claims"]["exp"] == "1900000000 (2030-03-17T17:46:40Z)"


def test_a_token_without_a_signature_is_told() -> None:
    """The algorithm none is named as what it is."""
    made_up = jwt.encode({"sub": "me"}, "", algorithm="none").encode() + b"AA"
    (fault,) = explain(made_up)["faults"]
    assert fault["code"] == "token_not_signed"


@pytest.mark.parametrize("password", [None, b"secret"], ids=["plain", "encrypted"])
@pytest.mark.parametrize("wrap", [False, True], ids=["der", "pem"])
def test_private_keys_are_never_shown(password: bytes | None, *, wrap: bool) -> None:
    """Nothing of a private key is in what is said about it."""
    der = private_key(password=password)
    label = b"PRIVATE KEY" if password is None else b"ENCRYPTED PRIVATE KEY"
    found = explain(pem_of(der, label) if wrap else der)
    assert found["kind"] == "privateKey"
    assert found["content"]["encrypted"] is (password is not None)
    key: Any = chain().leaf.key
    secret = f"{key.private_numbers().private_value:x}"
    assert secret not in json.dumps(found)
    assert base64.b64encode(der)[40:80].decode() not in json.dumps(found)


def test_pkcs12_is_recognised_and_not_opened() -> None:
    """A container of keys is named, and nothing in it is shown."""
    found = explain(pfx())
    assert (found["kind"], found["content"]["container"]) == ("privateKey", "PKCS#12")


def test_several_blocks_are_explained_one_by_one() -> None:
    """A file with a chain has one item for each certificate."""
    text = chain().leaf.pem + b"some text between\n" + chain().root.pem
    found = explain(text)
    assert found["kind"] == "pem"
    assert [item["kind"] for item in found["items"]] == ["certificate", "certificate"]


def test_what_breaks_its_rules_is_shown_as_elements() -> None:
    """A certificate with a changed version is no certificate; its DER is still explained."""
    found = explain(b"\x30\x0b\x06\x03\x55\x04\x03\x0c\x04Name")
    assert found["kind"] == "der"
    assert found["content"]["elements"][0]["value"] == "2.5.4.3 (commonName)"
    assert found["content"]["elements"][1]["value"] == "Name"
    assert found["faults"][0]["code"] == "structure_unknown"


@pytest.mark.parametrize(
    "data", [b"", b"hello world", b'{"a": 1}', b"\x30\x82", b"PK\x03\x04rest", b"\xff" * 40]
)
def test_what_is_nothing_known_is_refused(data: bytes) -> None:
    """Other content has one clear error."""
    with pytest.raises(UnknownFormat):
        explain(data)


@pytest.mark.parametrize("kind", MAKERS)
def test_damage_never_becomes_another_error(kind: str) -> None:
    """Of a damaged file something is explained, or one of our own errors says why not."""
    chance = random.Random(kind)  # noqa: S311 - repeatable
    for _ in range(60):
        data = bytearray(made(kind))
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        try:
            json.dumps(explain(bytes(data)))
        except IdServiceError:
            continue


def test_the_command_shows_a_tree_and_json_with_the_same_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """People read words, programs read JSON; both come from the same explanation."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    Path("a.der").write_bytes(certificate())
    assert main.run(["--home", "none", "inspect", "a.der", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["content"] == explain(certificate())["content"]
    assert main.run(["--home", "none", "inspect", "a.der"]) == 0
    shown = capsys.readouterr().out
    assert f"not after: {found['content']['notAfter']}" in shown
    assert found["content"]["subject"] in shown


def test_the_command_says_what_it_cannot_explain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of no known kind ends with 2, and so does one that is not there."""
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("hello")
    assert main.run(["--home", "none", "inspect", "a.txt"]) == 2
    assert "unknown_format" in capsys.readouterr().err
    assert main.run(["--home", "none", "inspect", "missing"]) == 2


def test_hostile_names_stay_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A claim with control characters cannot move the cursor or turn the line."""
    monkeypatch.chdir(tmp_path)
    Path("t").write_bytes(jwt.encode({"sub": "\x1b[2Jhi\u202edone"}, "k" * 32).encode())
    assert main.run(["--home", "none", "inspect", "t"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
