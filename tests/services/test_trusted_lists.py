"""Trusted lists as a source of trust: each service for its purpose, by its status at the time."""

import datetime as dt
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from idservice.crypto import der
from idservice.errors import (
    IdServiceError,
    SignatureInvalid,
    TrustedListExpired,
    TrustedListNotTrusted,
)
from idservice.services.listed_services import ListedServices
from idservice.services.trusted_lists import verified_services
from idservice.services.validation import Validation
from idservice.settings import load_settings
from support.long_term import DAY, HOUR, MINUTE, YEAR, authorities, long_term, material, sign, store
from support.pki import AT, CertificatePair, extension, leaf, root_ca
from support.trusted_lists import (
    FOR_SEALS,
    FOR_SIGNATURES,
    GRANTED,
    NEXT_UPDATE,
    STATUS,
    TSA_QTST,
    WITHDRAWN,
    History,
    additional,
    key_usage,
    list_signer,
    policy_set,
    qualification,
    service,
    signed,
    trusted_list,
)

QC = "0.4.0.1862.1"
QC_STATEMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
START = AT - YEAR
NOW = AT + HOUR
PASSED = ("TOTAL-PASSED", None)
LIMITS = load_settings(Path("home"), {}).validation


def services_of(*services: str, at: dt.datetime = NOW) -> ListedServices:
    """The services of a list that its operator signed."""
    return verified_services([signed(trusted_list(*services))], [list_signer().der], at)


def shown(document: bytes, listed: ListedServices, at: dt.datetime = NOW) -> dict[str, Any]:
    """The report about the one signature, by these services alone."""
    validation = Validation(LIMITS, clock=lambda: at)
    report = validation.validate(document, "a.pdf", extra_services=listed)
    (found,) = report.to_json()["signatures"]
    assert isinstance(found, dict)
    return found


def codes(found: dict[str, Any]) -> list[str]:
    """The codes of the errors."""
    return [item["code"] for item in found["errors"]]


def outcome(found: dict[str, Any]) -> tuple[str, str | None]:
    """Indication and sub-indication."""
    return found["indication"], found["subIndication"]


def statements(*oids: str, kind: str | None = f"{QC}.6.1") -> x509.UnrecognizedExtension:
    """Encode QcStatements."""
    items = [der.sequence(der.object_identifier(f"{QC}.{item}")) for item in oids]
    if kind is not None:
        types = der.sequence(der.object_identifier(kind))
        items.append(der.sequence(der.object_identifier(f"{QC}.6"), types))
    return x509.UnrecognizedExtension(QC_STATEMENTS, der.sequence(*items))


@cache
def qualified_signer(*oids: str, kind: str | None = f"{QC}.6.1") -> CertificatePair:
    """A signer below the standing issuing authority, who names no source of status."""
    return leaf(
        authorities().issuing,
        not_before=START,
        not_after=AT + 5 * YEAR,
        extensions=[extension(statements(*oids, kind=kind), critical=False)],
    )


@cache
def document_of(signer: CertificatePair) -> bytes:
    """A document of a signer, with a time-stamp and what is known about the unit."""
    return store(sign(by=signer), **material(AT + MINUTE))


def issuing(**changes: Any) -> str:
    """The standing issuing authority as a service."""
    return service(authorities().issuing, **{"since": START, **changes})


def stamping(**changes: Any) -> str:
    """The standing time-stamping unit as a service, by its own certificate."""
    return service(authorities().stamper, kind=TSA_QTST, **{"since": START, **changes})


QUALIFIED = partial(qualified_signer, "1", "4")


# ---------------------------------------------------------------- anchors by purpose


def test_listed_services_are_anchors() -> None:
    """An issuing authority and a unit from the list are enough, and the report names the list."""
    found = shown(long_term(), services_of(issuing(), stamping()))
    assert outcome(found) == PASSED
    assert found["trust"]["verdict"] == "trusted"
    assert found["qualification"]["anchorService"] == {
        "list": "EE: TEST list",
        "provider": "TEST provider",
        "service": "TEST service",
        "testScheme": False,
    }
    (stamp,) = found["timeStamps"]
    assert stamp["indication"] == "TOTAL-PASSED"
    assert stamp["qualification"]["level"] == "QTSA"


def test_a_time_stamping_service_is_no_anchor_for_signers() -> None:
    """The same certificate listed for time-stamps alone does not vouch for a signer."""
    found = shown(long_term(), services_of(issuing(kind=TSA_QTST), stamping()))
    assert outcome(found) == ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")


def test_an_issuing_service_is_no_anchor_for_time_stamps() -> None:
    """Whoever issues certificates for people vouches for no time."""
    found = shown(long_term(), services_of(issuing()))
    (stamp,) = found["timeStamps"]
    assert stamp["subIndication"] == "NO_CERTIFICATE_CHAIN_FOUND"
    assert stamp["qualification"]["level"] == "NA"


@pytest.mark.parametrize("kind", ["http://uri.etsi.org/TrstSvc/Svctype/EDS/Q", "urn:unknown"])
def test_services_of_other_types_are_no_anchors(kind: str) -> None:
    """A type that is not understood vouches for nobody."""
    found = shown(long_term(), services_of(issuing(kind=kind), stamping()))
    assert outcome(found) == ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")


# ---------------------------------------------------------------- status and history


@pytest.mark.parametrize(
    ("changes", "granted"),
    [
        ({"status": GRANTED, "since": AT - DAY}, True),
        ({"status": f"{STATUS}recognisedatnationallevel"}, True),
        ({"status": WITHDRAWN}, False),
        ({"status": f"{STATUS}deprecatedatnationallevel"}, False),
        ({"status": "urn:unknown"}, False),
        ({"status": GRANTED, "since": AT + DAY}, False),
        ({"status": WITHDRAWN, "since": AT + DAY, "history": [History(START)]}, True),
        ({"status": WITHDRAWN, "since": AT - DAY, "history": [History(START)]}, False),
        ({"status": GRANTED, "since": AT - DAY, "history": [History(START, WITHDRAWN)]}, False),
        ({"status": GRANTED, "extensions": '<Extension Critical="true"><New/></Extension>'}, False),
        ({"status": GRANTED, "extensions": '<Extension Critical="false"><New/></Extension>'}, True),
    ],
    ids=[
        "granted after the certificate was issued",
        "recognised nationally",
        "withdrawn",
        "deprecated nationally",
        "unknown status",
        "granted later",
        "withdrawn later",
        "withdrawn before the signature",
        "withdrawn when the certificate was issued",
        "unknown critical extension",
        "unknown extension",
    ],
)
def test_the_status_at_the_time_counts(changes: dict[str, Any], granted: bool) -> None:  # noqa: FBT001
    """A signature holds while the service was in good standing at the best-signature-time."""
    found = shown(long_term(), services_of(issuing(**changes), stamping()))
    if granted:
        assert outcome(found) == PASSED
    else:
        assert outcome(found) == ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")
        assert codes(found) == ["trust_service_not_granted"]


def test_a_withdrawn_unit_proves_no_time() -> None:
    """A time-stamp of a service that was withdrawn before is not trusted."""
    found = shown(long_term(), services_of(issuing(), stamping(status=WITHDRAWN)))
    (stamp,) = found["timeStamps"]
    assert codes(stamp) == ["trust_service_not_granted"]
    assert found["bestSignatureTime"] == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")


# ------------------------------------------------------------------- qualified status


@pytest.mark.parametrize(
    ("signer", "changes", "level"),
    [
        (QUALIFIED, {}, "QESIG"),
        (partial(qualified_signer, "1"), {}, "ADESIG_QC"),
        (partial(qualified_signer, "1", kind=None), {}, "ADESIG_QC"),
        (partial(qualified_signer, "4"), {}, "ADESIG"),
        (QUALIFIED, {"extensions": additional(FOR_SEALS)}, "ADESIG"),
        (
            partial(qualified_signer, "1", "4", kind=f"{QC}.6.2"),
            {"extensions": additional(FOR_SEALS)},
            "QESEAL",
        ),
        (
            partial(qualified_signer, "1", kind=f"{QC}.6.2"),
            {"extensions": additional(FOR_SEALS)},
            "ADESEAL_QC",
        ),
        (QUALIFIED, {"since": AT - DAY}, "ADESIG"),
        (QUALIFIED, {"kind": "http://uri.etsi.org/TrstSvc/Svctype/CA/PKC"}, "ADESIG"),
    ],
    ids=[
        "qualified on a device",
        "qualified",
        "qualified, no type said",
        "on a device alone",
        "the service is for seals",
        "a seal",
        "a seal without a device",
        "listed after the certificate was issued",
        "a service that issues no qualified certificates",
    ],
)
def test_levels(signer: Callable[[], CertificatePair], changes: dict[str, Any], level: str) -> None:
    """The level follows from what the certificate claims and what the list grants."""
    found = shown(document_of(signer()), services_of(issuing(**changes), stamping()))
    assert outcome(found) == PASSED
    assert found["qualification"]["level"] == level
    assert bool(found["qualification"]["reasons"]) is (level not in ("QESIG", "QESEAL"))


@pytest.mark.parametrize(
    ("extra", "level"),
    [
        (qualification("QCNoQSCD", criteria=key_usage()), "ADESIG_QC"),
        (qualification("QCNoQSCD", criteria=key_usage(value=False)), "QESIG"),
        (qualification("NotQualified", criteria=key_usage()), "ADESIG"),
        (qualification("NotQualified", criteria=policy_set("1.2.3")), "QESIG"),
        (qualification("QCForESeal", criteria=key_usage()), "ADESEAL"),
        (qualification("QCNoQSCD", criteria="<q:New/>"), "ADESIG"),
        (
            qualification("QCNoQSCD", criteria=key_usage() + "<q:New/>", asserted="atLeastOne"),
            "ADESIG_QC",
        ),
        (
            qualification("QCNoQSCD", criteria=key_usage(), asserted="none"),
            "QESIG",
        ),
        (
            qualification("QCNoQSCD", "QCWithQSCD", criteria=key_usage()),
            "ADESIG_QC",
        ),
    ],
)
def test_qualifiers_of_the_list_outweigh_the_certificate(extra: str, level: str) -> None:
    """Qualifiers count where their criteria hold; unknown criteria make nothing qualified."""
    extensions = additional(FOR_SIGNATURES) + extra
    listed = services_of(issuing(extensions=extensions), stamping())
    assert shown(document_of(QUALIFIED()), listed)["qualification"]["level"] == level


def test_qualified_by_the_list_alone() -> None:
    """QCStatement and QCWithQSCD make a certificate qualified that says nothing itself."""
    extra = qualification("QCStatement", "QCWithQSCD", criteria=key_usage())
    listed = services_of(issuing(extensions=additional(FOR_SIGNATURES) + extra), stamping())
    assert shown(long_term(), listed)["qualification"]["level"] == "QESIG"


def test_anchors_that_no_list_knows_qualify_nothing() -> None:
    """A trusted root of somebody says nothing about being qualified."""
    validation = Validation(LIMITS, clock=lambda: NOW, anchors=[authorities().root.certificate])
    (found,) = validation.validate(document_of(QUALIFIED()), "a.pdf").to_json()["signatures"]
    assert (outcome(found), found["qualification"]["level"]) == (PASSED, "NA")


def test_what_is_not_passed_is_not_qualified() -> None:
    """A broken signature is NOT_ADES_QC_QSCD, one that is not decided has its prefix."""
    listed = services_of(issuing(), stamping())
    broken = document_of(QUALIFIED()).replace(b"%PDF-1.7", b"%PDF-1.6", 1)
    assert shown(broken, listed)["qualification"]["level"] == "NOT_ADES_QC_QSCD"
    undecided = shown(sign(by=authorities().signer), services_of(issuing()))
    assert undecided["qualification"]["level"].startswith("INDETERMINATE_ADES")


# -------------------------------------------------------------- lists that are refused


def test_lists_are_used_only_when_signed_and_current() -> None:
    """Another signer, a changed byte and an overdue update are refused, each by its name."""
    document = signed(trusted_list(issuing()))
    with pytest.raises(TrustedListNotTrusted):
        verified_services([document], [root_ca("TEST other").der], NOW)
    with pytest.raises(SignatureInvalid):
        verified_services(
            [document.replace(b"TEST provider", b"TEST Provider")], [list_signer().der], NOW
        )
    with pytest.raises(TrustedListExpired):
        verified_services([document], [list_signer().der], NEXT_UPDATE + MINUTE)
    closed = signed(trusted_list(issuing(), next_update=None))
    with pytest.raises(TrustedListExpired):
        verified_services([closed], [list_signer().der], NOW)


def test_services_without_readable_certificates_are_left_out() -> None:
    """One identity that is no certificate takes nothing away from the others."""
    document = trusted_list(issuing(), stamping()).replace(
        b"<DigitalId>", b"<DigitalId><X509Certificate>AAAA</X509Certificate></DigitalId><DigitalId>"
    )
    listed = verified_services([signed(document)], [list_signer().der], NOW)
    assert outcome(shown(long_term(), listed)) == PASSED


def test_errors_are_ours() -> None:
    """Whatever a list holds, only errors of ours come out."""
    for text in (b"<a/>", b"<TrustServiceStatusList/>", signed(b'<a Id="a"/>')):
        with pytest.raises(IdServiceError):
            verified_services([text], [list_signer().der], NOW)
