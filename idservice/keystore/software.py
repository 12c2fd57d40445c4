"""Keys of authorities and services as encrypted PKCS#8 files beside their certificates.

`<name>.key.pem` (0600) is encrypted under a passphrase derived from the key store's
secret and the name; `<name>.crt.pem` is the certificate. Both are created once and
never overwritten.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import PrivateKey, Signer, SoftwareSigner, public_key_der
from idservice.errors import KeyStoreInvalid, UnsupportedAlgorithm
from idservice.keystore.authority_keys import IN_FILE, NewKey
from idservice.keystore.files import (
    PUBLIC_MODE,
    create_file,
    read_public_file,
    read_secret_file,
    replace_file,
)
from idservice.keystore.secret import KeyStoreSecret

_CURVES: dict[KeyKind, ec.EllipticCurve] = {
    KeyKind.P256: ec.SECP256R1(),
    KeyKind.P384: ec.SECP384R1(),
    KeyKind.P521: ec.SECP521R1(),
}


class KeyFiles:
    """The folder of key files: keys of authorities in software."""

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

    def generate(self, name: str, kind: KeyKind) -> NewKey:
        """Make a key in memory; it is written when it is kept, and forgotten otherwise.

        Raises UnsupportedAlgorithm for anything but an elliptic curve of NIST. To keep it
        raises what `create` raises.
        """
        private_key = generate_key(kind)
        return NewKey(
            SoftwareSigner(private_key),
            keep=lambda certificate_der: self.create(name, private_key, certificate_der),
            discard=lambda: None,
        )

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
        self.create_certificate(name, certificate_der)

    def create_certificate(self, name: str, certificate_der: bytes) -> None:
        """Store the certificate of a new key. Raises AlreadyInitialised when there is one."""
        create_file(self.certificate_path(name), _pem(certificate_der, name), mode=PUBLIC_MODE)

    def replace_certificate(self, name: str, certificate_der: bytes) -> None:
        """Put a new certificate of the same key in the place of the one before, at once.

        Raises KeyStoreInvalid when the two are not of one key, StorageUnavailable.
        """
        before = _load_certificate(self.load_certificate(name), name)
        if _spki(_load_certificate(certificate_der, name)) != _spki(before):
            raise _not_a_pair(name)
        replace_file(self.certificate_path(name), _pem(certificate_der, name), mode=PUBLIC_MODE)

    def place(self, name: str) -> str:  # noqa: ARG002 - all keys here are files
        """Tell where a key lives: in a file."""
        return IN_FILE

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
        if not isinstance(key, PrivateKey):
            raise _damaged(path)
        _require_pair(key, _load_certificate(self.load_certificate(name), name), name)
        return SoftwareSigner(key)

    def _passphrase(self, name: str) -> bytes:
        return self._secret.derive("key file", name.encode()).hex().encode()


def generate_key(kind: KeyKind) -> ec.EllipticCurvePrivateKey:
    """Make a private key on a curve of NIST; raise UnsupportedAlgorithm for other kinds."""
    if kind not in _CURVES:
        raise UnsupportedAlgorithm(
            f"No key of the kind {kind.value} is made here.", "Put an elliptic curve first."
        )
    return ec.generate_private_key(_CURVES[kind])


def _pem(certificate_der: bytes, name: str) -> bytes:
    return _load_certificate(certificate_der, name).public_bytes(serialization.Encoding.PEM)


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _load_certificate(certificate_der: bytes, name: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(certificate_der)
    except ValueError as exc:
        raise KeyStoreInvalid(
            f"The certificate of the key {name} cannot be read.", "Restore it from a backup."
        ) from exc


def _require_pair(private_key: PrivateKey, certificate: x509.Certificate, name: str) -> None:
    if _spki(certificate) != public_key_der(private_key.public_key()):
        raise _not_a_pair(name)


def _not_a_pair(name: str) -> KeyStoreInvalid:
    return KeyStoreInvalid(
        f"The key {name} and its certificate do not belong together: nothing signed with it "
        "would verify.",
        "Restore both files from the same backup.",
    )


def _damaged(path: Path) -> KeyStoreInvalid:
    return KeyStoreInvalid(f"{path} is damaged and cannot be read.", "Restore it from a backup.")
