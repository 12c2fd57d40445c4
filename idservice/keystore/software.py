"""Keys of authorities and services as encrypted PKCS#8 files beside their certificates.

`<name>.key.pem` (0600) is encrypted under a passphrase derived from the key store's
secret and the name; `<name>.crt.pem` is the certificate. Both are created once and
never overwritten.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from idservice.crypto.keys import PrivateKey, Signer, SoftwareSigner, public_key_der
from idservice.errors import KeyStoreInvalid
from idservice.keystore.files import (
    PUBLIC_MODE,
    create_file,
    read_public_file,
    read_secret_file,
)
from idservice.keystore.secret import KeyStoreSecret


class KeyFiles:
    """The folder of key files."""

    def __init__(self, folder: Path, secret: KeyStoreSecret) -> None:
        """Take the folder, which must exist, and the secret its files are encrypted under."""
        self.folder = folder
        self._secret = secret

    def key_path(self, name: str) -> Path:
        """The path of a private key's file."""
        return self.folder / f"{name}.key.pem"

    def certificate_path(self, name: str) -> Path:
        """The path of a certificate's file."""
        return self.folder / f"{name}.crt.pem"

    def create(self, name: str, private_key: PrivateKey, certificate_der: bytes) -> None:
        """Store a new key and its certificate.

        Raises AlreadyInitialised when either file exists, KeyStoreInvalid when the two do
        not belong together.
        """
        certificate = _load_certificate(certificate_der, name)
        _require_pair(private_key, certificate, name)
        key_pem = private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(self._passphrase(name)),
        )
        create_file(self.key_path(name), key_pem)
        certificate_pem = certificate.public_bytes(serialization.Encoding.PEM)
        create_file(self.certificate_path(name), certificate_pem, mode=PUBLIC_MODE)

    def load_certificate(self, name: str) -> bytes:
        """Return a certificate as DER. Raises KeyStoreInvalid."""
        path = self.certificate_path(name)
        try:
            certificate = x509.load_pem_x509_certificate(read_public_file(path))
        except ValueError as exc:
            raise _damaged(path) from exc
        return certificate.public_bytes(serialization.Encoding.DER)

    def load_signer(self, name: str) -> Signer:
        """Open a key and return its signer.

        Raises UnsafePermissions when others can read the file, KeyStoreInvalid when it is
        missing, damaged, encrypted under another secret, or not that of its certificate.
        """
        path = self.key_path(name)
        try:
            key = serialization.load_pem_private_key(
                read_secret_file(path), password=self._passphrase(name)
            )
        except (ValueError, TypeError) as exc:
            raise KeyStoreInvalid(
                f"The key file {path} does not open: it is damaged, or encrypted under another "
                "key store's secret.",
                "Restore the key file and keys/keystore.secret of the same installation.",
            ) from exc
        if not isinstance(
            key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey)
        ):
            raise _damaged(path)
        _require_pair(key, _load_certificate(self.load_certificate(name), name), name)
        return SoftwareSigner(key)

    def _passphrase(self, name: str) -> bytes:
        return self._secret.derive("key file", name.encode()).hex().encode()


def _load_certificate(certificate_der: bytes, name: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(certificate_der)
    except ValueError as exc:
        raise KeyStoreInvalid(
            f"The certificate of the key {name} cannot be read.", "Restore it from a backup."
        ) from exc


def _require_pair(private_key: PrivateKey, certificate: x509.Certificate, name: str) -> None:
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if spki != public_key_der(private_key.public_key()):
        raise KeyStoreInvalid(
            f"The key {name} and its certificate do not belong together: nothing signed with it "
            "would verify.",
            "Restore both files from the same backup.",
        )


def _damaged(path: Path) -> KeyStoreInvalid:
    return KeyStoreInvalid(f"{path} is damaged and cannot be read.", "Restore it from a backup.")
