"""Opening a person's key with a PIN: a key that this installation holds, or a card file.

The order is always the same: the person and the certificate must be usable, the secret must
be that of the database, a try is taken, the PIN is evaluated, and `HeldKey.recheck` looks
once more at person, certificate and lock at the last moment before each use.

A key in hardware has no PIN of its own: a verifier tells whether the PIN is right, as for the
PUK. Such a key is found in the token before a try is taken, so that a token that is gone
costs nobody a try; from then on the token is not asked until the try was judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from idservice.crypto.certificates import load_certificate
from idservice.crypto.keys import (
    PrivateKey,
    Signer,
    SoftwareSigner,
    public_key_der,
    public_key_of,
)
from idservice.errors import KeyNotHeld, KeyStoreInvalid, PersonUnknown
from idservice.keystore.card import Purpose, open_card, read_card_file
from idservice.keystore.secret import KeyStoreSecret
from idservice.keystore.wrapping import (
    PinCost,
    Wrapped,
    check_verifier,
    make_verifier,
    stretch,
    unwrap_key,
    wrap_key,
    wrong_code,
)
from idservice.services.certificate_state import require_active_person, require_valid_certificate
from idservice.services.key_records import key_slot, verifier_slot
from idservice.services.person_request import CARD, HSM, SERVER
from idservice.services.pins import PUK, Pins, require_form, server_holder
from idservice.store import audit, certificates, hsm_keys, persons, pins, private_keys
from idservice.store.certificates import CertificateRecord
from idservice.store.database import Connection, Database
from idservice.store.hsm_keys import HsmKeyRecord
from idservice.store.private_keys import PrivateKeyRecord

if TYPE_CHECKING:
    from idservice.keystore.pkcs11 import HsmKeys

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
        hsm: HsmKeys | None = None,
    ) -> None:
        """Take the collaborators; `chain_der` are the issuing authority and its root.

        `require_own_secret` raises KeyStoreInvalid when `secret` is not that of `database`.
        `hsm` is the token, if there is one.
        """
        self._database = database
        self._counters = counters
        self._secret = secret
        self._cost = cost
        self._chain_der = chain_der
        self._clock = clock
        self._require_own_secret = require_own_secret
        self._hsm = hsm

    def unlock_signer(self, personal_code: str, purpose: Purpose, pin: str) -> HeldKey:
        """Open a key that this installation holds, with PIN1 (authentication) or PIN2 (signing).

        Raises PersonUnknown, PersonSuspended, PersonRevoked, KeyNotHeld, CertificateExpired,
        PinUnacceptable, PinLocked or PinWrong; without a try KeyStoreInvalid under another
        installation's secret, and KeyStoreUnavailable when the key is in a token that is gone.
        """
        with self._database.read() as connection:
            certificate_der, key = self._key_held_here(connection, personal_code, purpose)
            # Under another secret the rightful PIN looks wrong, and would be locked.
            self._require_own_secret(connection)
        holder = server_holder(personal_code)
        if isinstance(key, HsmKeyRecord):
            signer, custody = self._found_in_hsm(key, certificate_der), HSM
            self._check_code(holder, purpose.pin, pin)
        else:
            wrapped, custody = key, SERVER
            signer = self._counters.evaluate(
                holder,
                purpose.pin,
                pin,
                lambda entered: SoftwareSigner(self._unwrap(wrapped, purpose.pin, entered)),
            )
        return self._held(signer, certificate_der, self._chain_der, custody, (holder, purpose))

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
        self._check_code(holder, PUK, puk)
        replace = None if new_pin is None else self._replacement(key, purpose, puk, new_pin)
        with self._database.begin() as connection:
            require_active_person(connection, personal_code)
            if replace is not None:
                replace(connection)
            self._restore(connection, holder, purpose, new_pin=new_pin is not None)

    def unlock_card(self, path: Path, purpose: Purpose, puk: str) -> None:
        """Give back the tries that this installation counted on a card file.

        Raises NotFound for a card that was not issued here, PinLocked or PinWrong.
        """
        card = read_card_file(path, purpose)
        self._check_code(card.holder, PUK, puk)
        with self._database.begin() as connection:
            self._restore(connection, card.holder, purpose, new_pin=False)

    def _key_held_here(
        self, connection: Connection, personal_code: str, purpose: Purpose
    ) -> tuple[bytes, PrivateKeyRecord | HsmKeyRecord]:
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

    def _replacement(
        self, key: PrivateKeyRecord | HsmKeyRecord, purpose: Purpose, puk: str, new_pin: str
    ) -> Callable[[Connection], None]:
        """Do the costly part of setting a new PIN; return what stores it in a transaction."""
        code, pin = key.person_code, purpose.pin
        stretched = stretch(new_pin, self._cost)
        if isinstance(key, HsmKeyRecord):
            holder = server_holder(code)
            made = make_verifier(stretched, slot=verifier_slot(holder, pin), secret=self._secret)
            return lambda connection: pins.replace_verifier(
                connection, holder, pin, value=made.value, salt=made.salt, kdf=made.kdf
            )
        private_key = self._unwrap(key, PUK, puk)
        slot = key_slot(code, purpose, pin)
        wrapped = wrap_key(private_key, stretched, slot=slot, secret=self._secret)
        return lambda connection: private_keys.rewrap(
            connection,
            code,
            purpose.value,
            value=wrapped.value,
            salt=wrapped.salt,
            kdf=wrapped.kdf,
        )

    def _found_in_hsm(self, key: HsmKeyRecord, certificate_der: bytes) -> Signer:
        if self._hsm is None:
            raise KeyStoreInvalid(
                "The person's key is in a hardware security module, and the settings name none.",
                "Set hsm.module, hsm.token and hsm.pin_file to where the key was made.",
            )
        spki_der = public_key_der(public_key_of(load_certificate(certificate_der)))
        label = f"of a person, identifier {key.key_id}"
        return self._hsm.open(spki_der, label=label, key_id=key.key_id).signer

    def _check_code(self, holder: str, code: str, entered: str) -> None:
        """Judge a PUK, or a PIN whose key is in hardware, by its verifier; the try is counted."""
        with self._database.read() as connection:
            record = pins.find(connection, holder, code)
            self._require_own_secret(connection)

        def check(entered: str) -> None:
            if record is None or not (record.verifier and record.salt and record.kdf):
                raise wrong_code(code)
            verifier = Wrapped(record.verifier, record.salt, record.kdf)
            slot = verifier_slot(holder, code)
            check_verifier(verifier, entered, slot=slot, secret=self._secret)

        self._counters.evaluate(holder, code, entered, check)

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


def _require_key(
    connection: Connection, personal_code: str, purpose: Purpose
) -> PrivateKeyRecord | HsmKeyRecord:
    require_known(connection, personal_code)
    key = private_keys.find(connection, personal_code, purpose.value) or hsm_keys.find(
        connection, personal_code, purpose.value
    )
    if key is None:
        raise KeyNotHeld(
            "The service holds no key of this person.", "Use the person's card: --card FILE."
        )
    return key


def _certificate_of(connection: Connection, key: PrivateKeyRecord | HsmKeyRecord) -> bytes:
    """Return the certificate of a key: the one with its public key."""
    for record in certificates.of_person(connection, key.person_code):
        if record.spki_sha256 == key.spki_sha256 and record.certificate_der is not None:
            return record.certificate_der
    raise KeyStoreInvalid(
        "A key in server custody has no certificate, so nothing signed with it would verify.",
        "Restore the database from a backup.",
    )
