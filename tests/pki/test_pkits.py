"""The NIST PKI test suite: certificate paths as other implementers understand RFC 5280.

Every test runs by its number with its own inputs through what validates documents: the
path is looked for among all authorities of the suite, and every certificate of it, and of
whoever signed a revocation list, needs a list that says that it is good.
"""

import csv
import datetime as dt
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from idservice.crypto.certificates import load_certificate
from idservice.errors import IdServiceError
from idservice.pki.path_policies import ANY_POLICY, PolicyInputs
from idservice.services.evidence_at_hand import EvidenceAtHand
from idservice.services.revocation import NoRevocationSource
from idservice.services.trust import PathFinder, TrustContext
from idservice.services.validation_policies import shipped_policy
from idservice.validation.certificates import Role, Use, judge_path
from idservice.validation.evidence import CertificatePath
from idservice.validation.facts import EvidenceKind, StoredEvidence
from idservice.validation.proofs import Proofs

vectors = pytest.importorskip("cryptography_vectors", reason="needs: cryptography-vectors")

FOLDER = Path(str(vectors.__file__)).parent / "x509" / "PKITS_data"
TABLE = Path(__file__).parent.parent / "support" / "pkits.tsv"
pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")

AT = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
POLICY = shipped_policy("strict")
ANCHOR = "TrustAnchorRootCertificate"
POLICIES = "2.16.840.1.101.3.2.1.48."

NOT_SUPPORTED = {
    "4.1.4": "signatures with DSA",
    "4.1.5": "signatures with DSA, whose parameters are inherited",
    "4.14.30": "a delegated signer of lists whose own status nothing but its own list tells",
}
"""Valid paths that are refused, with the reason: each of them fails closed."""


@dataclass(frozen=True)
class Case:
    """One row of the table: the test's number, its certificate, inputs and result."""

    number: str
    certificate: str
    valid: bool
    inputs: PolicyInputs

    @property
    def name(self) -> str:
        """What a report calls the test."""
        accepted = "+".join(sorted(item.rsplit(".", 1)[-1] for item in self.inputs.accepted))
        return f"{self.number}-{self.certificate}-{accepted}"


@cache
def cases() -> list[Case]:
    """All tests of the suite, those with several inputs once for each."""
    with TABLE.open(newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))[1:]
    return [Case(row[0], row[1], row[2] == "valid", _inputs(row[3], row[4])) for row in rows]


def _inputs(accepted: str, flags: str) -> PolicyInputs:
    named = accepted.split("+") if accepted != "any" else []
    return PolicyInputs(
        frozenset(POLICIES + item for item in named) or frozenset((ANY_POLICY,)),
        explicit="E" in flags,
        inhibit_mapping="M" in flags,
        inhibit_any="A" in flags,
    )


def certificate_der(name: str) -> bytes:
    """A certificate of the suite."""
    return (FOLDER / "certs" / f"{name}.crt").read_bytes()


@cache
def carried() -> EvidenceAtHand:
    """All authorities and all revocation lists of the suite."""
    authorities = [
        item.read_bytes()
        for item in sorted((FOLDER / "certs").glob("*.crt"))
        if not item.stem.endswith("EE")
    ]
    lists = [item.read_bytes() for item in sorted((FOLDER / "crls").glob("*.crl"))]
    evidence = [StoredEvidence(EvidenceKind.CERTIFICATE, der, None) for der in authorities]
    evidence += [StoredEvidence(EvidenceKind.CRL, der, None) for der in lists]
    return EvidenceAtHand(evidence)


@cache
def finder() -> PathFinder:
    """What looks for paths; what it found for one test helps the next."""
    anchor = load_certificate(certificate_der(ANCHOR))
    return PathFinder(carried(), TrustContext((anchor,), (), NoRevocationSource(), AT))


def validate(case: Case) -> CertificatePath:
    """Find the path of the certificate of a test, and what is known about it."""
    leaf = load_certificate(certificate_der(f"{case.certificate}EE"))
    return finder().of_certificate(leaf, (), None, case.inputs)


def is_known_good(path: CertificatePath) -> bool:
    """Whether a statement that counts says of every certificate that it is good."""
    judged = judge_path(path, Use(Role.SIGNER, AT, AT, proved=False), Proofs(AT), POLICY)
    return judged.holds and all(
        any(item.path is not None and _is_listed(item.path, path) for item in reliance.statements)
        for reliance in judged.reliances
    )


def _is_listed(signer: CertificatePath, path: CertificatePath) -> bool:
    """Whether the signer of a list is an authority of the path, or is itself known as good."""
    above = {item.name for item in path.certificates}
    known = [item for item in signer.certificates[:-1] if item.statements]
    return len(known) == len(signer.certificates) - 1 or signer.certificates[0].name in above


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_test_has_its_result(case: Case) -> None:
    """A valid path is found and good, an invalid one is refused; exceptions have a name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            good = is_known_good(validate(case))
        except IdServiceError:
            good = False
    assert good is (case.valid and case.number not in NOT_SUPPORTED)


def test_the_suite_is_complete() -> None:
    """Every end certificate of the suite is in the table, and every exception in the suite."""
    there = {item.stem.removesuffix("EE") for item in (FOLDER / "certs").glob("*EE.crt")}
    assert there == {item.certificate for item in cases()}
    assert set(NOT_SUPPORTED) <= {item.number for item in cases() if item.valid}
    assert len(cases()) > 240
