"""Other people's programs read, lint and verify every certificate that we issue."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pkilint.etsi.etsi_constants import CertificateType

from idservice.pki.policy_extensions import CertificatePolicies
from idservice.pki.profile import Profile
from support.certificates import PROFILE_NAMES, authority, issued, profiles
from support.pkilint_findings import chain_findings, etsi_findings, pkix_findings
from support.programs import require_program

PERSONAL = {
    "id_card_authentication": CertificateType.NCP_NATURAL_PERSON_CERTIFICATE,
    "id_card_signing": CertificateType.QCP_N_QSCD_EIDAS_FINAL_CERTIFICATE,
}
ISSUERS = {name: profiles().profile(name).issuer for name in PROFILE_NAMES}
UNREADABLE_ARC = {"itu.invalid_asn1_syntax", "base.unhandled_exception"}


def all_findings(name: str, certificate_der: bytes) -> set[str]:
    """What all of pkilint's linters that fit find on a certificate of a profile."""
    found = pkix_findings(certificate_der)
    if name != "root":
        found |= chain_findings(issued(ISSUERS[name]), certificate_der)
    if name in PERSONAL:
        found |= etsi_findings(certificate_der, PERSONAL[name])
    return found


def accepted(name: str) -> set[str]:
    """The findings that config/profiles.toml lets stay for a profile."""
    return {item.code for item in profiles().lint_exceptions if name in item.profiles}


def with_real_policy(profile: Profile) -> Profile:
    """The profile as that of a real card: its document policy not below 2.999."""
    extensions = tuple(
        rule.model_copy(
            update={
                "policies": tuple(
                    policy.model_copy(update={"oid": policy.oid.removeprefix("2.999.")})
                    for policy in rule.policies
                )
            }
        )
        if isinstance(rule, CertificatePolicies)
        else rule
        for rule in profile.extensions
    )
    return replace(profile, extensions=extensions)


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_pkilint_finds_exactly_what_is_accepted(name: str) -> None:
    """No finding of WARNING or above is without a reason, and no reason without a finding."""
    assert all_findings(name, issued(name)) == accepted(name)


@pytest.mark.parametrize("name", PERSONAL)
def test_policies_are_clean_where_pkilint_can_read_them(name: str) -> None:
    """The twin with the real document policy has no finding about policies."""
    request = authority().request(name)
    twin = replace(request, profile=with_real_policy(request.profile))
    assert all_findings(name, authority().issue(twin)) == accepted(name) - UNREADABLE_ARC


@pytest.mark.parametrize("name", PERSONAL)
def test_a_public_name_needs_no_exception_for_loopback(name: str) -> None:
    """With an address of a public name the findings about loopback are gone."""
    request = authority().request(name, public_url="http://id.example.org")
    found = all_findings(name, authority().issue(request))
    assert found == accepted(name) - {"etsi.internal_domain_name"}


@pytest.fixture
def pem(tmp_path: Path) -> Callable[[str], Path]:
    """Write the certificate of a profile as a PEM file."""

    def write(name: str) -> Path:
        path = tmp_path / f"{name}.pem"
        certificate = x509.load_der_x509_certificate(issued(name))
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        return path

    return write


def openssl(*arguments: str | Path) -> str:
    """Run OpenSSL and return what it prints."""
    done = subprocess.run(
        [require_program("openssl"), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# OpenSSL's name of the purpose that a certificate of each profile must be good for.
PURPOSES = {
    "esteid2025": "crlsign",
    "ocsp": "ocsphelper",
    "tsa": "timestampsign",
    "tsa_archive": "timestampsign",
    "id_card_authentication": "sslclient",
    "id_card_signing": "any",
}


@pytest.mark.parametrize(("name", "purpose"), PURPOSES.items())
def test_openssl_verifies_the_chain(pem: Callable[[str], Path], name: str, purpose: str) -> None:
    """OpenSSL, strict, finds a path from the root for the purpose of each profile."""
    untrusted: list[str | Path] = [] if name == "esteid2025" else ["-untrusted", pem("esteid2025")]
    at = str(int(authority().request().not_before.timestamp()) + 60)
    strict = ["-x509_strict", "-check_ss_sig", "-policy_check", "-attime", at]
    told = openssl(
        "verify", *strict, "-purpose", purpose, "-CAfile", pem("root"), *untrusted, pem(name)
    )
    assert told.endswith(": OK\n")


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_openssl_reads_and_writes_the_same_bytes(
    pem: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    """What OpenSSL reads and writes again is what we issued."""
    out = tmp_path / "out.der"
    openssl("x509", "-in", pem(name), "-outform", "DER", "-out", out)
    assert out.read_bytes() == issued(name)


def test_openssl_names_the_test_policy(pem: Callable[[str], Path]) -> None:
    """OpenSSL prints policies, addresses and purposes of a login certificate as we mean them."""
    text = openssl("x509", "-in", pem("id_card_authentication"), "-noout", "-text")
    for line in (
        "Policy: 2.999.1.3.6.1.4.1.51361.2.1.1",
        "CPS: http://127.0.0.1:8080/cps",
        "OCSP - URI:http://127.0.0.1:8080/ocsp/esteid2025",
        "CA Issuers - URI:http://127.0.0.1:8080/chain/esteid2025.crt",
        "URI:http://127.0.0.1:8080/crl/esteid2025.crl",
        "email:38001085718@eesti.ee",
        "TLS Web Client Authentication, E-mail Protection",
        "Digital Signature, Key Agreement",
        "CA:FALSE",
    ):
        assert line in text
