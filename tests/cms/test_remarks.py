"""Parts of a CMS structure that nobody signed: their presence is told, never passed over."""

import hashlib

import pytest

from idservice.cms.verification import CmsFacts, verify_detached
from idservice.crypto import der
from support import cms_forgery as forge
from support.cms_forgery import Forgery
from support.signed_pdfs import SignedPdf, codes, only_signature

DIGEST = hashlib.sha256(b"document").digest()
JUNK = der.sequence(der.octet_string(b"junk" * 40))


def facts(**parts: object) -> CmsFacts:
    """Verify a forgery that is good but for these parts."""
    return verify_detached(Forgery().with_(**parts).encode(DIGEST), lambda _: DIGEST)


def unsigned(*oids: str) -> dict[str, object]:
    """Unsigned attributes of these types."""
    return {"unsigned": der.context(1, *(forge.attribute(oid, [JUNK]) for oid in oids))}


TOLD: dict[str, tuple[dict[str, object], str]] = {
    "an attribute": (unsigned("1.2.3.4.5"), "unsigned_attribute_unknown"),
    "revocation values": (unsigned("1.2.840.113549.1.9.16.2.24"), "unsigned_attribute_unknown"),
    "revocation data of no known format": (
        {
            "revocation": der.context(
                1, der.context(1, der.object_identifier("1.2.3.4"), der.sequence())
            ),
            "structure_version": 5,
        },
        "unsigned_attribute_unknown",
    ),
    "another digest": (
        {"digest_algorithms": (forge.algorithm(forge.SHA256), forge.algorithm(forge.SHA384))},
        "digest_algorithm_unused",
    ),
}


@pytest.mark.parametrize("name", list(TOLD))
def test_what_nobody_signed_is_told(name: str) -> None:
    """The signature holds as before, and the addition is named."""
    parts, code = TOLD[name]
    found = facts(**parts)
    assert (found.integrity, found.findings) == ("intact", ())
    assert [item.code for item in found.remarks] == [code]


def test_a_good_signature_has_no_remarks() -> None:
    """Neither a plain signature nor one with a time-stamp carries anything strange."""
    assert facts().remarks == ()
    assert facts(**unsigned("1.2.840.113549.1.9.16.2.14")).remarks == ()


def test_few_of_many_attributes_are_named() -> None:
    """A hundred kinds of attributes do not make a message of a hundred numbers."""
    (remark,) = facts(**unsigned(*(f"1.2.3.4.{number}" for number in range(40)))).remarks
    assert remark.message.count("1.2.3.4.") == 5


def test_a_digest_listed_twice_is_a_fault() -> None:
    """No program lists its digest algorithm twice."""
    twice = (forge.algorithm(forge.SHA256),) * 2
    assert [item.code for item in facts(digest_algorithms=twice).findings] == [
        "digest_algorithm_repeated"
    ]


def test_remarks_reach_the_facts_and_not_the_level() -> None:
    """What is only told does not make a baseline signature another one."""
    signature = only_signature(SignedPdf(cms=Forgery().with_(**unsigned("1.2.3.4")).encode).build())
    assert codes(signature) == {"unsigned_attribute_unknown"}
    assert signature.level == "PAdES_BASELINE_B"
