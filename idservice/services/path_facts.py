"""What a verdict needs to know of one certificate, taken out of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.ades.algorithm_facts import algorithm_facts
from idservice.crypto.certificates import readable_name
from idservice.pki.path_certificate import read_certificate
from idservice.pki.path_rules import certificate_algorithm
from idservice.pki.signed_values import describe_value
from idservice.pki.status_places import names_lists, names_responder
from idservice.validation.evidence import CertificatePath, PathCertificateFacts, Statement
from idservice.validation.facts import AlgorithmFacts


def certificate_facts(
    certificate: x509.Certificate,
    *,
    statements: tuple[Statement, ...] = (),
    refused: tuple[str, ...] = (),
    no_check: bool = False,
    issuer: x509.Certificate | None = None,
) -> PathCertificateFacts:
    """Describe a certificate, with the statements about it and those that were not taken.

    With the certificate of its `issuer`, also with what it was signed.
    """
    described = _described(certificate, issuer)
    if not (statements or refused or no_check):
        return described
    return replace(described, statements=statements, refused=refused, no_check=no_check)


def certificates_used(paths: Iterable[CertificatePath | None]) -> frozenset[bytes]:
    """Return the DER of all certificates on paths, and on those of the statements about them."""
    found: set[bytes] = set()
    waiting = [path for path in paths if path is not None]
    # The same statement is about the certificates of many paths: it is followed once.
    followed: set[int] = set()
    while waiting:
        certificates = waiting.pop().certificates
        found |= {item.der for item in certificates if item.der is not None}
        for statement in (one for item in certificates for one in item.statements):
            if statement.path is not None and id(statement) not in followed:
                followed.add(id(statement))
                waiting.append(statement.path)
    return frozenset(found)


@lru_cache(maxsize=256)
def _described(
    certificate: x509.Certificate, issuer: x509.Certificate | None
) -> PathCertificateFacts:
    """What the certificates alone tell; the same few authorities are in every path."""
    return PathCertificateFacts(
        readable_name(certificate.subject),
        read_certificate(certificate).label,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        names_source=names_responder(certificate) or names_lists(certificate),
        names_responder=names_responder(certificate),
        der=certificate.public_bytes(Encoding.DER),
        issuer=readable_name(certificate.issuer),
        serial=certificate.serial_number,
        algorithms=None if issuer is None else _signed_with(certificate, issuer),
    )


def _signed_with(certificate: x509.Certificate, issuer: x509.Certificate) -> AlgorithmFacts | None:
    """Tell scheme, digest and size of the issuer's key; None where nobody could verify it."""
    claimed = certificate_algorithm(certificate.public_bytes(Encoding.DER))
    return algorithm_facts(describe_value(issuer, claimed))
