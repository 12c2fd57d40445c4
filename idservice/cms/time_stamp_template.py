"""Issuing time-stamp tokens fast: SignedData version 3 over a TSTInfo (RFC 3161 cl. 2.4.2).

A `TokenTemplate` is built once for a unit's certificate and algorithm. A token is then
`info(…)`, the TSTInfo; `signed_attributes(info)`, the bytes to be signed; and `attach(…)`,
the complete token. Everything that does not change is encoded already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idservice.cms.attributes import SignedAttributes, token_attributes
from idservice.cms.signed_data import SIGNED_DATA, issuer_and_serial
from idservice.cms.time_stamp_info import ID_CT_TST_INFO, write_accuracy, write_time
from idservice.cms.time_stamp_request import TimeStampRequest
from idservice.crypto import der
from idservice.crypto.algorithm_identifiers import digest_algorithm_der, signature_algorithm_der
from idservice.crypto.algorithms import SignatureAlgorithm
from idservice.crypto.certificates import load_certificate
from idservice.crypto.keys import key_kind, public_key_of
from idservice.errors import UnsupportedAlgorithm

_VERSION_1 = der.integer(1)
_VERSION_3 = der.integer(3)
_SIGNED_DATA_OID = der.object_identifier(SIGNED_DATA)
_TST_INFO_OID = der.object_identifier(ID_CT_TST_INFO)
_DIRECTORY_NAME = 4


@dataclass(frozen=True, slots=True)
class TokenTemplate:
    """Everything about a time-stamping unit that is the same in all of its tokens.

    Build it with `token_template`. `not_before` and `not_after` are those of the
    certificate: outside of them nothing may be issued.
    """

    algorithm: SignatureAlgorithm
    certificate_der: bytes
    not_before: datetime
    not_after: datetime
    attributes: SignedAttributes = field(repr=False)
    accuracy_der: bytes = field(repr=False)
    name_der: bytes = field(repr=False)
    certificates_der: bytes = field(repr=False)
    digests_der: bytes = field(repr=False)
    signer_head: bytes = field(repr=False)

    def info(
        self, request: TimeStampRequest, *, policy_der: bytes, serial: int, gen_time: datetime
    ) -> bytes:
        """Return the DER TSTInfo that answers a request.

        `policy_der` is the policy's OID in DER; `gen_time`, aware and in UTC, is cut to
        milliseconds. Imprint and nonce are repeated byte for byte; `ordering` is FALSE, its
        default, and therefore absent.
        """
        return der.sequence(
            _VERSION_1,
            policy_der,
            request.imprint_der,
            der.integer(serial),
            write_time(gen_time),
            self.accuracy_der,
            request.nonce_der,
            self.name_der,
        )

    def signed_attributes(self, info_der: bytes) -> bytes:
        """Return the DER SET OF signed attributes over a TSTInfo: the bytes to be signed."""
        return self.attributes.with_digest(self.algorithm.hash.digest(info_der))

    def attach(
        self, info_der: bytes, signed_attributes_der: bytes, value: bytes, *, certificates: bool
    ) -> bytes:
        """Return the complete token with this signature value (ECDSA values in DER).

        `certificates` tells whether the unit's certificate and its chain go with it (certReq).
        """
        # RFC 5652 cl. 5.4: signed under the tag of SET OF, carried under [0] IMPLICIT.
        signer_info = der.sequence(
            self.signer_head,
            b"\xa0",
            signed_attributes_der[1:],
            signature_algorithm_der(self.algorithm),
            der.octet_string(value),
        )
        signed_data = der.sequence(
            _VERSION_3,
            self.digests_der,
            der.sequence(_TST_INFO_OID, der.context(0, der.octet_string(info_der))),
            self.certificates_der if certificates else b"",
            der.wrap(der.SET, signer_info),
        )
        return der.sequence(_SIGNED_DATA_OID, der.context(0, signed_data))


def token_template(
    certificate_der: bytes,
    chain_der: tuple[bytes, ...],
    algorithm: SignatureAlgorithm,
    *,
    accuracy: timedelta,
) -> TokenTemplate:
    """Prepare the constant parts of every token of one unit.

    `chain_der` goes along with the certificate when a request asks for it (the trust anchor
    may be left out). Raises MalformedCertificate, or UnsupportedAlgorithm when the key of the
    certificate does not fit the algorithm. Nothing is verified about the issuer.
    """
    certificate = load_certificate(certificate_der)
    kind = key_kind(public_key_of(certificate))
    if kind not in algorithm.key_kinds:
        raise UnsupportedAlgorithm(
            f"The certificate has a {kind.value} key, which cannot be used with {algorithm.name}.",
            "Choose the algorithm of the certificate's key.",
        )
    issuer_der, serial_der = issuer_and_serial(certificate_der)
    digest_der = digest_algorithm_der(algorithm.hash)
    return TokenTemplate(
        algorithm=algorithm,
        certificate_der=certificate_der,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        attributes=token_attributes(
            certificate_der, issuer_der, serial_der, algorithm, ID_CT_TST_INFO
        ),
        accuracy_der=write_accuracy(accuracy),
        # GeneralName is a CHOICE, so both its tag and that of the field are explicit.
        name_der=der.context(0, der.context(_DIRECTORY_NAME, certificate.subject.public_bytes())),
        certificates_der=der.context(0, *sorted({certificate_der, *chain_der})),
        digests_der=der.wrap(der.SET, digest_der),
        signer_head=_VERSION_1 + der.sequence(issuer_der, serial_der) + digest_der,
    )
