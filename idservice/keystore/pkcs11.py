"""Keys inside a token, found by label and identifier: made, opened, listed, destroyed.

The label of every key of ours is "idservice <tag> <name>": the tag keeps homes that share a
token apart, and no label tells whose key it is. The identifier (CKA_ID) is 16 random bytes,
the same for both halves of a pair.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from pkcs11 import Attribute, ObjectClass
from pkcs11 import PrivateKey as TokenPrivateKey
from pkcs11 import PublicKey as TokenPublicKey

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import Signer, key_kind, load_public_key
from idservice.errors import KeyStoreInvalid
from idservice.keystore import pkcs11_attributes as attributes
from idservice.keystore.pkcs11_sessions import TokenSession, TokenSessions
from idservice.keystore.pkcs11_signer import HsmSigner

KEY_ID_BYTES = 16
GENERATION_SECONDS = 3.0
RSA_SECONDS = 120.0
"""How long making a pair may take; RSA has to find primes."""
LISTING_SECONDS = 120.0

_PERSON_LABEL = re.compile(r" person (\d{1,12})\Z")


@dataclass(frozen=True, slots=True)
class HsmKey:
    """A key in the token: its identifier in hexadecimal, its label, and what signs with it."""

    key_id: str
    label: str
    signer: Signer


@dataclass(frozen=True, slots=True)
class PersonKeyEntry:
    """A person's key as the token lists it: its identifier and when it was made."""

    key_id: str
    made_at: datetime


class HsmKeys:
    """The keys of one home in one token."""

    def __init__(self, sessions: TokenSessions, tag: str) -> None:
        """Use the token behind `sessions`; `tag` is of this home alone."""
        self.sessions = sessions
        self._tag = tag

    def authority_label(self, name: str) -> str:
        """The label of an authority's or service's key."""
        return f"idservice {self._tag} {name}"

    def person_label(self, made_at: datetime) -> str:
        """The label of a person's key: when it was made, and not whose it is."""
        return f"idservice {self._tag} person {int(made_at.timestamp())}"

    def generate(self, label: str, kind: KeyKind, *, rsa_bits: int | None = None) -> HsmKey:
        """Make a key pair inside the token and check what the token says of it.

        One pair at a time in this process: tokens are known to mix up parallel makings, and
        signatures must not wait until all sessions have made keys.

        Raises KeyStoreUnavailable, or KeyStoreInvalid when the token cannot make such a key
        or made one that is not safe, which is destroyed then.
        """
        key_id = os.urandom(KEY_ID_BYTES)

        def job(session: TokenSession) -> bytes:
            with session.writing() as writing:
                public, private = attributes.generate(
                    writing,
                    kind,
                    key_id=key_id,
                    label=label,
                    rsa_bits=rsa_bits or attributes.RSA_BITS,
                )
                try:
                    attributes.require_safe(private, label)
                    return attributes.read_public_key(public, label)
                except KeyStoreInvalid:
                    private.destroy()
                    public.destroy()
                    raise

        deadline = RSA_SECONDS if kind is KeyKind.RSA else GENERATION_SECONDS
        with self.sessions.one_at_a_time(deadline):
            spki_der = self.sessions.run(job, deadline=deadline)
        return self._opened(key_id.hex(), label, spki_der)

    def open(
        self,
        spki_der: bytes,
        *,
        label: str,
        key_id: str | None = None,
    ) -> HsmKey:
        """Find the key with this public key, by label or identifier, and check its attributes.

        Raises KeyStoreInvalid when there is no such key or it is not safe, KeyStoreUnavailable.
        """

        def job(session: TokenSession) -> str:
            for public in self._public_keys(session, label, key_id):
                if attributes.read_public_key(public, label) == spki_der:
                    found: bytes = public[Attribute.ID]
                    self._checked(session, found, spki_der, label)
                    return found.hex()
            session.require_token()
            raise _missing(label)

        return self._opened(self.sessions.run(job), label, spki_der)

    def destroy(self, key_id: str) -> None:
        """Destroy both halves of a pair; nothing happens when it is gone already.

        Raises KeyStoreUnavailable.
        """

        def job(session: TokenSession) -> None:
            session.cache.clear()
            with session.writing() as writing:
                for item in session.search({Attribute.ID: bytes.fromhex(key_id)}, writing):
                    item.destroy()
            session.require_token()

        self.sessions.run(job)

    def person_keys(self) -> list[PersonKeyEntry]:
        """List every key that was made for a person of this home. Raises KeyStoreUnavailable."""

        def job(session: TokenSession) -> list[PersonKeyEntry]:
            wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
            found = [_entry(item, self._tag) for item in session.search(wanted)]
            session.require_token()
            return [item for item in found if item is not None]

        return self.sessions.run(job, deadline=LISTING_SECONDS)

    def require_answer(self) -> None:
        """Raise unless the token is there and takes the PIN."""
        self.sessions.run(TokenSession.require_token)

    def close(self) -> None:
        """End every session of this process with the token; the next use opens them anew."""
        self.sessions.close()

    def _opened(self, key_id: str, label: str, spki_der: bytes) -> HsmKey:
        wanted = bytes.fromhex(key_id)
        signer = HsmSigner(
            self.sessions,
            lambda session: self._checked(session, wanted, spki_der, label),
            spki_der,
        )
        return HsmKey(key_id, label, signer)

    def _checked(
        self, session: TokenSession, key_id: bytes, spki_der: bytes, label: str
    ) -> TokenPrivateKey:
        """Find the private half by its identifier and read its attributes back."""
        wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: key_id}
        found = session.search(wanted)
        if len(found) != 1 or not isinstance(found[0], TokenPrivateKey):
            session.require_token()
            raise _missing(label)
        attributes.require_safe(found[0], label)
        attributes.require_same_kind(found[0], key_kind(load_public_key(spki_der)), label)
        return found[0]

    def _public_keys(
        self, session: TokenSession, label: str, key_id: str | None
    ) -> Iterator[TokenPublicKey]:
        wanted: dict[Attribute, object] = {Attribute.CLASS: ObjectClass.PUBLIC_KEY}
        if key_id is None:
            wanted[Attribute.LABEL] = label
        else:
            wanted[Attribute.ID] = bytes.fromhex(key_id)
        for item in session.search(wanted):
            if isinstance(item, TokenPublicKey):
                yield item


def _entry(item: object, tag: str) -> PersonKeyEntry | None:
    if not isinstance(item, TokenPrivateKey) or not item.label.startswith(f"idservice {tag} "):
        return None
    made = _PERSON_LABEL.search(item.label)
    if made is None:
        return None
    return PersonKeyEntry(item.id.hex(), datetime.fromtimestamp(int(made[1]), UTC))


def _missing(label: str) -> KeyStoreInvalid:
    return KeyStoreInvalid(
        f"The token holds no key with the label {label!r} and the public key of its certificate.",
        "Restore the token's keys from its own backup; a key in a token cannot be made again.",
    )
