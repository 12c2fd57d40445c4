"""Evidence about certificates that a CMS structure carries with its signature.

Three places hold it: the signed attribute adbe-revocationInfoArchival (ISO 32000-2 cl.
12.8.3.3.2), the set `crls` of the SignedData (RFC 5652 cl. 10.2.1, RFC 5940), and the
unsigned attributes certificate-values and revocation-values (EN 319 122-1 annex A.1.1). Each
piece is handed on as it came; whether it verifies is asked where it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idservice.cms.parsing import SignedData, SignerInfo
from idservice.crypto import der, der_reader
from idservice.crypto.der_reader import Element, Elements, context
from idservice.errors import MalformedDer

ADBE_REVOCATION = "1.2.840.113583.1.1.8"
CERTIFICATE_VALUES = "1.2.840.113549.1.9.16.2.23"
REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"

_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"
_OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1"
_MAX_PIECES = 256


@dataclass(frozen=True, slots=True)
class CarriedData:
    """Certificates, complete OCSP answers and revocation lists in DER.

    `unreadable` tells how many of the places could not be read, whole or in part.
    """

    certificates: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    unreadable: int = 0

    def __add__(self, other: CarriedData) -> CarriedData:
        """Put the pieces of two places together."""
        return CarriedData(
            self.certificates + other.certificates,
            self.ocsps + other.ocsps,
            self.crls + other.crls,
            self.unreadable + other.unreadable,
        )


NOTHING_CARRIED = CarriedData()
"""What most structures carry."""


def carried_data(signed_data: SignedData, signer: SignerInfo) -> CarriedData:
    """Return everything that a structure and one of its signers carry. Raises nothing."""
    found = NOTHING_CARRIED
    for item in signed_data.revocation:
        found += revocation_data(item)
    for attribute in (*signer.signed_attributes, *signer.unsigned_attributes):
        for value in attribute.values:
            found += attribute_data(attribute.oid, value)
    return found


def revocation_data(choice_der: bytes) -> CarriedData:
    """Return what one element of `crls` carries. Raises nothing."""
    return _read(_choice, choice_der)


def attribute_data(oid: str, value_der: bytes) -> CarriedData:
    """Return what one value of an attribute carries; most carry nothing. Raises nothing."""
    reader = _READERS.get(oid)
    return NOTHING_CARRIED if reader is None else _read(reader, value_der)


def ocsp_response(basic_der: bytes) -> bytes:
    """Wrap a BasicOCSPResponse into the OCSPResponse that carried it (RFC 6960 cl. 4.2.1)."""
    response_bytes = der.sequence(der.object_identifier(_OCSP_BASIC), der.octet_string(basic_der))
    return der.sequence(der.wrap(b"\x0a", b"\x00"), der.context(0, response_bytes))


def _read(reader: Callable[[Element], CarriedData], value_der: bytes) -> CarriedData:
    try:
        return reader(der_reader.read(value_der))
    except MalformedDer:
        return CarriedData(unreadable=1)


def _choice(element: Element) -> CarriedData:
    """RevocationInfoChoice (RFC 5652 cl. 10.2.1)."""
    if element.tag == der_reader.SEQUENCE:
        return CarriedData(crls=(element.encoded,))
    if element.tag != context(1):
        raise MalformedDer("revocation data is of no known kind")
    return _other(element.elements())


def _other(parts: Elements) -> CarriedData:
    """OtherRevocationInfoFormat: an OCSP answer, whole (RFC 5940 cl. 2.1) or without its wrap."""
    oid = parts.take().object_identifier()
    value = parts.take(der_reader.SEQUENCE).encoded
    parts.finish()
    if oid == _OCSP_RESPONSE:
        return CarriedData(ocsps=(value,))
    if oid == _OCSP_BASIC:
        return CarriedData(ocsps=(ocsp_response(value),))
    return CarriedData(unreadable=1)


def _archival(element: Element) -> CarriedData:
    """RevocationInfoArchival: crl [0], ocsp [1] and otherRevInfo [2], all of them optional."""
    parts = _of(element, der_reader.SEQUENCE)
    crls = _sequence_of(parts.take_if(context(0)))
    ocsps = _sequence_of(parts.take_if(context(1)))
    other = parts.take_if(context(2))
    parts.finish()
    return CarriedData((), ocsps, crls, int(other is not None))


def _certificate_values(element: Element) -> CarriedData:
    """CertificateValues: a sequence of certificates."""
    return CarriedData(_pieces(_of(element, der_reader.SEQUENCE)))


def _revocation_values(element: Element) -> CarriedData:
    """RevocationValues: crlVals [0], ocspVals [1] (without their wrap) and otherRevVals [2]."""
    parts = _of(element, der_reader.SEQUENCE)
    crls = _sequence_of(parts.take_if(context(0)))
    basics = _sequence_of(parts.take_if(context(1)))
    other = parts.take_if(context(2))
    parts.finish()
    found = CarriedData((), tuple(ocsp_response(item) for item in basics), crls)
    if other is None:
        return found
    try:
        return found + _other(_of(der_reader.read(other.contents), der_reader.SEQUENCE))
    except MalformedDer:
        return found + CarriedData(unreadable=1)


def _sequence_of(tagged: Element | None) -> tuple[bytes, ...]:
    """The elements of an explicitly tagged SEQUENCE OF."""
    if tagged is None:
        return ()
    return _pieces(_of(der_reader.read(tagged.contents), der_reader.SEQUENCE))


def _of(element: Element, tag: int) -> Elements:
    if element.tag != tag:
        raise MalformedDer("a list of revocation data has the wrong tag")
    return element.elements()


def _pieces(parts: Elements) -> tuple[bytes, ...]:
    found = parts.rest(der_reader.SEQUENCE)
    if len(found) > _MAX_PIECES:
        raise MalformedDer(f"it carries more than {_MAX_PIECES} pieces of evidence")
    return tuple(item.encoded for item in found)


_READERS = {
    ADBE_REVOCATION: _archival,
    CERTIFICATE_VALUES: _certificate_values,
    REVOCATION_VALUES: _revocation_values,
}
