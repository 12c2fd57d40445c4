"""Signatures in two phases, for keys that are held elsewhere.

`begin` keeps the document and tells which bytes are to be signed; `complete` takes the
value, verifies it, and gives the document back with the signature appended. What waits
lies in the database and the state folder, so it survives a restart; it expires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from idservice.cms.signed_data import CmsTemplate
from idservice.crypto.certificates import load_certificate
from idservice.errors import (
    CertificateUnknown,
    IdServiceError,
    NotFound,
    SignatureExpired,
    SignatureNotPending,
)
from idservice.pades.baseline import Baseline
from idservice.pades.pending import PendingSignature
from idservice.pades.signing import complete, signature_cms
from idservice.services.kept_documents import KeptDocuments, is_identifier, new_identifier
from idservice.services.preparation import (
    LocalPreparer,
    PreparationOrder,
    Preparer,
)
from idservice.services.signature_options import SignatureOptions
from idservice.services.signature_state import (
    SignatureState,
    SignedDocument,
    state_of,
    value_in_der,
)
from idservice.services.signing_certificates import require_signing_certificate, template_for
from idservice.services.trusted_issuers import TrustedIssuers
from idservice.settings import SigningSettings
from idservice.store import audit
from idservice.store import pending_signatures as store
from idservice.store.database import Connection, Database
from idservice.store.pending_signatures import PendingRow

if TYPE_CHECKING:
    from idservice.services.levels import Levels

__all__ = ["SignatureOptions", "SignatureState", "SignedDocument", "Signing"]


class Signing:
    """Two-phase signing of documents that wait in the state folder."""

    def __init__(
        self,
        database: Database,
        settings: SigningSettings,
        *,
        folder: Path,
        chain_der: tuple[bytes, ...],
        levels: Callable[[], Levels],
        clock: Callable[[], datetime],
        preparer: Preparer | None = None,
    ) -> None:
        """Keep documents in `folder`; `chain_der` goes into each signature, issuer first.

        `levels` opens what raises signatures above B-B, when that is asked for; `preparer`
        opens documents of strangers where they can do no harm.
        """
        self._preparer = preparer or LocalPreparer()
        self._database = database
        self._levels = levels
        self._level = Baseline(settings.level)
        self._max_bytes = settings.max_document_bytes
        self._experimental = settings.experimental_algorithms
        self._lifetime = timedelta(seconds=settings.pending_seconds)
        self._documents = KeptDocuments(
            database,
            folder=folder,
            max_bytes=self._max_bytes,
            lifetime=self._lifetime,
            clock=clock,
        )
        self._chain_der = chain_der
        self._issuers = TrustedIssuers([load_certificate(chain_der[0])])
        self._clock = clock

    def begin(
        self,
        person_code: str,
        certificate_der: bytes,
        document: Iterable[bytes],
        *,
        options: SignatureOptions | None = None,
        password: str | None = None,
        level: Baseline | None = None,
    ) -> SignatureState:
        """Keep a document and prepare its signature; `document` is read to its end in pieces.

        Without `level` the one of the settings is reached at completion. Raises
        InputTooLarge, StorageUnavailable, MalformedCertificate, CertificateNotTrusted, the
        errors of reading and preparing a PDF, and those of `require_signing_certificate`.
        Nothing is kept then.
        """
        self._documents.clean_up_if_due()
        self._require_certificate(certificate_der, person_code)
        wishes = (options or SignatureOptions()).wishes
        template = template_for(
            certificate_der, self._chain_der, wishes, experimental=self._experimental
        )
        identifier = new_identifier()
        self._documents.keep(identifier, document)
        try:
            return self._keep(
                identifier, person_code, template, options, password, level or self._level
            )
        except BaseException:
            self._documents.forget(identifier)
            raise

    def show(self, person_code: str, identifier: str) -> SignatureState:
        """Return the state of a person's signature. Raises NotFound, also for another's."""
        with self._database.read() as connection:
            row = _require_own(connection, person_code, identifier)
        return state_of(row, self._clock())

    def complete(
        self,
        person_code: str,
        identifier: str,
        value: bytes,
        *,
        actor: str,
        password: str | None = None,
    ) -> SignedDocument:
        """Verify a value, accept it once, and return the signed document at its level.

        ECDSA values may be r||s of exactly twice the field length, or DER. The same
        value again gives the same document until it expires; so it may be sent again when a
        proof could not be had. `password` opens an encrypted document above B-T. Raises
        NotFound, SignatureExpired, SignatureNotPending for another value, SignatureInvalid,
        the errors of `require_signing_certificate`, which is asked again here, and those of
        `Levels.finish`: then the signature still waits.
        """
        with self._database.read() as connection:
            row = _require_own(connection, person_code, identifier)
        pending = self._require_waiting(row)
        value_der = value_in_der(pending.template, value)
        if row.completed_at is None:
            cms_der = signature_cms(pending, value_der)
            update = self._finished(row, pending, cms_der, value_der, actor, password)
            row = self._accept(row, pending, value_der, actor, update)
        _require_same(row, value_der)
        if row.finished is not None:
            return self._open(row, pending, row.finished)
        return self._open(row, pending, complete(pending, value_der))

    def _finished(
        self,
        row: PendingRow,
        pending: PendingSignature,
        cms_der: bytes,
        value_der: bytes,
        actor: str,
        password: str | None,
    ) -> bytes | None:
        """Return what follows the document at a level above B-B; None at B-B."""
        level = Baseline(row.level)
        with self._documents.opened(row.id, pending) as document:
            if level is Baseline.B_B:
                return None
            try:
                return self._levels().finish(
                    document.data, pending, cms_der, value_der, level, password=password
                )
            except IdServiceError as exc:
                with self._database.begin() as connection:
                    _record(connection, "level.failed", row, actor, self._clock(), error=exc.code)
                raise

    def clean_up(self) -> int:
        """Remove documents that nobody can ask for any more; return how many."""
        return self._documents.clean_up()

    def _require_certificate(self, certificate_der: bytes, person_code: str) -> None:
        now = self._clock()
        certificate = load_certificate(certificate_der)
        try:
            with self._database.read() as connection:
                require_signing_certificate(connection, certificate_der, person_code, now)
        except CertificateUnknown:
            # Of another CA, or in our name but never issued here: that must not look alike.
            self._issuers.require_path(certificate_der, certificate, now)
            raise

    def _keep(
        self,
        identifier: str,
        person_code: str,
        template: CmsTemplate,
        options: SignatureOptions | None,
        password: str | None,
        level: Baseline,
    ) -> SignatureState:
        now = self._clock()
        room = 0 if level is Baseline.B_B else self._levels().room(level)
        order = PreparationOrder.for_template(
            template,
            (options or SignatureOptions()).for_signer(certificate_der=template.certificate_der),
            at=now,
            max_bytes=self._max_bytes,
            room=room,
            password=password,
        )
        with self._documents.required():
            prepared = self._preparer.prepare(self._documents.path(identifier), order)
        pending, document_sha256 = prepared.pending, prepared.document_sha256
        with self._database.begin() as connection:
            record = require_signing_certificate(
                connection, template.certificate_der, person_code, now
            )
            row = PendingRow(
                identifier,
                person_code,
                record.issuer,
                record.serial,
                document_sha256,
                pending.to_bytes(),
                now,
                now + self._lifetime,
                level=level.value,
            )
            store.add(connection, row)
            _record(connection, "signature.begun", row, f"person:{person_code}", now)
        return state_of(row, now)

    def _accept(
        self,
        row: PendingRow,
        pending: PendingSignature,
        value_der: bytes,
        actor: str,
        finished: bytes | None,
    ) -> PendingRow:
        """Take the value by compare-and-swap, with person and certificate looked at again.

        Return the row as it is then: when somebody else was first, with what that one finished.
        """
        now = self._clock()
        with self._database.begin() as connection:
            require_signing_certificate(
                connection, pending.template.certificate_der, row.person_code, now
            )
            if store.complete(connection, row.id, value_der, now, finished=finished):
                _record(connection, "signature.completed", row, actor, now)
            latest = _require_own(connection, row.person_code, row.id)
        self._require_waiting(latest)
        return latest

    def _require_waiting(self, row: PendingRow) -> PendingSignature:
        if row.expires_at > self._clock() and row.pending:
            return PendingSignature.from_bytes(row.pending)
        if row.completed_at is not None:
            raise SignatureNotPending(
                "The signature was completed, and its document is no longer kept.",
                "Use the document that was returned then, or begin a new signature.",
            )
        raise SignatureExpired(
            "The signature was not completed in time, and its document is no longer kept.",
            "Begin a new signature with the document.",
        )

    def _open(self, row: PendingRow, pending: PendingSignature, update: bytes) -> SignedDocument:
        """Open the kept document, proving first that it is what was signed."""
        with self._documents.opened(row.id, pending), self._documents.required():
            file = self._documents.path(row.id).open("rb")
        return SignedDocument(pending.input_size + len(update), update, file)


def _require_own(connection: Connection, person_code: str, identifier: str) -> PendingRow:
    # What comes from outside names a file only after it was found as a record.
    row = store.find(connection, identifier) if is_identifier(identifier) else None
    if row is None or row.person_code != person_code:
        raise NotFound(
            "No signature of this identifier was begun by the person who is logged in.",
            "Use the identifier that came with the bytes to be signed.",
        )
    return row


def _require_same(row: PendingRow, value_der: bytes) -> None:
    if row.signature_value != value_der:
        raise SignatureNotPending(
            "The signature was already completed with another value; each takes one.",
            "Use the document that was returned then, or begin a new signature.",
        )


def _record(
    connection: Connection,
    action: str,
    row: PendingRow,
    actor: str,
    at: datetime,
    **more: str,
) -> None:
    audit.record(
        connection,
        at=at,
        action=action,
        subject=f"person:{row.person_code}",
        actor=actor,
        details={
            "signature": row.id,
            "document_sha256": row.document_sha256,
            "certificate": row.certificate_serial,
            "level": row.level,
            **more,
        },
    )
