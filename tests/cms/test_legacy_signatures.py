"""CMS signatures made with what is verified only: intact, and told."""

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from idservice.cms.verification import CmsFacts, verify_detached
from idservice.crypto import der
from idservice.crypto.algorithms import HashAlgorithm, KeyKind
from idservice.crypto.recognised import SignedWith
from support import cms_forgery as forge
from support.cms_forgery import Forgery
from support.pki import leaf, new_key, root_ca

DOCUMENT = b"the signed bytes of a document"
DIGEST = hashlib.sha256(DOCUMENT).digest()


def digest_of(algorithm: HashAlgorithm) -> bytes:
    """The digest of the document."""
    return algorithm.digest(DOCUMENT)


def codes(found: CmsFacts) -> list[str]:
    """The codes of all findings."""
    return [item.code for item in found.findings]


def test_a_key_that_is_too_small_is_not_relied_upon() -> None:
    """RSA of 1024 bits is verified, and the finding says that nobody should rely on it."""
    weak = leaf(root_ca(), key=new_key(KeyKind.RSA, rsa_bits=1024))
    pkcs1 = forge.algorithm("1.2.840.113549.1.1.11", der.NULL)
    parts = Forgery(signer=forge.signer_pair(), signature_algorithm=pkcs1)
    parts = parts.with_(
        certificates=(weak.der,),
        signer_id=forge.issuer_and_serial(weak),
        change={forge.ESS_V2: [forge.ess_v2(weak)]},
    )
    attributes = der.set_of(*(forge.attribute(*item) for item in parts.attributes(DIGEST)))
    assert isinstance(weak.key, rsa.RSAPrivateKey)
    value = weak.key.sign(attributes, padding.PKCS1v15(), hashes.SHA256())
    found = verify_detached(parts.with_(value=value).encode(DIGEST), digest_of)
    assert codes(found) == ["algorithm_legacy"]
    assert found.integrity == "intact"
    assert found.signed_with == SignedWith("rsa", "sha256", 1024)
    broken = verify_detached(parts.with_(value=value[::-1]).encode(DIGEST), digest_of)
    assert codes(broken) == ["signature_invalid"]
