"""People: issued, shown, suspended, resumed, revoked; and their keys opened.

Life cycle: issuing → active ⇄ suspended → revoked. For certificates and keys revoked is the
end; the person becomes active again only by a new issuance, with new ones. A person whose
certificates have all ended is "expired", which is seen from the times and stored nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from idservice.errors import IllegalTransition, MalformedRequest, PersonRevoked
from idservice.keystore.card import Purpose
from idservice.services.enrolment import Enrolled, Enrolment
from idservice.services.key_custody import HeldKey, KeyCustody, require_known
from idservice.services.person_request import PersonRequest
from idservice.services.pins import server_holder
from idservice.store import access_tokens, audit, certificates, persons, pins
from idservice.store.certificates import CertificateRecord
from idservice.store.database import Connection, Database
from idservice.store.persons import Person

__all__ = [
    "EXPIRED",
    "REVOCATION_REASONS",
    "CertificateRecord",
    "HeldKey",
    "Person",
    "PersonView",
    "Persons",
    "Purpose",
]

EXPIRED = "expired"

REVOCATION_REASONS = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)
"""CRLReason names (RFC 5280 cl. 5.3.1) that fit a person's certificate."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person with certificates (those that were issued) and tries left, by PIN name."""

    person: Person
    certificates: tuple[CertificateRecord, ...]
    tries_left: dict[str, int]
    at: datetime

    @property
    def status(self) -> str:
        """active, suspended, revoked or expired."""
        ended = all(record.not_after < self.at for record in self.certificates)
        return EXPIRED if self.person.status == persons.ACTIVE and ended else self.person.status

    @property
    def custody(self) -> tuple[str, ...]:
        """Where keys of this person are: server, card or both; once all ended, where they were."""
        held = [item for item in self.certificates if item.status != certificates.REVOKED]
        held = [item for item in held if item.not_after >= self.at] or list(self.certificates)
        return tuple(sorted({record.custody for record in held}))

    def status_of(self, record: CertificateRecord) -> str:
        """valid, suspended, revoked or expired: the state of one of the certificates now.

        What was revoked before its end stays revoked, and a suspension is told as one.
        """
        ended = record.status == certificates.VALID and record.not_after < self.at
        return EXPIRED if ended else record.status


class Persons:
    """Everything that can be done with people."""

    def __init__(
        self,
        database: Database,
        enrolment: Enrolment,
        custody: KeyCustody,
        clock: Callable[[], datetime],
    ) -> None:
        """Take the collaborators."""
        self._database = database
        self._enrolment = enrolment
        self._custody = custody
        self._clock = clock

    def issue(self, request: PersonRequest) -> Enrolled:
        """Issue a person, or nothing at all; see `Enrolment.issue`."""
        return self._enrolment.issue(request)

    def list(self, *, after: str = "", limit: int = 1000) -> Sequence[PersonView]:
        """Return people in the order of their codes, those after a code, at most `limit`."""
        with self._database.read() as connection:
            found = persons.find_all(connection, after=after, limit=limit)
            return [self._view(connection, person) for person in found]

    def show(self, code: str) -> PersonView:
        """Return one person. Raises PersonUnknown."""
        with self._database.read() as connection:
            return self._view(connection, require_known(connection, code))

    def suspend(self, code: str, *, actor: str) -> None:
        """Suspend a person and all their certificates until resumed; log them out for good.

        Raises PersonUnknown, PersonRevoked, or IllegalTransition when already suspended.
        """
        with self._database.begin() as connection:
            at = self._clock()
            self._change(
                connection,
                code,
                (persons.ACTIVE,),
                {"status": persons.SUSPENDED, "suspended_at": at},
            )
            certificates.suspend_all(connection, code, at)
            access_tokens.revoke_all(connection, code, at)
            self._audit(connection, at, "person.suspended", code, actor)

    def resume(self, code: str, *, actor: str) -> None:
        """End a suspension. Raises PersonUnknown, PersonRevoked or IllegalTransition."""
        with self._database.begin() as connection:
            at = self._clock()
            self._change(
                connection,
                code,
                (persons.SUSPENDED,),
                {"status": persons.ACTIVE, "suspended_at": None},
            )
            certificates.resume_all(connection, code, at)
            self._audit(connection, at, "person.resumed", code, actor)

    def revoke(self, code: str, reason: str = "unspecified", *, actor: str) -> None:
        """Revoke a person, all their certificates and all their logins, for good.

        `reason` is one of REVOCATION_REASONS. Raises MalformedRequest, PersonUnknown or
        PersonRevoked.
        """
        if reason not in REVOCATION_REASONS:
            raise MalformedRequest(
                "The reason for the revocation is none that a revocation list can carry.",
                f"Give one of {', '.join(REVOCATION_REASONS)}.",
            )
        with self._database.begin() as connection:
            at = self._clock()
            values = {"status": persons.REVOKED, "revoked_at": at, "revocation_reason": reason}
            self._change(connection, code, (persons.ACTIVE, persons.SUSPENDED), values)
            certificates.revoke_all(connection, code, at, reason)
            access_tokens.revoke_all(connection, code, at)
            self._audit(connection, at, "person.revoked", code, actor, reason=reason)

    def unlock_signer(self, code: str, purpose: Purpose, pin: str) -> HeldKey:
        """Open a key in server custody; see `KeyCustody.unlock_signer`."""
        return self._custody.unlock_signer(code, purpose, pin)

    def open_card(self, path: Path, purpose: Purpose, pin: str) -> HeldKey:
        """Open a card file; see `KeyCustody.open_card`."""
        return self._custody.open_card(path, purpose, pin)

    def unlock(self, code: str, purpose: Purpose, puk: str, new_pin: str | None = None) -> None:
        """Unlock a PIN with the PUK; see `KeyCustody.unlock`."""
        self._custody.unlock(code, purpose, puk, new_pin)

    def unlock_card(self, path: Path, purpose: Purpose, puk: str) -> None:
        """Unlock the counter of a card file with the PUK; see `KeyCustody.unlock_card`."""
        self._custody.unlock_card(path, purpose, puk)

    def _view(self, connection: Connection, person: Person) -> PersonView:
        issued = tuple(
            record
            for record in certificates.of_person(connection, person.code)
            if record.certificate_der is not None
        )
        counters = pins.of_holder(connection, server_holder(person.code))
        left = {record.purpose: record.tries_left for record in counters}
        return PersonView(person, issued, left, self._clock())

    def _change(
        self, connection: Connection, code: str, allowed: tuple[str, ...], values: dict[str, object]
    ) -> None:
        """Compare-and-swap the status; explain why when it cannot be."""
        require_known(connection, code)
        if persons.change_status(connection, code, allowed, **values):
            return
        person = require_known(connection, code)
        if person.status == persons.REVOKED:
            raise PersonRevoked(
                "The person is revoked, and that is final for all that was issued.",
                "Issue the person again: `idservice person issue --code`.",
            )
        raise IllegalTransition(
            f"The person is {person.status}, and this step does not lead on from there.",
            "`idservice person show` tells where the person stands.",
        )

    def _audit(
        self,
        connection: Connection,
        at: datetime,
        action: str,
        code: str,
        actor: str,
        **details: str,
    ) -> None:
        audit.record(
            connection,
            at=at,
            action=action,
            subject=f"person:{code}",
            actor=actor,
            details=details,
        )
