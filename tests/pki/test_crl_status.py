"""Revocation lists of delegated signers, for some reasons, and delta lists (RFC 5280 cl. 6.3)."""

import datetime as dt
import time
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.errors import StatusAnswerInvalid, StatusAnswerMismatch
from idservice.pki.crl import CrlFacts, read_crl
from idservice.pki.crl_building import RevokedEntry
from idservice.pki.crl_status import ListStatus, status_from_list, together
from support.pki import (
    AT,
    CertificatePair,
    Extension,
    extension,
    intermediate_ca,
    key_usage,
    leaf,
    new_key,
    root_ca,
)
from support.status import HOUR, built_crl

ROOT = root_ca()
ISSUER = intermediate_ca(ROOT)
LISTER = intermediate_ca(ROOT, "TEST Lister")
COMPROMISE = frozenset({x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise})
ADDRESS = x509.UniformResourceIdentifier("http://crl.example/one.crl")


def a_list(
    signer: CertificatePair,
    entries: Sequence[tuple[int, x509.ReasonFlags | None, x509.Name | None]] = (),
    *extensions: x509.ExtensionType,
    number: int = 1,
    at: dt.datetime = AT,
) -> CrlFacts:
    """A list with entries of serial number, reason and issuer."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.certificate.subject)
        .last_update(at)
        .next_update(at + HOUR)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for serial, reason, issuer in entries:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at - HOUR)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        if issuer is not None:
            named = x509.CertificateIssuer([x509.DirectoryName(issuer)])
            entry = entry.add_extension(named, critical=True)
        builder = builder.add_revoked_certificate(entry.build())
    for value in extensions:
        builder = builder.add_extension(value, critical=True)
    return read_crl(builder.sign(signer.key, hashes.SHA384()).public_bytes(Encoding.DER))


def scope(**changes: object) -> x509.IssuingDistributionPoint:
    """An issuing distribution point."""
    plain: dict[str, object] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**plain, **changes})  # type: ignore[arg-type]


def point(
    lister: CertificatePair | None = None,
    reasons: frozenset[x509.ReasonFlags] | None = None,
    address: x509.GeneralName | None = ADDRESS,
) -> Extension:
    """A distribution point of a certificate."""
    issuer = None if lister is None else [x509.DirectoryName(lister.certificate.subject)]
    one = x509.DistributionPoint(None if address is None else [address], None, reasons, issuer)
    return extension(x509.CRLDistributionPoints([one]), critical=False)


DELEGATED = leaf(ISSUER, extensions=[point(LISTER)])
SERIAL = DELEGATED.certificate.serial_number
INDIRECT = scope(full_name=[ADDRESS], indirect_crl=True)


def about(
    crl: CrlFacts, subject: CertificatePair = DELEGATED, deltas: Sequence[CrlFacts] = ()
) -> ListStatus:
    """What a list says about a certificate."""
    signers = [LISTER.certificate]
    return status_from_list(
        crl, subject.certificate, ISSUER.certificate, signers=signers, deltas=deltas
    )


def test_an_indirect_list_names_the_issuer_of_each_entry() -> None:
    """An entry counts for the issuer that it, or an entry before it, names; not for another."""
    ours, theirs = ISSUER.certificate.subject, ROOT.certificate.subject
    for entries, state in (
        ([(SERIAL, None, ours)], "revoked"),
        ([(7, None, ours), (SERIAL, None, None)], "revoked"),
        ([(SERIAL, None, None)], "good"),
        ([(SERIAL, None, theirs)], "good"),
        ([(7, None, ours), (SERIAL, None, theirs)], "good"),
    ):
        found = about(a_list(LISTER, entries, INDIRECT))
        assert (found.status.state, found.signer) == (state, LISTER.certificate)


def test_who_is_not_named_makes_no_lists_for_others() -> None:
    """A list of another authority counts only if certificate and list both say so."""
    for subject, signer, point_of in (
        (leaf(ISSUER), LISTER, INDIRECT),
        (DELEGATED, LISTER, scope(full_name=[ADDRESS])),
        (DELEGATED, LISTER, scope(indirect_crl=True, full_name=[x509.DNSName("other.example")])),
        (DELEGATED, root_ca("TEST Lister"), INDIRECT),
    ):
        with pytest.raises((StatusAnswerMismatch, StatusAnswerInvalid)):
            about(a_list(signer, (), point_of), subject)
    with pytest.raises(StatusAnswerMismatch):
        about(a_list(LISTER))


def test_a_second_key_of_the_issuer_may_sign_its_lists() -> None:
    """A certificate of the same name for signing lists is found by its key."""
    usage = extension(key_usage(crl_sign=True), critical=True)
    second = intermediate_ca(ROOT, key=new_key(), extensions=[usage])
    subject = leaf(ISSUER)
    crl = a_list(second)
    found = status_from_list(
        crl, subject.certificate, ISSUER.certificate, signers=[second.certificate]
    )
    assert found.signer == second.certificate
    may_not = intermediate_ca(
        ROOT, key=second.key, extensions=[extension(key_usage(key_cert_sign=True), critical=True)]
    )
    for signers in ([may_not.certificate], [LISTER.certificate], []):
        with pytest.raises(StatusAnswerInvalid):
            status_from_list(crl, subject.certificate, ISSUER.certificate, signers=signers)


def test_lists_for_some_reasons_count_together() -> None:
    """Only when no reason is left out is a certificate good; one revocation is enough."""
    subject = leaf(ISSUER)
    rest = frozenset(x509.ReasonFlags) - COMPROMISE
    rest -= {x509.ReasonFlags.unspecified, x509.ReasonFlags.remove_from_crl}
    some = about(a_list(ISSUER, (), scope(only_some_reasons=COMPROMISE)), subject)
    others = about(a_list(ISSUER, (), scope(only_some_reasons=rest), at=AT + HOUR / 2), subject)
    assert not list(together([some]))
    [found] = together([some, others])
    assert (found.status.state, found.status.this_update) == ("good", AT)
    assert found.status.next_update == AT + HOUR
    entry = (subject.certificate.serial_number, x509.ReasonFlags.key_compromise, None)
    revoked = about(a_list(ISSUER, [entry], scope(only_some_reasons=COMPROMISE)), subject)
    assert [item.status.state for item in together([revoked, others])] == ["revoked"]


def test_a_point_of_a_certificate_may_limit_the_reasons() -> None:
    """A list at a point for some reasons tells no more than these."""
    subject = leaf(ISSUER, extensions=[point(LISTER, COMPROMISE)])
    found = about(a_list(LISTER, (), INDIRECT), subject)
    assert found.reasons == COMPROMISE
    assert not found.is_complete


def test_a_delta_list_continues_the_complete_one() -> None:
    """It adds revocations and takes suspensions back, from the number on that it names."""
    subject = leaf(ISSUER)
    serial = subject.certificate.serial_number
    held = (serial, x509.ReasonFlags.certificate_hold, None)
    base, suspended = a_list(ISSUER), a_list(ISSUER, [held])
    later = AT + HOUR / 2
    delta = x509.DeltaCRLIndicator(1)
    added = a_list(ISSUER, [(serial, None, None)], delta, number=2, at=later)
    removed = a_list(
        ISSUER, [(serial, x509.ReasonFlags.remove_from_crl, None)], delta, number=2, at=later
    )
    found = about(base, subject, [added])
    assert (found.status.state, found.status.this_update) == ("revoked", later)
    assert about(suspended, subject, [removed]).status.state == "good"
    assert about(suspended, subject).status.reason == "certificateHold"


@pytest.mark.parametrize("fault", ["other base", "older", "other scope", "other signer"])
def test_a_delta_list_of_something_else_is_passed_over(fault: str) -> None:
    """A delta list for a later base, of before, of another scope or key changes nothing."""
    subject = leaf(ISSUER)
    entry = (subject.certificate.serial_number, None, None)
    base = 5 if fault == "other base" else 1
    extensions = [scope(only_contains_user_certs=True)] if fault == "other scope" else []
    delta = a_list(
        root_ca("TEST Intermediate") if fault == "other signer" else ISSUER,
        [entry],
        x509.DeltaCRLIndicator(base),
        *extensions,
        number=0 if fault == "older" else 6,
    )
    assert about(a_list(ISSUER), subject, [delta]).status.state == "good"


def test_a_list_with_many_entries_costs_little() -> None:
    """Among 200,000 entries one is found and a missing one missed within five seconds."""
    subject = leaf(ISSUER)
    entries = [RevokedEntry(number, AT - HOUR, None) for number in range(1, 200_001)]
    crl_der = built_crl(ISSUER, *entries)
    started = time.process_time()
    crl = read_crl(crl_der)
    assert about(crl, subject).status.state == "good"
    assert crl.entry(200_000, ISSUER.certificate.subject) is not None
    assert time.process_time() - started < 5
