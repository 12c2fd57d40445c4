"""Other people's programs and libraries, asked what they think of a PDF that we signed."""

import io
import logging
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from support.pki import AT, CertificatePair
from support.programs import require_program

logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class PdfsigVerdict:
    """What poppler's pdfsig says about one signature."""

    field: str
    valid: bool
    whole_file: bool


def pdfsig(data: bytes, folder: Path, *, password: str | None = None) -> list[PdfsigVerdict]:
    """Ask pdfsig about every signature; a password is tried as the user's and the owner's."""
    path = folder / "signed.pdf"
    path.write_bytes(data)
    out = ""
    for option in ([], ["-upw", password or ""], ["-opw", password or ""]):
        command = [require_program("pdfsig"), "-nocert", *option, str(path)]
        # Exit status 1 also says that a certificate is unknown, so the text is read instead.
        out = subprocess.run(command, capture_output=True, check=False).stdout.decode()
        if out:
            break
    return [
        PdfsigVerdict(
            field=(re.search(r"Signature Field Name: (.*)", part) or ["", ""])[1],
            valid="Signature Validation: Signature is Valid." in part,
            whole_file="Total document signed" in part,
        )
        for part in re.split(r"Signature #\d+:", out)[1:]
        if "is not signed" not in part
    ]


def qpdf_complaints(data: bytes, folder: Path, *, password: str | None = None) -> set[str]:
    """What `qpdf --check` warns about, without file name and place."""
    path = folder / "checked.pdf"
    path.write_bytes(data)
    command = [require_program("qpdf"), "--check", f"--password={password or ''}", str(path)]
    result = subprocess.run(command, capture_output=True, check=False)
    lines = result.stderr.decode(errors="replace").splitlines()
    return {re.sub(r"\(.*?\)|\d+", "", line.split(str(path))[-1]) for line in lines}


def pyhanko(
    data: bytes, root: CertificatePair, *, password: str | None = None, index: int = -1
) -> PdfSignatureStatus:
    """Ask pyHanko about one signature, by default the newest."""
    reader = PdfFileReader(io.BytesIO(data), strict=False)
    if reader.encrypted:
        reader.decrypt(password or "")
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root.der)], moment=AT, allow_fetching=False
    )
    return validate_pdf_signature(reader.embedded_signatures[index], context)
