"""Old algorithms in certificates, OCSP answers and lists: verified, then judged by their dates."""

import datetime as dt
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from asn1crypto import core, ocsp
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from idservice.errors import UnsupportedAlgorithm
from idservice.pki.path import build_path
from idservice.validation.validation_policy import OPEN, Purpose, ValidationPolicy
from support.long_term import DAY, MINUTE, answer, authorities, revocation_list, sign, store
from support.offline import NOW, codes, validate
from support.pki import AT, CertificatePair
from support.policies import STRICT

SHA1 = {"algorithm": "sha1_ecdsa"}
EXPIRED = ("INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")


def signed_sha1(pair: CertificatePair, data: bytes) -> bytes:
    """Sign with ECDSA and SHA-1, as nobody should any more."""
    key = pair.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key.sign(data, ec.ECDSA(hashes.SHA1()))  # noqa: S303 - what is judged here


@cache
def old_signer() -> CertificatePair:
    """The standing signer, whose certificate the authority signed with SHA-1."""
    found = authorities()
    made = asn1_x509.Certificate.load(found.signer.der)
    made["tbs_certificate"]["signature"] = SHA1
    made["signature_algorithm"] = SHA1
    made["signature_value"] = signed_sha1(found.issuing, made["tbs_certificate"].dump(force=True))
    return replace(found.signer, certificate=x509.load_der_x509_certificate(made.dump(force=True)))


def old_answer(about: CertificatePair) -> bytes:
    """An OCSP answer that the standing responder signed with SHA-1."""
    made = ocsp.OCSPResponse.load(answer(about, AT + MINUTE))
    basic = made["response_bytes"]["response"].parsed
    basic["signature_algorithm"] = SHA1
    basic["signature"] = signed_sha1(
        authorities().responder, basic["tbs_response_data"].dump(force=True)
    )
    made["response_bytes"]["response"] = core.ParsableOctetString(basic.dump(force=True))
    encoded: bytes = made.dump(force=True)
    return encoded


def old_list() -> bytes:
    """The list of the root, signed with SHA-1."""
    root = authorities().root
    made = asn1_crl.CertificateList.load(revocation_list(root, AT - DAY))
    made["tbs_cert_list"]["signature"] = SHA1
    made["signature_algorithm"] = SHA1
    made["signature"] = signed_sha1(root, made["tbs_cert_list"].dump(force=True))
    encoded: bytes = made.dump(force=True)
    return encoded


def relying_on_sha1(purpose: Purpose) -> ValidationPolicy:
    """The strict policy, but relying on SHA-1 for one purpose for ever."""
    dates = STRICT.algorithms[purpose]
    open_dates = replace(dates, digests={**dates.digests, "sha1": OPEN})
    return replace(STRICT, name="test", algorithms={**STRICT.algorithms, purpose: open_dates})


def document(
    signer: CertificatePair | None = None, status: bytes | None = None, crl: bytes | None = None
) -> bytes:
    """A B-LT document, of which one part may be of an old kind."""
    found = authorities()
    by = signer or found.signer
    answers = [status or answer(by, AT + MINUTE), answer(found.stamper, AT + MINUTE)]
    lists = [crl or revocation_list(found.root, AT - DAY)]
    return store(sign(by=by), ocsps=answers, crls=lists)


def report(data: bytes, policy: ValidationPolicy, at: dt.datetime = NOW) -> dict[str, Any]:
    """The report about the one signature under a policy."""
    (found,) = validate(data, at, policy=policy).to_json()["signatures"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("purpose", "data", "code"),
    [
        (
            Purpose.CERTIFICATE,
            lambda: document(signer=old_signer()),
            "certificate_algorithm_expired",
        ),
        (
            Purpose.REVOCATION,
            lambda: document(status=old_answer(authorities().signer)),
            "revocation_algorithm_expired",
        ),
        (Purpose.REVOCATION, lambda: document(crl=old_list()), "revocation_algorithm_expired"),
    ],
    ids=["certificate", "OCSP answer", "list"],
)
def test_an_old_algorithm_is_judged_by_its_date(purpose: Purpose, data: Any, code: str) -> None:
    """What SHA-1 signed is refused for its age alone, and holds where a policy relies on it."""
    made = data()
    found = report(made, STRICT)
    assert (found["indication"], found["subIndication"]) == EXPIRED
    assert set(codes(found)) == {code}
    assert found["integrity"] == "intact"
    accepted = report(made, relying_on_sha1(purpose))
    assert accepted["indication"] == "TOTAL-PASSED"


def test_no_login_relies_on_an_old_algorithm() -> None:
    """A path that is not for the validation of documents refuses the same certificate."""
    found = authorities()
    path = (old_signer().certificate, [found.issuing.certificate], [found.root.certificate], AT)
    with pytest.raises(UnsupportedAlgorithm):
        build_path(*path)
    assert build_path(*path, legacy=True).anchor == found.root.certificate


def test_an_altered_certificate_with_an_old_algorithm_stays_refused() -> None:
    """Reading more algorithms accepts no signature that does not verify."""
    found = authorities()
    made = asn1_x509.Certificate.load(old_signer().der)
    made["tbs_certificate"]["serial_number"] = 4711
    forged = x509.load_der_x509_certificate(made.dump(force=True))
    data = document(signer=replace(found.signer, certificate=forged))
    signature = report(data, relying_on_sha1(Purpose.CERTIFICATE))
    assert codes(signature) == ["certificate_not_trusted"]


def test_the_report_tells_when_an_answer_was_produced() -> None:
    """Of OCSP answers `producedAt` is told; a list does not say when it was signed."""
    found = report(document(), STRICT)
    told = {item["source"]: item["producedAt"] for item in found["revocation"]}
    produced = (AT + MINUTE).isoformat().replace("+00:00", "Z")
    assert told == {"ocsp": produced, "crl": None}


def test_the_statements_themselves_are_at_hand() -> None:
    """Reports get each answer and list whole, with the algorithms that signed it."""
    status = answer(authorities().signer, AT + MINUTE)
    (signature,) = validate(document(status=status)).signatures
    statements = [item for one in signature.reliances for item in one.statements]
    assert status in [item.der for item in statements]
    assert all(item.der is not None and item.algorithms is not None for item in statements)
    names = {item.source.value: item.algorithms and item.algorithms.digest for item in statements}
    assert names == {"ocsp": "sha256", "crl": "sha384"}
