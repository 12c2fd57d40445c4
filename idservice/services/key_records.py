"""What is stored of a new person's keys and codes: wrapped keys, counters, verifiers.

All costly work is done here, before the transaction that stores the records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from idservice.keystore.card import CardFile, Purpose
from idservice.keystore.secret import KeyStoreSecret
from idservice.keystore.wrapping import PinCost, Slot, Stretched, make_verifier, wrap_key
from idservice.services.person_request import HSM, SERVER, NewKey
from idservice.services.pins import PIN1, PIN2, PUK, PinSet, server_holder
from idservice.store import hsm_keys, pins, private_keys
from idservice.store.database import Connection
from idservice.store.hsm_keys import HsmKeyRecord
from idservice.store.pins import PinRecord
from idservice.store.private_keys import PrivateKeyRecord

Stretching = Callable[[str, PinCost], Stretched]


@dataclass(frozen=True, slots=True)
class KeyRecords:
    """Keys and counters of one person, ready to be stored."""

    keys: tuple[PrivateKeyRecord, ...]
    keys_in_hsm: tuple[HsmKeyRecord, ...]
    counters: tuple[PinRecord, ...]

    def add(self, connection: Connection) -> None:
        """Store everything inside the caller's transaction."""
        for key in self.keys:
            private_keys.add(connection, key)
        for key_in_hsm in self.keys_in_hsm:
            hsm_keys.add(connection, key_in_hsm)
        for counter in self.counters:
            pins.add(connection, counter)


class KeyRecordMaker:
    """Wraps keys under PINs and PUK, and makes their counters."""

    def __init__(
        self, secret: KeyStoreSecret, cost: PinCost, tries: int, stretching: Stretching
    ) -> None:
        """Take the secret, the cost of a PIN try, the number of tries, and Argon2id."""
        self._secret = secret
        self._cost = cost
        self._tries = tries
        self._stretching = stretching

    def make(
        self,
        personal_code: str,
        codes: PinSet,
        keys: Sequence[NewKey],
        cards: Sequence[CardFile],
        at: datetime,
    ) -> KeyRecords:
        """Make the records of one person; PIN1, PIN2 and PUK are stretched at most once."""
        puk = self._stretching(codes.puk, self._cost)
        in_custody = [key for key in keys if key.custody == SERVER]
        in_hsm = [key for key in keys if key.custody == HSM]
        holder = server_holder(personal_code)
        counters: list[PinRecord] = []
        if in_custody:
            counters = [self._counter(holder, code, at) for code in (PIN1, PIN2)]
            counters.append(self._puk_counter(holder, puk, at))
        if in_hsm:
            for code in (PIN1, PIN2):
                stretched = self._stretching(codes.of(code), self._cost)
                counters.append(self._verified_counter(holder, code, stretched, at))
            counters.append(self._puk_counter(holder, puk, at))
        for card in cards:
            counters.append(self._counter(card.holder, card.purpose.pin, at))
            counters.append(self._puk_counter(card.holder, puk, at))
        records = [self._wrapped(personal_code, key, codes, puk, at) for key in in_custody]
        places = [_place(personal_code, key, at) for key in in_hsm]
        return KeyRecords(tuple(records), tuple(places), tuple(counters))

    def _wrapped(
        self, personal_code: str, key: NewKey, codes: PinSet, puk: Stretched, at: datetime
    ) -> PrivateKeyRecord:
        if key.private_key is None:
            raise ValueError("a key in server custody is made here")
        pin = key.purpose.pin
        stretched = self._stretching(codes.of(pin), self._cost)
        by_pin = wrap_key(
            key.private_key,
            stretched,
            slot=key_slot(personal_code, key.purpose, pin),
            secret=self._secret,
        )
        by_puk = wrap_key(
            key.private_key,
            puk,
            slot=key_slot(personal_code, key.purpose, PUK),
            secret=self._secret,
        )
        return PrivateKeyRecord(
            person_code=personal_code,
            purpose=key.purpose.value,
            spki_sha256=sha256(key.public_key_der).hexdigest(),
            wrapped_key=by_pin.value,
            salt=by_pin.salt,
            kdf=by_pin.kdf,
            puk_wrapped_key=by_puk.value,
            puk_salt=by_puk.salt,
            puk_kdf=by_puk.kdf,
            created_at=at,
        )

    def _counter(self, holder: str, code: str, at: datetime) -> PinRecord:
        return PinRecord(holder, code, self._tries, 0, None, None, None, at)

    def _puk_counter(self, holder: str, puk: Stretched, at: datetime) -> PinRecord:
        return self._verified_counter(holder, PUK, puk, at)

    def _verified_counter(
        self, holder: str, code: str, stretched: Stretched, at: datetime
    ) -> PinRecord:
        verifier = make_verifier(stretched, slot=verifier_slot(holder, code), secret=self._secret)
        return PinRecord(
            holder, code, self._tries, 0, verifier.value, verifier.salt, verifier.kdf, at
        )


def key_slot(personal_code: str, purpose: Purpose, code: str) -> Slot:
    """What a server key's wrapping is bound to."""
    return Slot(person=personal_code, purpose=purpose.value, code=code)


def verifier_slot(holder: str, code: str) -> Slot:
    """What the verifier of a PUK, or of a PIN whose key is in hardware, is bound to."""
    return Slot(person=holder, purpose=code, code=code)


def _place(personal_code: str, key: NewKey, at: datetime) -> HsmKeyRecord:
    if key.key_id is None:
        raise ValueError("a key in hardware has an identifier there")
    return HsmKeyRecord(
        person_code=personal_code,
        purpose=key.purpose.value,
        spki_sha256=sha256(key.public_key_der).hexdigest(),
        key_id=key.key_id,
        created_at=at,
    )
