"""The operations that are measured; each is one function that does it once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.crypto.keys import verify_signature
from idservice.pades.signing import complete, prepare, sign
from idservice.pdf.document import open_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from idservice.bench.material import Material

_ATTRIBUTES_BYTES = 340
"""About what the signed attributes of a signature weigh: what bare signing hashes too."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One operation with a stable name; `run` does it once."""

    name: str
    run: Callable[[], object]


def core_workloads(material: Material, pdf: bytes) -> list[Workload]:
    """List the operations with one key: bare, CMS, PAdES-B-B, and that with a foreign value."""
    from idservice.bench.material import AT

    signer, template, kind = material.signer, material.template, material.kind
    message = os.urandom(_ATTRIBUTES_BYTES)
    digest = os.urandom(template.algorithm.hash.size)

    def bare() -> bytes:
        return signer.sign(message)

    def bare_and_verify() -> None:
        verify_signature(template.public_key, template.algorithm, signer.sign(message), message)

    def cms() -> bytes:
        attributes = template.signed_attributes(digest)
        return template.attach(attributes, signer.sign(attributes))

    def pades() -> bytes:
        return sign(open_document(pdf), signer, template, at=AT)

    def pades_from_outside() -> bytes:
        pending = prepare(open_document(pdf), template, at=AT)
        return complete(pending, signer.sign(pending.dtbs))

    return [
        Workload(f"bare {kind}", bare),
        Workload(f"bare {kind} and verify", bare_and_verify),
        Workload(f"CMS {kind}", cms),
        Workload(f"PAdES-B-B {kind}", pades),
        Workload(f"PAdES-B-B {kind}, value verified", pades_from_outside),
    ]
