"""Evidence from beside the document: given as files, or fetched from hosts that are allowed."""

import base64
import datetime as dt
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from idservice.errors import MalformedRevocationData
from idservice.services.evidence_at_hand import OutsideEvidence, outside_evidence, read_statements
from idservice.services.validation import Validation
from support.foreign_authority import ForeignAuthority, foreign_authority
from support.long_term import (
    DAY,
    MINUTE,
    answer,
    authorities,
    material,
    revocation_list,
    revoked,
    sign,
    store,
)
from support.lying_server import Wire, lying_server
from support.offline import LIMITS, NOW, codes
from support.pki import AT, CertificatePair, extension, intermediate_ca, leaf, root_ca


def report(
    document: bytes,
    outside: OutsideEvidence,
    root: CertificatePair | None = None,
    *,
    at: dt.datetime = NOW,
    hosts: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The report about a document with evidence from beside it."""
    settings = LIMITS.model_copy(update={"allowed_hosts": hosts, "fetch_seconds": 5.0})
    anchor = (root or authorities().root).certificate
    validation = Validation(settings, clock=lambda: at, anchors=[anchor])
    return validation.validate(document, "a.pdf", outside=outside).to_json()


def given(*pieces: bytes) -> OutsideEvidence:
    """Revocation data in DER, as read from files."""
    return OutsideEvidence(tuple(item for piece in pieces for item in read_statements(piece)))


def time_stamped() -> bytes:
    """A document with a time-stamp and the certificates of its chain, and nothing more."""
    return store(sign())


def test_given_revocation_data_make_a_signature_valid() -> None:
    """What is missing in the document may be given beside it, and is not counted as part of it."""
    document = time_stamped()
    found = report(document, OutsideEvidence())["signatures"][0]
    assert codes(found) == ["revocation_data_missing", "revocation_data_missing"]
    pieces = material(AT + MINUTE, authorities().stamper)
    found = report(document, given(*pieces["ocsps"], *pieces["crls"]))["signatures"][0]
    assert (found["indication"], found["level"]) == ("TOTAL-PASSED", "PAdES_BASELINE_T")
    assert {item["inDocument"] for item in found["revocation"]} == {False}


def test_a_given_answer_may_revoke() -> None:
    """A given statement is no better and no worse than one in the document."""
    pieces = material(AT + MINUTE, authorities().stamper)
    document = store(sign(), **pieces)
    later = answer(authorities().signer, AT + 2 * MINUTE, revoked(AT - DAY))
    found = report(document, given(later))["signatures"][0]
    assert (found["indication"], codes(found)) == ("INDETERMINATE", ["certificate_revoked"])


def test_what_is_given_exists_since_now_only() -> None:
    """Once its responder has expired, an answer from outside proves nothing about the past."""
    pieces = material(AT + MINUTE, authorities().stamper)
    outside = given(*pieces["ocsps"], *pieces["crls"])
    found = report(time_stamped(), outside, at=AT + 40 * DAY)["signatures"][0]
    assert "revocation_issuer_expired" in codes(found)


def test_files_hold_answers_and_lists_in_der_or_pem() -> None:
    """Several PEM blocks in one file, with text between them, are all read."""
    pieces = material(AT)
    blocks = [("OCSP RESPONSE", pieces["ocsps"][0]), ("X509 CRL", pieces["crls"][0])]
    text = "".join(
        f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\nnote\n"
        for label, der in blocks
    )
    assert [item.der for item in read_statements(text.encode())] == [der for _, der in blocks]
    assert all(item.end is None for item in read_statements(pieces["crls"][0]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        authorities().root.der,
        authorities().root.pem,
        b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
        b"-----BEGIN X509 CRL-----\n",
        revocation_list(authorities().root, AT)[:-1],
        answer(authorities().signer, AT)[:-1],
    ],
)
def test_a_file_with_something_else_is_refused(data: bytes) -> None:
    """Who gives a file hears at once that nothing in it can be used."""
    with pytest.raises(MalformedRevocationData, match="cannot be used"):
        read_statements(data)


def test_a_wrong_file_is_named() -> None:
    """Of several files the one that cannot be used is told."""
    right = ("right.crl", revocation_list(authorities().root, AT))
    assert len(outside_evidence([right]).statements) == 1
    with pytest.raises(MalformedRevocationData, match=r"^wrong\.der: "):
        outside_evidence([right, ("wrong.der", b"no")])


def signed_now(authority: ForeignAuthority) -> bytes:
    """A document by a person of a foreign authority, without time-stamp and revocation data."""
    return store(sign(stamp_at=None, by=authority.person), certs=[authority.issuing.der])


def test_a_host_that_is_allowed_is_asked() -> None:
    """Answer and list are fetched from where the certificates point to, and decide."""
    with foreign_authority() as authority:
        document, now = signed_now(authority), dt.datetime.now(dt.UTC)
        offline = report(document, OutsideEvidence(), authority.root, at=now)
        assert "revocation_data_missing" in codes(offline["signatures"][0])
        online = report(
            document,
            OutsideEvidence(online=True),
            authority.root,
            at=now + dt.timedelta(seconds=2),
            hosts=("127.0.0.1",),
        )
    found = online["signatures"][0]
    assert (found["indication"], online["errors"]) == ("TOTAL-PASSED", [])
    assert {item["source"] for item in found["revocation"]} == {"ocsp", "crl"}


def test_a_host_that_is_not_allowed_hears_nothing() -> None:
    """Not even a connection is made, and the report says which host was not asked."""
    heard: list[bytes] = []

    def listen(body: bytes, wire: Wire) -> None:
        heard.append(body)
        wire.answer(b"")

    with lying_server(listen) as server:
        place = x509.UniformResourceIdentifier(server.url)
        methods = (AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS)
        access = x509.AuthorityInformationAccess(
            [x509.AccessDescription(method, place) for method in methods]
        )
        points = x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)])
        root = root_ca()
        issuing = intermediate_ca(root)
        places = [extension(value, critical=False) for value in (access, points)]
        document = sign(stamp_at=None, by=leaf(issuing, extensions=places))
        for certs, online in (((), True), ((issuing.der,), True), ((issuing.der,), None)):
            found = report(
                store(document, certs=certs), OutsideEvidence(online=online), root, hosts=("other",)
            )
            told = [item["code"] for item in found["errors"]]
            assert told == (["status_host_not_allowed"] if online else [])
    assert not heard


def test_the_certificate_of_an_issuer_is_fetched() -> None:
    """Where the chain is missing, it is taken from the address in the certificate."""
    served: list[bytes] = []

    def serve(_body: bytes, wire: Wire) -> None:
        wire.answer(served[0])

    with lying_server(serve) as server:
        place = x509.UniformResourceIdentifier(server.url)
        access = x509.AuthorityInformationAccess(
            [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)]
        )
        root = root_ca()
        issuing = intermediate_ca(root)
        served.append(issuing.der)
        signer = leaf(issuing, extensions=[extension(access, critical=False)])
        document = sign(stamp_at=None, by=signer)
        outside = OutsideEvidence(online=True)
        without = report(document, OutsideEvidence(), root)["signatures"][0]
        found = report(document, outside, root, hosts=("127.0.0.1",))["signatures"][0]
    assert codes(without) == ["certificate_not_trusted"]
    assert (found["indication"], found["trust"]["verdict"]) == ("TOTAL-PASSED", "trusted")
