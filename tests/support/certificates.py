"""Certificates issued from the project's own profiles, without a database around them.

`authority()` is a root and an issuing authority made from config/profiles.toml; its
`request` gives an issuance request with good defaults, of which a test replaces the one
field that it is about.
"""

import datetime as dt
import functools
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import PrivateKey, SoftwareSigner, public_key_der
from idservice.pki.issuance import build_lint_certificate, sign_linted
from idservice.pki.lint import lint
from idservice.pki.profile import Profile
from idservice.pki.profiles import Profiles, load_profiles
from idservice.pki.request import IssuanceRequest, Issuer, issuer_from_certificate
from idservice.pki.subject import Holder, make_holder
from idservice.settings import config_folder
from support.pki import new_key

NOW = dt.datetime(2026, 5, 4, 3, 2, 1, tzinfo=dt.UTC)
PUBLIC_URL = "http://127.0.0.1:8080"
SERIAL = 0x5A << 120 | 0x1234
PROFILE_NAMES = (
    "root",
    "esteid2025",
    "ocsp",
    "tsa",
    "tsa_archive",
    "id_card_authentication",
    "id_card_signing",
)
YEAR = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class TestAuthority:
    """A root and the issuing authority below it."""

    __test__ = False

    root_der: bytes
    issuing_der: bytes
    issuing_key: PrivateKey

    @property
    def issuer(self) -> Issuer:
        """The issuing authority as an issuer."""
        return issuer_from_certificate(self.issuing_der)

    @property
    def signer(self) -> SoftwareSigner:
        """The signer of the issuing authority."""
        return SoftwareSigner(self.issuing_key)

    def request(self, name: str = "id_card_signing", **changes: Any) -> IssuanceRequest:
        """Return a good request for a profile, with some fields replaced."""
        profile = profiles().profile(name)
        good = IssuanceRequest(
            profile=profile,
            issuer=self.issuer,
            holder=holder() if profile.role.is_personal else None,
            public_key_der=spki(new_key(profile.key_kinds[0])),
            serial=SERIAL,
            not_before=NOW,
            not_after=NOW + YEAR,
            public_url=PUBLIC_URL,
        )
        return replace(good, **changes)

    def issue(self, request: IssuanceRequest) -> bytes:
        """Issue a request as the product does."""
        return issue(request, self.signer)


@functools.cache
def profiles() -> Profiles:
    """The profiles of config/profiles.toml."""
    return load_profiles(profiles_text())


def profiles_text() -> str:
    """The text of config/profiles.toml."""
    return (config_folder() / "profiles.toml").read_text(encoding="utf-8")


@functools.cache
def authority() -> TestAuthority:
    """One authority for all tests of a process."""
    root_key, issuing_key = new_key(KeyKind.P384), new_key(KeyKind.P384)
    root_profile = profiles().profile("root")
    root = issue(root_request(root_profile, root_key), SoftwareSigner(root_key))
    request = IssuanceRequest(
        profile=profiles().profile("esteid2025"),
        issuer=issuer_from_certificate(root),
        holder=None,
        public_key_der=spki(issuing_key),
        serial=SERIAL,
        not_before=NOW,
        not_after=NOW + 15 * YEAR,
        public_url=PUBLIC_URL,
    )
    return TestAuthority(root, issue(request, SoftwareSigner(root_key)), issuing_key)


def root_request(profile: Profile, key: PrivateKey) -> IssuanceRequest:
    """Return a request for a root that issues itself."""
    assert profile.subject is not None
    end = NOW + 20 * YEAR
    issuer = Issuer(profile.subject.name(), spki(key), NOW, end)
    return IssuanceRequest(profile, issuer, None, spki(key), SERIAL, NOW, end, PUBLIC_URL)


@functools.cache
def issued(name: str) -> bytes:
    """A certificate of a profile of config/profiles.toml, one for all tests of a process."""
    if name == "root":
        return authority().root_der
    if name == "esteid2025":
        return authority().issuing_der
    return authority().issue(authority().request(name))


def issue(request: IssuanceRequest, signer: SoftwareSigner) -> bytes:
    """Build, lint and sign."""
    return sign_linted(lint(request, build_lint_certificate(request, throw_away())), signer)


def throw_away() -> ec.EllipticCurvePrivateKey:
    """Make a throw-away key of the issuers' kind."""
    return ec.generate_private_key(ec.SECP384R1())


def holder() -> Holder:
    """The well-known test person."""
    return make_holder("Jaak-Kristjan", "Jõeorg", "38001085718")


def spki(key: PrivateKey) -> bytes:
    """The public key of a private key, as DER."""
    return public_key_der(key.public_key())
