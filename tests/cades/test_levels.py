"""Detached signatures of every level, judged offline by the root alone and at later times."""

import datetime as dt
from typing import Any

import pytest

from idservice.crypto import der
from idservice.services.validation import Validation
from support import cms_forgery as forge
from support.detached import (
    ARCHIVE,
    CONTENT,
    TIME_STAMP,
    Unsigned,
    archive_token,
    encode,
    fixed,
    index_of,
    stamped_token,
)
from support.long_term import HOUR, MINUTE, START, YEAR, authorities, material
from support.offline import LIMITS, NOW, PASSED
from support.pki import AT, CertificatePair, intermediate_ca, leaf, name, root_ca
from support.time_stamps import time_stamping

MADE = authorities()
PLAIN = fixed(signer=MADE.signer, certificates=(MADE.signer.der, MADE.issuing.der))
OTHER = fixed(signer=MADE.signer, certificates=(MADE.signer.der,))
FOUND = material(AT + MINUTE)
OCSP = "1.2.840.113549.1.9.16.2.24"
ARCHIVED_AT = AT + 2 * MINUTE


def by(unit: CertificatePair, at: dt.datetime) -> dict[str, Any]:
    """Who stamps, and when."""
    return {"unit": unit, "gen_time": at, "tsa": None, "nonce": None}


def stamp(value: bytes | None = PLAIN.value) -> tuple[str, bytes]:
    """A time-stamp over a signature value."""
    return TIME_STAMP, stamped_token(value or b"", **by(MADE.stamper, AT))


def values() -> tuple[str, bytes]:
    """The revocation-values attribute (EN 319 122-1 annex A.1.5.2): lists and answers."""
    answers = [_basic(item) for item in FOUND["ocsps"]]
    lists = der.context(0, der.sequence(*FOUND["crls"]))
    return OCSP, der.sequence(lists, der.context(1, der.sequence(*answers)))


def _basic(answer: bytes) -> bytes:
    """The BasicOCSPResponse of an answer."""
    from asn1crypto import ocsp

    content: bytes = ocsp.OCSPResponse.load(answer)["response_bytes"]["response"].contents
    return content


def archived(
    items: Unsigned, over: bytes = CONTENT, extra: tuple[bytes, ...] = ()
) -> tuple[str, bytes]:
    """An archive time-stamp over the signature with these attributes."""
    structure = encode(PLAIN, items)
    index = index_of(structure, items, extra=extra)
    return ARCHIVE, archive_token(structure, index, over, **by(MADE.archive, ARCHIVED_AT))


# The certificate-values attribute (annex A.1.1.2).
CERTIFICATES = ("1.2.840.113549.1.9.16.2.23", der.sequence(MADE.issuing.der))
LT: Unsigned = (stamp(), CERTIFICATES, values())
LTA: Unsigned = (*LT, archived(LT))


def shown(signature: bytes, at: dt.datetime = NOW, content: bytes = CONTENT) -> dict[str, Any]:
    """The report about the one signature."""
    validation = Validation(LIMITS, clock=lambda: at, anchors=[MADE.root.certificate])
    report = validation.validate(signature, "contract.p7s", content=content)
    (found,) = report.to_json()["signatures"]
    assert isinstance(found, dict)
    return found


def outcome(signature: bytes, at: dt.datetime = NOW, content: bytes = CONTENT) -> Any:
    """Indication and sub-indication."""
    found = shown(signature, at, content)
    return found["indication"], found["subIndication"]


@pytest.mark.parametrize(
    ("items", "level"),
    [
        ((), "CAdES_BASELINE_B"),
        ((stamp(),), "CAdES_BASELINE_T"),
        (LT, "CAdES_BASELINE_LT"),
        (LTA, "CAdES_BASELINE_LTA"),
    ],
    ids=["B", "T", "LT", "LTA"],
)
def test_the_level_is_what_the_signature_brings_along(items: Unsigned, level: str) -> None:
    """Each level needs its part."""
    assert shown(encode(PLAIN, items))["level"] == level


@pytest.mark.parametrize("items", [LT, LTA], ids=["LT", "LTA"])
def test_what_is_inside_is_enough(items: Unsigned) -> None:
    """Offline, with the root alone, both pass at the time that the time-stamp proves."""
    found = shown(encode(PLAIN, items))
    assert (found["indication"], found["errors"]) == ("TOTAL-PASSED", [])
    assert found["bestSignatureTime"] == AT.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_only_an_archive_outlives_its_certificates() -> None:
    """When signer and first unit have expired, the archive time-stamp proves that all was good."""
    assert outcome(encode(PLAIN, LTA), AT + 8 * YEAR) == PASSED
    assert outcome(encode(PLAIN, LT), AT + 8 * YEAR)[0] == "INDETERMINATE"
    assert outcome(encode(PLAIN, LTA), AT + 20 * YEAR)[0] == "INDETERMINATE"


@pytest.mark.parametrize(
    "items",
    [
        (*LT, archived(LT, over=b"another file")),
        (*LT, archived(LT, extra=(b"\x00" * 32,))),
        (*LT, archived((stamp(),))),
        (*LT, (ARCHIVE, stamped_token(b"x", **by(MADE.archive, ARCHIVED_AT)))),
    ],
    ids=["over another file", "of what is gone", "before the evidence", "without index"],
)
def test_an_archive_that_does_not_fit_proves_nothing_later(items: Unsigned) -> None:
    """Years later a signature with a useless archive time-stamp does not pass."""
    assert outcome(encode(PLAIN, items), AT + 8 * YEAR)[0] != "TOTAL-PASSED"


def test_an_archive_of_another_signature_proves_nothing() -> None:
    """Moved to another signature of the same signer, it is over something else."""
    assert PLAIN.value != OTHER.value
    moved = encode(OTHER, (stamp(OTHER.value), values(), LTA[-1]))
    assert outcome(moved, AT + 8 * YEAR)[0] != "TOTAL-PASSED"


@pytest.mark.parametrize("items", [(), (stamp(),), LT, LTA], ids=["B", "T", "LT", "LTA"])
def test_another_file_fails_at_every_level(items: Unsigned) -> None:
    """No proof helps a signature that is over something else."""
    signature = encode(PLAIN, items)
    assert outcome(signature, content=CONTENT + b".") == ("TOTAL-FAILED", "HASH_FAILURE")


def test_a_changed_attribute_fails() -> None:
    """The claimed time was signed as well."""
    changed = PLAIN.with_(add=((forge.SIGNING_TIME, [der.sequence()]),))
    assert outcome(encode(changed, LT))[0] == "TOTAL-FAILED"


def test_a_time_stamp_of_another_signature_fails_nothing_but_proves_nothing() -> None:
    """The time of validation counts then, and after the signer has expired it does not pass."""
    copied: Unsigned = (stamp(OTHER.value), values())
    assert outcome(encode(PLAIN, copied), AT + 6 * YEAR)[0] != "TOTAL-PASSED"
    assert shown(encode(PLAIN, copied), AT + HOUR)["level"] == "CAdES_BASELINE_B"


# ------------------------------------------- the bag, as baseline signatures use it (cl. 6.3)


def bagged(*more: CertificatePair, crls: tuple[bytes, ...] = ()) -> forge.Forgery:
    """The same signature with further certificates and revocation lists in the SignedData."""
    bag = (MADE.signer.der, MADE.issuing.der, *(item.der for item in more))
    answers = [_choice(item) for item in FOUND["ocsps"]]
    content = b"".join((*crls, *answers))
    return PLAIN.with_(certificates=bag, revocation=der.context(1, content), structure_version=5)


def _choice(answer: bytes) -> bytes:
    """An OCSP answer as an element of `crls` (RFC 5940)."""
    return der.context(1, der.object_identifier("1.3.6.1.5.5.7.16.2"), answer)


FOREIGN_ROOT = root_ca("TEST other root", not_before=START, not_after=AT + 60 * YEAR)
FOREIGN_ISSUING = intermediate_ca(
    FOREIGN_ROOT, "TEST other issuing", not_before=START, not_after=AT + 50 * YEAR
)
FOREIGN_UNIT = leaf(
    FOREIGN_ISSUING,
    name("TEST other unit"),
    not_before=START,
    not_after=AT + 12 * YEAR,
    extensions=time_stamping(),
)


def foreign_stamp() -> tuple[str, bytes]:
    """A time-stamp by an authority of another tree; its token carries its own certificate alone."""
    return TIME_STAMP, stamped_token(PLAIN.value or b"", **by(FOREIGN_UNIT, AT))


def judged(made: forge.Forgery, items: Unsigned) -> dict[str, Any]:
    """The report, when the roots of both trees are trusted."""
    anchors = [MADE.root.certificate, FOREIGN_ROOT.certificate]
    validation = Validation(LIMITS, clock=lambda: NOW, anchors=anchors)
    report = validation.validate(encode(made, items), "contract.p7s", content=CONTENT)
    (found,) = report.to_json()["signatures"]
    assert isinstance(found, dict)
    return found


def test_the_bag_helps_the_paths_of_time_stamps() -> None:
    """The issuer of a unit may stand among the certificates of the signature (cl. 6.3)."""
    crls = tuple(FOUND["crls"])
    with_issuer = judged(bagged(FOREIGN_ISSUING, crls=crls), (foreign_stamp(),))
    assert (with_issuer["indication"], with_issuer["level"]) == (
        "TOTAL-PASSED",
        "CAdES_BASELINE_LT",
    )
    assert with_issuer["warnings"] == []
    without = judged(bagged(crls=crls), (foreign_stamp(),))
    assert [item["code"] for item in without["warnings"]] == ["time_stamp_not_trusted"]


def test_what_belongs_to_nothing_is_still_told() -> None:
    """A certificate of the other tree without any time-stamp of it has nothing to do here."""
    crls = tuple(FOUND["crls"])
    found = judged(bagged(FOREIGN_ISSUING, crls=crls), (stamp(),))
    assert [item["code"] for item in found["warnings"]] == ["certificate_unrelated"]
