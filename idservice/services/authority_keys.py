"""The keys of a new installation: root, issuing authority, OCSP responder, time-stamping units.

The root key signs the issuing authority's certificate here and is not opened again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509

from idservice.errors import ProfileInvalid
from idservice.keystore.authority_keys import AuthorityKeys, NewKey
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
)
from idservice.settings import PkiSettings
from idservice.store.database import Database

SERVICE_KEYS = ("ocsp", "tsa", "tsa_archive")
_DAYS_PER_YEAR = 365.25


def create_authority(
    database: Database,
    keys: AuthorityKeys,
    profiles: Profiles,
    validity: PkiSettings,
    *,
    public_url: str,
    clock: Callable[[], datetime],
    actor: str,
) -> None:
    """Make all keys and certificates of a new installation, each recorded before it is signed.

    Raises AlreadyInitialised when a key file exists; nothing is overwritten. Raises
    KeyStoreUnavailable or KeyStoreInvalid when a token for keys is not fit for them.
    """
    setup = _Setup(database, keys, profiles, public_url, clock, actor)
    root = setup.issue_root(_years(validity.root_years))
    issuing = setup.issue(root, ISSUING_KEY, _years(validity.issuing_years))
    for name, valid_for in service_lifetimes(validity).items():
        setup.issue(issuing, name, valid_for)


def service_lifetimes(validity: PkiSettings) -> dict[str, timedelta]:
    """Return how long each service certificate is valid, by the name of its key."""
    days = (validity.ocsp_days, validity.tsa_days, validity.tsa_archive_days)
    return {name: timedelta(count) for name, count in zip(SERVICE_KEYS, days, strict=True)}


class _Setup:
    """What all steps of the setup share."""

    def __init__(
        self,
        database: Database,
        keys: AuthorityKeys,
        profiles: Profiles,
        public_url: str,
        clock: Callable[[], datetime],
        actor: str,
    ) -> None:
        self._database = database
        self._keys = keys
        self._profiles = profiles
        self._public_url = public_url
        self._clock = clock
        self._actor = actor

    def issue_root(self, valid_for: timedelta) -> AuthorityKey:
        """Issue the root to itself: by its name and key, with room for its validity."""
        name = _fixed_name(self._profiles.profile(ROOT_KEY))
        key = self._generate(ROOT_KEY)
        now, a_day = self._clock(), timedelta(days=1)
        issuer = Issuer(name, key.public_key_der, now - a_day, now + valid_for + a_day)
        itself = AuthorityKey(ROOT_KEY, issuer, lambda: key.signer, ())
        return self._certify(itself, ROOT_KEY, key, valid_for)

    def issue(self, issuer: AuthorityKey, name: str, valid_for: timedelta) -> AuthorityKey:
        """Make one key, issue its certificate, keep both, and return them as an issuer."""
        return self._certify(issuer, name, self._generate(name), valid_for)

    def _generate(self, name: str) -> NewKey:
        return self._keys.generate(name, self._profiles.profile(name).key_kinds[0])

    def _certify(
        self, issuer: AuthorityKey, name: str, key: NewKey, valid_for: timedelta
    ) -> AuthorityKey:
        try:
            certificate_der = self._certificate(issuer, name, key, valid_for)
        except BaseException:
            key.discard()
            raise
        return AuthorityKey(
            name,
            issuer_from_certificate(certificate_der),
            lambda: key.signer,
            (certificate_der, *issuer.chain_der),
        )

    def _certificate(
        self, issuer: AuthorityKey, name: str, key: NewKey, valid_for: timedelta
    ) -> bytes:
        authority = CertificateAuthority(
            self._database, self._profiles, issuer, public_url=self._public_url, clock=self._clock
        )
        order = Order(
            profile=name,
            holder=None,
            public_key_der=key.public_key_der,
            custody=SERVICE_CUSTODY,
            owner=f"service:{name}",
            valid_for=valid_for,
        )
        with self._database.begin() as connection:
            allocations = authority.allocate(connection, [order], approver=self._actor)
        [signed] = authority.sign(allocations)
        key.keep(signed.certificate_der)
        with self._database.begin() as connection:
            authority.record(connection, [signed], actor=self._actor)
        return signed.certificate_der


def _fixed_name(profile: Profile) -> x509.Name:
    if profile.subject is None:
        raise ProfileInvalid(
            f"The profile {profile.name} has no subject of its own.", "Give it one."
        )
    return profile.subject.name()


def _years(count: int) -> timedelta:
    return timedelta(days=round(count * _DAYS_PER_YEAR))
