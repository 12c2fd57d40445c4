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
from idservice.services.person_request import SERVER, NewKey
from idservice.services.pins import PIN1, PIN2, PUK, PinSet, server_holder
from idservice.store import pins, private_keys
from idservice.store.database import Connection
from idservice.store.pins import PinRecord
from idservice.store.private_keys import PrivateKeyRecord

Stretching = Callable[[str, PinCost], Stretched]


@dataclass(frozen=True, slots=True)
class KeyRecords:
    """Wrapped keys and counters of one person, ready to be stored."""

    keys: tuple[PrivateKeyRecord, ...]
    counters: tuple[PinRecord, ...]

    def add(self, connection: Connection) -> None:
        """Store everything inside the caller's transaction."""
        for key in self.keys:
            private_keys.add(connection, key)
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
        counters: list[PinRecord] = []
        if in_custody:
            holder = server_holder(personal_code)
            counters = [self._counter(holder, code, at) for code in (PIN1, PIN2)]
            counters.append(self._puk_counter(holder, puk, at))
        for card in cards:
            counters.append(self._counter(card.holder, card.purpose.pin, at))
            counters.append(self._puk_counter(card.holder, puk, at))
        records = [self._wrapped(personal_code, key, codes, puk, at) for key in in_custody]
        return KeyRecords(tuple(records), tuple(counters))

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
        verifier = make_verifier(puk, slot=puk_slot(holder), secret=self._secret)
        return PinRecord(
            holder, PUK, self._tries, 0, verifier.value, verifier.salt, verifier.kdf, at
        )


def key_slot(personal_code: str, purpose: Purpose, code: str) -> Slot:
    """What a server key's wrapping is bound to."""
    return Slot(person=personal_code, purpose=purpose.value, code=code)


def puk_slot(holder: str) -> Slot:
    """What a PUK's verifier is bound to."""
    return Slot(person=holder, purpose=PUK, code=PUK)
