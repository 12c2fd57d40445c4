"""Server keys: PIN and secret together open them, and nothing less does."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import public_key_der
from idservice.errors import KeyStoreInvalid, PinWrong
from idservice.keystore.secret import KeyStoreSecret
from idservice.keystore.wrapping import (
    PinCost,
    Slot,
    Wrapped,
    check_verifier,
    make_verifier,
    stretch,
    unwrap_key,
    wrap_key,
)
from support.pki import new_key

SECRET = KeyStoreSecret(bytes(range(32)))
OTHER = KeyStoreSecret(bytes(32))
COST = PinCost(memory_kib=64, iterations=1, lanes=1)
SLOT = Slot("38001085718", "signing", "pin2")
KEY = new_key(KeyKind.P384)
SPKI = hashlib.sha256(public_key_der(KEY.public_key())).hexdigest()
WRAPPED = wrap_key(KEY, stretch("01497", COST), slot=SLOT, secret=SECRET)


@pytest.mark.parametrize("kind", KeyKind)
def test_the_right_pin_opens(kind: KeyKind) -> None:
    """A key of any kind comes back as it was."""
    key = new_key(kind)
    spki = public_key_der(key.public_key())
    wrapped = wrap_key(key, stretch("01497", COST), slot=SLOT, secret=SECRET)
    opened = unwrap_key(
        wrapped, "01497", slot=SLOT, spki_sha256=hashlib.sha256(spki).hexdigest(), secret=SECRET
    )
    assert public_key_der(opened.public_key()) == spki


@given(st.text("0123456789", min_size=4, max_size=12).filter(lambda pin: pin != "01497"))
@settings(max_examples=30)
def test_another_pin_does_not_open(pin: str) -> None:
    """Any other PIN is wrong."""
    with pytest.raises(PinWrong):
        unwrap_key(WRAPPED, pin, slot=SLOT, spki_sha256=SPKI, secret=SECRET)


@pytest.mark.parametrize(
    "slot",
    [replace(SLOT, person="60001019906"), replace(SLOT, purpose="authentication"),
     replace(SLOT, code="pin1")],
)  # fmt: skip
def test_a_key_cannot_be_moved_to_another_slot(slot: Slot) -> None:
    """Another person, purpose or kind of code does not open it, even with the PIN."""
    with pytest.raises(PinWrong):
        unwrap_key(WRAPPED, "01497", slot=slot, spki_sha256=SPKI, secret=SECRET)


def test_without_the_secret_the_right_pin_looks_wrong() -> None:
    """Whoever has only the database cannot tell the right PIN from a wrong one."""
    with pytest.raises(PinWrong) as right:
        unwrap_key(WRAPPED, "01497", slot=SLOT, spki_sha256=SPKI, secret=OTHER)
    with pytest.raises(PinWrong) as wrong:
        unwrap_key(WRAPPED, "99999", slot=SLOT, spki_sha256=SPKI, secret=OTHER)
    assert right.value.detail == wrong.value.detail


def test_a_key_is_bound_to_its_public_key() -> None:
    """A wrapped key cannot be put under somebody's certificate."""
    with pytest.raises(PinWrong):
        unwrap_key(WRAPPED, "01497", slot=SLOT, spki_sha256="00" * 32, secret=SECRET)


@given(st.data())
@settings(max_examples=30)
def test_changed_bytes_do_not_open(data: st.DataObject) -> None:
    """A wrapped key with one bit changed does not open."""
    changed = bytearray(WRAPPED.value)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(PinWrong):
        unwrap_key(
            replace(WRAPPED, value=bytes(changed)),
            "01497",
            slot=SLOT,
            spki_sha256=SPKI,
            secret=SECRET,
        )


@pytest.mark.parametrize(
    "kdf", ["", "argon2id", "argon2id;v=1;m=64;t=1", "scrypt;v=1;m=64;t=1;p=1"]
)
def test_an_unknown_cost_is_refused(kdf: str) -> None:
    """A cost that nobody wrote is a damaged row, not a wrong PIN."""
    with pytest.raises(KeyStoreInvalid):
        unwrap_key(replace(WRAPPED, kdf=kdf), "01497", slot=SLOT, spki_sha256=SPKI, secret=SECRET)


def test_the_cost_is_kept_beside_the_key() -> None:
    """A key wrapped at another cost still opens after the setting changed."""
    dear = PinCost(memory_kib=128, iterations=2, lanes=1)
    wrapped = wrap_key(KEY, stretch("01497", dear), slot=SLOT, secret=SECRET)
    assert wrapped.kdf == "argon2id;v=1;m=128;t=2;p=1"
    unwrap_key(wrapped, "01497", slot=SLOT, spki_sha256=SPKI, secret=SECRET)


def test_equal_pins_leave_no_trace() -> None:
    """Two keys under one PIN share no salt and no bytes."""
    other = wrap_key(KEY, stretch("01497", COST), slot=SLOT, secret=SECRET)
    assert other.salt != WRAPPED.salt
    assert other.value != WRAPPED.value


def test_a_puk_is_recognised_with_the_secret_only() -> None:
    """The verifier takes the right PUK, and needs the secret for it."""
    slot = Slot("server:38001085718", "puk", "puk")
    verifier: Wrapped = make_verifier(stretch("17258403", COST), slot=slot, secret=SECRET)
    check_verifier(verifier, "17258403", slot=slot, secret=SECRET)
    for puk, secret in (("17258404", SECRET), ("17258403", OTHER)):
        with pytest.raises(PinWrong):
            check_verifier(verifier, puk, slot=slot, secret=secret)


def test_a_stretched_pin_is_not_shown() -> None:
    """Printing what comes out of Argon2id shows salt and cost only."""
    stretched = stretch("01497", COST)
    assert str(stretched.value) not in repr(stretched)
