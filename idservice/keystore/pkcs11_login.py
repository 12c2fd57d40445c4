"""One login to a token: its sessions, each in the hands of one thread, until the first fault."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

import pkcs11
from pkcs11 import Attribute, Object, PKCS11Error, Session, Token
from pkcs11 import PrivateKey as TokenPrivateKey

from idservice.errors import IdServiceError, KeyStoreInvalid
from idservice.keystore.pkcs11_library import Library, unavailable

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

    def search(self, template: dict[Attribute, Any], within: Session | None = None) -> list[Object]:
        """Return the objects with these attributes; `within` is a session to use them in.

        A session that is void is found out first: the binding leaves a search unfinished
        that could not begin, and complains when it is freed.
        """
        session = within or self.session
        self._library.require_login(session)
        return list(session.get_objects(template))

    def require_token(self) -> None:
        """Raise PKCS11Error when the token or the login is gone: then keys are just not found."""
        self.session.token.slot.get_token()
        self._library.require_login(self.session)

    def close(self) -> None:
        """Close the session; one that the token has forgotten needs nothing."""
        with contextlib.suppress(PKCS11Error):
            self.session.close()


Job = Callable[[TokenSession], _Result]


class Work(Generic[_Result]):
    """A call that waits for its turn, and how it ended."""

    def __init__(self, job: Job[_Result]) -> None:
        """Take what is to be done; `done` is set when it was, or failed with `error`."""
        self._job = job
        self.done = threading.Event()
        self.results: list[_Result] = []
        self.error: BaseException | None = None

    def run(self, session: TokenSession) -> None:
        """Do it in this thread, with its session."""
        self.results.append(self._job(session))
        self.done.set()

    def fail(self, error: BaseException) -> None:
        """End it with an error, for whoever asked."""
        self.error = error
        self.done.set()


class Login:
    """One login, from the start of the library to the first fault: its threads and their work."""

    def __init__(
        self,
        session: Session,
        library: Library,
        threads: int,
        on_fault: Callable[[Login], None],
    ) -> None:
        """Start the threads; `session` is the one that is logged in.

        `on_fault` is called in a thread whose call the token failed.
        """
        self._session = session
        self._library = library
        self._on_fault = on_fault
        self._queue: SimpleQueue[Work[object] | None] = SimpleQueue()
        self.broken = False
        self.threads = [
            threading.Thread(target=self._serve, name=f"token-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self.threads:
            thread.start()

    def put(self, work: Work[_Result]) -> None:
        """Let the next free thread do it."""
        self._queue.put(work)  # type: ignore[arg-type] # results go back to whoever made it

    def end(self) -> None:
        """Refuse what waits and tell the threads to end."""
        self.broken = True
        for _ in self.threads:
            self._queue.put(None)

    def join(self, seconds: float = math.inf) -> bool:
        """Wait until all threads have ended, then let the login go; return whether they have."""
        until = time.monotonic() + seconds
        for thread in self.threads:
            left = max(0.0, until - time.monotonic())
            thread.join(None if math.isinf(left) else left)
        if any(thread.is_alive() for thread in self.threads):
            return False
        with contextlib.suppress(PKCS11Error):
            self._session.close()
        return True

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
        if session is not None:
            session.close()


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
