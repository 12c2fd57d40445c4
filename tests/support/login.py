"""Everything that a login needs around it: a database, an issuer, a person with a card.

`LoginBench` has the services wired as the product wires them, a clock that tests can set,
and `answer`, which does what a browser with the person's card does.
"""

import base64
import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import key_kind, raw_from_der
from idservice.keystore.secret import KeyStoreSecret
from idservice.services.access_tokens import AccessTokens
from idservice.services.authentication import Authentication
from idservice.services.challenges import Challenges
from idservice.services.relying_parties import RelyingParties
from idservice.services.token_keys import TokenKeys
from idservice.settings import LoginSettings
from idservice.store import certificates, migration, persons
from idservice.store.certificates import CertificateRecord
from idservice.store.database import Database
from idservice.store.persons import Person
from idservice.webeid.token import data_to_be_signed
from support.pki import (
    AT,
    CertificatePair,
    Extension,
    chain,
    extension,
    key_usage,
    leaf,
    new_key,
)

ORIGIN = "https://rp.example.org"
ISSUER = "https://id.example.org"
CODE = "38001085718"
NAMES = {
    NameOID.COUNTRY_NAME: "EE",
    NameOID.COMMON_NAME: "JÕEORG,JAAK-KRISTJAN,38001085718",
    NameOID.SURNAME: "JÕEORG",
    NameOID.GIVEN_NAME: "JAAK-KRISTJAN",
    NameOID.SERIAL_NUMBER: "PNOEE-38001085718",
}
on_both_databases = pytest.mark.parametrize("bench", ["sqlite", "postgresql"], indirect=True)
"""Runs a test that uses the fixture `bench` on SQLite and on PostgreSQL."""

SETTINGS = LoginSettings(challenge_seconds=120, token_seconds=600, key_overlap_days=2)


@dataclass
class SettableClock:
    """A clock that stands until a test moves it."""

    now: dt.datetime = AT

    def __call__(self) -> dt.datetime:
        """The time."""
        return self.now

    def advance(self, **amount: float) -> None:
        """Move the clock by days, hours, minutes or seconds."""
        self.now += dt.timedelta(**amount)


@dataclass
class LoginBench:
    """Wired services over one database."""

    database: Database
    secret: KeyStoreSecret
    clock: SettableClock = field(default_factory=SettableClock)
    issuer: x509.Certificate = field(default_factory=lambda: chain().intermediate.certificate)

    def __post_init__(self) -> None:
        """Wire the services as the product does."""
        self.relying_parties = RelyingParties(self.database, clock=self.clock)
        self.token_keys = TokenKeys(self.database, self.secret, SETTINGS, clock=self.clock)
        self.challenges = Challenges(self.database, SETTINGS, clock=self.clock)
        self.access_tokens = AccessTokens(
            self.database, self.token_keys, SETTINGS, issuer=ISSUER, clock=self.clock
        )
        self.authentication = Authentication(
            self.database,
            self.challenges,
            self.access_tokens,
            issuers=[self.issuer],
            clock=self.clock,
        )

    @property
    def issuing(self) -> CertificatePair:
        """The issuer with its key, as far as tests issue under it."""
        return chain().intermediate

    def log_in(self, card: CertificatePair, **changes: Any) -> Any:
        """Get a challenge and answer it; `changes` replace members of the token."""
        issued = self.challenges.issue(relying_party="demo", request_origin=None)
        token = answer(card, issued.nonce) | changes
        return self.authentication.login(token, session=issued.session, request_origin=None)

    def issue(
        self, code: str = CODE, *, card: CertificatePair | None = None, **columns: Any
    ) -> CertificatePair:
        """Store a person with a certificate for authentication, and return it with its key."""
        card = card or authentication_card(self.issuing)
        record = certificate_record(card, code, self.issuing, **columns)
        with self.database.begin() as connection:
            if persons.find(connection, code) is None:
                person = Person(code, "JAAK-KRISTJAN", "JÕEORG", persons.ACTIVE, self.clock())
                persons.add(connection, person)
            certificates.allocate(connection, record, b"")
            certificates.complete(connection, record.issuer, record.serial, card.der, self.clock())
        return card


def open_bench(database: Database, *, secret: bytes = b"s" * 32) -> LoginBench:
    """Give an empty database its schema, a relying party and a token key."""
    if database.sqlite_path is not None:
        migration.create_sqlite_file(database.sqlite_path)
    migration.migrate(database)
    bench = LoginBench(database, KeyStoreSecret(secret))
    bench.relying_parties.register("demo", name="Demo", origins=[ORIGIN], actor="test")
    bench.token_keys.rotate(actor="test")
    return bench


def sqlite_bench(folder: Path) -> LoginBench:
    """Make a bench over a new SQLite file in a folder."""
    return open_bench(Database(f"sqlite:///{folder / 'login.db'}", pool_size=16))


def authentication_card(
    issuing: CertificatePair,
    *,
    kind: KeyKind = KeyKind.P384,
    not_before: dt.datetime = AT - dt.timedelta(days=1),
    not_after: dt.datetime = AT + dt.timedelta(days=365),
    extensions: tuple[Extension, ...] = (),
) -> CertificatePair:
    """Make a certificate for authentication as an ID-card has it."""
    policy = x509.PolicyInformation(ObjectIdentifier("0.4.0.2042.1.2"), None)
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION]
    return leaf(
        issuing,
        subject=x509.Name([x509.NameAttribute(oid, text) for oid, text in NAMES.items()]),
        key=new_key(kind),
        not_before=not_before,
        not_after=not_after,
        extensions=(
            extension(key_usage(digital_signature=True, key_agreement=True), critical=True),
            extension(x509.ExtendedKeyUsage(purposes), critical=False),
            extension(x509.CertificatePolicies([policy]), critical=False),
            *extensions,
        ),
    )


def answer(card: CertificatePair, nonce: str, *, origin: str = ORIGIN) -> dict[str, Any]:
    """Sign origin and nonce as the Web eID application does, and return the token 1.0."""
    signer = card.signer()
    digest = signer.algorithm.hash.digest(nonce.encode())
    value = signer.sign(data_to_be_signed(signer.algorithm, origin, digest))
    if signer.algorithm.family == "ecdsa":
        value = raw_from_der(value, key_kind(card.public_key))
    return {
        "unverifiedCertificate": base64.b64encode(card.der).decode(),
        "algorithm": signer.algorithm.jose,
        "signature": base64.b64encode(value).decode(),
        "format": "web-eid:1.0",
        "appVersion": "https://web-eid.eu/web-eid-app/releases/2.5.0+0",
    }


def certificate_record(
    card: CertificatePair, code: str, issuing: CertificatePair, **columns: Any
) -> CertificateRecord:
    """Describe a certificate as the store keeps it; `columns` replace values."""
    certificate = card.certificate
    values: dict[str, Any] = {
        "issuer": "esteid2025",
        "serial": certificates.serial_text(certificate.serial_number),
        "profile": "id_card_authentication",
        "profile_version": "1",
        "purpose": "authentication",
        "custody": "card",
        "person_code": code,
        "subject": certificate.subject.rfc4514_string(),
        "spki_sha256": "0" * 64,
        "certificate_der": None,
        "certificate_sha256": None,
        "status": certificates.PENDING,
        "not_before": certificate.not_valid_before_utc,
        "not_after": certificate.not_valid_after_utc,
        "allocated_at": issuing.certificate.not_valid_before_utc,
        "issued_at": None,
        "suspended_at": None,
        "revoked_at": None,
        "revocation_reason": None,
        "approver": "test",
    }
    return CertificateRecord(**values | columns)
