"""The keys of a new installation: root, issuing authority, OCSP responder, time-stamping units.

The root key signs the issuing authority's certificate here and is not opened again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509

from idservice.crypto.keys import PrivateKey, SoftwareSigner, public_key_der
from idservice.errors import ProfileInvalid
from idservice.keystore.software import KeyFiles
from idservice.pki.profile import Profile
from idservice.pki.profiles import Profiles
from idservice.pki.request import Issuer, issuer_from_certificate
from idservice.services.certificate_authority import (
    ISSUING_KEY,
    ROOT_KEY,
    SERVICE_CUSTODY,
    AuthorityKey,
    CertificateAuthority,
    Order,
    generate_key,
)
from idservice.settings import PkiSettings
from idservice.store.database import Database

SERVICE_KEYS = ("ocsp", "tsa", "tsa_archive")
_DAYS_PER_YEAR = 365.25


def create_authority(
    database: Database,
    key_files: KeyFiles,
    profiles: Profiles,
    validity: PkiSettings,
    *,
    public_url: str,
    clock: Callable[[], datetime],
    actor: str,
) -> None:
    """Make all keys and certificates of a new installation, each recorded before it is signed.

    Raises AlreadyInitialised when a key file exists; nothing is overwritten.
    """
    setup = _Setup(database, key_files, profiles, public_url, clock, actor)
    root_key = generate_key(profiles.profile(ROOT_KEY))
    root_days = _years(validity.root_years)
    root = setup.issue(setup.self_issuer(root_key, root_days), ROOT_KEY, root_key, root_days)
    issuing_key = generate_key(profiles.profile(ISSUING_KEY))
    issuing = setup.issue(root, ISSUING_KEY, issuing_key, _years(validity.issuing_years))
    for name, valid_for in service_lifetimes(validity).items():
        setup.issue(issuing, name, generate_key(profiles.profile(name)), valid_for)


def service_lifetimes(validity: PkiSettings) -> dict[str, timedelta]:
    """Return how long each service certificate is valid, by the name of its key."""
    days = (validity.ocsp_days, validity.tsa_days, validity.tsa_archive_days)
    return {name: timedelta(count) for name, count in zip(SERVICE_KEYS, days, strict=True)}


class _Setup:
    """What all steps of the setup share."""

    def __init__(
        self,
        database: Database,
        key_files: KeyFiles,
        profiles: Profiles,
        public_url: str,
        clock: Callable[[], datetime],
        actor: str,
    ) -> None:
        self._database = database
        self._key_files = key_files
        self._profiles = profiles
        self._public_url = public_url
        self._clock = clock
        self._actor = actor

    def self_issuer(self, key: PrivateKey, valid_for: timedelta) -> AuthorityKey:
        """The root before it has a certificate: its name and key, and room for its validity."""
        now, a_day = self._clock(), timedelta(days=1)
        name = _fixed_name(self._profiles.profile(ROOT_KEY))
        spki = public_key_der(key.public_key())
        issuer = Issuer(name, spki, now - a_day, now + valid_for + a_day)
        return AuthorityKey(ROOT_KEY, issuer, lambda: SoftwareSigner(key), ())

    def issue(
        self, issuer: AuthorityKey, name: str, key: PrivateKey, valid_for: timedelta
    ) -> AuthorityKey:
        """Issue one certificate, store its key file, and return it as an issuer."""
        authority = CertificateAuthority(
            self._database, self._profiles, issuer, public_url=self._public_url, clock=self._clock
        )
        order = Order(
            profile=name,
            holder=None,
            public_key_der=public_key_der(key.public_key()),
            custody=SERVICE_CUSTODY,
            owner=f"service:{name}",
            valid_for=valid_for,
        )
        with self._database.begin() as connection:
            allocations = authority.allocate(connection, [order], approver=self._actor)
        [signed] = authority.sign(allocations)
        self._key_files.create(name, key, signed.certificate_der)
        with self._database.begin() as connection:
            authority.record(connection, [signed], actor=self._actor)
        return AuthorityKey(
            name,
            issuer_from_certificate(signed.certificate_der),
            lambda: SoftwareSigner(key),
            (signed.certificate_der, *issuer.chain_der),
        )


def _fixed_name(profile: Profile) -> x509.Name:
    if profile.subject is None:
        raise ProfileInvalid(
            f"The profile {profile.name} has no subject of its own.", "Give it one."
        )
    return profile.subject.name()


def _years(count: int) -> timedelta:
    return timedelta(days=round(count * _DAYS_PER_YEAR))
