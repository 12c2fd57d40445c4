"""The wiring diagram: which service gets which collaborators, from settings alone.

`open_services` refuses a home that is not fit to sign: never initialised, of another
schema, or on a database that acknowledges before data is durable. Each service is then
made when it is used first, so that a command pays only for what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from idservice.keystore.secret import load_secret
from idservice.keystore.wrapping import PinCost, stretch
from idservice.services.hardware import PERSONS
from idservice.services.home_folder import CARDS, require_initialised
from idservice.services.pki_services import Clock, Monotonic, PkiServices
from idservice.settings import Settings, config_folder
from idservice.store.database import Database

if TYPE_CHECKING:
    from idservice.errors import IdServiceError
    from idservice.services.access_tokens import AccessTokens
    from idservice.services.audit import AuditLog
    from idservice.services.authentication import Authentication
    from idservice.services.challenges import Challenges
    from idservice.services.clock_watch import ClockReference
    from idservice.services.confinement import ConfinedReader
    from idservice.services.enrolment import Enrolment
    from idservice.services.extending import Extending
    from idservice.services.file_signing import FileSigning
    from idservice.services.hsm_person_keys import HsmPersonKeys
    from idservice.services.key_custody import KeyCustody
    from idservice.services.key_records import Stretching
    from idservice.services.level_sources import LevelChoice
    from idservice.services.levels import Levels
    from idservice.services.own_keys import OwnKeys
    from idservice.services.persons import Persons
    from idservice.services.pins import Pins
    from idservice.services.relying_parties import RelyingParties
    from idservice.services.signing import Signing
    from idservice.services.test_people import ReadyPeople
    from idservice.services.token_keys import TokenKeys
    from idservice.services.validation import Validation

__all__ = [
    "Clock",
    "Monotonic",
    "Services",
    "now",
    "open_database",
    "open_services",
    "pin_cost",
    "test_people_list",
]

DOCUMENTS = "documents"
"""Folder of documents that wait for their signature, inside the state folder."""


def now() -> datetime:
    """The clock of this machine, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services(PkiServices):
    """Every service of one home folder; close it when done."""

    @cached_property
    def pins(self) -> Pins:
        """The counters of PIN tries."""
        from idservice.services.pins import Pins

        return Pins(self.database, tries=self.settings.pins.tries, clock=self.clock)

    @cached_property
    def relying_parties(self) -> RelyingParties:
        """The register of relying parties."""
        from idservice.services.relying_parties import RelyingParties

        return RelyingParties(self.database, clock=self.clock)

    @cached_property
    def token_keys(self) -> TokenKeys:
        """The keys of access tokens."""
        from idservice.services.token_keys import TokenKeys

        return TokenKeys(self.database, self.secret, self.settings.login, clock=self.clock)

    @cached_property
    def access_tokens(self) -> AccessTokens:
        """Access tokens."""
        from idservice.services.access_tokens import AccessTokens

        return AccessTokens(
            self.database,
            self.token_keys,
            self.settings.login,
            issuer=self.settings.server.public_url,
            clock=self.clock,
        )

    @cached_property
    def challenges(self) -> Challenges:
        """Login challenges."""
        from idservice.services.challenges import Challenges

        return Challenges(self.database, self.settings.login, clock=self.clock)

    @cached_property
    def authentication(self) -> Authentication:
        """Logging in."""
        from cryptography.x509 import load_der_x509_certificate

        from idservice.services.authentication import Authentication

        issuing = load_der_x509_certificate(self.certificate_authority.chain_der[0])
        return Authentication(
            self.database, self.challenges, self.access_tokens, issuers=[issuing], clock=self.clock
        )

    @cached_property
    def signing(self) -> Signing:
        """Signatures in two phases, for keys held elsewhere."""
        from idservice.services.preparation import CarefulPreparer
        from idservice.services.signing import Signing

        return Signing(
            self.database,
            self.settings.signing,
            folder=self.settings.state.folder / DOCUMENTS,
            chain_der=self.certificate_authority.chain_der[:1],
            levels=lambda: self.usual_levels,
            clock=self.clock,
            preparer=CarefulPreparer(self.confined_reader),
        )

    @cached_property
    def key_custody(self) -> KeyCustody:
        """Keys of people, opened with their PINs."""
        from idservice.services.key_custody import KeyCustody

        return KeyCustody(
            self.database,
            self.pins,
            self.secret,
            self._pin_cost,
            self.certificate_authority.chain_der,
            self.clock,
            require_own_secret=self.token_keys.require_own_secret,
            hsm=self.hsm if self.settings.hsm.is_set else None,
        )

    @cached_property
    def persons(self) -> Persons:
        """People and their life cycle."""
        from idservice.services.persons import Persons

        return Persons(self.database, self._enrolment(stretch), self.key_custody, self.clock)

    @cached_property
    def test_people(self) -> ReadyPeople:
        """People who are ready in a new home."""
        return self.test_people_by(stretch)

    def test_people_by(self, stretching: Stretching) -> ReadyPeople:
        """The same, issued with another way to run Argon2id over their public PINs."""
        from idservice.services.test_people import ReadyPeople

        return ReadyPeople(
            self._enrolment(stretching),
            test_people_list(),
            self.settings.state.folder / CARDS,
            hsm=PERSONS in self.settings.hsm.keys,
        )

    def _enrolment(self, stretching: Stretching) -> Enrolment:
        from idservice.services.enrolment import Enrolment
        from idservice.services.key_records import KeyRecordMaker

        return Enrolment(
            self.database,
            self.certificate_authority,
            self.profiles,
            KeyRecordMaker(self.secret, self._pin_cost, self.settings.pins.tries, stretching),
            validity=timedelta(days=self.settings.pki.person_days),
            clock=self.clock,
            hsm=self.hsm_person_keys if PERSONS in self.settings.hsm.keys else None,
            experimental=self.settings.signing.experimental_algorithms,
        )

    @cached_property
    def hsm_person_keys(self) -> HsmPersonKeys:
        """Keys of people in the token. Raises SettingsInvalid when there is none."""
        from idservice.services.hsm_person_keys import HsmPersonKeys

        return HsmPersonKeys(self.database, self.hsm, self.clock)

    @cached_property
    def _pin_cost(self) -> PinCost:
        return pin_cost(self.settings)

    @cached_property
    def own_keys(self) -> OwnKeys:
        """Keys that a person opens on this machine."""
        from idservice.services.own_keys import OwnKeys

        return OwnKeys(self.key_custody)

    @cached_property
    def file_signing(self) -> FileSigning:
        """Signing files with keys that are opened here."""
        from idservice.services.file_signing import FileSigning

        return FileSigning(
            self.database, self.settings.signing, levels=self.levels, clock=self.clock
        )

    @cached_property
    def usual_levels(self) -> Levels:
        """What raises signatures to a level, with the services of the settings."""
        from idservice.services.level_sources import LevelChoice

        return self.levels(LevelChoice())

    def levels(self, choice: LevelChoice) -> Levels:
        """What raises signatures to a level, with the services that a caller chose."""
        from idservice.services.level_sources import open_levels

        return open_levels(self, choice)

    def extending(self, choice: LevelChoice) -> Extending:
        """Raising the level of documents that are signed already."""
        from idservice.pades.baseline import Baseline
        from idservice.services.extending import Extending
        from idservice.services.level_sources import LevelChoice

        usual = choice == LevelChoice(choice.level)
        return Extending(
            self.usual_levels if usual else self.levels(choice),
            choice.level or Baseline(self.settings.signing.level),
            self.database,
            max_bytes=self.settings.signing.max_document_bytes,
            reader=self.confined_reader,
            clock=self.clock,
        )

    @cached_property
    def validation(self) -> Validation:
        """Validation of documents, by our own authorities and revocation state."""
        from idservice.crypto.certificates import load_certificate
        from idservice.services.own_scheme import OwnScheme, own_services
        from idservice.services.recorded_revocation import DatabaseRevocation
        from idservice.services.trusted_lists import TrustedLists
        from idservice.services.validation import Validation

        lists, home = self.settings.trust_lists, self.settings.home
        authorities = [load_certificate(der) for der in self.certificate_authority.chain_der]
        return Validation(
            self.settings.validation,
            clock=self.clock,
            anchors=authorities[-1:],
            intermediates=authorities[:-1],
            revocation=DatabaseRevocation(self.database, authorities),
            reader=self.confined_reader,
            detached_reader=self.confined_reader.read_detached,
            experimental=self.settings.signing.experimental_algorithms,
            listed=OwnScheme(
                own_services(authorities[:-1] if lists.own_scheme else ()),
                TrustedLists(lists, home, clock=self.clock),
            ),
        )

    @cached_property
    def confined_reader(self) -> ConfinedReader:
        """Processes that read documents of strangers within limits."""
        from idservice.services.confinement import ConfinedReader

        return ConfinedReader(self.settings.validation)

    @cached_property
    def audit(self) -> AuditLog:
        """What was done, by whom."""
        from idservice.services.audit import AuditLog

        return AuditLog(self.database)

    def require_keys(self) -> Sequence[IdServiceError]:
        """Open every key and token that the service needs, so that a bad one stops its start.

        Whatever a worker process could refuse is refused here, once. Raises
        KeyStoreInvalid, UnsafePermissions or NotInitialised. Returned, each once, is what does
        not stop a service: KeyStoreUnavailable for a token that does not answer and may come
        back, CertificateExpired for an authority that ended, whose documents are validated on.
        """
        from idservice.services.certificate_authority import ISSUING_KEY
        from idservice.services.operators import OperatorToken

        OperatorToken(self.settings.keys.operator_token_file)
        _ = self.publication
        services = self.service_certificates
        checks: list[Callable[[], object]] = [
            partial(self.authority_keys.load_signer, ISSUING_KEY),
            *(partial(services.current, name) for name in services.names),
        ]
        if self.settings.hsm.is_set:
            checks.append(self.hsm.require_answer)
        missing = [error for check in checks if (error := _missing_for_now(check)) is not None]
        with self.database.read() as connection:
            self.token_keys.signing_key(connection, self.clock())
        return list({error.detail: error for error in missing}.values())

    def reconcile(self) -> None:
        """Give up what processes left unfinished that died while they issued.

        Keys in a token that does not answer are left to the next start.
        """
        self.certificate_authority.reconcile()
        if self.settings.hsm.is_set:
            _missing_for_now(self.hsm_person_keys.reconcile)

    def close(self) -> None:
        """Close the database and the token for this process, and end what it started."""
        if "confined_reader" in self.__dict__:
            self.confined_reader.close()
        if "hsm" in self.__dict__:
            self.hsm.close()
        self.database.close()


def pin_cost(settings: Settings) -> PinCost:
    """What one try of a PIN costs in this home."""
    pins = settings.pins
    return PinCost(pins.argon2_memory_kib, pins.argon2_iterations, pins.argon2_lanes)


def test_people_list() -> Path:
    """The file that lists the test people."""
    return config_folder() / "personas.toml"


def open_services(
    settings: Settings,
    *,
    clock: Clock = now,
    watched_since: ClockReference | None = None,
    monotonic: Monotonic | None = None,
) -> Services:
    """Open the services of an initialised home.

    `watched_since` is what the clocks said when the service started, if this is a worker of it.
    `monotonic` gives the seconds that `clock` is held against; those of this machine, unless
    `clock` is another: what has no second clock beside it is believed.
    Raises NotInitialised, SchemaOutdated, UnsafeDatabase, UnsafePermissions,
    KeyStoreInvalid or DatabaseUnavailable: then nothing may be signed, issued or logged in.
    """
    require_initialised(settings)
    database = open_database(settings)
    database.require_schema()
    database.require_durability()
    secret = load_secret(settings.keys.secret_file)
    if monotonic is None and clock is not now:
        monotonic = partial(_seconds, clock)
    services = Services(settings, database, secret, clock, watched_since, monotonic)
    # From here on the clock is watched: a time-stamp long after must still be a true one.
    _ = services.clock_watch
    return services


def _missing_for_now(check: Callable[[], object]) -> IdServiceError | None:
    """Return why something cannot be used now although nothing is wrong with it."""
    from idservice.errors import CertificateExpired, KeyStoreUnavailable

    try:
        check()
    except (KeyStoreUnavailable, CertificateExpired) as exc:
        return exc
    return None


def _seconds(clock: Clock) -> float:
    return clock().timestamp()


def open_database(settings: Settings) -> Database:
    """Take the database of a home; nothing is connected before it is used."""
    return Database(
        settings.database.url,
        pool_size=settings.database.pool_size,
        busy_seconds=settings.database.busy_seconds,
    )
