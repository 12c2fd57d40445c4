"""Which certificates a verdict rests on, in the order of their paths, each once."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from idservice.validation.certificates import Reliance
from idservice.validation.evidence import CertificatePath, PathCertificateFacts, StatementSource
from idservice.validation.time_stamps import JudgedTimeStamp


class CertificateRole(Enum):
    """What a certificate is there for."""

    SIGNER = "signer"
    AUTHORITY = "authority"
    ANCHOR = "anchor"
    TIME_STAMPING = "time-stamping"
    OCSP_RESPONDER = "ocsp-responder"
    CRL_ISSUER = "crl-issuer"


class CertificateSource(Enum):
    """Where a certificate came from; UNKNOWN where nobody looked."""

    SIGNATURE = "signature"
    DOCUMENT = "document"
    TRUSTED = "trusted"
    KNOWN = "known"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CertificateReport:
    """One certificate and its role; `sha256` is in lower-case hexadecimal, `der` the whole."""

    role: CertificateRole
    subject: str
    issuer: str | None
    serial: int | None
    not_before: dt.datetime
    not_after: dt.datetime
    sha256: str | None
    source: CertificateSource
    der: bytes | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """The certificates (DER) that came with the signature and with the rest of the document."""

    signature: Collection[bytes] = ()
    document: Collection[bytes] = ()

    def source(self, der: bytes | None) -> CertificateSource:
        """Return where a certificate below an anchor came from."""
        if der is None:
            return CertificateSource.UNKNOWN
        if der in self.signature:
            return CertificateSource.SIGNATURE
        return CertificateSource.DOCUMENT if der in self.document else CertificateSource.KNOWN


def certificates_of(
    leaf: PathCertificateFacts | None,
    path: CertificatePath | None,
    reliances: Iterable[Reliance],
    role: CertificateRole = CertificateRole.SIGNER,
    carried: Carried | None = None,
) -> tuple[CertificateReport, ...]:
    """List a path from its first certificate, then those of who spoke about revocation.

    Without a path, only its `leaf` is listed.
    """
    known = carried or Carried()
    found = list(_of_path(path, role, known))
    if path is None and leaf is not None:
        found.append(_report(leaf, role, known.source(leaf.der)))
    for reliance in reliances:
        for statement in reliance.statements:
            answered = statement.source is StatementSource.OCSP
            spoke = CertificateRole.OCSP_RESPONDER if answered else CertificateRole.CRL_ISSUER
            found += _of_path(statement.path, spoke, known)
    return tuple({(item.subject, item.serial, item.sha256): item for item in found[::-1]}.values())[
        ::-1
    ]


def time_stamp_certificates(stamp: JudgedTimeStamp) -> tuple[CertificateReport, ...]:
    """List the certificates of the authority of a time-stamp, and who spoke about them."""
    carried = Carried(stamp.facts.certificates)
    return certificates_of(
        None, stamp.path, stamp.reliances, CertificateRole.TIME_STAMPING, carried
    )


def _of_path(
    path: CertificatePath | None, role: CertificateRole, carried: Carried
) -> Iterator[CertificateReport]:
    if path is None:
        return
    for depth, item in enumerate(path.certificates):
        if item is path.anchor:
            # An anchor may be the signer itself, when that is what somebody trusts.
            yield _report(
                item, role if not depth else CertificateRole.ANCHOR, CertificateSource.TRUSTED
            )
        else:
            here = CertificateRole.AUTHORITY if depth else role
            yield _report(item, here, carried.source(item.der))


def _report(
    item: PathCertificateFacts, role: CertificateRole, source: CertificateSource
) -> CertificateReport:
    return CertificateReport(
        role,
        item.name,
        item.issuer,
        item.serial,
        item.not_before,
        item.not_after,
        None if item.der is None else hashlib.sha256(item.der).hexdigest(),
        source,
        item.der,
    )
