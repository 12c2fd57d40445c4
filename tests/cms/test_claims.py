"""What a signer claims is encoded as the standards say, and other programs read it."""

import hashlib
import io

import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.status import ClaimedAttributes

from idservice.cms.claims import Commitment, SignaturePolicy, SignerClaims
from idservice.errors import MalformedRequest
from idservice.pades.pending import PendingSignature
from idservice.pades.signing import SignatureOptions, complete, prepare
from idservice.pdf.document import open_document
from idservice.pdf.signature_dictionary import SignatureText
from support import oracles, pdfs
from support.pki import AT, chain
from support.signing import signed, template_for

DIGEST = hashlib.sha256(b"the policy").digest()
POLICY = SignaturePolicy("1.3.6.1.4.1.10015.1000.3.2.1", DIGEST, "https://example.org/policy.pdf")
EVERYTHING = SignerClaims(Commitment.APPROVAL, ("Juhatuse liige", "Õigusnõunik 董事"), POLICY)


def _attributes(data: bytes) -> dict[str, cms.CMSAttribute]:
    embedded = PdfFileReader(io.BytesIO(data)).embedded_signatures[-1]
    return {item["type"].native: item["values"] for item in embedded.signer_info["signed_attrs"]}


@pytest.mark.parametrize("commitment", Commitment)
def test_every_commitment_is_read(commitment: Commitment) -> None:
    """Each commitment is named by pyHanko as the standard does."""
    claims = SignerClaims(commitment)
    data = signed(pdfs.build("baseline").data, options=SignatureOptions(claims=claims))
    (value,) = _attributes(data)["commitment_type"]
    assert value["commitment_type_id"].native == f"proof_of_{commitment.value}"
    assert oracles.pyhanko(data, chain().root).bottom_line


def test_roles_and_policy_are_read() -> None:
    """The claimed roles are read by pyHanko as text, as are OID, hash and address of the policy."""
    data = signed(pdfs.build("baseline").data, options=SignatureOptions(claims=EVERYTHING))
    found = _attributes(data)
    (roles,) = found["signer_attributes_v2"]
    claimed = ClaimedAttributes.from_iterable(roles["claimed_attributes"], parse_error_fatal=True)
    (title,) = claimed
    assert title.attr_type.native == "2.5.4.12"
    assert [value.native for value in title.attr_values] == list(EVERYTHING.roles)
    (policy,) = found["signature_policy_identifier"]
    policy = policy.chosen
    assert policy["sig_policy_id"].native == POLICY.oid
    assert policy["sig_policy_hash"]["digest_algorithm"]["algorithm"].native == "sha256"
    assert policy["sig_policy_hash"]["digest"].native == DIGEST
    (qualifier,) = policy["sig_policy_qualifiers"]
    assert qualifier["sig_policy_qualifier_id"].native == "sp_uri"
    assert qualifier["sig_qualifier"].native == POLICY.uri
    assert oracles.pyhanko(data, chain().root).bottom_line


def test_claims_survive_waiting() -> None:
    """A stored pending signature keeps what its signer claims."""
    document = open_document(pdfs.build("baseline").data)
    options = SignatureOptions(claims=EVERYTHING)
    pending = prepare(document, template_for(), at=AT, options=options)
    stored = PendingSignature.from_bytes(pending.to_bytes())
    assert stored == pending
    assert stored.template.claims_der == EVERYTHING.attributes_der()
    update = complete(stored, chain().leaf.signer().sign(stored.dtbs))
    assert oracles.pyhanko(bytes(document.data) + update, chain().root).bottom_line


@pytest.mark.parametrize("claims", [SignerClaims(Commitment.ORIGIN), SignerClaims(policy=POLICY)])
def test_a_reason_is_not_given_twice(claims: SignerClaims) -> None:
    """PAdES has no /Reason beside a commitment type or a policy."""
    with pytest.raises(MalformedRequest, match="reason"):
        SignatureOptions(text=SignatureText(reason="Nõus"), claims=claims)


def test_a_reason_beside_a_role() -> None:
    """A role excludes no reason."""
    options = SignatureOptions(
        text=SignatureText(reason="Nõus"), claims=SignerClaims(roles=("Direktor",))
    )
    assert oracles.pyhanko(
        signed(pdfs.build("baseline").data, options=options), chain().root
    ).bottom_line


@pytest.mark.parametrize("roles", [("",), ("a\nb",), ("x" * 201,), ("x",) * 11, ("\udcff",)])
def test_roles_that_nobody_could_read(roles: tuple[str, ...]) -> None:
    """Empty, long, many and unprintable roles are refused."""
    with pytest.raises(MalformedRequest, match="roles"):
        SignerClaims(roles=roles)


@pytest.mark.parametrize(
    ("oid", "digest", "uri", "complaint"),
    [
        ("1.2", DIGEST, None, "object identifier"),
        ("1.40.3", DIGEST, None, "object identifier"),
        ("3.1.3", DIGEST, None, "object identifier"),
        ("1.2.03", DIGEST, None, "object identifier"),
        ("policy", DIGEST, None, "object identifier"),
        (POLICY.oid, DIGEST[1:], None, "31 bytes"),
        (POLICY.oid, b"", None, "0 bytes"),
        (POLICY.oid, DIGEST, "example.org/policy", "URI"),
        (POLICY.oid, DIGEST, "https://näide.ee/", "URI"),
        (POLICY.oid, DIGEST, "https://e.ee/" + "x" * 1000, "URI"),
    ],
)
def test_policies_that_are_none(oid: str, digest: bytes, uri: str | None, complaint: str) -> None:
    """A policy has an OID, a whole digest, and if any an address in ASCII."""
    with pytest.raises(MalformedRequest, match=complaint):
        SignaturePolicy(oid, digest, uri)
