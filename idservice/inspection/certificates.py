"""Certificates, revocation lists, requests for certificates and keys."""

from __future__ import annotations

import hashlib
import warnings
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import csr as asn1_csr
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from idservice.crypto.certificates import LIBRARY_ERRORS, load_certificate
from idservice.errors import Finding, IdServiceError
from idservice.inspection.plain import load, moment, oid_text, plain

Content = dict[str, Any]


def certificate(der: bytes) -> tuple[Content, tuple[Finding, ...]]:
    """Explain a certificate (RFC 5280 cl. 4). Raises MalformedDer."""
    value = load(asn1_x509.Certificate, der)
    tbs = value["tbs_certificate"]
    validity = tbs["validity"]
    return {
        "subject": name(value.subject),
        "issuer": name(value.issuer),
        "serialNumber": hex(value.serial_number),
        "version": tbs["version"].native,
        "notBefore": moment(validity["not_before"].native),
        "notAfter": moment(validity["not_after"].native),
        "selfIssued": value.subject == value.issuer,
        "publicKey": public_key(value.public_key.dump()),
        "signatureAlgorithm": plain(value["signature_algorithm"]),
        "extensions": extensions(tbs["extensions"]),
        "fingerprints": {
            "sha1": hashlib.sha1(der, usedforsecurity=False).hexdigest(),
            "sha256": hashlib.sha256(der).hexdigest(),
        },
    }, _certificate_faults(der)


def revocation_list(der: bytes) -> tuple[Content, tuple[Finding, ...]]:
    """Explain a certificate revocation list (RFC 5280 cl. 5). Raises MalformedDer."""
    value = load(asn1_crl.CertificateList, der)
    tbs = value["tbs_cert_list"]
    revoked = tbs["revoked_certificates"].native or []
    return {
        "issuer": name(value.issuer),
        "version": tbs["version"].native,
        "thisUpdate": moment(tbs["this_update"].native),
        "nextUpdate": None if not tbs["next_update"].native else moment(tbs["next_update"].native),
        "signatureAlgorithm": plain(value["signature_algorithm"]),
        "extensions": extensions(tbs["crl_extensions"]),
        "revokedCertificates": len(revoked),
        "entries": plain(
            [
                {
                    "serial_number": hex(item["user_certificate"]),
                    "revoked": item["revocation_date"],
                    **{
                        entry["extn_id"]: entry["extn_value"]
                        for entry in item["crl_entry_extensions"] or []
                    },
                }
                for item in revoked
            ]
        ),
    }, ()


def certificate_request(der: bytes) -> tuple[Content, tuple[Finding, ...]]:
    """Explain a request for a certificate (RFC 2986). Raises MalformedDer."""
    value = load(asn1_csr.CertificationRequest, der)
    info = value["certification_request_info"]
    return {
        "subject": name(info["subject"]),
        "publicKey": public_key(info["subject_pk_info"].dump()),
        "attributes": plain(info["attributes"]),
        "signatureAlgorithm": plain(value["signature_algorithm"]),
    }, ()


def public_key(spki_der: bytes) -> Content:
    """Explain a SubjectPublicKeyInfo (RFC 5280 cl. 4.1.2.7); what is unknown is only named."""
    found: Content = {"sha256": hashlib.sha256(spki_der).hexdigest()}
    try:
        key = serialization.load_der_public_key(spki_der)
    except (ValueError, *LIBRARY_ERRORS):
        return {"type": "unknown", **found}
    if isinstance(key, rsa.RSAPublicKey):
        exponent = key.public_numbers().e
        return {"type": "RSA", "bits": key.key_size, "exponent": exponent, **found}
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"type": "EC", "curve": key.curve.name, "bits": key.key_size, **found}
    if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        return {"type": type(key).__name__.removesuffix("PublicKey"), **found}
    return {"type": type(key).__name__.removesuffix("PublicKey"), **found}


def name(value: Any) -> str:
    """Write a distinguished name as its attributes, most significant first."""
    return ", ".join(
        f"{oid_text(item['type'].dotted).rpartition('(')[2].rstrip(')')}={item['value'].native}"
        for rdn in value.chosen
        for item in rdn
    )


def extensions(value: Any) -> list[Content]:
    """Explain extensions, each with its name and whether it is critical."""
    return [
        {
            "id": oid_text(item["extn_id"].dotted),
            "critical": item["critical"].native,
            "value": plain(item["extn_value"].parsed if _is_known(item) else item["extn_value"]),
        }
        for item in (value or ())
    ]


def _is_known(extension: Any) -> bool:
    try:
        return extension["extn_value"].parsed is not None
    except (ValueError, TypeError, KeyError):
        return False


def _certificate_faults(der: bytes) -> tuple[Finding, ...]:
    """What our strict reader says against a certificate."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            load_certificate(der)
    except IdServiceError as exc:
        return (Finding(exc.code, exc.detail, exc.fix),)
    return ()
