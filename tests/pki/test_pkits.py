"""The NIST PKI test suite: certificate paths as other implementers understand RFC 5280.

The expected result is in the name of each end certificate. Revocation lists are not
processed here, so tests that are about them alone are left out by name; rules that are
not evaluated must refuse the path.
"""

import datetime as dt
import re
import warnings
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509

from idservice.errors import (
    CertificateConstraintsViolated,
    IdServiceError,
    UnsupportedAlgorithm,
)
from idservice.pki.path import build_path

vectors = pytest.importorskip("cryptography_vectors", reason="needs: cryptography-vectors")

FOLDER = Path(str(vectors.__file__)).parent / "x509" / "PKITS_data" / "certs"
pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")

AT = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
ANCHOR = "TrustAnchorRootCertificate"
_NAME = re.compile(r"(Valid|Invalid)(.*?)Test\d+.*EE")

# Invalid only because of a revocation list (sections 4.4, 4.5, 4.14, 4.15, and the key
# usage of list signers in 4.7).
ABOUT_REVOCATION = re.compile(
    r"CRL|cRL|crl|Revoked|LongSerialNumberTest18|SelfIssuedNewWithOldTest5|SelfIssuedOldWithNewTest2"
    r"|distributionPoint|onlyContains|onlySomeReasons|IDP|SeparateCertificateandCRLKeys"
)
# Valid, but under a rule that is not evaluated: refused for that reason and no other.
NOT_EVALUATED = re.compile(
    r"nameConstraints|PolicyMapping|policyMapping|xplicitPolicy|inhibitAnyPolicy"
)
NOT_ALLOWED = re.compile(r"DSASignatures")


@cache
def certificates() -> dict[str, x509.Certificate]:
    """All certificates of the suite that the library can read, by file name."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in sorted(FOLDER.glob("*.crt")):
            try:
                found[file.stem] = x509.load_der_x509_certificate(file.read_bytes())
            except ValueError:
                assert "DSAParameter" in file.stem
    return found


def cases(verdict: str) -> list[str]:
    """Names of the end certificates that are expected to be valid, or invalid."""
    return [
        name for name in certificates() if (match := _NAME.fullmatch(name)) and match[1] == verdict
    ]


def validate(name: str) -> None:
    """Build a path with every authority of the suite in the bag."""
    bag = [item for name, item in certificates().items() if not name.endswith("EE")]
    build_path(certificates()[name], bag, [certificates()[ANCHOR]], AT)


@pytest.mark.parametrize("name", cases("Valid"))
def test_valid_paths_are_found(name: str) -> None:
    """A valid path is accepted, or refused for a restriction that is not evaluated."""
    if NOT_ALLOWED.search(name):
        with pytest.raises(UnsupportedAlgorithm):
            validate(name)
    elif NOT_EVALUATED.search(name):
        with pytest.raises(CertificateConstraintsViolated, match="not evaluated"):
            validate(name)
    else:
        validate(name)


@pytest.mark.parametrize(
    "name", [item for item in cases("Invalid") if not ABOUT_REVOCATION.search(item)]
)
def test_invalid_paths_are_refused(name: str) -> None:
    """An invalid path is refused with one of our errors."""
    with pytest.raises(IdServiceError):
        validate(name)


def test_the_suite_is_there() -> None:
    """The number of cases shows that the suite was read and not filtered away."""
    assert len(cases("Valid")) > 80
    assert sum(not ABOUT_REVOCATION.search(item) for item in cases("Invalid")) > 60
