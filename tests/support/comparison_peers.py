"""The two programs with which this product is compared, each asked for one plain answer."""

from __future__ import annotations

import asyncio
import io
import logging
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis.policy_api import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import (
    DocumentTimestampStatus,
    PdfSignatureStatus,
    SignatureCoverageLevel,
)
from pyhanko_certvalidator import ValidationContext

from support import long_term
from support.attacks import NOW
from support.pki import chain

for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

_STARTS = 15


class PyHankoPeer:
    """pyHanko in this process: intact, valid, covered, and later changes as its policy allows."""

    def __init__(self) -> None:
        """Trust the roots of the generated documents."""
        roots = (chain().root.der, long_term.authorities().root.der)
        others = (chain().intermediate.der, long_term.authorities().issuing.der)
        self._roots = [asn1_x509.Certificate.load(item) for item in roots]
        self._others = [asn1_x509.Certificate.load(item) for item in others]
        self._runner = asyncio.Runner()

    def accepts(self, data: bytes, password: str | None, *, trusted: bool) -> bool:
        """Tell whether every signature is good; whatever pyHanko raises is a refusal."""
        try:
            return self._runner.run(self._accepts(data, password, trusted=trusted))
        except Exception:  # noqa: BLE001 - a peer may raise anything about a hostile file
            return False

    def accepts_untouched(self, data: bytes) -> bool:
        """Tell whether every signature of an honest file is good, by the evidence stored in it.

        Where there is any, it has to show that no certificate was revoked. Raises what pyHanko
        raises.
        """
        return self._runner.run(self._accepts_by_evidence(data))

    async def _accepts_by_evidence(self, data: bytes) -> bool:
        reader = PdfFileReader(io.BytesIO(data), strict=False)
        context = self._context(reader)
        return all(
            [await self._good(item, context, trusted=True) for item in reader.embedded_signatures]
        )

    def _context(self, reader: PdfFileReader) -> ValidationContext:
        """A context with what is in the security store; one serves all signatures of a file."""
        known: dict[str, Any] = {
            "trust_roots": self._roots,
            "other_certs": self._others,
            "moment": NOW,
            "allow_fetching": False,
        }
        try:
            store = DocumentSecurityStore.read_dss(reader)
        except NoDSSFoundError:
            return ValidationContext(**known)
        strict = {"revocation_mode": "require"}
        return store.as_validation_context({**known, **strict})

    async def _accepts(self, data: bytes, password: str | None, *, trusted: bool) -> bool:
        reader = PdfFileReader(io.BytesIO(data), strict=False)
        if reader.encrypted:
            reader.decrypt(password or "")
        found = reader.embedded_signatures
        if not reader.embedded_regular_signatures:
            return False
        for signature in found:
            context = ValidationContext(
                trust_roots=self._roots, other_certs=self._others, moment=NOW, allow_fetching=False
            )
            if not await self._good(signature, context, trusted=trusted):
                return False
        return True

    async def _good(
        self, signature: EmbeddedPdfSignature, context: ValidationContext, *, trusted: bool
    ) -> bool:
        status: PdfSignatureStatus | DocumentTimestampStatus
        if signature.sig_object["/Type"] == "/DocTimeStamp":
            status = await async_validate_pdf_timestamp(signature, context)
        else:
            status = await async_validate_pdf_signature(signature, context)
            if not status.docmdp_ok:
                return False
        covered = status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
        unchanged = status.modification_level is not ModificationLevel.OTHER
        known = status.trusted or not trusted
        return bool(status.intact and status.valid and covered and unchanged and known)


@dataclass(frozen=True, slots=True)
class PdfsigPeer:
    """poppler's pdfsig as a process: all signatures valid, and one of the whole document."""

    program: str
    folder: Path

    @classmethod
    def find(cls, folder: Path) -> PdfsigPeer | None:
        """Find pdfsig; None where it is not installed. Files are written into `folder`."""
        program = shutil.which("pdfsig")
        return None if program is None else cls(program, folder)

    def accepts(self, data: bytes, password: str | None) -> bool:
        """Tell whether pdfsig calls every signature valid, certificates left aside."""
        path = self.folder / "compared.pdf"
        path.write_bytes(data)
        given = [] if password is None else ["-upw", password]
        command = [self.program, "-nocert", *given, str(path)]
        try:
            found = subprocess.run(command, capture_output=True, check=False, timeout=20)
        except subprocess.TimeoutExpired:
            return False
        text = found.stdout.decode(errors="replace")
        signed = text.count("- Signature Validation:")
        valid = text.count("- Signature Validation: Signature is Valid.")
        return bool(signed) and signed == valid and "Total document signed" in text

    def start_seconds(self) -> float:
        """The median time that the process needs for saying its version only."""
        times = []
        for _ in range(_STARTS):
            started = time.perf_counter()
            subprocess.run([self.program, "-v"], capture_output=True, check=False)
            times.append(time.perf_counter() - started)
        return statistics.median(times)
