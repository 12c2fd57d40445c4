"""Keys inside a real token: made there, checked, opened, used, refused, destroyed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.util.ec import decode_ec_private_key, decode_ec_public_key

from idservice.crypto.algorithms import (
    ECDSA_SHA256,
    ECDSA_SHA512,
    RSA_PSS_SHA256,
    RSA_PSS_SHA384,
    RSA_PSS_SHA512,
    RSA_SHA256,
    RSA_SHA384,
    RSA_SHA512,
    KeyKind,
    SignatureAlgorithm,
)
from idservice.crypto.keys import (
    Signer,
    VersatileSigner,
    key_kind,
    load_public_key,
    verify_signature,
)
from idservice.errors import (
    KeyStoreInvalid,
    KeyStoreUnavailable,
    UnsupportedAlgorithm,
)
from idservice.keystore.pkcs11 import HsmKey, HsmKeys
from idservice.keystore.pkcs11_sessions import TokenSession, TokenSessions
from idservice.keystore.pkcs11_signer import HsmSigner
from support.hsm import SoftToken, open_sessions, unused_label

DATA = b"what is signed"
KINDS = (KeyKind.P256, KeyKind.P384, KeyKind.P521, KeyKind.RSA, KeyKind.ED25519)
P256 = bytes.fromhex("06082a8648ce3d030107")


@pytest.fixture
def sessions(token: SoftToken) -> Iterator[TokenSessions]:
    """Give a test its own way to the token."""
    opened = open_sessions(token)
    yield opened
    opened.close()


@pytest.fixture
def keys(sessions: TokenSessions) -> HsmKeys:
    """Give a test the keys of a home of its own in the token."""
    return HsmKeys(sessions, unused_label().rpartition(" ")[2])


def other_algorithm(key: HsmKey, algorithm: SignatureAlgorithm) -> Signer:
    """A signer of the same key with another algorithm."""
    assert isinstance(key.signer, VersatileSigner)
    return key.signer.with_algorithm(algorithm)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_a_key_of_each_kind_is_made_and_signs(keys: HsmKeys, kind: KeyKind) -> None:
    """Each kind of key is made in the token, found again, and signs what verifies outside."""
    made = keys.generate(keys.authority_label("tsa"), kind)
    found = keys.open(made.signer.public_key_der, label=made.label)
    assert found.key_id == made.key_id
    public_key = load_public_key(found.signer.public_key_der)
    assert key_kind(public_key) is kind
    value = found.signer.sign(DATA)
    verify_signature(public_key, found.signer.algorithm, value, DATA)


def test_rsa_signs_with_every_padding_and_hash(keys: HsmKeys) -> None:
    """One RSA key of 2048 bits signs with PKCS#1 v1.5 and PSS, over each hash of SHA-2."""
    made = keys.generate(keys.authority_label("tsa"), KeyKind.RSA, rsa_bits=2048)
    public_key = load_public_key(made.signer.public_key_der)
    for algorithm in (
        RSA_SHA256, RSA_SHA384, RSA_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512
    ):  # fmt: skip
        value = other_algorithm(made, algorithm).sign(DATA)
        verify_signature(public_key, algorithm, value, DATA)


def test_a_kind_that_tokens_do_not_have_is_refused(keys: HsmKeys) -> None:
    """ML-DSA keys are made in software alone, and asking a token for one harms nothing."""
    with pytest.raises(UnsupportedAlgorithm):
        keys.generate(keys.authority_label("tsa"), KeyKind.ML_DSA_65)
    keys.generate(keys.authority_label("tsa"), KeyKind.P256)


@pytest.mark.slow
def test_rsa_of_4096_bits(keys: HsmKeys) -> None:
    """The largest RSA key that is promised is made in the token and signs."""
    made = keys.generate(keys.authority_label("tsa"), KeyKind.RSA, rsa_bits=4096)
    assert len(made.signer.sign(DATA)) == 512


def test_one_key_signs_with_another_hash(keys: HsmKeys) -> None:
    """The hash is made outside of the token, so a curve takes one that is longer than itself."""
    made = keys.generate(keys.authority_label("tsa"), KeyKind.P256)
    value = other_algorithm(made, ECDSA_SHA512).sign(DATA)
    verify_signature(load_public_key(made.signer.public_key_der), ECDSA_SHA512, value, DATA)


def test_an_algorithm_must_fit_the_key(keys: HsmKeys) -> None:
    """A P-256 key makes no RSA signature."""
    made = keys.generate(keys.authority_label("tsa"), KeyKind.P256)
    with pytest.raises(UnsupportedAlgorithm):
        other_algorithm(made, RSA_SHA256)


def test_what_the_token_says_of_a_key_that_we_made(keys: HsmKeys, sessions: TokenSessions) -> None:
    """The token itself says that our key was made in it and never was, nor will be, outside."""
    made = keys.generate(keys.authority_label("root"), KeyKind.P384)

    def read(session: TokenSession) -> dict[str, object]:
        wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: made.label}
        [key] = session.session.get_objects(wanted)
        names = (
            "TOKEN", "PRIVATE", "LOCAL", "SENSITIVE", "ALWAYS_SENSITIVE", "EXTRACTABLE",
            "NEVER_EXTRACTABLE", "SIGN", "DECRYPT", "UNWRAP", "DERIVE",
        )  # fmt: skip
        return {name: key[Attribute[name]] for name in names}

    said = sessions.run(read)
    no = {"EXTRACTABLE", "DECRYPT", "UNWRAP", "DERIVE"}
    assert said == {name: name not in no for name in said}


def make_pair(sessions: TokenSessions, label: str, **private: bool) -> bytes:
    """Have the token make a P-256 pair with these attributes; return the public key."""
    template = {Attribute[name]: value for name, value in private.items()}

    def job(session: TokenSession) -> bytes:
        from idservice.keystore.pkcs11_attributes import read_public_key

        with session.writing() as writing:
            domain = writing.create_domain_parameters(
                KeyType.EC, {Attribute.EC_PARAMS: P256}, local=True
            )
            public, _ = domain.generate_keypair(
                id=label[-16:].encode(),
                label=label,
                store=True,
                mechanism=Mechanism.EC_KEY_PAIR_GEN,
                capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
                private_template=template,
            )
            return read_public_key(public, label)

    return sessions.run(job)


def import_pair(sessions: TokenSessions, label: str) -> bytes:
    """Bring a pair that was made outside into the token; return the public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    common = {Attribute.TOKEN: True, Attribute.LABEL: label, Attribute.ID: b"brought"}

    def job(session: TokenSession) -> None:
        with session.writing() as writing:
            writing.create_object(decode_ec_public_key(spki) | common)
            flags = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.SIGN: True}
            secret = {Attribute.PRIVATE: True} | flags
            writing.create_object(decode_ec_private_key(private) | common | secret)

    sessions.run(job)
    return spki


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ({"EXTRACTABLE": True}, {"CKA_EXTRACTABLE", "CKA_NEVER_EXTRACTABLE"}),
        ({"SENSITIVE": False}, {"CKA_SENSITIVE", "CKA_ALWAYS_SENSITIVE"}),
        ({"SIGN": False}, {"CKA_SIGN"}),
        ({"PRIVATE": False}, {"CKA_PRIVATE"}),
    ],
)
def test_a_key_with_unsafe_attributes_is_refused(
    keys: HsmKeys, sessions: TokenSessions, attributes: dict[str, bool], named: set[str]
) -> None:
    """A key that can come out, be read, be used by all, or not sign, is refused by name."""
    label = unused_label()
    safe = {"EXTRACTABLE": False, "SENSITIVE": True, "PRIVATE": True}
    spki = make_pair(sessions, label, **{**safe, **attributes})
    with pytest.raises(KeyStoreInvalid) as caught:
        keys.open(spki, label=label)
    assert {word.rstrip(":") for word in caught.value.detail.replace("(", " ").split() if
            word.startswith("CKA_")} == named  # fmt: skip


def test_the_same_pair_with_safe_attributes_opens(keys: HsmKeys, sessions: TokenSessions) -> None:
    """What the test before refuses opens when nothing is wrong with it."""
    label = unused_label()
    spki = make_pair(sessions, label, EXTRACTABLE=False, SENSITIVE=True, PRIVATE=True)
    assert keys.open(spki, label=label).signer.sign(DATA)


def test_a_key_that_was_brought_in_is_refused(keys: HsmKeys, sessions: TokenSessions) -> None:
    """A key that was made outside may have copies, so it is refused."""
    label = unused_label()
    spki = import_pair(sessions, label)
    with pytest.raises(KeyStoreInvalid, match="CKA_LOCAL"):
        keys.open(spki, label=label)


def test_the_public_key_must_be_that_of_the_certificate(keys: HsmKeys) -> None:
    """A label alone opens nothing: the key under it must be the one that was certified."""
    label = keys.authority_label("ocsp")
    other = keys.generate(keys.authority_label("tsa"), KeyKind.P256)
    keys.generate(label, KeyKind.P256)
    with pytest.raises(KeyStoreInvalid, match="holds no key"):
        keys.open(other.signer.public_key_der, label=label)


def test_of_two_keys_under_one_label_the_certified_one_opens(keys: HsmKeys) -> None:
    """An earlier key under the same label does not get in the way."""
    label = keys.authority_label("ocsp")
    first, second = (keys.generate(label, KeyKind.P256) for _ in range(2))
    assert keys.open(first.signer.public_key_der, label=label).key_id == first.key_id
    assert keys.open(second.signer.public_key_der, label=label).key_id == second.key_id


def test_a_value_that_does_not_verify_goes_nowhere(keys: HsmKeys, sessions: TokenSessions) -> None:
    """A token that signs with another key than it should is found out before anybody else is."""
    wanted = keys.generate(keys.authority_label("tsa"), KeyKind.P256)
    other = keys.generate(keys.authority_label("tsa"), KeyKind.P256)

    def find_other(session: TokenSession) -> Any:
        wanted_object = {
            Attribute.CLASS: ObjectClass.PRIVATE_KEY,
            Attribute.ID: bytes.fromhex(other.key_id),
        }
        return next(iter(session.session.get_objects(wanted_object)))

    faulty = HsmSigner(sessions, find_other, wanted.signer.public_key_der, ECDSA_SHA256)
    with pytest.raises(KeyStoreUnavailable, match="does not verify"):
        faulty.sign(DATA)


def test_a_destroyed_key_is_gone_and_leaves_the_token_well(keys: HsmKeys) -> None:
    """Both halves go, destroying twice harms nothing, and other keys still sign."""
    gone = keys.generate(keys.authority_label("tsa"), KeyKind.P256)
    stays = keys.generate(keys.authority_label("tsa"), KeyKind.P256)
    gone.signer.sign(DATA)
    keys.destroy(gone.key_id)
    keys.destroy(gone.key_id)
    with pytest.raises(KeyStoreInvalid, match="holds no key"):
        gone.signer.sign(DATA)
    with pytest.raises(KeyStoreInvalid, match="holds no key"):
        keys.open(gone.signer.public_key_der, label=gone.label)
    assert stays.signer.sign(DATA)


def test_keys_are_made_by_many_threads_without_mixing_them_up(keys: HsmKeys) -> None:
    """Pairs that are asked for at the same time are all different, and each signs."""
    with ThreadPoolExecutor(8) as pool:
        labels = [keys.authority_label(f"k{number}") for number in range(16)]
        made = list(pool.map(lambda label: keys.generate(label, KeyKind.P256), labels))
    assert len({key.signer.public_key_der for key in made}) == len(made)
    for key in made:
        key.signer.sign(DATA)


def test_signatures_do_not_wait_for_keys_that_are_made(keys: HsmKeys) -> None:
    """While more threads want RSA keys than there are sessions, signatures go on."""
    signing = keys.generate(keys.authority_label("tsa"), KeyKind.P256).signer
    with ThreadPoolExecutor(6) as pool:
        made = [
            pool.submit(keys.generate, keys.authority_label("k"), KeyKind.RSA, rsa_bits=2048)
            for _ in range(6)
        ]
        signed = 0
        while not all(future.done() for future in made):
            signing.sign(DATA)
            signed += 1
        assert all(future.result() for future in made)
    assert signed > 20


def test_people_are_not_named_in_the_token(keys: HsmKeys) -> None:
    """The token lists keys of people of this home by identifier and time, and no others."""
    from datetime import UTC, datetime

    at = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    mine = keys.generate(keys.person_label(at), KeyKind.P384)
    keys.generate(keys.authority_label("tsa"), KeyKind.P384)
    [entry] = keys.person_keys()
    assert (entry.key_id, entry.made_at) == (mine.key_id, at)


def test_every_bit_of_the_public_key_counts(keys: HsmKeys) -> None:
    """A certificate whose public key differs in one bit does not open the key."""
    made = keys.generate(keys.authority_label("tsa"), KeyKind.ED25519)
    spki = made.signer.public_key_der
    with pytest.raises(KeyStoreInvalid, match="holds no key"):
        keys.open(spki[:-1] + bytes([spki[-1] ^ 1]), label=made.label)
