"""Logging in with a Web eID token, step by step.

1. Length, JSON and format of the token.
2. The nonce is taken: used from now on, whatever fails later. The request's origin fits.
3. The algorithm is on the allow-list and fits the key and curve of the certificate.
4. The certificate is one for authentication and chains to the issuing CA.
5. It was issued here, and is neither suspended nor revoked.
6. The signature over H(origin) ‖ H(nonce) verifies; both come from our own state.
7. Certificate and person are looked at again; audit row and access token are written.
   All of this is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from idservice.services.access_tokens import AccessToken, AccessTokens, TokenSubject
from idservice.services.certificate_state import require_active_person, require_valid_certificate
from idservice.services.challenges import Challenges
from idservice.services.trusted_issuers import TrustedIssuers
from idservice.store import audit
from idservice.store.challenges import StoredChallenge
from idservice.store.database import Database
from idservice.webeid.certificate import (
    UnverifiedCertificate,
    load_unverified_certificate,
    require_authentication_purpose,
    require_signing_companion,
)
from idservice.webeid.token import (
    AuthToken,
    parse_auth_token,
    require_algorithm,
    verify_token_signature,
)


@dataclass(frozen=True, slots=True)
class Login:
    """A login that succeeded: who, and the access token for the relying party."""

    person_code: str
    given_name: str
    surname: str
    relying_party: str
    access_token: AccessToken


class Authentication:
    """Answers of challenges become access tokens here, or are refused with a code."""

    def __init__(
        self,
        database: Database,
        challenges: Challenges,
        access_tokens: AccessTokens,
        *,
        issuers: Sequence[x509.Certificate],
        clock: Callable[[], datetime],
    ) -> None:
        """Trust certificates of `issuers` alone: the issuing CAs of people's cards."""
        self._database = database
        self._challenges = challenges
        self._access_tokens = access_tokens
        self._issuers = TrustedIssuers(issuers)
        self._clock = clock

    def login(
        self, unverified_token: Any, *, session: str | None, request_origin: str | None
    ) -> Login:
        """Log in with a token (decoded JSON) that answers the challenge of this session.

        `request_origin` is the request's Origin header, if it had one. Raises the
        errors of the Challenge family, MalformedToken, MalformedCertificate,
        UnsupportedAlgorithm, SignatureInvalid, one Certificate… error for each reason,
        PersonSuspended or PersonRevoked.
        """
        token = parse_auth_token(unverified_token)
        challenge = self._challenges.take(session, request_origin=request_origin)
        unverified = load_unverified_certificate(token.unverified_certificate_der)
        algorithm = require_algorithm(token.unverified_algorithm, unverified.public_key)
        now = self._clock()
        self._require_trusted(unverified, now)
        self._require_trusted_companions(token, unverified, now)
        with self._database.read() as connection:
            require_valid_certificate(connection, unverified.der, now)
        verify_token_signature(
            token,
            unverified.public_key,
            algorithm,
            challenge.origin,
            challenge.nonce_hash(algorithm.hash.name),
        )
        return self._admit(unverified.der, challenge)

    def _require_trusted(self, unverified: UnverifiedCertificate, at: datetime) -> None:
        require_authentication_purpose(unverified)
        self._issuers.require_path(unverified.der, unverified.certificate, at)

    def _require_trusted_companions(
        self, token: AuthToken, authentication: UnverifiedCertificate, at: datetime
    ) -> None:
        for certificate_der in token.unverified_signing_certificates:
            signing = load_unverified_certificate(certificate_der)
            require_signing_companion(signing, authentication, at)
            self._issuers.require_path(signing.der, signing.certificate, at)

    def _admit(self, certificate_der: bytes, challenge: StoredChallenge) -> Login:
        now = self._clock()
        with self._database.begin() as connection:
            record = require_valid_certificate(connection, certificate_der, now)
            person = require_active_person(connection, record.person_code)
            access_token = self._access_tokens.issue(
                connection,
                TokenSubject(
                    person_code=person.code,
                    given_name=person.given_name,
                    surname=person.surname,
                    certificate_issuer=record.issuer,
                    certificate_serial=record.serial,
                ),
                relying_party=challenge.relying_party,
                at=now,
            )
            audit.record(
                connection,
                at=now,
                action="login.succeeded",
                subject=f"person:{person.code}",
                actor=f"relying-party:{challenge.relying_party}",
                details={
                    "certificate": f"{record.issuer}:{record.serial}",
                    "origin": challenge.origin,
                },
            )
        return Login(
            person.code, person.given_name, person.surname, challenge.relying_party, access_token
        )
