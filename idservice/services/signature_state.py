"""What two-phase signing tells of a signature, and what it gives back in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from idservice.cms.signed_data import CmsTemplate
from idservice.crypto.algorithms import EC_FIELD_BYTES
from idservice.crypto.keys import der_from_raw, key_kind
from idservice.errors import StorageUnavailable
from idservice.pades.pending import PendingSignature
from idservice.services.documents import CHUNK
from idservice.store.pending_signatures import PendingRow


@dataclass(frozen=True, slots=True)
class SignatureState:
    """A signature that was begun: what is to be signed with which algorithm, until when.

    `status` is "pending", "completed" or "expired". `dtbs` are the bytes to be signed
    (DER), `dtbs_digest` their digest; both are empty once the document is gone.
    """

    id: str
    status: str
    dtbs: bytes
    dtbs_digest: bytes
    hash_name: str
    algorithm_name: str
    document_sha256: str
    expires_at: datetime
    level: str


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A document with its signature, read piece by piece; `size` in bytes."""

    size: int
    update: bytes
    _file: BinaryIO

    def chunks(self) -> Iterator[bytes]:
        """Yield the document and the signature once, in pieces of bounded size."""
        with self._file:
            while chunk := self._file.read(CHUNK):
                yield chunk
        yield self.update


def state_of(row: PendingRow, now: datetime) -> SignatureState:
    """Return the state of a pending signature at a time."""
    status = "completed" if row.completed_at else "pending"
    if row.expires_at <= now and not row.completed_at:
        status = "expired"
    pending = PendingSignature.from_bytes(row.pending) if row.pending else None
    return SignatureState(
        row.id,
        status,
        pending.dtbs if pending else b"",
        pending.dtbs_digest if pending else b"",
        pending.hash_name if pending else "",
        pending.algorithm_name if pending else "",
        row.document_sha256,
        row.expires_at,
        row.level,
    )


def value_in_der(template: CmsTemplate, value: bytes) -> bytes:
    """Return a value as it is embedded.

    ECDSA values of exactly the raw length are r||s; everything else is taken as it is.
    """
    kind = key_kind(template.public_key)
    field_bytes = EC_FIELD_BYTES.get(kind)
    if field_bytes is not None and len(value) == 2 * field_bytes:
        return der_from_raw(value, kind)
    return value


def lost() -> StorageUnavailable:
    """Make the error for a kept document that is gone."""
    return StorageUnavailable(
        "The document that waited to be signed is missing or damaged, so its signature cannot "
        "be completed.",
        "Begin a new signature with the document.",
    )
