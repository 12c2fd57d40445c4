"""A token that is slow, gone, back, or wants another PIN; and how many sessions that takes."""

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from pkcs11 import Mechanism, Session, TokenFlag

from idservice.crypto.algorithms import KeyKind
from idservice.errors import (
    KeyStoreInvalid,
    KeyStoreUnavailable,
    SettingsInvalid,
)
from idservice.keystore.pkcs11 import HsmKey, HsmKeys
from idservice.keystore.pkcs11_library import Library, require_tries
from idservice.keystore.pkcs11_sessions import TokenSession, TokenSessions
from support.hsm import LABEL, PIN, SoftToken, open_sessions, release, unused_label

DATA = b"what is signed"
FAST = 0.1
"""Seconds within which a token that is known to be down refuses."""
BREAKER = 1.0
RECOVERY = 5.0
CYCLES = 1000


@pytest.fixture
def sessions(token: SoftToken) -> Iterator[TokenSessions]:
    """Give a test its own way to the token."""
    opened = open_sessions(token)
    yield opened
    opened.close()


@pytest.fixture
def key(sessions: TokenSessions) -> HsmKey:
    """Give a test a key in the token, and the token open."""
    keys = HsmKeys(sessions, unused_label().rpartition(" ")[2])
    made = keys.generate(keys.authority_label("tsa"), KeyKind.P256)
    made.signer.sign(DATA)
    return made


def seconds_until(succeeds: Callable[[], object], limit: float) -> float:
    """Try again and again; return the seconds until the first success."""
    begun = time.monotonic()
    while True:
        try:
            succeeds()
        except KeyStoreUnavailable:
            assert time.monotonic() - begun < limit, "the token was not found again in time"
            time.sleep(0.05)
        else:
            return time.monotonic() - begun


def refusal_seconds(key: HsmKey) -> float:
    """Sign, which must be refused as unavailable; return the seconds that took."""
    begun = time.monotonic()
    with pytest.raises(KeyStoreUnavailable):
        key.signer.sign(DATA)
    return time.monotonic() - begun


def test_a_token_that_is_gone_refuses_fast_and_is_found_again(
    token: SoftToken, key: HsmKey
) -> None:
    """The first call finds out within a second, the next within 0.1 s; then it comes back."""
    token.take_away()
    assert refusal_seconds(key) < BREAKER
    assert min(refusal_seconds(key) for _ in range(5)) < FAST
    token.bring_back()
    assert seconds_until(lambda: key.signer.sign(DATA), RECOVERY) < RECOVERY


def test_one_token_of_several_may_go(token: SoftToken, key: HsmKey, tmp_path: Path) -> None:
    """The device still answers, but not with our token: that is unavailable as well."""
    [folder] = token.folder.iterdir()
    aside = folder.rename(tmp_path / "aside")
    try:
        assert refusal_seconds(key) < BREAKER
        assert min(refusal_seconds(key) for _ in range(5)) < FAST
    finally:
        aside.rename(folder)
    assert seconds_until(lambda: key.signer.sign(DATA), RECOVERY) < RECOVERY


def test_a_token_that_hangs_holds_nobody_longer_than_the_deadline(
    token: SoftToken, key: HsmKey
) -> None:
    """A call that does not return ends for its caller; the token is used again when it has."""
    holder = token.hang()
    try:
        assert refusal_seconds(key) < BREAKER
        assert min(refusal_seconds(key) for _ in range(5)) < FAST
    finally:
        release(holder)
    assert seconds_until(lambda: key.signer.sign(DATA), RECOVERY) < RECOVERY


def test_a_token_that_hangs_at_the_first_call(token: SoftToken) -> None:
    """The first caller waits for the opening, those after it no more; then it is found."""
    sessions = open_sessions(token, opening=0.5)
    holder = token.hang()
    try:
        with pytest.raises(KeyStoreUnavailable, match="too long to open"):
            sessions.run(TokenSession.require_token)
        begun = time.monotonic()
        for _ in range(5):
            with pytest.raises(KeyStoreUnavailable):
                sessions.run(TokenSession.require_token)
        assert time.monotonic() - begun < 5 * FAST
    finally:
        release(holder)
    assert seconds_until(lambda: sessions.run(TokenSession.require_token), RECOVERY) < RECOVERY
    sessions.close()


def test_everybody_who_waits_is_answered_when_a_token_hangs(token: SoftToken, key: HsmKey) -> None:
    """More callers than sessions do not queue up behind a call that hangs."""
    holder = token.hang()
    try:
        begun = time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: refusal_seconds(key), range(32)))
        assert time.monotonic() - begun < 2 * BREAKER
    finally:
        release(holder)
    seconds_until(lambda: key.signer.sign(DATA), RECOVERY)


def test_a_session_that_the_token_forgot_is_replaced(sessions: TokenSessions, key: HsmKey) -> None:
    """Sessions closed behind our back are a fault like any other, and mended alike."""

    def forget(session: TokenSession) -> None:
        library = ctypes.CDLL(sessions.library.path)
        library.C_CloseAllSessions(ctypes.c_ulong(session.session.token.slot.slot_id))

    sessions.run(forget)
    refusal_seconds(key)
    assert seconds_until(lambda: key.signer.sign(DATA), RECOVERY) < RECOVERY


def open_session_count(token: SoftToken) -> int:
    """Count the sessions that the library itself says are open in this process."""
    library = ctypes.CDLL(token.library)
    info = (ctypes.c_ulong * 8)()
    return sum(
        library.C_GetSessionInfo(ctypes.c_ulong(handle), ctypes.byref(info)) == 0
        for handle in range(1, 30_000)
    )


def test_a_thousand_signatures_leave_no_session_behind(token: SoftToken, key: HsmKey) -> None:
    """By many threads or one, 1,000 signatures use the same few sessions, and closing ends all."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: key.signer.sign(DATA), range(64)))
    before = open_session_count(token)
    assert 2 <= before <= 5  # the login and four that sign
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: key.signer.sign(DATA), range(CYCLES)))
    assert open_session_count(token) == before


def test_opening_keys_a_thousand_times_leaves_no_session_behind(
    token: SoftToken, sessions: TokenSessions, key: HsmKey
) -> None:
    """Finding a key, reading its attributes and signing with it keeps nothing open."""
    keys = HsmKeys(sessions, "unused")
    for _ in range(16):
        keys.open(key.signer.public_key_der, label=key.label).signer.sign(DATA)
    before = open_session_count(token)
    for _ in range(CYCLES // 4):
        keys.open(key.signer.public_key_der, label=key.label).signer.sign(DATA)
    assert open_session_count(token) == before


def test_closing_and_opening_leaves_nothing_behind(sessions: TokenSessions, key: HsmKey) -> None:
    """Threads and file descriptors are as many after twenty rounds as after one."""

    def round_trip() -> tuple[int, int]:
        key.signer.sign(DATA)
        sessions.close()
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    first = round_trip()
    for _ in range(20):
        last = round_trip()
    assert last == first


class CountingLibrary(Library):
    """The library, counting how often somebody tried to log in."""

    logins = 0

    def log_in(self, label: str, pin: str) -> Session:
        """Count, then do."""
        self.logins += 1
        return super().log_in(label, pin)


def test_a_wrong_pin_is_tried_once(token: SoftToken) -> None:
    """However often a key is asked for, a wrong PIN in the settings costs one try."""
    library = CountingLibrary(token.library)
    wrong = TokenSessions(library, LABEL, lambda: "0000-0000", sessions=4, deadline=0.8)
    try:
        for _ in range(20):
            with pytest.raises(KeyStoreInvalid, match="is not that of the token"):
                wrong.run(TokenSession.require_token)
        time.sleep(1.2)
        with pytest.raises(KeyStoreInvalid):
            wrong.run(TokenSession.require_token)
        assert library.logins == 1
    finally:
        wrong.close()
    right = open_sessions(token)
    right.run(TokenSession.require_token)
    right.close()


@pytest.mark.parametrize(
    ("flag", "message"),
    [(TokenFlag.USER_PIN_FINAL_TRY, "one try left"), (TokenFlag.USER_PIN_LOCKED, "is locked")],
)
def test_the_last_try_is_never_used(flag: TokenFlag, message: str) -> None:
    """A token that has one try left, or none, is not logged in to."""
    described = SimpleNamespace(flags=flag | TokenFlag.LOGIN_REQUIRED, label=LABEL)
    with pytest.raises(KeyStoreInvalid, match=message):
        require_tries(described)


def test_a_token_with_all_its_tries_is_logged_in_to() -> None:
    """One wrong PIN before, by somebody, does not keep the service out."""
    flags = TokenFlag.LOGIN_REQUIRED | TokenFlag.USER_PIN_COUNT_LOW
    require_tries(SimpleNamespace(flags=flags, label=LABEL))


def test_what_a_token_cannot_do_is_no_fault_of_it(sessions: TokenSessions, key: HsmKey) -> None:
    """A mechanism that the token refuses is an error for the caller alone."""

    def ask_too_much(session: TokenSession) -> None:
        session.session.digest(b"", mechanism=Mechanism.SHA3_512)

    with pytest.raises(KeyStoreInvalid, match="cannot do"):
        sessions.run(ask_too_much)
    assert key.signer.sign(DATA)


def test_a_token_that_is_not_there_at_the_first_call(token: SoftToken) -> None:
    """A service that starts without its token finds it when it comes."""
    token.take_away()
    sessions = open_sessions(token)
    try:
        with pytest.raises(KeyStoreUnavailable):
            sessions.run(TokenSession.require_token)
        token.bring_back()
        assert seconds_until(lambda: sessions.run(TokenSession.require_token), RECOVERY) < RECOVERY
    finally:
        sessions.close()


@pytest.mark.parametrize("path", ["/nowhere/lib.so", "/lib/x86_64-linux-gnu/libc.so.6", __file__])
def test_what_is_no_pkcs11_library_is_named(path: str) -> None:
    """A wrong hsm.module is told of as such, and not tried again and again."""
    sessions = TokenSessions(Library(path), LABEL, lambda: PIN, sessions=1, deadline=0.8)
    with pytest.raises(SettingsInvalid, match=r"hsm\.module"):
        sessions.run(TokenSession.require_token)


WORKERS = """
import os, sys, threading
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from idservice.crypto.algorithms import KeyKind
from idservice.keystore.pkcs11 import HsmKeys
from idservice.keystore.pkcs11_library import Library
from idservice.keystore.pkcs11_sessions import TokenSessions

sessions = TokenSessions(
    Library(sys.argv[1]), sys.argv[2], lambda: sys.argv[3], sessions=4, deadline=5.0
)
keys = HsmKeys(sessions, "workers")
assert threading.active_count() == 1, "threads before the first call"
key = keys.generate(keys.authority_label("tsa"), KeyKind.P256)
if sys.argv[4] == "closed":
    keys.close()
    assert threading.active_count() == 1, "threads after closing"
def sign(number):
    values = [key.signer.sign(b"the same for all") for _ in range(100)]
    firsts = [decode_dss_signature(value)[0] for value in values]
    with open(sys.argv[5], "a") as file:
        print(*firsts, file=file)
workers = []
for number in range(2):
    worker = os.fork()
    if not worker:
        sign(number)
        os._exit(0)
    workers.append(worker)
sign(2)
ends = [os.waitpid(worker, 0)[1] for worker in workers]
assert ends == [0, 0], ends
print("all signed")
"""


@pytest.mark.parametrize("parent", ["closed", "open"])
def test_workers_that_are_forked_open_sessions_of_their_own(
    token: SoftToken, parent: str, tmp_path: Path
) -> None:
    """Two forked processes and their parent sign at once, whether it had sessions or not.

    All sign the same bytes, and no two values share their random number: with one r twice
    anybody could calculate the key.
    """
    firsts = tmp_path / "firsts"
    ran = subprocess.run(
        [sys.executable, "-c", WORKERS, token.library, LABEL, PIN, parent, str(firsts)],
        env={
            **os.environ,
            "SOFTHSM2_CONF": str(token.configuration),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "all signed\n"), ran.stderr
    numbers = firsts.read_text().split()
    assert len(numbers) == len(set(numbers)) == 300
