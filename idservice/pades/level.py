"""Which level of PAdES a signature has, as far as its format decides (EN 319 142-1 cl. 6)."""

from __future__ import annotations

import datetime as dt

from idservice.cms.verification import CmsFacts
from idservice.errors import Finding
from idservice.pdf.dates import parse_date
from idservice.pdf.signatures import SignatureDictionary

CADES = "/ETSI.CAdES.detached"
PKCS7 = "/adbe.pkcs7.detached"
PKCS7_SHA1 = "/adbe.pkcs7.sha1"
X509_RSA_SHA1 = "/adbe.x509.rsa_sha1"
RFC3161 = "/ETSI.RFC3161"

BASELINE_B = "PAdES_BASELINE_B"
BES = "PAdES_BES"
PKCS7_B = "PKCS7_B"
NOT_ETSI = "PDF_NOT_ETSI"

_SIGNING_TIME = "1.2.840.113549.1.9.5"
_SIGNATURE_POLICY = "1.2.840.113549.1.9.16.2.15"
_COMMITMENT_TYPE = "1.2.840.113549.1.9.16.2.16"
_SIGNER_LOCATION = "1.2.840.113549.1.9.16.2.17"
_OLDER = {
    PKCS7_SHA1: "sub_filter_pkcs7_sha1",
    X509_RSA_SHA1: "sub_filter_x509_rsa_sha1",
}
_FIX = "Sign again with a program that makes PAdES baseline signatures."


def format_findings(item: SignatureDictionary) -> tuple[Finding, ...]:
    """Return what is wrong with the signature dictionary itself (ISO 32000-2 table 255)."""
    findings = []
    if item.place == "elsewhere":
        findings.append(
            Finding(
                "signature_not_in_field",
                "Something that looks like a signature is not the value of a signature field, so "
                "no program shows it as what it pretends to be.",
                "Do not rely on this file; ask the signer for the original.",
            )
        )
    if item.place != "damaged" and not item.usual:
        findings.append(
            Finding(
                "dictionary_ambiguous",
                "The signature dictionary is not written once, plainly and at one place of the "
                "file, so programs would read it differently.",
                "Ask the signer for the file as it was signed.",
            )
        )
    if item.sub_filter in _OLDER:
        findings.append(
            Finding(
                _OLDER[item.sub_filter],
                f"The signature is of the older kind {item.sub_filter[1:]}, which is computed and "
                "protects the document with SHA-1 alone.",
                "Ask for a PAdES signature (ETSI.CAdES.detached).",
            )
        )
    elif item.sub_filter not in (CADES, PKCS7):
        name = (item.sub_filter or "none").lstrip("/")[:60]
        findings.append(
            Finding(
                "sub_filter_unsupported",
                f"The signature is of the kind {name}, which cannot be verified as a PDF "
                "signature here.",
                "Ask for a PAdES signature (ETSI.CAdES.detached).",
            )
        )
    if item.type not in (None, "/Sig"):
        findings.append(
            Finding(
                "signature_type",
                f"The signature dictionary says that it is a {item.type[1:60]}, not a signature.",
                "Ask the signer for the file as it was signed.",
            )
        )
    return tuple(findings)


def level_findings(item: SignatureDictionary, cms: CmsFacts) -> tuple[Finding, ...]:
    """Return what keeps an otherwise good signature from being a PAdES baseline one."""
    if item.place == "damaged":
        return ()
    present = set(cms.signed_attributes)
    rules = (
        (
            item.sub_filter in (PKCS7, *_OLDER),
            "not_pades",
            "The signature follows the older PKCS#7 rules for PDF, not PAdES.",
        ),
        (
            item.sub_filter == CADES and _SIGNING_TIME in present,
            "signing_time_in_cms",
            "The CMS signature claims a time, which in PAdES stands in the PDF alone.",
        ),
        (
            "Cert" in item.keys and item.sub_filter != X509_RSA_SHA1,
            "cert_entry",
            "The signature dictionary has a /Cert entry.",
        ),
        ("Filter" not in item.keys, "filter_missing", "The signature dictionary has no /Filter."),
        (
            claimed_signing_time(item) is None,
            "claimed_time_missing",
            "The signature dictionary has no readable time of signing (/M).",
        ),
        (
            "Reason" in item.keys and bool(present & {_SIGNATURE_POLICY, _COMMITMENT_TYPE}),
            "reason_twice",
            "The signature gives a reason both in the PDF and in the CMS.",
        ),
        (
            "Location" in item.keys and _SIGNER_LOCATION in present,
            "location_twice",
            "The signature gives a place both in the PDF and in the CMS.",
        ),
    )
    return tuple(Finding(code, message, _FIX) for broken, code, message in rules if broken)


def level(item: SignatureDictionary, cms: CmsFacts, *, baseline: bool) -> str:
    """Name the level; `baseline` tells that no rule of PAdES-B-B was found broken."""
    if item.sub_filter in (PKCS7, PKCS7_SHA1):
        return PKCS7_B
    if item.sub_filter != CADES or not cms.identified:
        return NOT_ETSI
    return BASELINE_B if baseline else BES


def claimed_signing_time(item: SignatureDictionary) -> dt.datetime | None:
    """Return the time that the signature dictionary claims; nobody vouches for it."""
    return None if item.date is None else parse_date(item.date)
