"""Revocation lists: one that is right is relied on, and each single fault is told."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from idservice.crypto.algorithms import KeyKind
from idservice.errors import (
    IdServiceError,
    MalformedCrl,
    StatusAnswerInvalid,
    StatusAnswerMismatch,
    StatusAnswerStale,
)
from idservice.pki.crl import read_crl
from idservice.pki.crl_building import RevokedEntry, build_crl
from idservice.pki.crl_status import CrlStatus, require_status_from_crl
from support.pki import (
    AT,
    NOT_BEFORE,
    CertificatePair,
    chain,
    extension,
    intermediate_ca,
    key_usage,
    leaf,
    new_key,
    root_ca,
)
from support.status import HOUR, built_crl, crl_contents, revoked

SUBJECT, ISSUER = chain().leaf, chain().intermediate
SECOND = dt.timedelta(seconds=1)
URL = "http://crl.example/a.crl"
POINT = x509.UniformResourceIdentifier(URL)


def status(
    crl_der: bytes,
    *,
    subject: CertificatePair = SUBJECT,
    issuer: CertificatePair = ISSUER,
    at: dt.datetime | None = AT,
) -> CrlStatus:
    """Rely on a list about a certificate."""
    return require_status_from_crl(
        read_crl(crl_der), subject.certificate, issuer.certificate, at=at
    )


def library_crl(
    *extensions: tuple[x509.ExtensionType, bool],
    entry: tuple[x509.ExtensionType, bool] | None = None,
    issuer: CertificatePair = ISSUER,
    serial: int | None = None,
) -> bytes:
    """A list that another library made, with the extensions that a test is about."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(AT)
        .next_update(AT + HOUR)
    )
    revoked_one = (
        x509.RevokedCertificateBuilder()
        .serial_number(serial or SUBJECT.certificate.serial_number)
        .revocation_date(AT - HOUR)
    )
    if entry:
        revoked_one = revoked_one.add_extension(entry[0], critical=entry[1])
    builder = builder.add_revoked_certificate(revoked_one.build())
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    made = builder.sign(issuer.key, hashes.SHA384())
    return made.public_bytes(Encoding.DER)


def distribution_point(**changes: object) -> tuple[x509.IssuingDistributionPoint, bool]:
    """An issuing distribution point, critical as RFC 5280 cl. 5.2.5 wants it."""
    plain: dict[str, object] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**plain, **changes}), True  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (None, None),
        ("unspecified", None),
        ("keyCompromise", "keyCompromise"),
        ("certificateHold", "certificateHold"),
    ],
)
def test_a_revocation_is_told(reason: str | None, told: str | None) -> None:
    """Time, reason and number come through; "unspecified" is no reason at all."""
    found = status(built_crl(ISSUER, revoked(SUBJECT, reason)))
    assert found == CrlStatus("revoked", AT - HOUR, told, None, AT, AT + HOUR, 1)


def test_who_is_not_on_the_list_is_good() -> None:
    """A list with others, or with nobody, tells nothing bad."""
    for entries in ((), (RevokedEntry(5, AT, "superseded"),)):
        assert status(built_crl(ISSUER, *entries)).state == "good"


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P384, KeyKind.P521, KeyKind.RSA])
def test_every_kind_of_authority_signs_lists(kind: KeyKind) -> None:
    """The algorithm of the list is that of the authority's key."""
    issuer = intermediate_ca(chain().root, key=new_key(kind))
    subject = leaf(issuer)
    found = status(built_crl(issuer, revoked(subject)), subject=subject, issuer=issuer)
    assert found.state == "revoked"


def test_the_library_reads_what_is_built() -> None:
    """Another reader finds number, key identifier, reason and times, after 2049 too."""
    late = dt.datetime(2051, 1, 1, tzinfo=dt.UTC)
    contents = replace(
        crl_contents(ISSUER, revoked(SUBJECT, "superseded"), RevokedEntry(7, late, None)),
        number=2**64,
        this_update=late,
        next_update=late + HOUR,
    )
    theirs = x509.load_der_x509_crl(build_crl(contents, ISSUER.signer()))
    assert theirs.is_signature_valid(ISSUER.public_key)
    number = theirs.extensions.get_extension_for_class(x509.CRLNumber)
    assert number.value.crl_number == 2**64
    key = theirs.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    wanted = ISSUER.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert key.value.key_identifier == wanted.value.digest
    assert [item.critical for item in theirs.extensions] == [False, False, False]
    assert theirs.last_update_utc == late
    assert theirs.next_update_utc == late + HOUR
    first, second = theirs
    assert first.extensions.get_extension_for_class(x509.CRLReason).value.reason is (
        x509.ReasonFlags.superseded
    )
    assert (second.revocation_date_utc, len(second.extensions)) == (late, 0)


def test_lists_of_the_library_are_read() -> None:
    """A list without number and key identifier, with an invalidity date, is relied on."""
    date = AT - dt.timedelta(days=2)
    made = library_crl(entry=(x509.InvalidityDate(date), False))
    found = status(made)
    assert (found.state, found.invalid_since, found.number) == ("revoked", date, None)


@pytest.mark.parametrize("kept", [True, False])
def test_certificates_that_ended_before_the_list(kept: bool) -> None:  # noqa: FBT001 - a case
    """A list says nothing about a certificate that had ended, unless it keeps such."""
    ended = leaf(ISSUER, not_after=AT - SECOND)
    made = built_crl(ISSUER) if kept else library_crl(serial=5)
    assert status(made, subject=ended).state == ("good" if kept else "unknown")
    since = replace(crl_contents(ISSUER), expired_since=AT)
    assert status(build_crl(since, ISSUER.signer()), subject=ended).state == "unknown"
    assert read_crl(built_crl(ISSUER)).expired_since == NOT_BEFORE


def test_lists_for_parts_cover_their_part() -> None:
    """A list for certificates of users, at the address that the certificate names, counts."""
    subject = leaf(ISSUER, extensions=[extension(_points(URL), critical=False)])
    point = distribution_point(full_name=[POINT], only_contains_user_certs=True)
    made = library_crl(point, serial=subject.certificate.serial_number)
    assert status(made, subject=subject).state == "revoked"
    authority = library_crl(
        distribution_point(only_contains_ca_certs=True),
        issuer=chain().root,
        serial=ISSUER.certificate.serial_number,
    )
    assert status(authority, subject=ISSUER, issuer=chain().root).state == "revoked"


def _points(url: str) -> x509.CRLDistributionPoints:
    name = x509.UniformResourceIdentifier(url)
    return x509.CRLDistributionPoints([x509.DistributionPoint([name], None, None, None)])


SAME_NAME = intermediate_ca(root_ca("TEST Other root"))
NO_CRLS = intermediate_ca(
    chain().root,
    key=ISSUER.key,
    extensions=[extension(key_usage(key_cert_sign=True), critical=True)],
)
ELSEWHERE = leaf(ISSUER, extensions=[extension(_points("http://crl.example/b"), critical=False)])
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.6"), b"\x05\x00")


def tampered() -> bytes:
    """Exchange the serial number on a list and leave the signature as it was."""
    made = built_crl(ISSUER, RevokedEntry(0x1234567890, AT, None))
    return made.replace(bytes.fromhex("1234567890"), bytes.fromhex("1234567891"))


WRONG: dict[str, tuple[type[IdServiceError], Callable[[], object]]] = {
    "of the root": (StatusAnswerMismatch, lambda: status(built_crl(chain().root))),
    "of an authority with the same name": (
        StatusAnswerMismatch,
        lambda: status(built_crl(SAME_NAME)),
    ),
    "signed by an authority with the same name": (
        StatusAnswerInvalid,
        lambda: status(build_crl(crl_contents(ISSUER), SAME_NAME.signer())),
    ),
    "tampered": (StatusAnswerInvalid, lambda: status(tampered())),
    "of an authority that may not": (
        StatusAnswerInvalid,
        lambda: status(built_crl(ISSUER), issuer=NO_CRLS),
    ),
    "from the future": (
        StatusAnswerStale,
        lambda: status(built_crl(ISSUER), at=AT - SECOND),
    ),
    "past its nextUpdate": (
        StatusAnswerStale,
        lambda: status(built_crl(ISSUER), at=AT + HOUR + SECOND),
    ),
    "delta": (
        StatusAnswerMismatch,
        lambda: status(library_crl((x509.DeltaCRLIndicator(1), True))),
    ),
    "unknown and critical": (MalformedCrl, lambda: read_crl(library_crl((UNKNOWN, True)))),
    "entry unknown and critical": (
        MalformedCrl,
        lambda: read_crl(library_crl(entry=(UNKNOWN, True))),
    ),
    "entry taken back": (
        MalformedCrl,
        lambda: status(
            library_crl(entry=(x509.CRLReason(x509.ReasonFlags.remove_from_crl), False))
        ),
    ),
    "for attribute certificates": (
        StatusAnswerMismatch,
        lambda: status(library_crl(distribution_point(only_contains_attribute_certs=True))),
    ),
    "for some reasons": (
        StatusAnswerMismatch,
        lambda: status(
            library_crl(
                distribution_point(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})),
                serial=5,
            )
        ),
    ),
    "for authorities": (
        StatusAnswerMismatch,
        lambda: status(library_crl(distribution_point(only_contains_ca_certs=True))),
    ),
    "for users, about an authority": (
        StatusAnswerMismatch,
        lambda: status(
            library_crl(distribution_point(only_contains_user_certs=True), issuer=chain().root),
            subject=ISSUER,
            issuer=chain().root,
        ),
    ),
    "of another address": (
        StatusAnswerMismatch,
        lambda: status(library_crl(distribution_point(full_name=[POINT])), subject=ELSEWHERE),
    ),
}


@pytest.mark.parametrize(("error", "act"), WRONG.values(), ids=WRONG.keys())
def test_one_thing_that_is_wrong(error: type[IdServiceError], act: Callable[[], object]) -> None:
    """Each fault alone is told as what it is."""
    with pytest.raises(error):
        act()


def test_a_kept_list_is_relied_on_whenever() -> None:
    """Without a time the times of the list are left to the caller."""
    made = built_crl(ISSUER, revoked(SUBJECT))
    assert status(made, at=None).state == "revoked"


GOOD = built_crl(ISSUER, revoked(SUBJECT, "keyCompromise"), RevokedEntry(5, AT, None))
BAD = {
    "empty": b"",
    "noise": b"\x00\x01",
    "certificate": SUBJECT.der,
    "cut off": GOOD[:-1],
    "more behind": GOOD + b"\x00",
    "version 1": GOOD.replace(b"\x02\x01\x01\x30", b"\x02\x01\x00\x30", 1),
}


@pytest.mark.parametrize("crl_der", BAD.values(), ids=BAD.keys())
def test_what_is_no_list_is_refused(crl_der: bytes) -> None:
    """Bytes that are no list of version 2 never become facts."""
    with pytest.raises(MalformedCrl):
        read_crl(crl_der)


@given(st.binary(max_size=300))
def test_noise_is_refused_with_our_errors(data: bytes) -> None:
    """Whatever comes in, only our own errors come out."""
    with pytest.raises(IdServiceError):
        read_crl(data)


@given(st.data())
def test_no_changed_list_is_relied_on(data: st.DataObject) -> None:
    """With one byte changed a list is refused."""
    crl_der = bytearray(GOOD)
    position = data.draw(st.integers(0, len(crl_der) - 1))
    crl_der[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(IdServiceError):
        status(bytes(crl_der))


def test_a_long_list_is_read_in_time() -> None:
    """Who is last among 100,000 is found, and who is not on the list is good."""
    entries = [RevokedEntry(2**100 + index, AT, "superseded") for index in range(100_000)]
    crl_der = built_crl(ISSUER, *entries, revoked(SUBJECT))
    assert status(crl_der).state == "revoked"
    assert status(crl_der, subject=ELSEWHERE).state == "good"
