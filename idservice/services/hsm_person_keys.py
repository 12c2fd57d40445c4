"""Keys of people in the token: made before their certificates, destroyed when nobody's.

A key in the token is a person's from the moment that its row is in the database. One without
a row was left by a process that died in between, or could not be destroyed when its person
was issued anew: `reconcile` destroys it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from idservice.crypto.algorithms import KeyKind
from idservice.errors import IdServiceError
from idservice.services.certificate_authority import ORPHAN_AFTER
from idservice.store import hsm_keys
from idservice.store.database import Database

if TYPE_CHECKING:
    from idservice.keystore.pkcs11 import HsmKeys

LEFT_ALONE = 10 * ORPHAN_AFTER
"""A key without a row may still get one until its pending certificate is given up."""


@dataclass(frozen=True, slots=True)
class MadeInHsm:
    """A new key in the token: its identifier there, and its public key (DER)."""

    key_id: str
    public_key_der: bytes


class HsmPersonKeys:
    """Makes and destroys keys of people in the token."""

    def __init__(self, database: Database, hsm: HsmKeys, clock: Callable[[], datetime]) -> None:
        """Take the database that knows whose a key is, the token, and the clock."""
        self._database = database
        self._hsm = hsm
        self._clock = clock

    def make(self, kind: KeyKind, *, rsa_bits: int | None = None) -> MadeInHsm:
        """Make a key pair inside the token; `rsa_bits` is for RSA.

        Raises KeyStoreUnavailable, KeyStoreInvalid.
        """
        made = self._hsm.generate(self._hsm.person_label(self._clock()), kind, rsa_bits=rsa_bits)
        return MadeInHsm(made.key_id, made.signer.public_key_der)

    def destroy(self, key_ids: Iterable[str]) -> None:
        """Destroy keys that are nobody's; what the token does not do now `reconcile` does."""
        for key_id in key_ids:
            with contextlib.suppress(IdServiceError):
                self._hsm.destroy(key_id)

    def reconcile(self) -> int:
        """Destroy what dead processes left in the token; return how many keys there were.

        Call it after pending certificates were given up. Raises KeyStoreUnavailable.
        """
        before = self._clock() - LEFT_ALONE
        old = [entry.key_id for entry in self._hsm.person_keys() if entry.made_at < before]
        with self._database.read() as connection:
            known = hsm_keys.all_identifiers(connection)
        orphans = [key_id for key_id in old if key_id not in known]
        for key_id in orphans:
            self._hsm.destroy(key_id)
        return len(orphans)
