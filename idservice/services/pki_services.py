"""The part of the wiring diagram that is a public-key infrastructure.

Keys and their certificates, the issuing authority, and what tells others about its
certificates: OCSP responder, revocation lists, chain, time-stamping units.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from idservice.keystore.secret import KeyStoreSecret
from idservice.keystore.software import KeyFiles
from idservice.settings import Settings, config_folder
from idservice.store.database import Database

if TYPE_CHECKING:
    from idservice.keystore.authority_keys import AuthorityKeys
    from idservice.keystore.pkcs11 import HsmKeys
    from idservice.pki.profiles import Profiles
    from idservice.services.certificate_authority import CertificateAuthority
    from idservice.services.clock_watch import ClockReference, ClockWatch
    from idservice.services.ocsp_responder import OcspResponder
    from idservice.services.publication import Publication
    from idservice.services.revocation_lists import RevocationLists
    from idservice.services.service_certificates import ServiceCertificates
    from idservice.services.timestamp_authority import TimestampAuthority

Clock = Callable[[], datetime]
Monotonic = Callable[[], float]


@dataclass(frozen=True)
class PkiServices:
    """Keys, the authority and what it publishes, of one home folder.

    Whatever is dated here is dated by the watched clock: an authority that trusted a clock
    which was set ahead for a moment would leave certificates and lists of the future behind.
    """

    settings: Settings
    database: Database
    secret: KeyStoreSecret
    clock: Clock
    watched_since: ClockReference | None = None
    monotonic: Monotonic | None = None

    @cached_property
    def profiles(self) -> Profiles:
        """The certificate profiles. Raises ProfileInvalid."""
        from idservice.pki.profiles import load_profiles

        return load_profiles((config_folder() / "profiles.toml").read_text(encoding="utf-8"))

    @cached_property
    def key_files(self) -> KeyFiles:
        """The key files of authorities and services, and the certificates of all their keys."""
        return KeyFiles(self.settings.keys.folder, self.secret)

    @cached_property
    def authority_keys(self) -> AuthorityKeys:
        """The keys of authorities and services, in files or in hardware as the settings say."""
        if not self.settings.hsm.is_set:
            return self.key_files
        hsm = self.hsm  # first: it says so when what speaks PKCS#11 is not installed
        from idservice.keystore.placed_keys import PlacedKeys

        return PlacedKeys(self.key_files, hsm, frozenset(self.settings.hsm.keys))

    @cached_property
    def hsm(self) -> HsmKeys:
        """The token for keys. Raises SettingsInvalid when there is none."""
        from idservice.services.hardware import open_hsm

        return open_hsm(self.settings.hsm, self.secret)

    @cached_property
    def certificate_authority(self) -> CertificateAuthority:
        """The issuing authority. Raises KeyStoreInvalid."""
        from idservice.services.certificate_authority import open_authority

        return open_authority(
            self.database,
            self.authority_keys,
            self.profiles,
            public_url=self.settings.server.public_url,
            clock=self.clock_watch.now,
            unchecked=self.clock_watch.unchecked,
        )

    @cached_property
    def service_certificates(self) -> ServiceCertificates:
        """Keys and certificates of OCSP responder and time-stamping units, renewed in time."""
        from idservice.services.authority_keys import service_lifetimes
        from idservice.services.service_certificates import ServiceCertificates

        return ServiceCertificates(
            self.database,
            self.authority_keys,
            self.certificate_authority,
            self.profiles,
            service_lifetimes(self.settings.pki),
            clock=self.clock_watch.now,
            unchecked=self.clock_watch.unchecked,
        )

    @cached_property
    def ocsp_responder(self) -> OcspResponder:
        """Answers about certificates of the issuing authority. Raises KeyStoreInvalid."""
        from idservice.services.certificate_authority import ISSUING_KEY
        from idservice.services.ocsp_responder import Answerable, OcspResponder

        return OcspResponder(
            self.database,
            Answerable(ISSUING_KEY, self.certificate_authority.chain_der[0]),
            self.service_certificates,
            self.settings.ocsp,
            clock=self.clock_watch.now,
        )

    @cached_property
    def revocation_lists(self) -> RevocationLists:
        """The revocation lists of root and issuing authority. Raises KeyStoreInvalid."""
        from idservice.services.certificate_authority import ISSUING_KEY, ROOT_KEY
        from idservice.services.revocation_lists import ListedAuthority, RevocationLists

        crl, keys = self.settings.crl, self.authority_keys
        calendar = {
            ROOT_KEY: (timedelta(crl.root_period_days), timedelta(crl.root_valid_days)),
            ISSUING_KEY: (
                timedelta(seconds=crl.period_seconds),
                timedelta(seconds=crl.valid_seconds),
            ),
        }
        authorities = {
            name: ListedAuthority(
                name, keys.load_certificate(name), partial(keys.load_signer, name), *times
            )
            for name, times in calendar.items()
        }
        return RevocationLists(
            self.database,
            authorities,
            clock=self.clock_watch.now,
            unchecked=self.clock_watch.unchecked,
        )

    @cached_property
    def publication(self) -> Publication:
        """The CA certificates that everybody may fetch. Raises KeyStoreInvalid."""
        from idservice.services.certificate_authority import ISSUING_KEY, ROOT_KEY
        from idservice.services.publication import Publication

        names = (ROOT_KEY, ISSUING_KEY)
        return Publication({name: self.authority_keys.load_certificate(name) for name in names})

    @cached_property
    def clock_watch(self) -> ClockWatch:
        """The clock, held against the monotonic clock since the service started."""
        from idservice.services.clock_watch import ClockWatch

        limit = timedelta(seconds=self.settings.tsa.max_drift_seconds)
        monotonic = self.monotonic or time.monotonic
        return ClockWatch(self.clock, monotonic, max_drift=limit, since=self.watched_since)

    def timestamp_authority(self, unit: str) -> TimestampAuthority:
        """A time-stamping unit: "tsa" for signatures, "tsa_archive" for whole documents."""
        return self._timestamp_authorities[unit]

    @cached_property
    def _timestamp_authorities(self) -> Mapping[str, TimestampAuthority]:
        from idservice.services.timestamp_authority import open_units

        return open_units(
            self.settings.tsa,
            self.database,
            self.service_certificates,
            self.clock_watch,
            chain_der=self.certificate_authority.chain_der[:-1],
        )
