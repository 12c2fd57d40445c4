"""What is asked for when a person is issued, and the keys that this gives certificates to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import PrivateKey, key_kind, load_public_key, public_key_der
from idservice.errors import MalformedRequest
from idservice.keystore.card import Purpose
from idservice.pki.personal_code import Sex
from idservice.pki.profiles import Profiles
from idservice.services.certificate_authority import generate_key
from idservice.services.hsm_person_keys import HsmPersonKeys
from idservice.services.signing_keys import SigningKeyForm, require_kind_allowed

__all__ = [
    "CARD",
    "HSM",
    "PROFILES",
    "SERVER",
    "CertificateRequests",
    "NewKey",
    "PersonRequest",
    "Sex",
    "new_keys",
    "read_csr",
]

SERVER = "server"
HSM = "hsm"
CARD = "card"
MAX_CSR_BYTES = 16 * 1024
MAX_VALIDITY = dt.timedelta(days=3653)

PROFILES = {
    Purpose.AUTHENTICATION: "id_card_authentication",
    Purpose.SIGNING: "id_card_signing",
}


@dataclass(frozen=True, slots=True)
class CertificateRequests:
    """PKCS#10 requests (PEM or DER) for a card whose keys somebody else made."""

    authentication: bytes
    signing: bytes


@dataclass(frozen=True, slots=True)
class PersonRequest:
    """What to issue.

    Either `personal_code`, or `birth_date` and `sex` to have one made. Any of: keys in
    server custody or, with `hsm`, in a hardware security module; a card made here (`card` is
    the folder for its two files, which are named after the personal code); a card whose keys
    are elsewhere (`requests`). PINs that are not given are made. `signing_key` is the kind of
    the signing key that is made unless the profile's first will do. `valid_for` is how long
    the certificates are valid unless the setting decides.
    """

    given_name: str
    surname: str
    approver: str
    personal_code: str | None = None
    birth_date: dt.date | None = None
    sex: Sex | None = None
    server: bool = True
    hsm: bool = False
    card: Path | None = None
    requests: CertificateRequests | None = None
    pin1: str | None = field(default=None, repr=False)
    pin2: str | None = field(default=None, repr=False)
    puk: str | None = field(default=None, repr=False)
    signing_key: SigningKeyForm | None = None
    valid_for: dt.timedelta | None = None

    def __post_init__(self) -> None:
        """Raise MalformedRequest for a request that contradicts itself."""
        by_birth = self.birth_date is not None and self.sex is not None
        partly = self.birth_date is not None or self.sex is not None
        if (self.personal_code is None) != by_birth or partly != by_birth:
            raise MalformedRequest(
                "A person has one personal code: it is given, or made from a day of birth and sex.",
                "Give the personal code alone, or both day of birth and sex.",
            )
        if not (self.server or self.hsm or self.card or self.requests):
            raise MalformedRequest(
                "Neither server custody nor a card is asked for, so there is no key to certify.",
                "Ask for server custody, a card, or both.",
            )
        if self.signing_key is not None and self.requests is not None:
            raise MalformedRequest(
                "The certificate requests bring their keys, so no kind of key can be chosen.",
                "Leave the kind of the signing key out.",
            )
        if self.card and self.signing_key and self.signing_key.kind is KeyKind.ML_DSA_65:
            raise MalformedRequest(
                "No card file (PKCS#12) can hold an ML-DSA key here.",
                "Ask for server custody, or for another kind of key.",
            )
        if self.server and self.hsm:
            raise MalformedRequest(
                "A person's keys are held by this service in one place: wrapped in the database "
                "or in hardware.",
                "Ask for one of the two.",
            )
        if self.valid_for is not None and not (
            dt.timedelta(seconds=1) <= self.valid_for <= MAX_VALIDITY
        ):
            raise MalformedRequest(
                f"Certificates of people are valid for 1 second to {MAX_VALIDITY.days} days.",
                "Ask for a validity within that.",
            )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A public key to be certified; the private half if it was made here.

    `key_id` is the identifier in the token of a key that was made there.
    """

    purpose: Purpose
    custody: str
    public_key_der: bytes
    private_key: PrivateKey | None = field(repr=False)
    key_id: str | None = None


def require_hsm(request: PersonRequest, hsm: HsmPersonKeys | None) -> None:
    """Raise MalformedRequest when keys in hardware are asked for and there is none for people."""
    if request.hsm and hsm is None:
        raise MalformedRequest(
            "Keys in hardware are asked for, and this service makes none there for people.",
            'Ask for server custody; the operator can add "persons" to the setting hsm.keys.',
        )


def hsm_key(
    purpose: Purpose, profiles: Profiles, hsm: HsmPersonKeys, signing_key: SigningKeyForm | None
) -> NewKey:
    """Make a person's key inside the token. Raises KeyStoreUnavailable, KeyStoreInvalid."""
    form = signing_key if purpose is Purpose.SIGNING else None
    if form is None:
        form = SigningKeyForm(profiles.profile(PROFILES[purpose]).key_kinds[0])
    made = hsm.make(form.kind, rsa_bits=form.rsa_bits)
    return NewKey(purpose, HSM, made.public_key_der, None, made.key_id)


def new_keys(
    request: PersonRequest, profiles: Profiles, *, experimental: bool = False
) -> list[NewKey]:
    """Make the keys that a request asks for outside of hardware, and read those that it brings.

    Raises MalformedRequest for a bad PKCS#10 request or one key for two purposes,
    UnsupportedAlgorithm for a kind of key that is not allowed, or that is an experiment where
    `experimental` ones are not allowed.
    """
    if request.signing_key is not None:
        require_kind_allowed(request.signing_key.kind, experimental=experimental)
    custodies = [SERVER] * request.server + [CARD] * (request.card is not None)
    keys = []
    for custody in custodies:
        for purpose, profile in PROFILES.items():
            chosen = request.signing_key if purpose is Purpose.SIGNING else None
            key = chosen.generate() if chosen else generate_key(profiles.profile(profile))
            keys.append(NewKey(purpose, custody, public_key_der(key.public_key()), key))
    if request.requests is not None:
        login, signing = request.requests.authentication, request.requests.signing
        keys.append(NewKey(Purpose.AUTHENTICATION, CARD, read_csr(login), None))
        keys.append(NewKey(Purpose.SIGNING, CARD, read_csr(signing), None))
    for item in keys:
        kind = key_kind(load_public_key(item.public_key_der))
        require_kind_allowed(kind, experimental=experimental)
    if len({key.public_key_der for key in keys}) != len(keys):
        raise MalformedRequest(
            "One key is to serve for login and for signing: what is signed to log in could then "
            "pass for a signature under a document.",
            "Send two certificate requests with different keys.",
        )
    return keys


def read_csr(data: bytes) -> bytes:
    """Return the public key (DER) of a PKCS#10 request that its own key signed.

    `data` is PEM or DER; the names in it are ignored. Raises MalformedRequest for
    anything else, UnsupportedAlgorithm for a kind of key that is not allowed.
    """
    if len(data) > MAX_CSR_BYTES:
        raise _bad_csr(f"it has more than {MAX_CSR_BYTES} bytes")
    is_pem = data.lstrip().startswith(b"-----")
    try:
        csr = x509.load_pem_x509_csr(data) if is_pem else x509.load_der_x509_csr(data)
        key = load_public_key(_spki(csr))
        if csr.is_signature_valid:
            return public_key_der(key)
    except (ValueError, TypeError, x509.InvalidVersion) as exc:
        raise _bad_csr("it cannot be read") from exc
    raise _bad_csr("its signature does not verify, so its sender may not have the key")


def _spki(csr: x509.CertificateSigningRequest) -> bytes:
    return csr.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _bad_csr(reason: str) -> MalformedRequest:
    return MalformedRequest(
        f"The certificate request is of no use: {reason}.",
        "Make it with the key of the card, for example: openssl req -new -key card.pem -subj /CN=x",
    )
