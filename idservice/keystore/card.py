"""Cards: two standard encrypted PKCS#12 files, one for each PIN, that a person holds.

`<stem>.auth.p12` opens with PIN1, `<stem>.sign.p12` with PIN2; any program that reads
PKCS#12 (RFC 7292) reads them. A copy of such a file can be guessed offline: four digits
are no protection where nobody counts the tries.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from idservice.crypto.der import SEQUENCE, check_der, contents_range, integer
from idservice.crypto.keys import PrivateKey, SoftwareSigner, public_key_der
from idservice.errors import (
    FileNotReadable,
    InputTooLarge,
    MalformedCard,
    MalformedDer,
    UnsupportedAlgorithm,
)
from idservice.keystore.files import create_file
from idservice.keystore.wrapping import wrong_code

MAX_CARD_BYTES = 256 * 1024
KDF_ROUNDS = 100_000
SUFFIX = ".p12"


class Purpose(Enum):
    """What a person's key is for; the value names it in records, files and settings."""

    AUTHENTICATION = "authentication"
    SIGNING = "signing"

    @property
    def pin(self) -> str:
        """The PIN that opens such keys: pin1 or pin2."""
        return "pin1" if self is Purpose.AUTHENTICATION else "pin2"

    @property
    def card_part(self) -> str:
        """The middle part of the card file's name: auth or sign."""
        return "auth" if self is Purpose.AUTHENTICATION else "sign"


@dataclass(frozen=True, slots=True)
class CardFile:
    """The bytes of one card file, for one purpose, not opened yet."""

    path: Path
    purpose: Purpose
    data: bytes

    @property
    def holder(self) -> str:
        """The name under which tries on this very file are counted."""
        return f"card:{hashlib.sha256(self.data).hexdigest()}"


@dataclass(frozen=True, slots=True)
class OpenCard:
    """An opened card: its signer, its certificate and the chain behind it, all DER."""

    signer: SoftwareSigner
    certificate_der: bytes
    chain_der: tuple[bytes, ...]


def card_path(path: Path, purpose: Purpose) -> Path:
    """Return the file for a purpose, given either file of the card or their stem."""
    name = path.name
    for other in Purpose:
        name = name.removesuffix(f".{other.card_part}{SUFFIX}")
    return path.with_name(f"{name}.{purpose.card_part}{SUFFIX}")


def encode_card(
    private_key: PrivateKey,
    certificate_der: bytes,
    chain_der: tuple[bytes, ...],
    *,
    name: str,
    pin: str,
) -> bytes:
    """Encode one card file: PBES2 with AES-256 and HMAC-SHA-256 (RFC 8018), PIN as password.

    Raises UnsupportedAlgorithm for a kind of key that readers of PKCS#12 do not know.
    """
    if isinstance(private_key, mldsa.MLDSA65PrivateKey):
        raise UnsupportedAlgorithm(
            "A card file holds no ML-DSA key: hardly any program could read it.",
            "Keep such a key in server custody, or take an elliptic curve.",
        )
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(KDF_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(pin.encode())
    )
    return pkcs12.serialize_key_and_certificates(
        name.encode(),
        private_key,
        x509.load_der_x509_certificate(certificate_der),
        [x509.load_der_x509_certificate(item) for item in chain_der],
        encryption,
    )


def write_card_file(path: Path, data: bytes) -> None:
    """Write a card file (0600) whole or not at all, never over another."""
    create_file(path, data)


def read_card_file(path: Path, purpose: Purpose) -> CardFile:
    """Read the card file for a purpose, given either file of the card or their stem.

    Raises FileNotReadable, InputTooLarge above 256 KiB, MalformedCard for what is no PKCS#12.
    """
    chosen = card_path(path, purpose)
    try:
        with chosen.open("rb") as file:
            data = file.read(MAX_CARD_BYTES + 1)
    except OSError as exc:
        raise FileNotReadable(
            f"The card file {chosen} cannot be read: {exc.strerror}.",
            "Name one of the card's two .p12 files, or their common beginning.",
        ) from exc
    if len(data) > MAX_CARD_BYTES:
        raise InputTooLarge(
            f"{chosen} has more than {MAX_CARD_BYTES} bytes and cannot be a card.",
            "Name one of the card's two .p12 files.",
        )
    card = CardFile(chosen, purpose, data)
    _require_pkcs12(card)
    return card


def open_card(card: CardFile, pin: str) -> OpenCard:
    """Open a card file with its PIN; nobody counts the try here.

    Raises PinWrong when the PIN does not open it, MalformedCard when it does not hold one
    key and its certificate.
    """
    try:
        content = pkcs12.load_pkcs12(card.data, pin.encode())
    except ValueError as exc:
        raise wrong_code(card.purpose.pin) from exc
    key, leaf = content.key, content.cert
    if leaf is None or not isinstance(
        key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey)
    ):
        raise _malformed(card, "it does not hold one key and its certificate")
    certificate = leaf.certificate
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if spki != public_key_der(key.public_key()):
        raise _malformed(card, "its key and its certificate do not belong together")
    return OpenCard(
        SoftwareSigner(key),
        certificate.public_bytes(serialization.Encoding.DER),
        tuple(
            item.certificate.public_bytes(serialization.Encoding.DER)
            for item in content.additional_certs
        ),
    )


def _require_pkcs12(card: CardFile) -> None:
    """Tell a file that is no PKCS#12 from a wrong PIN before a PIN is tried on it."""
    try:
        check_der(card.data, max_bytes=MAX_CARD_BYTES)
        start, stop = contents_range(card.data, 0, len(card.data))
    except MalformedDer as exc:
        raise _malformed(card, "it is no PKCS#12 file in DER") from exc
    # PFX ::= SEQUENCE { version INTEGER {v3(3)}, … } (RFC 7292 cl. 4).
    if card.data[:1] != SEQUENCE or card.data[start : min(start + 3, stop)] != integer(3):
        raise _malformed(card, "it is no PKCS#12 file of version 3")


def _malformed(card: CardFile, reason: str) -> MalformedCard:
    return MalformedCard(
        f"{card.path} is not a card: {reason}.",
        "Name one of the card's two .p12 files as they were issued.",
    )
