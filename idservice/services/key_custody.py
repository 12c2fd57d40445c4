"""Opening a person's key with a PIN: a server key of this installation, or a card file.

The order is always the same: the person and the certificate must be usable, the secret must
be that of the database, a try is taken, the PIN is evaluated, and `HeldKey.recheck` looks
once more at person, certificate and lock at the last moment before each use.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from idservice.crypto.keys import PrivateKey, Signer, SoftwareSigner
from idservice.errors import KeyNotHeld, KeyStoreInvalid, PersonUnknown
from idservice.keystore.card import Purpose, open_card, read_card_file
from idservice.keystore.secret import KeyStoreSecret
from idservice.keystore.wrapping import (
    PinCost,
    Wrapped,
    check_verifier,
    stretch,
    unwrap_key,
    wrap_key,
    wrong_code,
)
from idservice.services.certificate_state import require_active_person, require_valid_certificate
from idservice.services.key_records import key_slot, puk_slot
from idservice.services.person_request import CARD, SERVER
from idservice.services.pins import PUK, Pins, require_form, server_holder
from idservice.store import audit, certificates, persons, pins, private_keys
from idservice.store.certificates import CertificateRecord
from idservice.store.database import Connection, Database
from idservice.store.private_keys import PrivateKeyRecord

_PERSONAL_CODE = re.compile(r"[0-9]{11}")


@dataclass(frozen=True, slots=True)
class HeldKey:
    """An opened key: signer, certificate and chain (DER, root last), and whose it is.

    Right before each use call `recheck()`, or `require_usable(connection)` inside the
    write transaction that records the use.
    """

    signer: Signer
    certificate_der: bytes
    chain_der: tuple[bytes, ...]
    person_code: str
    custody: str
    require_usable: Callable[[Connection], None]
    _database: Database

    def recheck(self) -> None:
        """Raise unless person, certificate and PIN still allow the use of the key."""
        with self._database.read() as connection:
            self.require_usable(connection)


class KeyCustody:
    """Opens keys of people, and unlocks their PINs with the PUK."""

    def __init__(
        self,
        database: Database,
        counters: Pins,
        secret: KeyStoreSecret,
        cost: PinCost,
        chain_der: tuple[bytes, ...],
        clock: Callable[[], datetime],
        *,
        require_own_secret: Callable[[Connection], None],
    ) -> None:
        """Take the collaborators; `chain_der` are the issuing authority and its root.

        `require_own_secret` raises KeyStoreInvalid when `secret` is not that of `database`.
        """
        self._database = database
        self._counters = counters
        self._secret = secret
        self._cost = cost
        self._chain_der = chain_der
        self._clock = clock
        self._require_own_secret = require_own_secret

    def unlock_signer(self, personal_code: str, purpose: Purpose, pin: str) -> HeldKey:
        """Open a key in server custody with PIN1 (authentication) or PIN2 (signing).

        Raises PersonUnknown, PersonSuspended, PersonRevoked, KeyNotHeld, CertificateExpired,
        PinUnacceptable, PinLocked or PinWrong; KeyStoreInvalid, without a try, under another
        installation's secret.
        """
        with self._database.read() as connection:
            certificate_der, key = self._server_key(connection, personal_code, purpose)
            # Under another secret the rightful PIN looks wrong, and would be locked.
            self._require_own_secret(connection)
        holder = server_holder(personal_code)
        private_key = self._counters.evaluate(
            holder, purpose.pin, pin, lambda entered: self._unwrap(key, purpose.pin, entered)
        )
        return self._held(
            SoftwareSigner(private_key), certificate_der, self._chain_der, SERVER, (holder, purpose)
        )

    def open_card(self, path: Path, purpose: Purpose, pin: str) -> HeldKey:
        """Open a card file with its PIN; tries made here are counted here.

        `path` is either file of the card or their common beginning. Raises FileNotReadable,
        MalformedCard, PinLocked or PinWrong, and what `certificate_state` raises for a card
        whose certificate is not usable here.
        """
        card = read_card_file(path, purpose)
        self._counters.ensure(card.holder, purpose.pin)
        opened = self._counters.evaluate(
            card.holder, purpose.pin, pin, lambda entered: open_card(card, entered)
        )
        return self._held(
            opened.signer,
            opened.certificate_der,
            opened.chain_der,
            CARD,
            (card.holder, purpose),
        )

    def unlock(
        self, personal_code: str, purpose: Purpose, puk: str, new_pin: str | None = None
    ) -> None:
        """Give back the tries of a PIN with the PUK, and replace the PIN if a new one is given.

        Raises PersonUnknown, KeyNotHeld, PinUnacceptable, PinLocked or PinWrong.
        """
        if new_pin is not None:
            require_form(purpose.pin, new_pin)
        holder = server_holder(personal_code)
        with self._database.read() as connection:
            key = _require_key(connection, personal_code, purpose)
        self._check_puk(holder, puk)
        rewrapped = None if new_pin is None else self._rewrap(key, purpose, puk, new_pin)
        with self._database.begin() as connection:
            require_active_person(connection, personal_code)
            if rewrapped is not None:
                private_keys.rewrap(
                    connection,
                    personal_code,
                    purpose.value,
                    value=rewrapped.value,
                    salt=rewrapped.salt,
                    kdf=rewrapped.kdf,
                )
            self._restore(connection, holder, purpose, new_pin=new_pin is not None)

    def unlock_card(self, path: Path, purpose: Purpose, puk: str) -> None:
        """Give back the tries that this installation counted on a card file.

        Raises NotFound for a card that was not issued here, PinLocked or PinWrong.
        """
        card = read_card_file(path, purpose)
        self._check_puk(card.holder, puk)
        with self._database.begin() as connection:
            self._restore(connection, card.holder, purpose, new_pin=False)

    def _server_key(
        self, connection: Connection, personal_code: str, purpose: Purpose
    ) -> tuple[bytes, PrivateKeyRecord]:
        require_known(connection, personal_code)
        require_active_person(connection, personal_code)
        key = _require_key(connection, personal_code, purpose)
        certificate_der = _certificate_of(connection, key)
        require_valid_certificate(connection, certificate_der, self._clock())
        return certificate_der, key

    def _held(
        self,
        signer: Signer,
        certificate_der: bytes,
        chain_der: tuple[bytes, ...],
        custody: str,
        counter: tuple[str, Purpose],
    ) -> HeldKey:
        holder, purpose = counter

        def require_usable(connection: Connection) -> None:
            self._require_usable(connection, certificate_der)
            self._counters.require_unlocked(connection, holder, purpose.pin)

        with self._database.read() as connection:
            record = self._require_usable(connection, certificate_der)
        return HeldKey(
            signer=signer,
            certificate_der=certificate_der,
            chain_der=chain_der,
            person_code=record.person_code or "",
            custody=custody,
            require_usable=require_usable,
            _database=self._database,
        )

    def _require_usable(self, connection: Connection, certificate_der: bytes) -> CertificateRecord:
        record = certificates.find_by_certificate(connection, certificate_der)
        if record is not None:
            require_active_person(connection, record.person_code)
        return require_valid_certificate(connection, certificate_der, self._clock())

    def _unwrap(self, key: PrivateKeyRecord, code: str, entered: str) -> PrivateKey:
        wrapped = (
            Wrapped(key.puk_wrapped_key, key.puk_salt, key.puk_kdf)
            if code == PUK
            else Wrapped(key.wrapped_key, key.salt, key.kdf)
        )
        return unwrap_key(
            wrapped,
            entered,
            slot=key_slot(key.person_code, Purpose(key.purpose), code),
            spki_sha256=key.spki_sha256,
            secret=self._secret,
        )

    def _rewrap(self, key: PrivateKeyRecord, purpose: Purpose, puk: str, new_pin: str) -> Wrapped:
        private_key = self._unwrap(key, PUK, puk)
        slot = key_slot(key.person_code, purpose, purpose.pin)
        return wrap_key(private_key, stretch(new_pin, self._cost), slot=slot, secret=self._secret)

    def _check_puk(self, holder: str, puk: str) -> None:
        with self._database.read() as connection:
            record = pins.find(connection, holder, PUK)
            self._require_own_secret(connection)

        def check(entered: str) -> None:
            if record is None or not (record.verifier and record.salt and record.kdf):
                raise wrong_code(PUK)
            verifier = Wrapped(record.verifier, record.salt, record.kdf)
            check_verifier(verifier, entered, slot=puk_slot(holder), secret=self._secret)

        self._counters.evaluate(holder, PUK, puk, check)

    def _restore(
        self, connection: Connection, holder: str, purpose: Purpose, *, new_pin: bool
    ) -> None:
        at = self._clock()
        pins.restore(connection, holder, purpose.pin, self._counters.tries, at)
        audit.record(
            connection,
            at=at,
            action="pin.unlocked",
            subject=holder,
            actor=holder,
            details={"code": purpose.pin, "new_pin": new_pin},
        )


def require_known(connection: Connection, personal_code: str) -> persons.Person:
    """Return a person whose issuance was completed; raise PersonUnknown for any other code."""
    # What has not the form of a code is nobody's, and is no text to ask a database for.
    well_formed = _PERSONAL_CODE.fullmatch(personal_code)
    person = persons.find(connection, personal_code) if well_formed else None
    if person is None or person.status == persons.ISSUING:
        raise PersonUnknown(
            "No person with this personal code was issued here.",
            "Issue one with `idservice person issue`; `idservice person list` shows all.",
        )
    return person


def _require_key(connection: Connection, personal_code: str, purpose: Purpose) -> PrivateKeyRecord:
    require_known(connection, personal_code)
    key = private_keys.find(connection, personal_code, purpose.value)
    if key is None:
        raise KeyNotHeld(
            "The service holds no key of this person.", "Use the person's card: --card FILE."
        )
    return key


def _certificate_of(connection: Connection, key: PrivateKeyRecord) -> bytes:
    """Return the certificate of a server key: the one with its public key."""
    for record in certificates.of_person(connection, key.person_code):
        if record.spki_sha256 == key.spki_sha256 and record.certificate_der is not None:
            return record.certificate_der
    raise KeyStoreInvalid(
        "A key in server custody has no certificate, so nothing signed with it would verify.",
        "Restore the database from a backup.",
    )
