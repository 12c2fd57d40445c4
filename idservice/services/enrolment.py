"""Issuing a person: certificates, keys, PINs and the record of it, all or nothing.

1. A transaction reserves the personal code (status "issuing"), the serials and the
   public keys.
2. Certificates are linted and signed; card files are encoded and written.
3. A second transaction stores certificates, wrapped keys, counters and audit rows, and
   makes the person "active".

Keys in hardware are made before 1, since their public halves are needed there.

A process that dies before the end of 3 leaves a person who is not active and
certificates that are pending; the next attempt for the same code starts over. What it
leaves in a token is destroyed by `HsmPersonKeys.reconcile`.

Who is revoked, or whose certificates have all expired, can be issued again under the same
code: with new certificates, keys and PINs. Until the end of 3 such a person stays what they
were; the old certificates stay revoked or expired for ever, and the old keys are destroyed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from idservice.errors import IdServiceError, IllegalTransition, PersonExists, PublicKeyInUse
from idservice.keystore.card import CardFile, card_path, encode_card, write_card_file
from idservice.pki.personal_code import MAX_SERIAL, make_personal_code
from idservice.pki.profiles import Profiles
from idservice.pki.subject import Holder, make_holder
from idservice.services.certificate_authority import (
    ORPHAN_AFTER,
    Allocation,
    CertificateAuthority,
    Order,
    SignedCertificate,
)
from idservice.services.hsm_person_keys import HsmPersonKeys
from idservice.services.key_records import KeyRecordMaker, KeyRecords
from idservice.services.person_request import (
    CARD,
    PROFILES,
    NewKey,
    PersonRequest,
    hsm_key,
    new_keys,
    require_hsm,
)
from idservice.services.pins import PinSet, generate_pins, server_holder
from idservice.store import audit, certificates, hsm_keys, persons, pins, private_keys
from idservice.store.database import Connection, Database
from idservice.store.persons import Person


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What was issued: the personal code and its PINs, to be told once."""

    personal_code: str
    pins: PinSet


@dataclass(frozen=True, slots=True)
class Reservation:
    """A personal code that was taken: for whom, and what the person's status is until the end."""

    holder: Holder
    status: str


class Enrolment:
    """Issues people."""

    def __init__(
        self,
        database: Database,
        authority: CertificateAuthority,
        profiles: Profiles,
        records: KeyRecordMaker,
        *,
        validity: dt.timedelta,
        clock: Callable[[], dt.datetime],
        hsm: HsmPersonKeys | None = None,
        experimental: bool = False,
    ) -> None:
        """Take the collaborators; `validity` holds unless a request asks for another.

        `hsm` makes keys in hardware, where that is done for people; `experimental` allows
        kinds of key that are an experiment.
        """
        self._database = database
        self._authority = authority
        self._profiles = profiles
        self._records = records
        self._validity = validity
        self._clock = clock
        self._hsm = hsm
        self._experimental = experimental

    def issue(self, request: PersonRequest) -> Enrolled:
        """Issue a person, or nothing at all.

        Raises MalformedRequest, MalformedPersonalCode, PinUnacceptable, PersonExists,
        PublicKeyInUse, or AlreadyInitialised when a card file is in the way; for keys in
        hardware KeyStoreUnavailable.
        """
        require_hsm(request, self._hsm)
        codes = generate_pins(request.pin1, request.pin2, request.puk)
        keys = new_keys(request, self._profiles, experimental=self._experimental)
        with self._made_in_hsm(request) as in_hsm:
            return self._issue(request, codes, [*keys, *in_hsm])

    def _issue(self, request: PersonRequest, codes: PinSet, keys: Sequence[NewKey]) -> Enrolled:
        with self._database.begin() as connection:
            reserved = self._reserve(connection, request, keys)
            holder = reserved.holder
            orders = [self._order(key, holder, request.valid_for) for key in keys]
            allocations = self._authority.allocate(connection, orders, approver=request.approver)
        code = holder.personal_code.value
        with self._given_up_on_failure(allocations, request.approver):
            signed = self._authority.sign(allocations)
            cards = self._encode_cards(request.card, holder, codes, keys, signed)
            records = self._records.make(code, codes, keys, cards, self._clock())
            with _written(cards), self._database.begin() as connection:
                before = self._complete(connection, reserved, request.approver, signed, records)
        if self._hsm is not None:
            self._hsm.destroy(before)
        return Enrolled(code, codes)

    @contextlib.contextmanager
    def _made_in_hsm(self, request: PersonRequest) -> Iterator[list[NewKey]]:
        """Make the keys in hardware, and destroy them again if nothing comes of it."""
        if not request.hsm or self._hsm is None:
            yield []
            return
        made: list[NewKey] = []
        try:
            for purpose in PROFILES:
                made += [hsm_key(purpose, self._profiles, self._hsm, request.signing_key)]
            yield made
        except BaseException:
            self._hsm.destroy(key.key_id for key in made if key.key_id is not None)
            raise

    def _reserve(
        self, connection: Connection, request: PersonRequest, keys: Sequence[NewKey]
    ) -> Reservation:
        """Take the personal code: a new one, or that of somebody who may be issued again."""
        holder = self._holder(connection, request)
        code, now = holder.personal_code.value, self._clock()
        person = Person(code, holder.given_name, holder.surname, persons.ISSUING, now)
        if persons.add(connection, person):
            return Reservation(holder, persons.ISSUING)
        existing = persons.find_to_change(connection, code)
        if existing is None or not self._may_be_issued(connection, existing, now):
            raise PersonExists(
                "A person with this personal code has certificates that are not over yet, and "
                "nobody has two cards at a time.",
                "Use the person as is, revoke the person first, or take another personal code.",
            )
        self._authority.abandon(
            connection, before=now - ORPHAN_AFTER, person_code=code, actor=request.approver
        )
        if certificates.has_pending(connection, code):
            raise PersonExists(
                "A person with this personal code is being issued at this moment.",
                f"Wait; if that attempt died, try again in {ORPHAN_AFTER.seconds} seconds.",
            )
        _require_new_keys(connection, code, keys)
        return Reservation(holder, existing.status)

    @staticmethod
    def _may_be_issued(connection: Connection, person: Person, now: dt.datetime) -> bool:
        """Whether an issuance never ended, or nothing that was issued is in force any more."""
        if person.status in {persons.ISSUING, persons.REVOKED}:
            return True
        issued = certificates.of_person(connection, person.code)
        in_force = [item for item in issued if item.certificate_der and item.not_after >= now]
        return person.status == persons.ACTIVE and not in_force

    def _holder(self, connection: Connection, request: PersonRequest) -> Holder:
        code = request.personal_code or self._free_code(connection, request)
        return make_holder(request.given_name, request.surname, code)

    def _free_code(self, connection: Connection, request: PersonRequest) -> str:
        if request.birth_date is None or request.sex is None:
            raise ValueError("a request has a code, or a day of birth and a sex")
        first = secrets.randbelow(MAX_SERIAL + 1)
        for offset in range(MAX_SERIAL + 1):
            serial = (first + offset) % (MAX_SERIAL + 1)
            code = make_personal_code(request.birth_date, request.sex, serial).value
            if persons.find(connection, code) is None:
                return code
        raise PersonExists(
            "All thousand personal codes of this day and sex are taken.", "Choose another day."
        )

    def _order(self, key: NewKey, holder: Holder, valid_for: dt.timedelta | None) -> Order:
        return Order(
            profile=PROFILES[key.purpose],
            holder=holder,
            public_key_der=key.public_key_der,
            custody=key.custody,
            owner=f"person:{holder.personal_code}",
            valid_for=valid_for or self._validity,
        )

    @contextlib.contextmanager
    def _given_up_on_failure(self, allocations: Sequence[Allocation], actor: str) -> Iterator[None]:
        try:
            yield
        except BaseException:
            # Should this fail too, `reconcile` finds the pending rows later.
            with contextlib.suppress(IdServiceError):
                self._authority.give_up(allocations, actor=actor)
            raise

    def _encode_cards(
        self,
        folder: Path | None,
        holder: Holder,
        codes: PinSet,
        keys: Sequence[NewKey],
        signed: Sequence[SignedCertificate],
    ) -> list[CardFile]:
        cards = []
        stem = Path(folder or "", holder.personal_code.value)
        for key, item in zip(keys, signed, strict=True):
            if folder is not None and key.custody == CARD and key.private_key is not None:
                data = encode_card(
                    key.private_key,
                    item.certificate_der,
                    self._authority.chain_der,
                    name=holder.common_name,
                    pin=codes.of(key.purpose.pin),
                )
                cards.append(CardFile(card_path(stem, key.purpose), key.purpose, data))
        return cards

    def _complete(
        self,
        connection: Connection,
        reserved: Reservation,
        approver: str,
        signed: Sequence[SignedCertificate],
        records: KeyRecords,
    ) -> Sequence[str]:
        """Store everything; return the identifiers of keys in hardware that are nobody's now."""
        code = reserved.holder.personal_code.value
        values = {
            "status": persons.ACTIVE,
            "given_name": reserved.holder.given_name,
            "surname": reserved.holder.surname,
            "revoked_at": None,
            "revocation_reason": None,
        }
        if not persons.change_status(connection, code, (reserved.status,), **values):
            raise IllegalTransition(
                "The person was issued or revoked by somebody else in the meantime.",
                "Look with `idservice person show`, and issue again if need be.",
            )
        private_keys.forget(connection, code)
        before = hsm_keys.forget(connection, code)
        pins.forget(connection, server_holder(code))
        self._authority.record(connection, signed, actor=approver)
        records.add(connection)
        audit.record(
            connection,
            at=self._clock(),
            action="person.issued",
            subject=f"person:{code}",
            actor=approver,
            details={
                "custody": sorted({item.allocation.record.custody for item in signed}),
                "certificates": [item.allocation.record.serial for item in signed],
                "before": reserved.status,
            },
        )
        return before


def _require_new_keys(connection: Connection, code: str, keys: Sequence[NewKey]) -> None:
    """Refuse keys that had a certificate before: it may have been revoked for a lost key."""
    before = {
        item.spki_sha256 for item in certificates.of_person(connection, code) if item.issued_at
    }
    if before & {hashlib.sha256(key.public_key_der).hexdigest() for key in keys}:
        raise PublicKeyInUse(
            "The public key was in an earlier certificate of this person, which has ended.",
            "Make a new key pair.",
        )


@contextlib.contextmanager
def _written(cards: Sequence[CardFile]) -> Iterator[None]:
    """Write card files before the commit that makes them valid; take them back if it fails."""
    written: list[Path] = []
    try:
        for card in cards:
            write_card_file(card.path, card.data)
            written.append(card.path)
        yield
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
