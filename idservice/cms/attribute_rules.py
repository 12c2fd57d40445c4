"""The rules about signed and unsigned attributes of a PAdES signature.

EN 319 142-1 cl. 5.3 and 6.3; RFC 5652 cl. 5.3 and 11. Signed attributes must be there:
without them the attributes of another signature could be passed off as content.
"""

from __future__ import annotations

from collections import Counter

from idservice.cms.algorithms import CMS_ALGORITHM_PROTECTION
from idservice.cms.parsing import SignerInfo
from idservice.cms.signing_certificate import SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2
from idservice.crypto import der_reader
from idservice.errors import Finding, MalformedDer

ID_DATA = "1.2.840.113549.1.7.1"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
COUNTERSIGNATURE = "1.2.840.113549.1.9.6"
CONTENT_TIME_STAMP = "1.2.840.113549.1.9.16.2.20"
SIGNATURE_POLICY = "1.2.840.113549.1.9.16.2.15"
COMMITMENT_TYPE = "1.2.840.113549.1.9.16.2.16"
SIGNER_LOCATION = "1.2.840.113549.1.9.16.2.17"

_ESS = frozenset({SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2})
# RFC 5652 cl. 11, RFC 5035, RFC 6211, RFC 5126: exactly one value each.
_SINGLE_VALUED = _ESS | {
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNING_TIME,
    CMS_ALGORITHM_PROTECTION,
    SIGNATURE_POLICY,
    SIGNER_LOCATION,
}
# EN 319 142-1 cl. 6.3: these say nothing sensible about a PDF.
_FORBIDDEN = {
    COUNTERSIGNATURE: "countersignature",
    "0.4.0.1733.2.1": "mime-type",
    "1.2.840.113549.1.9.16.2.4": "content-hints",
    "1.2.840.113549.1.9.16.2.7": "content-identifier",
    "1.2.840.113549.1.9.16.2.10": "content-reference",
}
_SID_VERSIONS = {True: 3, False: 1}


def attribute_findings(signer: SignerInfo) -> list[Finding]:
    """Return what is wrong with the attributes of the signer of a PDF."""
    if signer.signed_attributes_der is None:
        return [_no_attributes()]
    return [
        *_version(signer),
        *_encoding(signer.signed_attributes_der),
        *_counts(signer),
        *_content_type(signer, ID_DATA),
        *_message_digest(signer),
        *_forbidden(signer),
    ]


def cades_attribute_findings(signer: SignerInfo, content_type: str) -> list[Finding]:
    """Return what is wrong with the attributes of a CAdES signer (EN 319 122-1 cl. 6.3).

    What a PDF signature may not say, such as the MIME type of its file, is at home here.
    """
    if signer.signed_attributes_der is None:
        return [_no_attributes()]
    return [
        *_version(signer),
        *_encoding(signer.signed_attributes_der),
        *_counts(signer),
        *_content_type(signer, content_type),
        *_message_digest(signer),
    ]


def token_attribute_findings(signer: SignerInfo, content_type: str) -> list[Finding]:
    """Return what is wrong with the attributes of the signer of a time-stamp token.

    Unlike in a PDF signature, the signing certificate may be named by both ESS attributes
    (RFC 5816 cl. 2.2.1).
    """
    if signer.signed_attributes_der is None:
        return [_no_attributes()]
    return [
        *_version(signer),
        *_encoding(signer.signed_attributes_der),
        *_counts(signer, both_references=True),
        *_content_type(signer, content_type),
        *_message_digest(signer),
    ]


def single(signer: SignerInfo, oid: str) -> bytes | None:
    """Return the value of a signed attribute that is there once with one value, else None."""
    values = [
        value for item in signer.signed_attributes if item.oid == oid for value in item.values
    ]
    return values[0] if len(values) == 1 else None


def message_digest(signer: SignerInfo) -> bytes | None:
    """Return the signed message digest, or None when there is not exactly one."""
    value = single(signer, MESSAGE_DIGEST)
    if value is None:
        return None
    try:
        return der_reader.read(value).octets()
    except MalformedDer:
        return None


def _no_attributes() -> Finding:
    return Finding(
        "cms_no_signed_attributes",
        "The signature has no signed attributes, so it does not say what kind of data or "
        "which certificate it is about, and could have been taken from elsewhere.",
        "Sign again with a program that makes PAdES signatures.",
    )


def _version(signer: SignerInfo) -> list[Finding]:
    # RFC 5652 cl. 5.3: 1 with issuer and serial number, 3 with a key identifier.
    if signer.version == _SID_VERSIONS[signer.signer.key_identifier is not None]:
        return []
    return [
        Finding(
            "signer_version",
            f"The signer information has version {signer.version}, which does not belong to the "
            "way it names its certificate.",
            "Sign again with a program that follows RFC 5652.",
        )
    ]


def _encoding(attributes_der: bytes) -> list[Finding]:
    """Require DER throughout: what was hashed must be the only encoding of what is read."""
    try:
        element = der_reader.read(attributes_der, der_reader.SET)
        der_reader.require_primitives(element)
        der_reader.require_sorted(element)
        for item in element.elements().rest():
            parts = item.elements()
            parts.take()
            der_reader.require_sorted(parts.take(der_reader.SET))
    except MalformedDer as exc:
        return [
            Finding(
                "signed_attributes_not_der",
                f"The signed attributes are not in DER: {exc.detail}",
                "Sign again with a program that writes DER (RFC 5652 cl. 5.3).",
            )
        ]
    return []


def _counts(signer: SignerInfo, *, both_references: bool = False) -> list[Finding]:
    """Require each attribute once, and one value where a second would be a second answer."""
    count = Counter(item.oid for item in signer.signed_attributes)
    many = {oid for oid, number in count.items() if number > 1 and oid != CONTENT_TIME_STAMP}
    many |= {
        item.oid
        for item in signer.signed_attributes
        if not item.values or (len(item.values) > 1 and item.oid in _SINGLE_VALUED)
    }
    if count.keys() >= _ESS and not both_references:
        many |= _ESS
    findings = []
    if many & _ESS:
        findings.append(
            Finding(
                "signing_certificate_attribute_duplicated",
                "The signature names its signing certificate more than once, so who signed would "
                "be a choice.",
                "Sign again with exactly one signing-certificate-v2 attribute.",
            )
        )
    if many - _ESS:
        known = bool(many & _SINGLE_VALUED - _ESS)
        findings.append(
            Finding(
                # Repeating what nobody here reads breaks a rule and misleads nobody.
                "attribute_duplicated" if known else "attribute_repeated",
                f"Signed attributes that may occur once occur several times or with several "
                f"values: {', '.join(sorted(many - _ESS))}.",
                "Sign again with every attribute once.",
            )
        )
    return findings


def _content_type(signer: SignerInfo, expected: str) -> list[Finding]:
    value = single(signer, CONTENT_TYPE)
    try:
        if value is not None and der_reader.read(value).object_identifier() == expected:
            return []
    except MalformedDer:
        pass
    return [
        Finding(
            "content_type_attribute",
            "The signed attributes do not say, or say wrongly, what kind of data was signed.",
            f"Sign again with the attribute content-type {expected}.",
        )
    ]


def _message_digest(signer: SignerInfo) -> list[Finding]:
    if message_digest(signer) is not None:
        return []
    return [
        Finding(
            "message_digest_missing",
            "The signed attributes have no message digest that can be used, so nothing ties "
            "them to the document.",
            "Sign again with exactly one message-digest attribute.",
        )
    ]


def _forbidden(signer: SignerInfo) -> list[Finding]:
    present = {item.oid for item in (*signer.signed_attributes, *signer.unsigned_attributes)}
    names = sorted(name for oid, name in _FORBIDDEN.items() if oid in present)
    if not names:
        return []
    return [
        Finding(
            "attribute_forbidden",
            f"The signature has attributes that a PDF signature may not have: {', '.join(names)}.",
            "Sign again with a program that makes PAdES baseline signatures.",
        )
    ]
