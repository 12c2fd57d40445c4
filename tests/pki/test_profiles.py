"""Profiles: the file is sound, and every rule refuses what breaks it."""

import re
from typing import Any

import pytest

from idservice.errors import ProfileInvalid, UnsupportedAlgorithm
from idservice.pki.extensions import BasicConstraints, ExtendedKeyUsage, KeyUsage
from idservice.pki.policy_extensions import CertificatePolicies, QcStatements
from idservice.pki.profile import Role
from idservice.pki.profiles import load_profiles
from support.certificates import PROFILE_NAMES, profiles, profiles_text


def replaced(profile: str, pattern: str, by: str) -> str:
    """Return the profiles file with one pattern replaced inside one profile."""
    head, table, tail = profiles_text().partition(f"[profiles.{profile}]\n")
    end = tail.find("\n[")
    body, rest = (tail[:end], tail[end:]) if end >= 0 else (tail, "")
    changed, count = re.subn(pattern, by, body, count=1, flags=re.DOTALL)
    assert count == 1, f"{pattern} is not in {profile}"
    return head + table + changed + rest


def test_the_file_has_all_profiles() -> None:
    """Root, issuing authority, OCSP, TSA and the pair of an ID-card are there."""
    assert tuple(profiles().by_name) == PROFILE_NAMES


def test_the_id_card_pair_is_that_of_the_2025_generation() -> None:
    """Policies in order, with the document policy below 2.999; usages as on the real card."""
    login = profiles().profile("id_card_authentication")
    signing = profiles().profile("id_card_signing")
    document = "2.999.1.3.6.1.4.1.51361.2.1.1"
    assert _policies(login.find(CertificatePolicies)) == ["0.4.0.2042.1.2", document]
    assert _policies(signing.find(CertificatePolicies)) == ["0.4.0.194112.1.2", document]
    usage, purposes = login.find(KeyUsage), login.find(ExtendedKeyUsage)
    assert usage
    assert (sorted(usage.usages), usage.critical) == (["digitalSignature", "keyAgreement"], True)
    assert purposes
    assert (purposes.purposes, purposes.critical) == (("clientAuth", "emailProtection"), False)
    usage = signing.find(KeyUsage)
    assert usage
    assert (sorted(usage.usages), usage.critical) == (["nonRepudiation"], True)
    assert signing.find(ExtendedKeyUsage) is None
    statements = signing.find(QcStatements)
    assert statements
    assert [item.oid.removeprefix("0.4.0.1862.1.") for item in statements.statements] == [
        "1", "4", "6", "5",
    ]  # fmt: skip


def test_authorities_say_that_they_are_tests() -> None:
    """No name of an authority could pass for the real one."""
    for profile in profiles().by_name.values():
        assert profile.role.is_personal or "TEST" in (
            profile.subject.text() if profile.subject else ""
        )


def test_an_unknown_profile_is_refused() -> None:
    """Asking for a profile that is not there names it."""
    with pytest.raises(ProfileInvalid, match="nobody"):
        profiles().profile("nobody")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("version = ", id="no TOML"),
        pytest.param(profiles_text() + "\n[extra]\n", id="unknown section"),
        pytest.param(replaced("root", "role = ", "roles = "), id="misspelt key"),
        pytest.param(replaced("root", "ca = true", "ca = true, cb = 1"), id="key in extension"),
        pytest.param(replaced("root", '"key_usage"', '"key_usages"'), id="unknown extension"),
        pytest.param(replaced("root", '"keyCertSign"', '"keyCertSigns"'), id="unknown usage"),
        pytest.param(replaced("tsa", '"/cps"', '"ftp://x"'), id="address of another kind"),
        pytest.param(replaced("root", "P-384", "P-224"), id="unknown curve"),
    ],
)  # fmt: skip
def test_what_the_file_may_not_say_is_refused(text: str) -> None:
    """Unknown keys and values are refused, not ignored."""
    with pytest.raises(ProfileInvalid):
        load_profiles(text)


def test_an_algorithm_that_is_not_allowed_is_refused() -> None:
    """A profile cannot ask for SHA-1."""
    with pytest.raises(UnsupportedAlgorithm):
        load_profiles(replaced("root", "ecdsa-sha384", "ecdsa-sha1"))


BASIC = r'\{ type = "basic_constraints"[^}]*\},\n'
NO_POLICY = r'\{ oid = "2\.999[^}]*\},\n'

SKI_AND_EMAIL = """{ type = "subject_key_identifier" },
  { type = "extended_key_usage", purposes = ["emailProtection"] },"""

BREACHES = [
    ("ocsp", "ecdsa-sha384", "ed25519", "TS 119 312"),
    ("root", r'\["C", "EE"\]', '["CN", "TEST two"]', "TEST"),
    ("root", "TEST of", "The real", "TEST"),
    ("id_card_signing", "subject_order = .*?\\]", 'subject = [["CN", "TEST x"]]', "subject"),
    ("id_card_signing", '"C", "CN"', '"CN"', "EN 319 412-2"),
    ("tsa", r"subject = \[.*?\n\]", 'subject_order = ["C"]', "subject"),
    ("root", r'(\{ type = "subject_key_identifier" \},)', r"\1\n  \1", "RFC 5280 cl. 4.2"),
    ("root", r'\{ type = "subject_key_identifier" \},', "", "4.2.1.1"),
    ("tsa", r'\{ type = "authority_key_identifier" \},', "", "4.2.1.2"),
    ("tsa", r'"key_usage", critical = true', '"key_usage"', "4.2.1.3"),
    ("tsa", r'"subject_key_identifier"', '"subject_key_identifier", critical = true', "cl. 4.2"),
    ("id_card_signing", r"0\.4\.0\.194112\.1\.2", "2.999.1.3.6.1.4.1.51361.2.1.1", "4.2.1.4"),
    ("id_card_signing", r'\{ oid = "0\.4\.0\.1862\.1\.1" \},', "", "4.2.1"),
    ("id_card_signing", r'\{ oid = "0\.4\.0\.1862\.1\.4" \},', "", "4.2"),
    ("id_card_signing", r"1862\.1\.6\.1", "1862.1.6.2", "4.2"),
    ("id_card_signing", r'"0\.4\.0\.1862\.1\.4"', '"0.4.0.1862.1.1"', "RFC 3739"),
    ("id_card_signing", r', types = \["0\.4\.0\.1862\.1\.6\.1"\]', "", "EN 319 412-5"),
    ("id_card_authentication", r", pds = \[.*?\]", "", "EN 319 412-5"),
    ("esteid2025", "ca = true, path_length = 0", "ca = false", "4.2.1.9"),
    ("esteid2025", '"basic_constraints", critical = true', '"basic_constraints"', "4.2.1.9"),
    ("esteid2025", '"keyCertSign", "cRLSign"', '"cRLSign"', "4.2.1.3"),
    ("esteid2025", 'issuer = "root"', 'issuer = "esteid2025"', "3.2"),
    ("root", 'issuer = "root"', 'issuer = "esteid2025"', "3.2"),
    ("tsa", 'issuer = "esteid2025"', 'issuer = "ocsp"', "authority"),
    ("tsa", 'issuer = "esteid2025"', 'issuer = "nobody"', "authority"),
    ("tsa", "ca = false", "ca = true", "4.2.1.9"),
    ("tsa", BASIC, "", "4.2.1.9"),
    ("tsa", '"digitalSignature", "nonRepudiation"', '"keyAgreement"', "RFC 3161"),
    ("tsa", r"critical = true, purposes", "purposes", "RFC 3161"),
    ("tsa", r'"timeStamping"', '"timeStamping", "clientAuth"', "RFC 3161"),
    ("ocsp", r'"OCSPSigning"', '"clientAuth"', "RFC 6960"),
    ("ocsp", r'\{ type = "ocsp_no_check" \},', "", "RFC 6960"),
    ("id_card_authentication", '"clientAuth"', '"OCSPSigning"', "4.2.1.12"),
    ("id_card_signing", '"nonRepudiation"', '"nonRepudiation", "digitalSignature"', "EN 319"),
    (
        "id_card_signing",
        r'\{ type = "subject_key_identifier" \},',
        SKI_AND_EMAIL,
        "one purpose",
    ),
    ("id_card_signing", r"2\.999\.", "", "test cards"),
    ("id_card_signing", NO_POLICY, "", "test cards"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "pattern", "by", "rule"), BREACHES, ids=[f"{row[0]}: {row[1]}" for row in BREACHES]
)
def test_every_rule_refuses_what_breaks_it(profile: str, pattern: str, by: str, rule: str) -> None:
    """A profile with one thing changed is refused with the rule that it breaks."""
    with pytest.raises(ProfileInvalid) as caught:
        load_profiles(replaced(profile, pattern, by))
    assert rule in caught.value.detail
    assert caught.value.fix


def test_roles_know_what_they_are() -> None:
    """Authorities issue, people sign; services do neither."""
    assert [role for role in Role if role.is_authority] == [Role.ROOT, Role.ISSUING]
    assert [role for role in Role if role.is_personal] == [Role.AUTHENTICATION, Role.SIGNING]


def test_an_extension_that_is_not_there_is_none() -> None:
    """Looking for an extension finds it, or nothing."""
    root = profiles().profile("root")
    assert isinstance(root.find(BasicConstraints), BasicConstraints)
    assert root.find(QcStatements) is None


def _policies(extension: Any) -> list[str]:
    return [policy.oid for policy in extension.policies]
