"""Relying parties: applications whose users log in, registered with their origins."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from idservice.errors import MalformedRequest, RelyingPartyExists, RelyingPartyUnknown
from idservice.services.origins import normalise_origin
from idservice.store import audit
from idservice.store import relying_parties as store
from idservice.store.database import Connection, Database
from idservice.store.relying_parties import RelyingParty

__all__ = ["DEMO_RELYING_PARTY", "RelyingParties", "RelyingParty"]

DEMO_RELYING_PARTY = "demo"
"""The relying party of a login that names none; registered with the service's own origin."""

MAX_ORIGINS = 32
MAX_NAME_CHARACTERS = 100

_IDENTIFIER = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


class RelyingParties:
    """The register of relying parties."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        """Work on `database`; `clock` gives the time of an entry."""
        self._database = database
        self._clock = clock

    def register(
        self, identifier: str, *, name: str, origins: Sequence[str], actor: str
    ) -> RelyingParty:
        """Store a new relying party and return it with its origins normalised.

        Raises MalformedRequest for an identifier or name of the wrong form,
        OriginUnacceptable, RelyingPartyExists.
        """
        party = RelyingParty(_identifier(identifier), _name(name), self._clock(), _origins(origins))
        with self._database.begin() as connection:
            if store.exists(connection, party.id):
                raise RelyingPartyExists(
                    f"The relying party {party.id} is already registered.",
                    "Choose another identifier, or use the one that is there.",
                )
            store.add(connection, party)
            audit.record(
                connection,
                at=party.created_at,
                action="relying_party.registered",
                subject=f"relying-party:{party.id}",
                actor=actor,
                details={"name": party.name, "origins": list(party.origins)},
            )
        return party

    def add_origin(self, identifier: str, origin: str, *, actor: str) -> RelyingParty:
        """Let users of a relying party log in from one more origin; return the entry.

        The first origin stays the default, and one that is there already is no error.
        Raises RelyingPartyUnknown, OriginUnacceptable, or MalformedRequest beyond MAX_ORIGINS.
        """
        added = normalise_origin(origin)
        with self._database.begin() as connection:
            before = require_origins(connection, identifier, lock=True)
            if added not in before:
                _origins([*before, added])
                store.add_origin(connection, identifier, added, position=len(before))
                audit.record(
                    connection,
                    at=self._clock(),
                    action="origin.added",
                    subject=f"relying-party:{identifier}",
                    actor=actor,
                    details={"origin": added},
                )
            [party] = [item for item in store.find_all(connection) if item.id == identifier]
        return party

    def list(self) -> list[RelyingParty]:
        """Return all relying parties, ordered by identifier."""
        with self._database.read() as connection:
            return store.find_all(connection)


def require_origins(
    connection: Connection, identifier: str, *, lock: bool = False
) -> Sequence[str]:
    """Return the origins of a relying party, the default first. Raises RelyingPartyUnknown.

    With `lock` nobody else changes them until the transaction ends.
    """
    found: Sequence[str] = ()
    if _IDENTIFIER.fullmatch(identifier):
        if lock:
            store.lock(connection, identifier)
        found = store.origins_of(connection, identifier)
    if not found:
        raise RelyingPartyUnknown(
            "No such relying party is registered, so there is no origin to log in from.",
            "Register it with `idservice relying-party add`, or leave the parameter out to use "
            "the demo relying party.",
        )
    return found


def _identifier(text: str) -> str:
    if not _IDENTIFIER.fullmatch(text):
        raise MalformedRequest(
            "The identifier of the relying party has the wrong form; it becomes the audience of "
            "access tokens.",
            "Use up to 64 lower-case letters, digits, dots, dashes and underscores.",
        )
    return text


def _name(text: str) -> str:
    if not text.isprintable() or not 1 <= len(text.strip()) <= MAX_NAME_CHARACTERS:
        raise MalformedRequest(
            "The name of the relying party is empty, too long or not printable; people read it.",
            f"Give a name of 1 to {MAX_NAME_CHARACTERS} printable characters.",
        )
    return text.strip()


def _origins(texts: Sequence[str]) -> tuple[str, ...]:
    origins = tuple(dict.fromkeys(normalise_origin(text) for text in texts))
    if not 1 <= len(origins) <= MAX_ORIGINS:
        raise MalformedRequest(
            f"A relying party needs 1 to {MAX_ORIGINS} origins from which its users log in.",
            "Name at least one, such as https://rp.example.org.",
        )
    return origins
