"""Time-stamp requests: ours are what others read, and each fault of others has its own error."""

from typing import Any

import pytest
from asn1crypto import tsp
from hypothesis import given
from hypothesis import strategies as st

from idservice.cms.time_stamp_request import MAX_BYTES, build_request, parse_request
from idservice.crypto import der
from idservice.crypto.algorithms import HASHES, SHA256, HashAlgorithm
from idservice.errors import (
    IdServiceError,
    MalformedRequest,
    MalformedTimeStamp,
    UnsupportedAlgorithm,
    UnsupportedTimeStampExtension,
)
from support.time_stamps import IMPRINT, NONCE, POLICY, imprint


def request_der(**changes: Any) -> bytes:
    """Encode a good request with asn1crypto; `changes` replace fields."""
    fields: dict[str, Any] = {
        "version": "v1",
        "message_imprint": imprint("sha256", IMPRINT),
        "req_policy": POLICY,
        "nonce": NONCE,
        "cert_req": True,
    }
    encoded: bytes = tsp.TimeStampReq({**fields, **changes}).dump()
    return encoded


@pytest.mark.parametrize("algorithm", HASHES, ids=lambda item: item.name)
def test_a_request_is_read_as_it_was_built(algorithm: HashAlgorithm) -> None:
    """Every allowed hash; and imprint and nonce are kept byte for byte."""
    value = algorithm.digest(b"data")
    encoded = build_request(value, algorithm, nonce=NONCE, policy=POLICY)
    request = parse_request(encoded)
    assert (request.hash, request.imprint) == (algorithm, value)
    assert (request.policy, request.nonce, request.cert_req) == (POLICY, NONCE, True)
    assert request.imprint_der in encoded
    assert request.nonce_der == der.integer(NONCE)


def test_asn1crypto_reads_our_request_and_encodes_the_same() -> None:
    """What we build is DER that another library reads and writes alike."""
    encoded = build_request(IMPRINT, SHA256, nonce=NONCE, policy=POLICY)
    loaded = tsp.TimeStampReq.load(encoded, strict=True)
    assert loaded["message_imprint"]["hashed_message"].native == IMPRINT
    assert loaded["nonce"].native == NONCE
    assert loaded["cert_req"].native is True
    assert loaded.dump(force=True) == encoded


def test_the_least_request() -> None:
    """Without nonce, policy and certificates only version and imprint are left."""
    encoded = build_request(IMPRINT, SHA256, nonce=None, cert_req=False)
    request = parse_request(encoded)
    assert (request.policy, request.nonce, request.cert_req) == (None, None, False)
    assert request.nonce_der == b""
    assert tsp.TimeStampReq.load(encoded).dump(force=True) == encoded


def test_parameters_of_the_hash_may_be_null() -> None:
    """The imprint with NULL, as OpenSSL sends it, is kept as it is (RFC 5754 cl. 2)."""
    plain = request_der()
    assert parse_request(plain).hash is SHA256
    with_null = der.sequence(
        der.sequence(der.object_identifier(SHA256.oid), der.NULL), der.octet_string(IMPRINT)
    )
    request = parse_request(der.sequence(der.integer(1), with_null))
    assert (request.hash, request.imprint_der) == (SHA256, with_null)


def test_an_imprint_must_fit_its_hash_when_built() -> None:
    """A digest of another length is a programming error."""
    with pytest.raises(ValueError, match="20 bytes"):
        build_request(bytes(20), SHA256, nonce=None)


SHA256_WITH_PARAMETERS = der.sequence(
    der.sequence(der.object_identifier(SHA256.oid), der.integer(1)), der.octet_string(IMPRINT)
)
EXTENSION = {"extn_id": "2.999.7", "extn_value": b"\x05\x00"}

REFUSED: dict[str, tuple[bytes, type[IdServiceError]]] = {
    "nothing": (b"", MalformedTimeStamp),
    "no sequence": (b"\x02\x01\x01", MalformedTimeStamp),
    "trailing data": (request_der() + b"\x00", MalformedRequest),
    "cut off": (request_der()[:-1], MalformedTimeStamp),
    "indefinite length": (b"\x30\x80" + request_der()[2:] + b"\x00\x00", MalformedTimeStamp),
    "version 2": (request_der(version=2), MalformedRequest),
    "short imprint": (request_der(message_imprint=imprint("sha256", b"x")), MalformedTimeStamp),
    "SHA-1": (request_der(message_imprint=imprint("sha1", bytes(20))), UnsupportedAlgorithm),
    "MD5": (request_der(message_imprint=imprint("md5", bytes(16))), UnsupportedAlgorithm),
    "SHA-224": (request_der(message_imprint=imprint("sha224", bytes(28))), UnsupportedAlgorithm),
    "hash with parameters": (
        der.sequence(der.integer(1), SHA256_WITH_PARAMETERS),
        UnsupportedAlgorithm,
    ),
    "extension": (request_der(extensions=[EXTENSION]), UnsupportedTimeStampExtension),
    "critical extension": (
        request_der(extensions=[{**EXTENSION, "critical": True}]),
        UnsupportedTimeStampExtension,
    ),
    "boolean that is neither": (request_der()[:-1] + b"\x01", MalformedTimeStamp),
    "too long": (request_der(nonce=1 << 8 * MAX_BYTES), MalformedTimeStamp),
    "nonce beyond all bounds": (request_der(nonce=1 << 2000), MalformedTimeStamp),
}


@pytest.mark.parametrize("label", REFUSED)
def test_each_fault_has_its_own_error(label: str) -> None:
    """Form, version, hash and extensions are told apart, because the answers differ."""
    encoded, error = REFUSED[label]
    with pytest.raises(error) as caught:
        parse_request(encoded)
    assert type(caught.value) is error
    assert caught.value.detail
    assert caught.value.fix


FAULTS = (
    MalformedTimeStamp,
    MalformedRequest,
    UnsupportedAlgorithm,
    UnsupportedTimeStampExtension,
)


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    """Whatever is sent, only errors with an answer come out."""
    with pytest.raises(FAULTS):
        parse_request(data)


STANDING = request_der()


@given(st.integers(0, len(STANDING) - 1), st.integers(1, 255))
def test_a_changed_byte_is_read_or_refused(position: int, difference: int) -> None:
    """A request with one byte changed is another request, or one of the faults."""
    changed = bytearray(STANDING)
    changed[position] ^= difference
    try:
        request = parse_request(bytes(changed))
    except FAULTS:
        return
    assert request != parse_request(STANDING)
