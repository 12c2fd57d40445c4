"""Key files: encrypted, private, whole, and checked against their certificates."""

import errno
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import load_public_key, verify_signature
from idservice.errors import (
    AlreadyInitialised,
    KeyStoreInvalid,
    StorageUnavailable,
    UnsafePermissions,
)
from idservice.keystore.secret import KeyStoreSecret
from idservice.keystore.software import KeyFiles
from support.pki import CertificatePair, leaf, new_key, root_ca

SECRET = KeyStoreSecret(bytes(range(32)))
ISSUER = root_ca()


def pair(kind: KeyKind = KeyKind.P384) -> CertificatePair:
    """A key and its certificate."""
    return leaf(ISSUER, key=new_key(kind))


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    """An empty folder of key files."""
    return KeyFiles(tmp_path, SECRET)


@pytest.mark.parametrize("kind", KeyKind)
def test_a_stored_key_signs(files: KeyFiles, kind: KeyKind) -> None:
    """What was stored opens and signs under its certificate's key."""
    made = pair(kind)
    files.create("tsa", made.key, made.der)
    signer = files.load_signer("tsa")
    key = load_public_key(signer.public_key_der)
    verify_signature(key, signer.algorithm, signer.sign(b"data"), b"data")
    assert files.load_certificate("tsa") == made.der


def test_key_files_are_encrypted_and_private(files: KeyFiles, tmp_path: Path) -> None:
    """The key file is 0600 and useless without the secret; the certificate is for everybody."""
    made = pair()
    files.create("tsa", made.key, made.der)
    pem = (tmp_path / "tsa.key.pem").read_bytes()
    assert b"ENCRYPTED PRIVATE KEY" in pem
    with pytest.raises((TypeError, ValueError)):
        serialization.load_pem_private_key(pem, password=None)
    with pytest.raises(ValueError):
        serialization.load_pem_private_key(pem, password=bytes(range(32)))
    assert stat.S_IMODE((tmp_path / "tsa.key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "tsa.crt.pem").stat().st_mode) == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tsa.crt.pem", "tsa.key.pem"]


def test_keys_are_never_overwritten(files: KeyFiles) -> None:
    """Storing under a taken name is refused, and the first key stays."""
    first, second = pair(), pair()
    files.create("tsa", first.key, first.der)
    with pytest.raises(AlreadyInitialised):
        files.create("tsa", second.key, second.der)
    assert files.load_certificate("tsa") == first.der
    files.load_signer("tsa")


def test_another_secret_does_not_open_a_key(files: KeyFiles, tmp_path: Path) -> None:
    """A key file of another installation is refused."""
    made = pair()
    files.create("tsa", made.key, made.der)
    with pytest.raises(KeyStoreInvalid, match="does not open"):
        KeyFiles(tmp_path, KeyStoreSecret(bytes(32))).load_signer("tsa")


def test_a_key_cannot_be_renamed(files: KeyFiles, tmp_path: Path) -> None:
    """The passphrase belongs to the name, so the root's key cannot stand in for the TSA's."""
    made = pair()
    files.create("root", made.key, made.der)
    for suffix in ("key", "crt"):
        (tmp_path / f"root.{suffix}.pem").rename(tmp_path / f"tsa.{suffix}.pem")
    with pytest.raises(KeyStoreInvalid, match="does not open"):
        files.load_signer("tsa")


def test_a_key_that_others_can_read_is_refused(files: KeyFiles, tmp_path: Path) -> None:
    """Loose permissions on a key file stop its use."""
    made = pair()
    files.create("tsa", made.key, made.der)
    (tmp_path / "tsa.key.pem").chmod(0o644)
    with pytest.raises(UnsafePermissions):
        files.load_signer("tsa")


def test_key_and_certificate_must_belong_together(files: KeyFiles, tmp_path: Path) -> None:
    """A certificate of another key is refused, when storing and when loading."""
    made, other = pair(), pair()
    with pytest.raises(KeyStoreInvalid, match="belong together"):
        files.create("tsa", made.key, other.der)
    assert not list(tmp_path.iterdir())
    files.create("tsa", made.key, made.der)
    (tmp_path / "tsa.crt.pem").write_bytes(other.pem)
    with pytest.raises(KeyStoreInvalid, match="belong together"):
        files.load_signer("tsa")


@pytest.mark.parametrize("damage", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\n"])
def test_damaged_files_are_refused(files: KeyFiles, tmp_path: Path, damage: bytes) -> None:
    """A damaged key or certificate raises our error."""
    made = pair()
    files.create("tsa", made.key, made.der)
    (tmp_path / "tsa.crt.pem").write_bytes(damage)
    with pytest.raises(KeyStoreInvalid):
        files.load_certificate("tsa")
    (tmp_path / "tsa.key.pem").write_bytes(damage)
    with pytest.raises(KeyStoreInvalid):
        files.load_signer("tsa")


def test_a_certificate_that_is_none_is_not_stored(files: KeyFiles) -> None:
    """Bytes that are no certificate are refused before anything is written."""
    with pytest.raises(KeyStoreInvalid):
        files.create("tsa", new_key(), b"0\x00")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Storing into a missing folder says so."""
    made = pair()
    with pytest.raises(StorageUnavailable):
        KeyFiles(tmp_path / "missing", SECRET).create("tsa", made.key, made.der)


def test_a_full_disk_leaves_nothing(
    files: KeyFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When syncing fails, no half-written key stays behind."""

    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    made = pair()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageUnavailable):
        files.create("tsa", made.key, made.der)
    assert not list(tmp_path.iterdir())
