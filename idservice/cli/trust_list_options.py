"""Options for trusted lists that somebody brings along to a validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from idservice.cli.trust_files import read_trust_file

if TYPE_CHECKING:
    from idservice.services.listed_services import ListedServices

_FILE = click.Path(dir_okay=False, path_type=Path)
_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TrustListWishes:
    """Files with trusted lists, and files with the certificates that may sign them."""

    lists: tuple[Path, ...]
    signers: tuple[Path, ...]

    def services(self) -> ListedServices:
        """Read and verify the lists, and return their services.

        Raises click.UsageError for lists without signers or the reverse, and what the lists
        are refused for.
        """
        from idservice.services.listed_services import ListedServices

        if not self.lists and not self.signers:
            return ListedServices()
        if bool(self.lists) != bool(self.signers):
            raise click.UsageError(
                "A trusted list needs the certificates that may sign it: give --trust-list FILE "
                "together with --trust-list-signer PEM."
            )
        return self._verified()

    def _verified(self) -> ListedServices:
        import datetime as dt

        from cryptography.hazmat.primitives.serialization import Encoding

        from idservice.services.documents import open_document
        from idservice.services.trusted_lists import verified_services

        documents = []
        for path in self.lists:
            with open_document(path, _MAX_BYTES) as document:
                documents.append(bytes(document.data))
        signers = [item for path in self.signers for item in read_trust_file(path)]
        return verified_services(
            documents,
            [item.public_bytes(Encoding.DER) for item in signers],
            dt.datetime.now(dt.UTC),
        )


def trust_list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options, and pass what they say as the argument `trust_lists`."""

    @click.option(
        "--trust-list",
        "lists",
        multiple=True,
        type=_FILE,
        help="Trust the services of this trusted list (ETSI TS 119 612; may be repeated).",
    )
    @click.option(
        "--trust-list-signer",
        "signers",
        multiple=True,
        type=_FILE,
        help="PEM file with the certificates that may sign the trusted lists (may be repeated).",
    )
    @wraps(command)
    def wrapped(
        *args: Any, lists: tuple[Path, ...], signers: tuple[Path, ...], **options: Any
    ) -> Any:
        return command(*args, trust_lists=TrustListWishes(lists, signers), **options)

    return wrapped
