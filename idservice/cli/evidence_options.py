"""Options for evidence that somebody brings along to a validation, or lets it fetch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from idservice.cli.trust_files import read_trust_file

if TYPE_CHECKING:
    from idservice.services.evidence_at_hand import OutsideEvidence

_FILE = click.Path(dir_okay=False, path_type=Path)
_MAX_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class EvidenceWishes:
    """Files with OCSP answers and revocation lists, and with certificates; and the network."""

    revocation: tuple[Path, ...]
    certificates: tuple[Path, ...]
    online: bool | None

    def outside(self) -> OutsideEvidence:
        """Read the files. Raises MalformedRevocationData, MalformedCertificate, FileNotReadable."""
        from idservice.services.evidence_at_hand import outside_evidence

        return outside_evidence(
            ((str(path), _read(path)) for path in self.revocation),
            [item for path in self.certificates for item in read_trust_file(path)],
            online=self.online,
        )


def evidence_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options, and pass what they say as the argument `evidence`."""

    @click.option(
        "--revocation",
        multiple=True,
        type=_FILE,
        help="Use the OCSP answer or revocation list in this file (DER or PEM; may be repeated).",
    )
    @click.option(
        "--certificates",
        multiple=True,
        type=_FILE,
        help="Use the certificates in this PEM file to find paths; they are not trusted.",
    )
    @click.option(
        "--online/--offline",
        default=None,
        help="Fetch revocation data and issuers from the hosts in validation.allowed_hosts, or "
        "not; as validation.fetch says unless given.",
    )
    @wraps(command)
    def wrapped(
        *args: Any,
        revocation: tuple[Path, ...],
        certificates: tuple[Path, ...],
        online: bool | None,
        **options: Any,
    ) -> Any:
        wishes = EvidenceWishes(revocation, certificates, online)
        return command(*args, evidence=wishes, **options)

    return wrapped


def _read(path: Path) -> bytes:
    from idservice.services.documents import open_document

    with open_document(path, _MAX_BYTES) as document:
        return bytes(document.data)
