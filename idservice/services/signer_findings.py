"""What to say of a signer's certificate, and of what came along with a document."""

from __future__ import annotations

from idservice.errors import Finding
from idservice.pki.bag import Strangers


def stranger_findings(found: Strangers, unreadable: int) -> tuple[Finding, ...]:
    """Say which certificates inside a signature were altered or are of no use to it."""
    findings = []
    altered = len(found.altered) + unreadable
    if altered:
        findings.append(
            Finding(
                "certificate_altered",
                f"{altered} of the certificates inside the signature cannot be read, or were not "
                "made by the authority that they name: they were altered after signing.",
                "Ask the signer for the file as it was signed.",
            )
        )
    if found.unrelated:
        findings.append(
            Finding(
                "certificate_unrelated",
                f"{len(found.unrelated)} of the certificates inside the signature have nothing to "
                "do with its signer; anybody can have put them in, and nothing rests on them.",
                "",
            )
        )
    return tuple(findings)


def unreadable_findings(count: int) -> tuple[Finding, ...]:
    """Say how many entries of the security store are not what they should be."""
    if not count:
        return ()
    return (
        Finding(
            "security_store_damaged",
            f"{count} entries of the document's security store (/DSS) are not the certificates, "
            "OCSP answers or revocation lists that they should be; they are passed over.",
            "",
        ),
    )


def without_commitment() -> Finding:
    """Say that a signer's certificate is for signatures, but not set apart for commitment."""
    return Finding(
        "certificate_without_commitment",
        "The certificate is for signatures such as those of a login (digitalSignature), and not "
        "for committing to what a document says (nonRepudiation).",
        "Ask for a signature with the certificate for documents; who knows that the signer has no "
        "other may use the policy lenient.",
    )
