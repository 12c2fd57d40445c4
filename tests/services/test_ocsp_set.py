"""The negative set for OCSP: one thing at a time is wrong in an answer that a document rests on.

The first part goes by the names of OpenSSL's set and through all of its six forms, the second
adds what that set leaves out. Each answer comes twice: embedded in the document, and as a file
beside it. None makes the signature valid; the answer without a fault does.
"""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import core, ocsp
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from idservice.cli import main
from idservice.errors import MalformedRevocationData
from idservice.services.evidence_at_hand import outside_evidence
from idservice.services.validation import Validation
from support.long_term import DAY, MINUTE, START, YEAR, authorities, responder, revoked
from support.ocsp_set import (
    FORMS,
    SAID,
    Draft,
    Form,
    document,
    draft,
    form,
    invalid_signature,
    named_by_key,
    named_by_name,
    other_answers,
    set_authorities,
)
from support.offline import LIMITS, NOW, PASSED, codes, validate
from support.pki import (
    AT,
    CertificatePair,
    extension,
    intermediate_ca,
    key_usage,
    leaf,
    name,
    new_key,
    root_ca,
)

SECOND = dt.timedelta(seconds=1)
MISSING, STALE, UNKNOWN = "revocation_data_missing", "revocation_data_stale", "certificate_unknown"

Fault = Callable[[Form, Draft], Draft]


def _wrong_key(of: Form, right: Draft) -> Draft:
    """The delegate's certificate holds another key than the one that signed."""
    other = replace(of.responder, key=new_key())
    return right.with_(key=other, named=named_by_name(of.responder))


def _spoilt_delegate(of: Form, right: Draft) -> Draft:
    return right.with_(certificates=(invalid_signature(of.responder.der),))


BY_OPENSSL: dict[str, tuple[tuple[str, ...], Fault]] = {
    "ISOP": (FORMS, lambda _, right: right.with_(spoilt=True)),
    "WRID": (FORMS, lambda of, right: right.with_(named=named_by_key(of.signer))),
    "WINH": (FORMS, lambda _, right: right.with_(name_hash=bytes(20))),
    "WIKH": (FORMS, lambda _, right: right.with_(key_hash=bytes(20))),
    "WKDOSC": (FORMS[3:], _wrong_key),
    "ISDOSC": (FORMS[3:], _spoilt_delegate),
}
"""Invalid signature on the answer, wrong responder ID, wrong hash of the issuer's name and of its
key, wrong key in and invalid signature on the delegate's certificate."""

OPENSSL = [(kind, name) for kind, (forms, _) in BY_OPENSSL.items() for name in forms]


def outcome(data: bytes, root: CertificatePair | None = None) -> tuple[str, str | None, list[str]]:
    """Indication, sub-indication and codes of errors of the one signature."""
    anchors = [authorities().root, root or set_authorities().root]
    (found,) = validate(data, anchors=anchors).to_json()["signatures"]
    return found["indication"], found["subIndication"], codes(found)


def given(of: Form, *answers: bytes) -> tuple[str, str | None, list[str]]:
    """The same for a document without the answers, which come as files beside it.

    Raises MalformedRevocationData for a file that cannot be read.
    """
    beside = [*answers, *other_answers(of)]
    outside = outside_evidence((f"{number}.ors", item) for number, item in enumerate(beside))
    anchors = [item.root.certificate for item in (authorities(), set_authorities())]
    validation = Validation(LIMITS, clock=lambda: NOW, anchors=anchors)
    report = validation.validate(document(of, others=False), "a.pdf", outside=outside)
    (found,) = report.to_json()["signatures"]
    return found["indication"], found["subIndication"], codes(found)


@pytest.mark.parametrize("name", FORMS)
def test_the_answer_without_a_fault_is_accepted(name: str) -> None:
    """In each form the intact answer makes the signature valid, and without it nothing does."""
    of = form(name)
    assert outcome(document(of))[::2] == ("INDETERMINATE", [MISSING])
    right = draft(of).encode()
    assert outcome(document(of, right))[:2] == PASSED
    assert given(of)[::2] == ("INDETERMINATE", [MISSING])
    assert given(of, right)[:2] == PASSED


@pytest.mark.parametrize(("kind", "name"), OPENSSL)
def test_a_changed_answer_of_the_set(kind: str, name: str) -> None:
    """It is as good as none, embedded or given, and beside the intact one it harms nothing."""
    of = form(name)
    right = draft(of)
    wrong = BY_OPENSSL[kind][1](of, right).encode()
    assert wrong != right.encode()
    assert outcome(document(of, wrong))[::2] == ("INDETERMINATE", [MISSING])
    assert outcome(document(of, wrong, right.encode()))[:2] == PASSED
    assert given(of, wrong)[::2] == ("INDETERMINATE", [MISSING])
    assert given(of, wrong, right.encode())[:2] == PASSED


def other_issuer(of: Form, kind: str) -> CertificatePair:
    """The certificate of the issuer with a wrong subject or a wrong key."""
    issuer = of.issuer
    common_name = "TEST set nobody" if kind == "WSNIC" else None
    key = issuer.key if kind == "WSNIC" else new_key()
    end = AT + 10 * YEAR
    if issuer is set_authorities().root:
        return root_ca(common_name or "TEST set root", key=key, not_before=START, not_after=end)
    common_name = common_name or "TEST set issuing"
    root = set_authorities().root
    return intermediate_ca(root, common_name, key=key, not_before=START, not_after=end)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("kind", ["WSNIC", "WKIC"])
def test_a_wrong_certificate_of_the_issuer(kind: str, name: str) -> None:
    """With another subject or another key it issued nothing, so the answer speaks for nobody."""
    of = form(name)
    other, right = other_issuer(of, kind), draft(of).encode()
    anchored = of.issuer is set_authorities().root
    found = outcome(
        document(of, right, issuing_der=None if anchored else other.der),
        root=other if anchored else None,
    )
    assert found[::2] == ("INDETERMINATE", ["certificate_not_trusted"])


@pytest.mark.parametrize("name", FORMS)
def test_an_invalid_signature_on_the_certificate_of_the_issuer(name: str) -> None:
    """An anchor is trusted whoever signed it, as in OpenSSL's set; an intermediate is not.

    OpenSSL is told to trust the intermediate itself; nobody trusts it here but for its path.
    """
    of = form(name)
    spoilt, right = invalid_signature(of.issuer.der), draft(of).encode()
    if of.issuer is set_authorities().root:
        certificate = x509.load_der_x509_certificate(spoilt)
        anchor = CertificatePair(certificate, of.issuer.key)
        assert outcome(document(of, right), root=anchor)[:2] == PASSED
    else:
        found = outcome(document(of, right, issuing_der=spoilt))
        assert (found[0], found[2]) == ("INDETERMINATE", ["certificate_not_trusted"])


def _by(delegate: CertificatePair) -> Fault:
    """Another delegate answers, and is named and sent as the right one is."""
    return lambda _, right: right.with_(
        key=delegate, named=named_by_key(delegate), certificates=(delegate.der,)
    )


def _delegate(
    *, issuer: CertificatePair | None = None, until: dt.datetime = AT + 30 * DAY, **changes: Any
) -> CertificatePair:
    """A delegate of the issuing authority of the set with other dates or extensions."""
    wanted = {"start": START, "extensions": _delegation(), **changes}
    return leaf(
        issuer or set_authorities().issuing,
        name("TEST set delegate"),
        not_before=wanted["start"],
        not_after=until,
        extensions=wanted["extensions"],
    )


def _delegation(*more: x509.ExtensionType, critical: bool = True) -> list[Any]:
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    wanted = {item.oid: item for item in (purpose, x509.OCSPNoCheck(), *more)}
    return [
        extension(item, critical=critical and not isinstance(item, x509.OCSPNoCheck))
        for item in wanted.values()
    ]


def _purpose(*oids: x509.ObjectIdentifier) -> CertificatePair:
    return _delegate(extensions=_delegation(x509.ExtendedKeyUsage(oids)))


def _same_name_elsewhere() -> CertificatePair:
    """A delegate of an authority elsewhere that calls itself as ours."""
    elsewhere = intermediate_ca(root_ca("Elsewhere"), "TEST set issuing")
    return responder(elsewhere)


def _extension(*, critical: bool) -> dict[str, Any]:
    return {"extn_id": "2.999.6", "critical": critical, "extn_value": core.Null().dump()}


def _conflicting(status: ocsp.CertStatus, *, first: bool) -> Fault:
    """Two statuses for the certificate, of which one is "good"."""

    def change(_: Form, right: Draft) -> Draft:
        if first:
            return right.with_(status=status, others=(right.single(),))
        return right.with_(others=(right.single(cert_status=status),))

    return change


def _many(count: int) -> Fault:
    """Statuses of many others beside that of the certificate."""

    def change(_: Form, right: Draft) -> Draft:
        others = [right.with_(serial=number).single() for number in range(1, count + 1)]
        return right.with_(others=tuple(others))

    return change


def _at(said: dt.datetime, produced: dt.datetime, until: dt.datetime | None = None) -> Fault:
    return lambda _, right: right.with_(this_update=said, produced_at=produced, next_update=until)


_UNKNOWN = ocsp.CertStatus("unknown", core.Null())
ENCIPHERING = key_usage(key_encipherment=True)

FURTHER: dict[str, tuple[str, Fault]] = {
    "serial of another": (MISSING, lambda _, right: right.with_(serial=right.serial + 1)),
    "status unknown": (UNKNOWN, lambda _, right: right.with_(status=_UNKNOWN)),
    "revoked before": ("certificate_revoked", lambda _, right: right.with_(status=revoked(START))),
    "on hold": (
        "certificate_suspended",
        lambda _, right: right.with_(status=revoked(START, "certificate_hold")),
    ),
    "good and revoked": (MISSING, _conflicting(revoked(START), first=False)),
    "revoked and good": (MISSING, _conflicting(revoked(START), first=True)),
    "good and unknown": (MISSING, _conflicting(_UNKNOWN, first=False)),
    "good twice": (MISSING, _conflicting(draft(form("D1")).status, first=False)),
    "critical extension of the answer": (
        MISSING,
        lambda _, right: right.with_(extensions=(_extension(critical=True),)),
    ),
    "critical extension of the status": (
        MISSING,
        lambda _, right: right.with_(single_extensions=(_extension(critical=True),)),
    ),
    "delegate not sent": (MISSING, lambda _, right: right.with_(certificates=())),
    "delegate without a purpose": (
        MISSING,
        _by(_delegate(extensions=[extension(x509.OCSPNoCheck(), critical=False)])),
    ),
    "delegate with another purpose": (MISSING, _by(_purpose(ExtendedKeyUsageOID.CLIENT_AUTH))),
    "delegate for any purpose": (
        MISSING,
        _by(_purpose(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)),
    ),
    "delegate whose key enciphers": (
        MISSING,
        _by(_delegate(extensions=_delegation(ENCIPHERING))),
    ),
    "delegate of the root": (MISSING, _by(set_authorities().delegate_of_root)),
    "delegate of an authority elsewhere": (MISSING, _by(_same_name_elsewhere())),
    "delegate of a delegate": (
        MISSING,
        _by(_delegate(issuer=set_authorities().delegate_of_issuing)),
    ),
    "delegate that had ended": (MISSING, _by(_delegate(until=AT - DAY))),
    "delegate that had not begun": (MISSING, _by(_delegate(start=AT + DAY))),
    "answered by the root": (
        MISSING,
        lambda _, right: right.with_(
            key=set_authorities().root, named=named_by_key(set_authorities().root)
        ),
    ),
    "answered by the subject itself": (
        MISSING,
        lambda of, right: _by(of.subject)(of, right),
    ),
    "from before the signature": (STALE, _at(AT - DAY, AT - DAY)),
    "from before, and still promised": (STALE, _at(AT - DAY, AT - DAY, AT + YEAR)),
    "from before, produced again": (STALE, _at(AT - DAY, SAID)),
    "about the future": (MISSING, _at(NOW + DAY, NOW + DAY)),
    "produced before it speaks": (MISSING, _at(SAID, SAID - MINUTE)),
    "promised before it speaks": (MISSING, _at(SAID, SAID, SAID - SECOND)),
    "a thousand statuses": (MISSING, _many(1000)),
}
"""What OpenSSL's set leaves out, about an end entity and by a delegate (form D1)."""

TOLD_AT_ONCE = {
    "critical extension of the answer",
    "critical extension of the status",
    "promised before it speaks",
    "a thousand statuses",
}
"""Answers that cannot be read: who gives one as a file hears so, and nothing is validated."""


@pytest.mark.parametrize("kind", FURTHER)
def test_one_thing_that_is_wrong(kind: str) -> None:
    """Each is told by its own code, and the signature is not valid, embedded or given."""
    code, change = FURTHER[kind]
    of = form("D1")
    wrong = change(of, draft(of)).encode()
    assert outcome(document(of, wrong))[::2] == ("INDETERMINATE", [code])
    if kind in TOLD_AT_ONCE:
        with pytest.raises(MalformedRevocationData):
            given(of, wrong)
    else:
        assert given(of, wrong)[::2] == ("INDETERMINATE", [code])


HARMLESS: dict[str, Fault] = {
    "named by name": lambda of, right: right.with_(named=named_by_name(of.responder)),
    "promised until tomorrow": _at(SAID, SAID, SAID + DAY),
    "produced later": _at(SAID, SAID + MINUTE),
    "an extension that is not critical": lambda _, right: right.with_(
        extensions=(_extension(critical=False),), single_extensions=(_extension(critical=False),)
    ),
    "about others as well": _many(100),
    "revoked long after": lambda _, right: right.with_(status=revoked(SAID + SECOND, "superseded")),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_looks_similar_and_is_right(kind: str) -> None:
    """The neighbours of these faults are no faults, so the set does not pass by refusing all."""
    of = form("D1")
    right = HARMLESS[kind](of, draft(of)).encode()
    assert outcome(document(of, right))[:2] == PASSED
    assert given(of, right)[:2] == PASSED


@pytest.mark.parametrize("status", [1, 2, 3, 5, 6])
def test_an_error_is_no_answer(status: int) -> None:
    """An OCSP error is unsigned and says nothing about any certificate."""
    of = form("D1")
    error = b"\x30\x03\x0a\x01" + bytes((status,))
    assert outcome(document(of, error))[::2] == ("INDETERMINATE", [MISSING])
    assert given(of, error)[::2] == ("INDETERMINATE", [MISSING])


@pytest.mark.parametrize("size", [300_000, 8_000_000])
def test_a_huge_answer_is_passed_over(size: int) -> None:
    """Beyond the limit of an answer nothing is read, however right it may be inside."""
    of = form("D1")
    padding = {"extn_id": "2.999.7", "critical": False, "extn_value": bytes(size)}
    huge = draft(of).with_(extensions=(padding,)).encode()
    assert outcome(document(of, huge))[::2] == ("INDETERMINATE", [MISSING])
    with pytest.raises(MalformedRevocationData):
        given(of, huge)


def test_the_command_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--revocation` takes the intact answer, not a changed one, and names a file that is none."""
    of = form("D1")
    right = draft(of)
    monkeypatch.chdir(tmp_path)
    Path("roots.pem").write_bytes(authorities().root.pem + set_authorities().root.pem)
    Path("bare.pdf").write_bytes(document(of, others=False))
    Path("other.ors").write_bytes(*other_answers(of))
    Path("right.ors").write_bytes(right.encode())
    Path("wrong.ors").write_bytes(right.with_(spoilt=True).encode())
    Path("none.ors").write_bytes(right.encode()[:-1])

    def verify(name: str) -> int:
        files = ["--revocation", "other.ors", "--revocation", name]
        options = ["--trust", "roots.pem", "--at", NOW.isoformat(), "--json"]
        return main.run(["--home", "no-home", "verify", "bare.pdf", *options, *files])

    assert verify("right.ors") == 0
    assert json.loads(capsys.readouterr().out)["validSignaturesCount"] == 1
    assert verify("wrong.ors") == 1
    (signature,) = json.loads(capsys.readouterr().out)["signatures"]
    assert codes(signature) == [MISSING]
    assert verify("none.ors") not in (0, 1)
    assert "none.ors: The revocation data cannot be used" in capsys.readouterr().err
