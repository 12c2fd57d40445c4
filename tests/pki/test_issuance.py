"""What is issued is what was asked for, and nothing unlinted is ever signed."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from idservice.crypto import der, der_reader
from idservice.crypto.algorithms import ECDSA_SHA256, RSA_SHA256, KeyKind
from idservice.crypto.keys import SoftwareSigner, load_public_key, verify_signature
from idservice.errors import (
    CertificateLintFailed,
    IdServiceError,
    MalformedCertificate,
    MalformedDer,
)
from idservice.pki.extensions import SubjectKeyIdentifier, key_identifier
from idservice.pki.issuance import build_lint_certificate, sign_linted
from idservice.pki.lint import MIN_SERIAL, LintedTbs, lint, to_be_signed
from idservice.pki.request import IssuanceRequest, Issuer, issuer_from_certificate
from support.certificates import (
    NOW,
    PROFILE_NAMES,
    YEAR,
    authority,
    holder,
    issued,
    profiles,
    spki,
    throw_away,
)
from support.pki import new_key

SECOND = dt.timedelta(seconds=1)


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_three_readers_agree_on_every_profile(name: str) -> None:
    """cryptography, asn1crypto and our own reader give back the same bytes."""
    certificate_der = issued(name)
    der.check_der(certificate_der)
    assert x509.load_der_x509_certificate(certificate_der).public_bytes(Encoding.DER) == (
        certificate_der
    )
    parsed = asn1_x509.Certificate.load(certificate_der, strict=True)
    assert parsed.native["tbs_certificate"]["version"] == "v3"
    assert parsed.copy().dump(force=True) == certificate_der


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_extensions_stand_in_the_order_of_the_profile(name: str) -> None:
    """Order and criticality are those of the file, and no other extension is there."""
    certificate = x509.load_der_x509_certificate(issued(name))
    found = [(item.oid.dotted_string, item.critical) for item in certificate.extensions]
    wanted = [(rule.oid, rule.critical) for rule in profiles().profile(name).extensions]
    assert found == wanted


def test_a_leaf_is_that_of_an_estonian_card() -> None:
    """Names, addresses and policies of a login certificate, read by the library."""
    certificate = x509.load_der_x509_certificate(issued("id_card_authentication"))
    assert certificate.subject.rfc4514_string({x509.NameOID.GIVEN_NAME: "GN"}).startswith(
        "2.5.4.5=PNOEE-38001085718,GN=JAAK-KRISTJAN"
    )
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.RFC822Name) == ["38001085718@eesti.ee"]
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [item.policy_identifier.dotted_string for item in policies] == [
        "0.4.0.2042.1.2",
        "2.999.1.3.6.1.4.1.51361.2.1.1",
    ]
    assert [item.policy_qualifiers for item in policies] == [None, ["http://127.0.0.1:8080/cps"]]


def test_string_types_are_those_of_the_contract() -> None:
    """Country and serial number are PrintableString, all else is UTF8String."""
    subject = asn1_x509.Certificate.load(issued("id_card_signing")).subject
    types = [type(item[0]["value"].chosen).__name__ for item in subject.chosen]
    assert types == [
        "PrintableString", "UTF8String", "UTF8String", "UTF8String", "PrintableString",
    ]  # fmt: skip


@pytest.mark.parametrize("year", [2049, 2050])
def test_times_change_their_form_in_2050(year: int) -> None:
    """UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 cl. 4.1.2.5)."""
    begin = dt.datetime(year, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    issuer = replace(authority().issuer, not_after=begin + YEAR)
    request = authority().request(issuer=issuer, not_before=begin, not_after=begin + SECOND)
    certificate = x509.load_der_x509_certificate(authority().issue(request))
    assert certificate.not_valid_before_utc == begin


@given(st.integers(MIN_SERIAL, (1 << 127) - 1))
def test_any_serial_of_127_bits_fills_16_octets(serial: int) -> None:
    """The encoded serial is 16 octets and positive, top bit set or not."""
    request = authority().request(serial=serial)
    built = build_lint_certificate(request, THROW_AWAY)
    lint(request, built)
    number = parts(to_be_signed(built))[1]
    assert (len(number), number[2] < 0x80) == (18, True)


THROW_AWAY = throw_away()


def test_the_signature_is_over_the_linted_bytes() -> None:
    """The certificate's to-be-signed bytes are those of the lint certificate, bit for bit."""
    request = authority().request()
    built = build_lint_certificate(request, THROW_AWAY)
    certificate_der = sign_linted(lint(request, built), authority().signer)
    tbs_der, _, value = parts(certificate_der)
    assert tbs_der == to_be_signed(built)
    key = load_public_key(request.issuer.public_key_der)
    verify_signature(key, request.profile.signature, bits(value), tbs_der)


def parts(element: bytes) -> list[bytes]:
    """The encodings of the elements inside a constructed one."""
    return [item.encoded for item in der_reader.read(element).elements().rest()]


def bits(bit_string: bytes) -> bytes:
    """The octets of a BIT STRING without unused bits."""
    return bit_string[der.contents_range(bit_string, 0, len(bit_string))[0] + 1 :]


class TestToken:
    """A lint result is good for one signature, by the issuer it was made for."""

    def test_it_is_good_once(self) -> None:
        """Signing a second certificate from one lint result is refused."""
        request = authority().request()
        linted = lint(request, build_lint_certificate(request, THROW_AWAY))
        sign_linted(linted, authority().signer)
        with pytest.raises(CertificateLintFailed, match="already used"):
            sign_linted(linted, authority().signer)

    def test_only_the_lint_makes_one(self) -> None:
        """Nothing else can say that bytes may be signed."""
        with pytest.raises(CertificateLintFailed, match="only the lint"):
            LintedTbs(b"0\x00", authority().request(), object())

    def test_another_signer_is_refused(self) -> None:
        """A key that is not the issuer's does not get to sign, and the token stays unused."""
        request = authority().request()
        linted = lint(request, build_lint_certificate(request, THROW_AWAY))
        with pytest.raises(CertificateLintFailed, match="not the issuer"):
            sign_linted(linted, SoftwareSigner(new_key(KeyKind.P384)))
        sign_linted(linted, authority().signer)

    def test_another_algorithm_is_refused(self) -> None:
        """The issuer's key with another hash does not get to sign."""
        request = authority().request()
        linted = lint(request, build_lint_certificate(request, THROW_AWAY))
        with pytest.raises(CertificateLintFailed, match="algorithm"):
            sign_linted(linted, SoftwareSigner(authority().issuing_key, ECDSA_SHA256))


class TestThrowAwayKey:
    """The lint certificate is signed by a key that nobody trusts."""

    def test_the_issuers_own_key_is_refused(self) -> None:
        """The real key must not sign before the lint."""
        key = authority().issuing_key
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        with pytest.raises(CertificateLintFailed, match="own key"):
            build_lint_certificate(authority().request(), key)

    def test_a_key_of_another_kind_is_refused(self) -> None:
        """The lint certificate must look like the real one."""
        key = ec.generate_private_key(ec.SECP256R1())
        with pytest.raises(CertificateLintFailed, match="kind"):
            build_lint_certificate(authority().request(), key)


def different(**changes: Any) -> tuple[IssuanceRequest, bytes]:
    """A good request, and a lint certificate built from a request with something changed."""
    request = authority().request()
    return request, build_lint_certificate(replace(request, **changes), THROW_AWAY)


PROFILE = profiles().profile("id_card_signing")
P384_ONLY = profiles().profile("id_card_authentication")
OTHER_NAME = replace(holder(), surname="TAMM")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("serial number", {"serial": MIN_SERIAL}),
        ("validity", {"not_after": NOW + 2 * YEAR}),
        ("validity", {"not_before": NOW + SECOND}),
        ("subject", {"holder": OTHER_NAME}),
        ("public key", {"public_key_der": spki(new_key(KeyKind.P384))}),
        ("extensions", {"public_url": "http://127.0.0.1:9090"}),
        ("extensions", {"profile": replace(PROFILE, extensions=PROFILE.extensions[:-1])}),
        ("extensions", {"profile": replace(PROFILE, extensions=PROFILE.extensions[::-1])}),
        (
            "extensions",
            {
                "profile": replace(
                    PROFILE,
                    extensions=(
                        *PROFILE.extensions[:-1],
                        PROFILE.extensions[-1].model_copy(update={"critical": False}),
                    ),
                )
            },
        ),
        ("issuer", {"issuer": replace(authority().issuer, name=x509.Name([]))}),
        ("8 belong", {"profile": replace(PROFILE, extensions=())}),
    ],
)
def test_the_lint_finds_every_difference(field: str, changes: dict[str, Any]) -> None:
    """A certificate with one field other than asked for is refused, naming the field."""
    request, built = different(**changes)
    with pytest.raises(CertificateLintFailed, match=field):
        lint(request, built)


def test_a_wrong_value_of_the_builder_is_found() -> None:
    """A builder that computes a key identifier wrongly does not get past the lint."""

    class WrongIdentifier(SubjectKeyIdentifier):
        """A rule whose two encodings disagree."""

        def value(self, context: Any) -> x509.ExtensionType:
            """Return an identifier of the wrong key."""
            return x509.SubjectKeyIdentifier.from_public_key(context.issuer_key)

    rule = WrongIdentifier(type="subject_key_identifier")
    request = authority().request(profile=replace(PROFILE, extensions=(rule,)))
    with pytest.raises(CertificateLintFailed, match="extensions"):
        lint(request, build_lint_certificate(request, THROW_AWAY))


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("serial number", {"serial": 0}),
        ("serial number", {"serial": MIN_SERIAL - 1}),
        ("serial number", {"serial": 1 << 127}),
        ("validity", {"not_after": NOW}),
        ("validity", {"not_after": NOW - SECOND}),
        ("validity", {"not_before": NOW + dt.timedelta(microseconds=1)}),
        ("validity", {"not_after": NOW.astimezone(dt.timezone(dt.timedelta(hours=2))) + YEAR}),
        ("validity", {"not_after": NOW + dt.timedelta(days=3654)}),
        ("of the issuer", {"not_before": NOW - SECOND, "not_after": NOW + YEAR}),
        ("of the issuer", {"issuer": replace(authority().issuer, not_after=NOW)}),
        ("not for this profile", {"profile": P384_ONLY, "public_key_der": spki(new_key())}),
        (
            "not for this profile",
            {"profile": P384_ONLY, "public_key_der": spki(new_key(KeyKind.RSA))},
        ),
        ("only a root", {"public_key_der": authority().issuer.public_key_der}),
        ("cannot make it", {"profile": replace(PROFILE, signature=RSA_SHA256)}),
    ],
)
def test_the_lint_refuses_bad_requests(problem: str, changes: dict[str, Any]) -> None:
    """A request that should never have been made is refused whatever was built."""
    good, built = different()
    with pytest.raises(CertificateLintFailed, match=problem):
        lint(replace(good, **changes), built)


def test_a_root_must_be_issued_by_its_own_key() -> None:
    """The profile of a root under another issuer is refused."""
    request = authority().request("root")
    with pytest.raises(CertificateLintFailed, match="only a root"):
        lint(request, b"")


@pytest.mark.parametrize(
    "changes", [{"holder": None}, {"profile": profiles().profile("tsa")}], ids=["none", "service"]
)
def test_person_and_profile_belong_together(changes: dict[str, Any]) -> None:
    """A person's profile without a person, or a service's with one, is refused."""
    request = authority().request(**changes)
    with pytest.raises(CertificateLintFailed, match="belong together"):
        build_lint_certificate(request, THROW_AWAY)


def test_a_non_strict_encoding_is_refused() -> None:
    """A long-form length where a short one does is no DER, whatever it says."""
    request, built = different()
    start, _ = der.contents_range(built, 0, len(built))
    longer = b"\x30\x83" + (len(built) - start).to_bytes(3, "big") + built[start:]
    with pytest.raises(MalformedDer):
        lint(request, longer)


@given(st.data())
def test_flipping_any_bit_never_passes_the_lint(data: st.DataObject) -> None:
    """One flipped bit inside the to-be-signed bytes is always found."""
    request, built = BUILT
    start, _ = der.contents_range(built, 0, len(built))
    position = data.draw(st.integers(start, start + len(to_be_signed(built)) - 1))
    changed = bytearray(built)
    changed[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(IdServiceError):
        lint(request, bytes(changed))


BUILT = different()


def test_an_rsa_authority_issues_too() -> None:
    """Nothing is tied to elliptic curves: an RSA issuer signs with NULL parameters."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuer = Issuer(authority().issuer.name, spki(key), NOW, NOW + 2 * YEAR)
    request = authority().request(profile=replace(PROFILE, signature=RSA_SHA256), issuer=issuer)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    linted = lint(request, build_lint_certificate(request, other))
    tbs_der, algorithm, value = parts(sign_linted(linted, SoftwareSigner(key)))
    assert algorithm.endswith(der.NULL)
    verify_signature(key.public_key(), RSA_SHA256, bits(value), tbs_der)


def test_an_unreadable_issuer_is_refused() -> None:
    """What is no certificate cannot be an issuer."""
    with pytest.raises(MalformedCertificate):
        issuer_from_certificate(b"0\x03\x02\x01\x01")


@pytest.mark.parametrize("kind", KeyKind)
def test_key_identifiers_are_those_of_the_library(kind: KeyKind) -> None:
    """SHA-1 over the bits of the key, as everybody computes it."""
    key = new_key(kind)
    expected = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
    assert key_identifier(spki(key)) == expected
