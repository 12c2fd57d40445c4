"""Signed files by other producers, honest and forged: what must never pass does not.

The collection is not part of this project; the tests are skipped where it does not stand
beside it. To show that a verdict does not only hang on missing trust, every certificate
that came along is trusted, nothing is revoked, and the time is one at which the signing
certificate was valid. Where an expectation of the collection is wrong, the exception is
named here with the argument.
"""

import csv
import datetime as dt
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.crypto.certificates import load_certificate
from idservice.errors import MalformedInput
from idservice.pades.evidence import load_readable
from idservice.pades.facts import read_facts
from idservice.services.revocation import (
    NoRevocationSource,
    RevocationState,
    RevocationStatus,
)
from idservice.services.trust import TrustContext, find_paths
from idservice.validation.decision import SignatureDecision
from idservice.validation.facts import (
    ChangeVerdict,
    Coverage,
    DocumentFacts,
    EvidenceKind,
    Integrity,
    SignatureFacts,
    worst_change,
)
from idservice.validation.policy import decide_document
from idservice.validation.rules import Indication
from idservice.validation.verdict import Verdict
from support.policies import STRICT

DER = Encoding.DER
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
TABLE = CORPUS / "expected.tsv"

pytestmark = [
    pytest.mark.skipif(
        not TABLE.exists(), reason="corpus: the collection is not beside the project"
    ),
    pytest.mark.filterwarnings("ignore"),
]

# Honest files that are refused all the same, each with the argument.
REFUSED_ALTHOUGH_VALID = {
    "dss/pades-5-signatures-and-1-document-timestamp.pdf": (
        "the newest /Prev is 0 and that of the revision before points to no section, so what the "
        "document shows depends on how a reader reconstructs it; its signed attributes are not "
        "in DER either, which by itself refuses every signature in it"
    ),
}
# Intact, and made with what nobody should rely on any more, or not yet.
LEGACY_ALTHOUGH_VALID = {
    "dss/TeleSec_PKS_eIDAS_QES_CA_1-baseline-b.pdf": "plain ECDSA of BSI TR-03111 on brainpool",
    "dss/hello_signed_INCSAVE_signed.pdf": "its RSA key has 1024 bits",
    "pyhanko/ed448-shake256-nolen.pdf": "Ed448 is on no list of agreed algorithms",
}
# What was changed later is refused although the collection calls it harmless.
CHANGED_ALTHOUGH_VALID = {
    "dss/test-with-vri.pdf": "a field was filled in that the first signature had locked",
}
# Called modified or contested by the collection, and harmless for the reason given.
HARMLESS_ALTHOUGH_DOUBTED = {
    "pyhanko/form-update-ap-indirect-sneaky-trailer.pdf": (
        "the later signature fills its empty field with objects 8, 14, 16, 17 and 18; object 10, "
        "to which the odd entry /FooBar leads, is the same before and after"
    ),
    "pyhanko/form-update-no-override-appearance-stream-ap-indirect-sneaky.pdf": (
        "likewise: object 10, to which /FooBar leads, is not written again"
    ),
    "dss/DSS-2821.pdf": (
        "after its document time-stamp only validation data, an extension level and the date of "
        "modification were written"
    ),
    "dss/pades-enveloping-other-pdf.pdf": (
        "the CMS of its signature carries no content; only the token of its time-stamp does"
    ),
}
# Only a time-stamp is wrong. It proves nothing and lowers the level, and what only looks like a
# time-stamp was put in without any right.
WRONG_TIME_STAMPS = {
    "dss/TestToSignPDFSHA256_TST_SIG_NOT_FOUND.pdf": "signature_time_stamp_broken",
    "dss/pades-lta-copied-doctst.pdf": "document_time_stamp_broken",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One signed file of the collection."""

    file: str
    expected: str
    axis: str
    password: str


def rows(*expected: str) -> list[Row]:
    """Rows about signed files with one of these expectations."""
    if not TABLE.exists():
        return []
    with TABLE.open(encoding="utf-8", newline="") as file:
        found = [
            Row(row["file"].removeprefix("signed/"), row["expected"], row["axis"], row["password"])
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if row["kind"] == "signed"
        ]
    return [row for row in found if row.expected in expected]


def each(*expected: str) -> pytest.MarkDecorator:
    """Parametrise a test by rows."""
    return pytest.mark.parametrize("row", rows(*expected), ids=lambda row: row.file)


class NothingRevoked:
    """Says of every certificate that it is good."""

    def status(
        self,
        certificate: x509.Certificate,  # noqa: ARG002 - the interface
        issuer: x509.Certificate,  # noqa: ARG002 - the interface
    ) -> RevocationStatus:
        """Return VALID."""
        return RevocationStatus(RevocationState.VALID)


def facts_of(row: Row) -> DocumentFacts:
    """Read a file of the collection."""
    data = (CORPUS / "signed" / row.file).read_bytes()
    return read_facts(data, password=row.password or None)


def generous_decision(facts: DocumentFacts, signature: SignatureFacts) -> SignatureDecision:
    """Decide with every certificate of the signature and of the time-stamps trusted."""
    anchors = []
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    stamps = (*signature.time_stamps, *facts.time_stamps)
    bags = (signature.certificates, *(item.certificates for item in stamps))
    for item in (one for bag in bags for one in bag):
        try:
            anchors.append(load_certificate(item))
        except MalformedInput:
            continue
    leaves = [item for item in anchors if item.public_bytes(DER) == signature.certificate_der]
    if leaves:
        at = leaves[0].not_valid_before_utc + dt.timedelta(hours=1)
    times = [item.gen_time for item in stamps if item.gen_time is not None]
    context = TrustContext(tuple(anchors), (), NothingRevoked(), max([at, *times]))
    decided = decide_document(facts, find_paths(facts, context), context.at, STRICT)
    return decided.signatures[facts.signatures.index(signature)]


def generous_verdict(facts: DocumentFacts, signature: SignatureFacts) -> Verdict:
    """The verdict of that decision."""
    return generous_decision(facts, signature).verdict


def harmless(signature: SignatureFacts) -> bool:
    """Whether nothing was changed after a signature but what may be."""
    return worst_change(signature.changes) in (ChangeVerdict.NONE, ChangeVerdict.PERMITTED)


def test_the_collection_has_signed_files() -> None:
    """The table was read, and names honest and forged files."""
    assert len(rows("valid")) > 40
    assert len(rows("invalid", "modified", "reject")) > 15


@each("valid")
def test_honest_files_are_intact(row: Row) -> None:
    """Integrity and coverage of honest signatures hold, and no later change makes them fail."""
    found = facts_of(row)
    assert found.signatures
    for signature in found.signatures:
        verdict = generous_verdict(found, signature)
        if row.file in REFUSED_ALTHOUGH_VALID:
            assert "pdf_damaged" in {item.code for item in verdict.errors}
            continue
        assert signature.coverage is not Coverage.BROKEN
        assert signature.integrity is Integrity.INTACT
        told = {item.code for item in signature.findings}
        assert ("algorithm_legacy" in told) == (row.file in LEGACY_ALTHOUGH_VALID)
        if row.file in CHANGED_ALTHOUGH_VALID:
            assert verdict.indication is not Indication.TOTAL_PASSED
            continue
        assert verdict.indication is not Indication.TOTAL_FAILED
        if not harmless(signature):
            assert verdict.indication is Indication.INDETERMINATE


@each("invalid", "modified", "reject")
def test_forged_files_show_it(row: Row) -> None:
    """A forged file has a signature that shows the forgery and does not pass."""
    found = facts_of(row)
    if row.file in WRONG_TIME_STAMPS:
        (signature,) = found.signatures
        decision = generous_decision(found, signature)
        verdict = decision.verdict
        told = {item.code for item in (*verdict.errors, *verdict.warnings)}
        assert WRONG_TIME_STAMPS[row.file] in told
        assert verdict.indication is not Indication.TOTAL_PASSED
        assert not decision.level.endswith("LTA")
        return
    shown = False
    for signature in found.signatures:
        bad = (
            signature.integrity is not Integrity.INTACT
            or signature.coverage is Coverage.BROKEN
            or not harmless(signature)
        )
        if bad:
            assert generous_verdict(found, signature).indication is not Indication.TOTAL_PASSED
        shown = shown or bad
    assert shown or not found.signatures or row.file in HARMLESS_ALTHOUGH_DOUBTED


@each("indeterminate", "n/a")
def test_contested_files_never_pass_in_silence(row: Row) -> None:
    """Any clear answer will do, but TOTAL-PASSED needs a warning at least."""
    found = facts_of(row)
    for signature in found.signatures:
        verdict = generous_verdict(found, signature)
        told = verdict.warnings or row.file in HARMLESS_ALTHOUGH_DOUBTED
        assert verdict.indication is not Indication.TOTAL_PASSED or told


# With the roots that came along as anchors, and nothing known but what the file carries.
BY_THEIR_OWN_EVIDENCE = {
    "pyhanko/pades-lta-dss-indirect-arrs-test.pdf": ["PAdES_BASELINE_LTA"],
    "pyhanko/pades-lta-dss-indirect-arrs-test-2.pdf": ["PAdES_BASELINE_LTA", "PAdES_BASELINE_LT"],
    "dss/pades-ltv-with-reason.pdf": ["PAdES_BES"],
    "dss/pades-ltv.pdf": ["PAdES_BES"],
}


@pytest.mark.parametrize("file", list(BY_THEIR_OWN_EVIDENCE))
def test_archives_of_others_pass_by_their_own_evidence(file: str) -> None:
    """Time-stamps, answers and lists by other programs are understood, at their level."""
    found = facts_of(next(row for row in rows("valid") if row.file == file))
    stamps = [*found.time_stamps, *(one for item in found.signatures for one in item.time_stamps)]
    bags = [item.certificates for item in found.signatures]
    bags += [item.certificates for item in stamps]
    carried = [item.der for item in found.evidence if item.kind is EvidenceKind.CERTIFICATE]
    certificates = load_readable([*carried, *(one for bag in bags for one in bag)])
    roots = tuple(item for item in certificates if item.issuer == item.subject)
    newest = max(item.gen_time for item in stamps if item.gen_time is not None)
    context = TrustContext(roots, (), NoRevocationSource(), newest + dt.timedelta(hours=1))
    decided = decide_document(found, find_paths(found, context), context.at, STRICT)
    assert [item.level for item in decided.signatures] == BY_THEIR_OWN_EVIDENCE[file]
    for item in decided.signatures:
        assert (item.verdict.indication, item.verdict.errors) == (Indication.TOTAL_PASSED, ())
        assert item.best_signature_time is not None


@each("valid", "invalid", "modified", "reject", "indeterminate", "n/a")
def test_no_file_takes_long(row: Row) -> None:
    """Reading any file stays below the budget of CPU time."""
    started = time.process_time()
    facts_of(row)
    assert time.process_time() - started < 5


def test_the_table_as_a_whole() -> None:
    """Every forged file is refused, and no honest one but those that are argued above."""
    forged, honest = rows("invalid", "modified", "reject"), rows("valid")
    missed = [row.file for row in forged if _accepted(row)]
    alarms = [row.file for row in honest if _alarmed(row)]
    argued = HARMLESS_ALTHOUGH_DOUBTED.keys() | WRONG_TIME_STAMPS.keys()
    assert set(missed) <= argued
    assert set(alarms) <= REFUSED_ALTHOUGH_VALID.keys() | CHANGED_ALTHOUGH_VALID.keys()


def _accepted(row: Row) -> bool:
    """Whether every signature of a file passes; one that shows the forgery is enough."""
    found = facts_of(row)
    verdicts = [generous_verdict(found, item).indication for item in found.signatures]
    return bool(verdicts) and set(verdicts) == {Indication.TOTAL_PASSED}


def _alarmed(row: Row) -> bool:
    """Whether an honest file is called broken or changed in a way that is not permitted."""
    found = facts_of(row)
    return any(
        item.coverage is Coverage.BROKEN
        or item.integrity is Integrity.BROKEN
        or worst_change(item.changes) is ChangeVerdict.FORBIDDEN
        or generous_verdict(found, item).indication is Indication.TOTAL_FAILED
        for item in found.signatures
    )
