"""OCSP requests: what is read, what is refused, and that nothing is guessed."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from idservice.crypto import der
from idservice.errors import IdServiceError, InputTooLarge, MalformedOcsp, UnsupportedAlgorithm
from idservice.pki.ocsp_request import (
    MAX_CERT_IDS,
    MAX_NONCE_BYTES,
    MAX_REQUEST_BYTES,
    NONCE,
    build_request,
    parse_request,
)
from support.pki import chain
from support.status import AnswerPlan

LEAF, ISSUER = chain().leaf.certificate, chain().intermediate.certificate
CERT_ID = AnswerPlan().cert_id
ALGORITHM = der.sequence(der.object_identifier("1.3.14.3.2.26"), der.NULL)


def extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    """Encode an extension."""
    flag = b"\x01\x01\xff" if critical else b""
    return der.sequence(der.object_identifier(oid), flag, der.octet_string(value))


def request(
    *parts: bytes, cert_ids: int = 1, cert_id: bytes = CERT_ID.encoded, more: bytes = b""
) -> bytes:
    """Encode a request of CertIDs, followed in its signed part by `parts`, then by `more`."""
    singles = der.sequence(*[der.sequence(cert_id)] * cert_ids)
    return der.sequence(der.sequence(singles, *parts), more)


def nonce(value: bytes) -> bytes:
    """Encode request extensions with a nonce whose extnValue is `value`."""
    return der.context(2, der.sequence(extension(NONCE, value)))


@pytest.mark.parametrize("hash_name", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("value", [None, b"\x01", bytes(32), bytes(MAX_NONCE_BYTES)])
def test_own_requests_are_read_by_others_and_here(hash_name: str, value: bytes | None) -> None:
    """The library reads the same CertID and nonce from our request as this module does."""
    made = build_request(LEAF, ISSUER, nonce=value, hash_name=hash_name)
    read, theirs = parse_request(made), ocsp.load_der_ocsp_request(made)
    assert read.nonce == value
    [cert_id] = read.cert_ids
    assert cert_id.names(LEAF, ISSUER)
    assert not cert_id.names(ISSUER, LEAF)
    assert theirs.serial_number == cert_id.serial == LEAF.serial_number
    assert theirs.issuer_key_hash == cert_id.issuer_key_hash
    assert theirs.issuer_name_hash == cert_id.issuer_name_hash
    assert theirs.hash_algorithm.name == hash_name


@pytest.mark.parametrize("algorithm", [hashes.SHA1, hashes.SHA256])
def test_requests_of_others_are_read(
    algorithm: type[hashes.SHA1] | type[hashes.SHA256],
) -> None:
    """A request that another library made names the same certificate, byte for byte."""
    made = ocsp.OCSPRequestBuilder().add_certificate(LEAF, ISSUER, algorithm()).build()
    encoded = made.public_bytes(serialization.Encoding.DER)
    [cert_id] = parse_request(encoded).cert_ids
    assert cert_id.encoded in encoded
    assert cert_id.names(LEAF, ISSUER)


def test_a_cert_id_is_kept_as_it_was_sent() -> None:
    """With and without the NULL of its hash a CertID means the same and keeps its bytes."""
    plain = der.sequence(der.object_identifier("1.3.14.3.2.26"))
    with_null = AnswerPlan(hash_name="sha1").cert_id
    without = with_null.encoded.replace(ALGORITHM, plain)
    without = der.sequence(without[2:])
    for encoded in (with_null.encoded, without):
        [cert_id] = parse_request(request(cert_id=encoded)).cert_ids
        assert cert_id.encoded == encoded
        assert cert_id.names(LEAF, ISSUER)


def test_an_unknown_hash_names_nobody() -> None:
    """A CertID with a hash that is not known is read, and is no certificate of ours."""
    encoded = der.sequence(
        der.sequence(der.object_identifier("2.999.1")),
        der.octet_string(b"name"),
        der.octet_string(b"key"),
        der.integer(LEAF.serial_number),
    )
    [cert_id] = parse_request(request(cert_id=encoded)).cert_ids
    assert cert_id.hash_name is None
    assert not cert_id.names(LEAF, ISSUER)


def test_a_signature_over_a_request_is_passed_over() -> None:
    """A signed request (RFC 6960 cl. 4.1.1) is read like any other."""
    signature = der.context(0, der.sequence(ALGORITHM, der.bit_string(b"none")))
    assert len(parse_request(request(cert_ids=3, more=signature)).cert_ids) == 3


def test_hints_are_passed_over() -> None:
    """Extensions that a responder may leave undone are no reason to refuse, even critical."""
    for oid, critical in (("1.3.6.1.5.5.7.48.1.4", True), ("2.999.7", False)):
        wanted = der.context(2, der.sequence(extension(oid, b"\x05\x00", critical=critical)))
        assert parse_request(request(wanted)).nonce is None


def test_a_request_that_cannot_be_made_is_refused() -> None:
    """No nonce of a wrong length is sent, and no hash that responders do not know."""
    for value in (b"", bytes(MAX_NONCE_BYTES + 1)):
        with pytest.raises(MalformedOcsp):
            build_request(LEAF, ISSUER, nonce=value)
    with pytest.raises(UnsupportedAlgorithm):
        build_request(LEAF, ISSUER, nonce=None, hash_name="md5")


BAD: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "no DER": lambda: b"abc",
    "cut off": lambda: request()[:-1],
    "trailing byte": lambda: request() + b"\x00",
    "no CertID": lambda: request(cert_ids=0),
    "too many CertIDs": lambda: request(cert_ids=MAX_CERT_IDS + 1),
    "version 2": lambda: der.sequence(
        der.sequence(der.context(0, der.integer(1)), der.sequence(der.sequence(CERT_ID.encoded)))
    ),
    "CertID of another kind": lambda: request(cert_id=der.octet_string(b"x")),
    "CertID with too much": lambda: request(cert_id=der.sequence(CERT_ID.encoded[2:], der.NULL)),
    "hash with parameters": lambda: request(
        cert_id=der.sequence(
            der.sequence(der.object_identifier("1.3.14.3.2.26"), der.integer(1)),
            der.octet_string(b"n"),
            der.octet_string(b"k"),
            der.integer(1),
        )
    ),
    "nonce empty": lambda: request(nonce(der.octet_string(b""))),
    "nonce of 129 octets": lambda: request(nonce(der.octet_string(bytes(129)))),
    "nonce not wrapped": lambda: request(nonce(b"raw bytes")),
    "nonce twice": lambda: request(
        der.context(2, der.sequence(*[extension(NONCE, der.octet_string(b"n"))] * 2))
    ),
    "unknown and critical": lambda: request(
        der.context(2, der.sequence(extension("2.999.7", b"", critical=True)))
    ),
    "unknown and critical, single": lambda: der.sequence(
        der.sequence(
            der.sequence(
                der.sequence(
                    CERT_ID.encoded,
                    der.context(0, der.sequence(extension("2.999.7", b"", critical=True))),
                )
            )
        )
    ),
    "criticality of no BOOLEAN": lambda: request(
        der.context(
            2,
            der.sequence(
                der.sequence(
                    der.object_identifier("2.999.7"), b"\x01\x01\x01", der.octet_string(b"")
                )
            ),
        )
    ),
    "something behind the extensions": lambda: request(nonce(der.octet_string(b"n")), der.NULL),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_what_is_no_request_is_refused(make: Callable[[], bytes]) -> None:
    """Each fault alone makes a request malformed."""
    with pytest.raises(MalformedOcsp):
        parse_request(make())


def test_a_large_request_is_not_read() -> None:
    """One byte above the limit is refused for its size alone."""
    with pytest.raises(InputTooLarge):
        parse_request(bytes(MAX_REQUEST_BYTES + 1))


@given(st.binary(max_size=200))
def test_noise_is_refused_with_our_errors(data: bytes) -> None:
    """Whatever comes in, only our own errors come out."""
    with pytest.raises(IdServiceError):
        parse_request(data)


@given(st.data())
def test_a_changed_request_never_breaks_the_reader(data: st.DataObject) -> None:
    """With one byte changed a request is read or refused, and never anything else."""
    changed = bytearray(request(nonce(der.octet_string(bytes(32)))))
    position = data.draw(st.integers(0, len(changed) - 1))
    changed[position] ^= data.draw(st.integers(1, 255))
    try:
        read = parse_request(bytes(changed))
    except IdServiceError:
        return
    assert 1 <= len(read.cert_ids) <= MAX_CERT_IDS
    assert read.nonce is None or 1 <= len(read.nonce) <= MAX_NONCE_BYTES
