"""Documents that were certified closed or locked are archived all the same, for every reader."""

from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from idservice.pades.baseline import Baseline
from idservice.services.assembly import Services
from idservice.services.file_signing import FileOrder
from idservice.services.level_sources import LevelChoice
from idservice.services.own_keys import KeyChoice
from idservice.services.signature_options import SignatureOptions, SignerWishes
from idservice.validation.rules import Indication
from support.homes import PERSON, PIN2
from support.pdfs import baseline


@pytest.mark.parametrize(
    "wishes",
    [
        SignerWishes(certify=1),
        SignerWishes(lock="all", lock_permits=1),
        SignerWishes(certify=2, lock="all"),
    ],
    ids=["certified", "closed by a lock", "certified and locked"],
)
def test_a_restricted_document_is_archived(
    wishes: SignerWishes, services: Services, tmp_path: Path
) -> None:
    """A document time-stamp is no change that a certification or lock forbids: both agree."""
    source, target = tmp_path / "in.pdf", tmp_path / "out.pdf"
    source.write_bytes(baseline())
    key = services.own_keys.for_signing(KeyChoice(PERSON), PIN2)
    signer = services.file_signing.with_key(key, wishes, LevelChoice(Baseline.B_LTA))
    signer.sign(FileOrder(source, target, SignatureOptions(wishes=wishes)))
    (ours,) = services.validation.validate(target.read_bytes(), target.name).signatures
    assert (ours.verdict.indication, ours.level) == (
        Indication.TOTAL_PASSED,
        "PAdES_BASELINE_LTA",
    )
    root = asn1_x509.Certificate.load(services.certificate_authority.chain_der[-1])
    with target.open("rb") as file:
        (signature,) = PdfFileReader(file).embedded_regular_signatures
        context = ValidationContext(trust_roots=[root], allow_fetching=False)
        theirs = validate_pdf_signature(signature, context)
    assert theirs.bottom_line
    assert theirs.docmdp_ok
    assert theirs.modification_level is ModificationLevel.LTA_UPDATES
