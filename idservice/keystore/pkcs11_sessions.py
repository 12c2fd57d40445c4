"""Sessions with a token: a bounded number of threads, each with one, behind a circuit breaker.

A call into a PKCS#11 library cannot be interrupted, and a device may let one wait for ever.
So calls are made by threads of their own, and whoever asked waits no longer than a deadline.

    closed ──► open ──► down ──► open …
                 └─ a fault of the token, or a call past its deadline

While down every call is refused at once; a thread waits until the calls under way have come
back, starts the library anew and logs in, again and again. A wrong PIN is tried once. No
thread and no session exists before the first call, so that workers may be forked until then.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Generic, TypeVar

import pkcs11
from pkcs11 import PKCS11Error, Session, Token
from pkcs11 import PrivateKey as TokenPrivateKey

from idservice.errors import Configuration, IdServiceError, KeyStoreInvalid
from idservice.keystore.pkcs11_library import Library, unavailable
from idservice.keystore.thread_ends import wait_until_gone

OPENING_SECONDS = 10.0
"""How long the first caller of a process waits for the library to start and the login."""
RETRY_SECONDS = 0.5
"""Seconds between two attempts to reach a token that is gone."""
ATTEMPTS = 4
PAUSE_SECONDS = 0.05
"""At first between attempts to open a token; each pause is longer by as much."""
CLOSING_SECONDS = 2.0

_Result = TypeVar("_Result")

# What a token answers when it is well and cannot do what it was asked for.
_REFUSALS = (
    pkcs11.ArgumentsBad,
    pkcs11.AttributeReadOnly,
    pkcs11.AttributeTypeInvalid,
    pkcs11.AttributeValueInvalid,
    pkcs11.DataInvalid,
    pkcs11.DataLenRange,
    pkcs11.DomainParamsInvalid,
    pkcs11.FunctionNotSupported,
    pkcs11.KeySizeRange,
    pkcs11.KeyTypeInconsistent,
    pkcs11.MechanismInvalid,
    pkcs11.MechanismParamInvalid,
    pkcs11.TemplateIncomplete,
    pkcs11.TemplateInconsistent,
)


class TokenSession:
    """One session in the hands of the thread that runs a call; `cache` has keys that it found."""

    def __init__(self, token: Token, library: Library) -> None:
        """Open a session on a token that this process is logged in to."""
        self.session: Session = token.open()
        self._library = library
        self.cache: dict[bytes, TokenPrivateKey] = {}

    def writing(self) -> Session:
        """Open a session that may make and destroy objects; the caller closes it."""
        return self.session.token.open(rw=True)

    def require_token(self) -> None:
        """Raise PKCS11Error when the token or the login is gone: then keys are just not found."""
        self.session.token.slot.get_token()
        self._library.require_login(self.session)

    def close(self) -> None:
        """Close the session; one that the token has forgotten needs nothing."""
        with contextlib.suppress(PKCS11Error):
            self.session.close()


Job = Callable[[TokenSession], _Result]


class _Work(Generic[_Result]):
    """A call that waits for its turn, and how it ended."""

    def __init__(self, job: Job[_Result]) -> None:
        self._job = job
        self.done = threading.Event()
        self.results: list[_Result] = []
        self.error: BaseException | None = None

    def run(self, session: TokenSession) -> None:
        self.results.append(self._job(session))

    def fail(self, error: BaseException) -> None:
        self.error = error
        self.done.set()


class _Login:
    """One login, from the start of the library to the first fault: its threads and their work."""

    def __init__(
        self,
        session: Session,
        library: Library,
        threads: int,
        on_fault: Callable[[_Login], None],
    ) -> None:
        self._session = session
        self._library = library
        self._on_fault = on_fault
        self._queue: SimpleQueue[_Work[object] | None] = SimpleQueue()
        self.broken = False
        self.threads = [
            threading.Thread(target=self._serve, name=f"token-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self.threads:
            thread.start()

    def put(self, work: _Work[_Result]) -> None:
        """Let the next free thread do it."""
        self._queue.put(work)  # type: ignore[arg-type] # results go back to whoever made it

    def end(self) -> None:
        """Refuse what waits and tell the threads to end."""
        self.broken = True
        for _ in self.threads:
            self._queue.put(None)

    def join(self, seconds: float | None = None) -> None:
        """Wait until all threads have ended, then let the login go."""
        for thread in self.threads:
            thread.join(seconds)
        if not any(thread.is_alive() for thread in self.threads):
            with contextlib.suppress(PKCS11Error):
                self._session.close()

    def _serve(self) -> None:
        session: TokenSession | None = None
        while (work := self._queue.get()) is not None:
            if self.broken:
                work.fail(unavailable("it failed a moment ago"))
                continue
            try:
                session = session or TokenSession(self._session.token, self._library)
                work.run(session)
            except _REFUSALS as exc:
                work.fail(_cannot(exc))
            except PKCS11Error as exc:
                self._on_fault(self)
                work.fail(_fault(exc))
            except BaseException as exc:  # noqa: BLE001 - raised again in the thread that asked
                work.fail(exc)
            else:
                work.done.set()
        if session is not None:
            session.close()


@dataclass(slots=True)
class _State:
    """Where a process stands with its token; a forked process begins with a new one."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    closing: threading.Event = field(default_factory=threading.Event)
    login: _Login | None = None
    trouble: IdServiceError | None = None
    keeper: threading.Thread | None = None


class TokenSessions:
    """The one way to a token from this process."""

    def __init__(
        self,
        library: Library,
        label: str,
        read_pin: Callable[[], str],
        *,
        sessions: int,
        deadline: float,
    ) -> None:
        """Use at most `sessions` sessions; a call takes at most `deadline` seconds."""
        self.library = library
        self._label = label
        self._read_pin = read_pin
        self._sessions = sessions
        self._deadline = deadline
        self._single = threading.Lock()
        self._state = _State()
        self._started: list[threading.Thread] = []
        os.register_at_fork(before=self._settle, after_in_child=self._forget)
        atexit.register(self.close)

    def run(self, job: Job[_Result], *, deadline: float | None = None) -> _Result:
        """Run a call in a thread that has a session, and return or raise what it does.

        `deadline` in seconds replaces the usual one. Raises KeyStoreUnavailable at once
        while the token is down, and when the call takes too long; KeyStoreInvalid when
        the PIN in the settings is wrong or the token cannot do what it was asked for.
        """
        login = self._ready()
        work = _Work(job)
        login.put(work)
        if not work.done.wait(self._deadline if deadline is None else deadline):
            self._break(login)
            raise unavailable("it did not answer in time")
        if work.error is not None:
            raise work.error
        return work.results[0]

    @contextlib.contextmanager
    def one_at_a_time(self, seconds: float) -> Iterator[None]:
        """Let one caller of this process in at a time.

        Raises KeyStoreUnavailable when it is not our turn within `seconds`.
        """
        single = self._single
        if not single.acquire(timeout=seconds):
            raise unavailable("it is busy making keys")
        try:
            yield
        finally:
            single.release()

    @property
    def is_open(self) -> bool:
        """Whether the token answered when it was asked last."""
        return self._state.login is not None

    def close(self) -> None:
        """End all sessions and threads and let the library go; the next call opens them anew."""
        state = self._state
        with state.changed:
            login, state.login = state.login, None
            state.closing.set()
        if state.keeper is not None:
            state.keeper.join(CLOSING_SECONDS)
        if login is not None:
            login.end()
            login.join(CLOSING_SECONDS)
            # A library must not be let go under a call that has not come back.
            if not any(thread.is_alive() for thread in login.threads):
                self.library.finalise()
        self._settle()
        self._forget()

    def _settle(self) -> None:
        """Leave no thread half ended: a process is forked now, or may be soon."""
        wait_until_gone(self._started)
        self._started = [thread for thread in self._started if thread.is_alive()]

    def _forget(self) -> None:
        """Begin as if nothing was ever opened: sessions and threads do not survive a fork."""
        self._single = threading.Lock()
        self._state = _State()

    def _ready(self) -> _Login:
        state = self._state
        with state.changed:
            if state.login is None and state.trouble is None:
                self._start_keeper(state, None)
                state.changed.wait_for(lambda: state.login or state.trouble, OPENING_SECONDS)
            if state.login is None:
                raise _again(state.trouble)
            return state.login

    def _break(self, login: _Login) -> None:
        """Refuse every call from now on, and begin to look for the token again."""
        state = self._state
        with state.changed:
            login.end()
            if state.login is login:
                state.login, state.trouble = None, unavailable("it failed a moment ago")
                self._start_keeper(state, login)

    def _start_keeper(self, state: _State, before: _Login | None) -> None:
        if state.keeper is None:
            state.keeper = threading.Thread(
                target=self._keep_trying, args=(state, before), name="token-keeper", daemon=True
            )
            state.keeper.start()
            self._started.append(state.keeper)

    def _keep_trying(self, state: _State, before: _Login | None) -> None:
        if before is not None:
            before.join()
        while not state.closing.is_set() and not self._try(state):
            state.closing.wait(RETRY_SECONDS)

    def _try(self, state: _State) -> bool:
        """Open the token; return whether there is nothing left to try."""
        login, trouble = self._open()
        with state.changed:
            if login is not None and state.closing.is_set():
                login.end()
                return True
            state.login, state.trouble = login, trouble
            over = login is not None or isinstance(trouble, Configuration)
            state.keeper = None if over else state.keeper
            state.changed.notify_all()
            return over

    def _logged_in(self) -> _Login:
        self.library.restart()
        session = self.library.log_in(self._label, self._read_pin())
        login = _Login(session, self.library, self._sessions, self._break)
        self._started += login.threads
        return login

    def _open(self) -> tuple[_Login | None, IdServiceError | None]:
        trouble: IdServiceError | None = None
        for attempt in range(ATTEMPTS):
            # A token that another process logs in to at this moment may seem to be broken.
            time.sleep(attempt * PAUSE_SECONDS)
            try:
                return self._logged_in(), None
            except Configuration as exc:
                return None, exc
            except IdServiceError as exc:
                trouble = exc
        return None, trouble


def _again(trouble: IdServiceError | None) -> IdServiceError:
    """Make an error of its own for each caller: raising one adds to its trace."""
    if trouble is None:
        return unavailable("it takes too long to open")
    return type(trouble)(trouble.detail, trouble.fix)


def _fault(exc: PKCS11Error) -> IdServiceError:
    error = unavailable(f"it answers {type(exc).__name__}")
    error.__cause__ = exc
    return error


def _cannot(exc: PKCS11Error) -> IdServiceError:
    error = KeyStoreInvalid(
        f"The token cannot do what is asked of it: it answers {type(exc).__name__}.",
        "Use a kind of key and an algorithm that the token supports; its manual lists them.",
    )
    error.__cause__ = exc
    return error
