"""Paths are remembered, and never beyond what they prove."""

import datetime as dt
from typing import Any

import pytest

import idservice.pki.path
from idservice import errors
from idservice.services import trusted_issuers
from idservice.services.trusted_issuers import TrustedIssuers
from support.pki import AT, CertificatePair, chain, intermediate_ca, leaf, root_ca

ISSUER = chain().intermediate
DAY = dt.timedelta(days=1)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Count how often a path is really looked for."""
    found: list[object] = []

    def build(*arguments: Any) -> Any:
        """Build the path as always, and note it."""
        found.append(arguments[0])
        return idservice.pki.path.build_path(*arguments)

    monkeypatch.setattr(trusted_issuers, "build_path", build)
    return found


def require(issuers: TrustedIssuers, pair: CertificatePair, at: dt.datetime = AT) -> None:
    """Require a path for the certificate of a pair."""
    issuers.require_path(pair.der, pair.certificate, at)


def test_a_path_is_looked_for_once(searches: list[object]) -> None:
    """The second time the memory answers; another certificate is looked for anew."""
    issuers, first, second = TrustedIssuers([ISSUER.certificate]), leaf(ISSUER), leaf(ISSUER)
    for pair in (first, first, second, first):
        require(issuers, pair)
    assert len(searches) == 2


def test_the_memory_ends_with_the_certificate() -> None:
    """A remembered path does not outlive the certificate, nor begin before it."""
    issuers = TrustedIssuers([ISSUER.certificate])
    pair = leaf(ISSUER, not_before=AT - DAY, not_after=AT + DAY)
    require(issuers, pair)
    with pytest.raises(errors.CertificateExpired):
        require(issuers, pair, AT + 2 * DAY)
    with pytest.raises(errors.CertificateNotYetValid):
        require(issuers, pair, AT - 2 * DAY)
    require(issuers, pair)


def test_the_memory_ends_with_the_issuer() -> None:
    """When the issuing CA has expired, its certificates log nobody in, remembered or not."""
    issuer = intermediate_ca(root_ca(), not_after=AT + DAY)
    issuers, pair = TrustedIssuers([issuer.certificate]), leaf(issuer)
    require(issuers, pair)
    with pytest.raises(errors.CertificateConstraintsViolated):
        require(issuers, pair, AT + 2 * DAY)


def test_what_failed_is_not_remembered() -> None:
    """A certificate of another CA with our issuer's name is refused every time."""
    issuers = TrustedIssuers([ISSUER.certificate])
    impostor = leaf(intermediate_ca(root_ca()))
    for _ in range(2):
        with pytest.raises(errors.CertificateNotTrusted):
            require(issuers, impostor)


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, searches: list[object]) -> None:
    """A flood of certificates does not grow it without end."""
    monkeypatch.setattr(trusted_issuers, "PATHS_REMEMBERED", 2)
    issuers = TrustedIssuers([ISSUER.certificate])
    pairs = [leaf(ISSUER) for _ in range(3)]
    for pair in [*pairs, pairs[0]]:
        require(issuers, pair)
    assert len(searches) == 4
