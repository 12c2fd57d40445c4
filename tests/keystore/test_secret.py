"""The key store's secret: made once, readable by its owner alone, good for its own context only."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import AlreadyInitialised, KeyStoreInvalid, UnsafePermissions
from idservice.keystore.secret import KeyStoreSecret, create_secret, encode_parts, load_secret

SECRET = KeyStoreSecret(bytes(range(32)))


def test_a_new_secret_is_private_and_read_back(tmp_path: Path) -> None:
    """The file has 32 bytes, mode 0600, and gives the same keys when loaded."""
    path = tmp_path / "keystore.secret"
    made = create_secret(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == 32
    assert load_secret(path).derive("x") == made.derive("x")
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_a_secret_is_never_overwritten(tmp_path: Path) -> None:
    """A second creation is refused and changes nothing."""
    path = tmp_path / "keystore.secret"
    create_secret(path)
    before = path.read_bytes()
    with pytest.raises(AlreadyInitialised):
        create_secret(path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o601])
def test_a_secret_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """Any access for group or others is refused, with the command that mends it."""
    path = tmp_path / "keystore.secret"
    create_secret(path)
    path.chmod(mode)
    with pytest.raises(UnsafePermissions) as caught:
        load_secret(path)
    assert "chmod 600" in caught.value.fix


@pytest.mark.parametrize("size", [0, 31, 33, 70_000])
def test_a_damaged_secret_is_refused(tmp_path: Path, size: int) -> None:
    """Anything but 32 bytes is no secret."""
    path = tmp_path / "keystore.secret"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(KeyStoreInvalid):
        load_secret(path)


def test_a_missing_secret_is_refused(tmp_path: Path) -> None:
    """A secret that is not there is named, not made."""
    with pytest.raises(KeyStoreInvalid):
        load_secret(tmp_path / "keystore.secret")
    assert not list(tmp_path.iterdir())


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_sealed_opens_in_its_context(plaintext: bytes, context: str) -> None:
    """Sealing hides the bytes and opens to the same."""
    sealed = SECRET.seal(plaintext, context)
    assert SECRET.unseal(sealed, context) == plaintext
    assert len(plaintext) < 4 or plaintext not in sealed


@given(st.data())
def test_no_changed_byte_opens(data: st.DataObject) -> None:
    """A sealed value with one bit changed does not open."""
    sealed = bytearray(SECRET.seal(b"token key", "here"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(KeyStoreInvalid):
        SECRET.unseal(bytes(sealed), "here")


@given(st.binary(max_size=60))
def test_random_bytes_do_not_open(data: bytes) -> None:
    """Bytes that were never sealed raise our error and nothing else."""
    with pytest.raises(KeyStoreInvalid):
        SECRET.unseal(data, "here")


def test_another_context_or_secret_does_not_open() -> None:
    """A value cannot be moved to another place, nor to another installation."""
    sealed = SECRET.seal(b"token key", "here")
    with pytest.raises(KeyStoreInvalid):
        SECRET.unseal(sealed, "there")
    with pytest.raises(KeyStoreInvalid):
        KeyStoreSecret(bytes(32)).unseal(sealed, "here")


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_lists_of_parts_never_collide(first: list[bytes], second: list[bytes]) -> None:
    """Different parts give different bytes, however they are cut."""
    assert (encode_parts(*first) == encode_parts(*second)) == (first == second)


def test_the_secret_does_not_show_itself() -> None:
    """Printing the object tells nothing."""
    assert bytes(range(32)).hex() not in repr(SECRET)
    assert "\\x01" not in repr(SECRET)
