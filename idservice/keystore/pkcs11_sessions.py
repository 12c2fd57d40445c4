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
from typing import TypeVar

from idservice.errors import Configuration, IdServiceError
from idservice.keystore.pkcs11_library import Library, unavailable
from idservice.keystore.pkcs11_login import Job, Login, TokenSession, Work
from idservice.keystore.thread_ends import wait_until_gone

OPENING_SECONDS = 5.0
"""How long the first callers of a process wait for the library to start and the login."""
RETRY_SECONDS = 0.5
"""Seconds between two attempts to reach a token that is gone."""
ATTEMPTS = 4
PAUSE_SECONDS = 0.05
"""At first between attempts to open a token; each pause is longer by as much."""
CLOSING_SECONDS = 2.0

__all__ = ["TokenSession", "TokenSessions"]

_Result = TypeVar("_Result")


@dataclass(slots=True)
class _State:
    """Where a process stands with its token; a forked process begins with a new one."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    closing: threading.Event = field(default_factory=threading.Event)
    login: Login | None = None
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
        opening: float = OPENING_SECONDS,
    ) -> None:
        """Use at most `sessions` sessions; a call takes at most `deadline` seconds.

        The first calls take at most `opening` seconds longer.
        """
        self.library = library
        self._label = label
        self._read_pin = read_pin
        self._sessions = sessions
        self._deadline = deadline
        self._opening = opening
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
        work = Work(job)
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
            # A library must not be let go under a call that has not come back.
            if login.join(CLOSING_SECONDS):
                self.library.finalise()
        self._settle()
        self._forget()

    def _settle(self) -> None:
        """Leave no thread half ended: a process is forked now, or may be soon."""
        ended = [thread for thread in self._started if not thread.is_alive()]
        wait_until_gone(ended)
        for thread in ended:
            with contextlib.suppress(ValueError):  # another fork saw it, too
                self._started.remove(thread)

    def _forget(self) -> None:
        """Begin as if nothing was ever opened: sessions and threads do not survive a fork."""
        self._single = threading.Lock()
        self._state = _State()

    def _ready(self) -> Login:
        state = self._state
        with state.changed:
            if state.login is None and state.trouble is None:
                self._start_keeper(state, None)
                if not state.changed.wait_for(lambda: state.login or state.trouble, self._opening):
                    state.trouble = unavailable("it takes too long to open")
            if state.login is None:
                raise _again(state.trouble or unavailable("it is being closed"))
            return state.login

    def _break(self, login: Login) -> None:
        """Refuse every call from now on, and begin to look for the token again."""
        state = self._state
        with state.changed:
            login.end()
            if state.login is login:
                state.login, state.trouble = None, unavailable("it failed a moment ago")
                self._start_keeper(state, login)

    def _start_keeper(self, state: _State, before: Login | None) -> None:
        if state.keeper is None:
            state.keeper = threading.Thread(
                target=self._keep_trying, args=(state, before), name="token-keeper", daemon=True
            )
            state.keeper.start()
            self._started.append(state.keeper)

    def _keep_trying(self, state: _State, before: Login | None) -> None:
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

    def _logged_in(self) -> Login:
        self.library.restart()
        session = self.library.log_in(self._label, self._read_pin())
        login = Login(session, self.library, self._sessions, self._break)
        self._started += login.threads
        return login

    def _open(self) -> tuple[Login | None, IdServiceError | None]:
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


def _again(trouble: IdServiceError) -> IdServiceError:
    """Make an error of its own for each caller: raising one adds to its trace."""
    return type(trouble)(trouble.detail, trouble.fix)
