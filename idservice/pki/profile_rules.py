"""The rules that a certificate profile must keep, each with where it comes from."""

from __future__ import annotations

from idservice.crypto.algorithms import signature_algorithm_by_name
from idservice.errors import ProfileInvalid
from idservice.pki.extensions import (
    AuthorityInformationAccess,
    AuthorityKeyIdentifier,
    BasicConstraints,
    ExtendedKeyUsage,
    KeyUsage,
    OcspNoCheck,
    SubjectKeyIdentifier,
)
from idservice.pki.policy_extensions import (
    QC_COMPLIANCE,
    QC_PDS,
    QC_SSCD,
    QC_TYPE,
    CertificatePolicies,
    QcStatement,
    QcStatements,
)
from idservice.pki.profile import Profile, ProfileConfig, Role
from idservice.pki.subject import Subject

TEST_ARC = "2.999."
"""The arc for examples (X.660); document policies of test cards are below it."""

_ETSI_ARC = "0.4.0."
_ESIGN = "0.4.0.1862.1.6.1"


def make_profile(name: str, version: str, config: ProfileConfig) -> Profile:
    """Check one profile against the rules for its role; raise ProfileInvalid citing the rule."""
    profile = Profile(
        name=name,
        version=version,
        role=config.role,
        issuer=config.issuer,
        key_kinds=config.key_kinds,
        signature=signature_algorithm_by_name(config.signature),
        max_days=config.max_days,
        subject=Subject(config.subject) if config.subject else None,
        subject_order=config.subject_order,
        extensions=config.extensions,
    )
    if profile.signature.family not in ("ecdsa", "rsa"):
        _fail(profile, "certificates are signed with ECDSA or RSA PKCS#1 v1.5", "TS 119 312 cl. 6")
    _check_subject(profile)
    _check_extensions(profile)
    if profile.role.is_authority:
        _check_authority(profile)
    else:
        _check_end_entity(profile)
    return profile


def _check_subject(profile: Profile) -> None:
    personal = profile.role.is_personal
    if personal == (profile.subject is not None) or personal != bool(profile.subject_order):
        _fail(profile, "people have subject_order, authorities and services subject", "subject")
    if personal and set(profile.subject_order) != {"C", "CN", "SN", "GN", "serialNumber"}:
        _fail(profile, "a natural person has C, CN, SN, GN, serialNumber", "EN 319 412-2 cl. 4.2.4")
    if profile.subject is not None:
        common_names = [value for name, value in profile.subject.attributes if name == "CN"]
        if len(common_names) != 1 or "TEST" not in common_names[0]:
            _fail(profile, "the common name must say TEST", "nobody may mistake a test authority")


def _check_extensions(profile: Profile) -> None:
    oids = [item.oid for item in profile.extensions]
    if len(set(oids)) != len(oids):
        _fail(profile, "an extension appears twice", "RFC 5280 cl. 4.2")
    if profile.find(SubjectKeyIdentifier) is None or profile.find(AuthorityKeyIdentifier) is None:
        _fail(profile, "a key identifier is missing", "RFC 5280 cl. 4.2.1.1 and 4.2.1.2")
    usage = profile.find(KeyUsage)
    if usage is None or not usage.critical:
        _fail(profile, "keyUsage must be present and critical", "RFC 5280 cl. 4.2.1.3")
    never_critical = (
        SubjectKeyIdentifier,
        AuthorityKeyIdentifier,
        AuthorityInformationAccess,
        OcspNoCheck,
        QcStatements,
    )
    if any(item.critical for item in profile.extensions if isinstance(item, never_critical)):
        _fail(profile, "an extension is critical that must not be", "RFC 5280 cl. 4.2")
    policies = profile.find(CertificatePolicies)
    if policies and len({item.oid for item in policies.policies}) != len(policies.policies):
        _fail(profile, "a policy appears twice", "RFC 5280 cl. 4.2.1.4")
    statements = profile.find(QcStatements)
    if statements:
        _check_statements(profile, statements.statements)


def _check_statements(profile: Profile, statements: tuple[QcStatement, ...]) -> None:
    by_oid = {item.oid: item for item in statements}
    if len(by_oid) != len(statements):
        _fail(profile, "a QcStatement appears twice", "RFC 3739 cl. 3.2.6")
    for item in statements:
        if bool(item.types) != (item.oid == QC_TYPE) or bool(item.pds) != (item.oid == QC_PDS):
            _fail(profile, f"statement {item.oid} has the wrong content", "EN 319 412-5 cl. 4")
    if QC_COMPLIANCE not in by_oid:
        _fail(profile, "QcCompliance is missing", "EN 319 412-5 cl. 4.2.1")
    if profile.role is Role.SIGNING and (
        QC_SSCD not in by_oid or QC_TYPE not in by_oid or by_oid[QC_TYPE].types != (_ESIGN,)
    ):
        _fail(profile, "a qualified signature needs QcSSCD and type esign", "EN 319 412-5 cl. 4.2")


def _check_authority(profile: Profile) -> None:
    constraints = profile.find(BasicConstraints)
    if constraints is None or not (constraints.ca and constraints.critical):
        _fail(profile, "basicConstraints must be critical with cA TRUE", "RFC 5280 cl. 4.2.1.9")
    usage = profile.find(KeyUsage)
    if usage is None or not {"keyCertSign", "cRLSign"} <= usage.usages:
        _fail(profile, "an authority signs certificates and CRLs", "RFC 5280 cl. 4.2.1.3")
    if (profile.role is Role.ROOT) != (profile.issuer == profile.name):
        _fail(profile, "a root and nothing else issues itself", "RFC 5280 cl. 3.2")


def _check_end_entity(profile: Profile) -> None:
    constraints = profile.find(BasicConstraints)
    if constraints is None or constraints.ca or constraints.path_length is not None:
        _fail(profile, "basicConstraints must say cA FALSE", "RFC 5280 cl. 4.2.1.9")
    usage = profile.find(KeyUsage)
    usages = usage.usages if usage else frozenset()
    allowed, rule = _END_ENTITY_USAGES[profile.role]
    if usages not in allowed:
        _fail(profile, f"keyUsage {', '.join(sorted(usages))} does not fit its role", rule)
    _check_purposes(profile)
    if profile.role.is_personal:
        _check_test_policies(profile)


# EN 319 412-2 cl. 4.3.2: type A for signatures, types C and F with key agreement for the rest.
_END_ENTITY_USAGES: dict[Role, tuple[tuple[frozenset[str], ...], str]] = {
    Role.OCSP: ((frozenset({"digitalSignature"}),), "RFC 6960 cl. 4.2.2.2"),
    Role.TSA: (
        (
            frozenset({"digitalSignature"}),
            frozenset({"nonRepudiation"}),
            frozenset({"digitalSignature", "nonRepudiation"}),
        ),
        "RFC 3161 cl. 2.3",
    ),
    Role.AUTHENTICATION: (
        (frozenset({"digitalSignature"}), frozenset({"digitalSignature", "keyAgreement"})),
        "EN 319 412-2 cl. 4.3.2",
    ),
    Role.SIGNING: ((frozenset({"nonRepudiation"}),), "EN 319 412-2 cl. 4.3.2"),
}


def _check_purposes(profile: Profile) -> None:
    extended = profile.find(ExtendedKeyUsage)
    purposes = set(extended.purposes) if extended else set()
    if profile.role is Role.TSA and not (
        extended and extended.critical and purposes == {"timeStamping"}
    ):
        _fail(profile, "extKeyUsage must be critical, timeStamping alone", "RFC 3161 cl. 2.3")
    if profile.role is Role.OCSP and (
        purposes != {"OCSPSigning"} or profile.find(OcspNoCheck) is None
    ):
        _fail(profile, "extKeyUsage must be OCSPSigning, with nocheck", "RFC 6960 cl. 4.2.2.2")
    if profile.role.is_personal and purposes & {"timeStamping", "OCSPSigning"}:
        _fail(profile, "people neither time-stamp nor answer OCSP", "RFC 5280 cl. 4.2.1.12")
    if profile.role is Role.SIGNING and purposes:
        _fail(profile, "a signing certificate has no other purpose", "one key, one purpose")


def _check_test_policies(profile: Profile) -> None:
    policies = profile.find(CertificatePolicies)
    oids = [item.oid for item in policies.policies] if policies else []
    documents = [oid for oid in oids if not oid.startswith(_ETSI_ARC)]
    if not documents or any(not oid.startswith(TEST_ARC) for oid in documents):
        _fail(profile, f"the document policy must be below {TEST_ARC}", "test cards are marked")


def _fail(profile: Profile, problem: str, rule: str) -> None:
    raise broken_profile(profile.name, problem, rule)


def broken_profile(name: str, problem: str, rule: str) -> ProfileInvalid:
    """Make the error that names a profile, what is wrong with it, and by which rule."""
    return ProfileInvalid(
        f"The certificate profile {name} breaks a rule: {problem} ({rule}).",
        "Correct it in profiles.toml and raise its version.",
    )
