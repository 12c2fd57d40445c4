"""Cards are standard PKCS#12 files that open with their PIN, here and elsewhere."""

import contextlib
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import given, settings
from hypothesis import strategies as st

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import verify_signature
from idservice.errors import (
    AlreadyInitialised,
    FileNotReadable,
    IdServiceError,
    InputTooLarge,
    MalformedCard,
    PinWrong,
    UnsupportedAlgorithm,
)
from idservice.keystore.card import (
    CardFile,
    Purpose,
    card_path,
    encode_card,
    open_card,
    read_card_file,
    write_card_file,
)
from support.pki import chain, leaf, new_key
from support.programs import require_program

CHAIN = chain(KeyKind.P384)
LEAF = CHAIN.leaf
ABOVE = (CHAIN.intermediate.der, CHAIN.root.der)
DATA = encode_card(LEAF.key, LEAF.der, ABOVE, name="TAMM,MARI", pin="01497")


@pytest.fixture
def stem(tmp_path: Path) -> Path:
    """A card in a folder: the path of its files without their endings."""
    stem = tmp_path / "38001085718"
    for purpose in Purpose:
        write_card_file(card_path(stem, purpose), DATA)
    return stem


def test_the_pin_opens_the_card(stem: Path) -> None:
    """Key, certificate and chain come back; the key is that of the certificate."""
    opened = open_card(read_card_file(stem, Purpose.SIGNING), "01497")
    assert (opened.certificate_der, opened.chain_der) == (LEAF.der, ABOVE)
    value = opened.signer.sign(b"data")
    verify_signature(LEAF.public_key, opened.signer.algorithm, value, b"data")


def test_a_card_holds_no_key_of_an_experiment() -> None:
    """An ML-DSA key is refused before a file is made that hardly any program reads."""
    key = mldsa.MLDSA65PrivateKey.generate()
    with pytest.raises(UnsupportedAlgorithm):
        encode_card(key, LEAF.der, ABOVE, name="TAMM,MARI", pin="01497")


@pytest.mark.parametrize("pin", ["01498", "1497", "014970", "", "ä" * 5])
def test_a_wrong_pin_does_not_open_it(stem: Path, pin: str) -> None:
    """Any other PIN is wrong."""
    with pytest.raises(PinWrong):
        open_card(read_card_file(stem, Purpose.SIGNING), pin)


@pytest.mark.parametrize("named", ["38001085718", "38001085718.auth.p12", "38001085718.sign.p12"])
def test_any_name_of_the_card_finds_the_file(stem: Path, named: str) -> None:
    """Either file, or their common beginning, leads to the file for the purpose."""
    for purpose, part in ((Purpose.AUTHENTICATION, "auth"), (Purpose.SIGNING, "sign")):
        card = read_card_file(stem.with_name(named), purpose)
        assert card.path == stem.with_name(f"38001085718.{part}.p12")


def test_openssl_opens_the_card(stem: Path) -> None:
    """OpenSSL, without legacy algorithms, gets the same certificate out."""
    path = card_path(stem, Purpose.SIGNING)
    done = subprocess.run(
        [require_program("openssl"), "pkcs12", "-in", path, "-passin", "pass:01497", "-nodes",
         "-info"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert LEAF.pem.decode().strip() in done.stdout
    assert "BEGIN PRIVATE KEY" in done.stdout
    assert "PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256" in done.stderr


def test_a_card_is_private_and_never_overwritten(stem: Path) -> None:
    """Card files are 0600, and a second card does not replace the first."""
    path = card_path(stem, Purpose.SIGNING)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(AlreadyInitialised):
        write_card_file(path, b"other")
    assert path.read_bytes() == DATA


def test_tries_are_counted_by_the_very_file(stem: Path) -> None:
    """Two different files have different counters; a copy shares that of the original."""
    login = read_card_file(stem, Purpose.AUTHENTICATION)
    copy = CardFile(stem, Purpose.AUTHENTICATION, bytes(login.data))
    assert login.holder == copy.holder
    assert CardFile(stem, Purpose.AUTHENTICATION, DATA + b"x").holder != login.holder


def test_files_that_are_not_there_or_too_large_are_refused(tmp_path: Path) -> None:
    """A missing card is named; a huge file is not read."""
    with pytest.raises(FileNotReadable):
        read_card_file(tmp_path / "nobody", Purpose.SIGNING)
    (tmp_path / "big.sign.p12").write_bytes(bytes(256 * 1024 + 1))
    with pytest.raises(InputTooLarge):
        read_card_file(tmp_path / "big", Purpose.SIGNING)


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"%PDF-1.7", b"\x30\x03\x02\x01\x02", b"\x30\x00", LEAF.der, LEAF.pem]
)
def test_what_is_no_card_is_refused_before_a_pin_is_tried(tmp_path: Path, data: bytes) -> None:
    """Other files are told from a wrong PIN by their form."""
    (tmp_path / "x.sign.p12").write_bytes(data)
    with pytest.raises(MalformedCard):
        read_card_file(tmp_path / "x", Purpose.SIGNING)


def test_a_card_of_two_people_is_refused(tmp_path: Path) -> None:
    """A key and a certificate that do not belong together make no card."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    stranger = leaf(CHAIN.intermediate, key=new_key(KeyKind.P384))
    without = pkcs12.serialize_key_and_certificates(
        b"x", None, stranger.certificate, None, BestAvailableEncryption(b"01497")
    )
    (tmp_path / "x.sign.p12").write_bytes(without)
    with pytest.raises(MalformedCard, match="one key"):
        open_card(read_card_file(tmp_path / "x", Purpose.SIGNING), "01497")


@given(st.data())
@settings(max_examples=60)
def test_a_damaged_card_raises_our_errors_only(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut anywhere or with one bit changed, a card opens or raises an error of ours."""
    changed = bytearray(DATA)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    del changed[data.draw(st.integers(0, len(changed))) :]
    path = tmp_path_factory.mktemp("card") / "x.sign.p12"
    path.write_bytes(bytes(changed))
    with contextlib.suppress(IdServiceError):
        open_card(read_card_file(path, Purpose.SIGNING), "01497")
