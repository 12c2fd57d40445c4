"""Documents read, and prepared for signing, in processes of their own.

There are limits of memory and time. A process serves one document at a time and is kept
for the next one. When a document makes it exceed a limit, that document is refused; when it
ends for any other reason, that says nothing about the document and is an error of the service.
Either way a new process takes over.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import idservice
from idservice.errors import (
    IdServiceError,
    InputTooLarge,
    MalformedInput,
    RequestRefused,
    ServiceUnavailable,
    Unsupported,
)
from idservice.services.confined_answers import (
    DrawnPage,
    differences_from_json,
    drawn_from_json,
    explanation_from_json,
)
from idservice.services.confined_requests import (
    BYTES_COME,
    FILE_COMES,
    MEMORY_EXCEEDED,
    NO_MEMORY_FOR_LIBRARY,
)
from idservice.services.mapped_file import MappedFile
from idservice.settings import ValidationSettings
from idservice.validation.facts import DocumentFacts
from idservice.validation.serialisation import facts_from_json

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData
    from idservice.services.preparation import Preparation, PreparationOrder
    from idservice.validation.differences import RevisionDifference

MAX_ANSWER_BYTES = 64 * 1024 * 1024
_CHUNK = 1 << 20
_WAIT_FACTOR = 3
_WAIT_SECONDS = 10
_END_SECONDS = 1.0
_EXCEEDED = {None, -signal.SIGXCPU, MEMORY_EXCEEDED, NO_MEMORY_FOR_LIBRARY}


class ConfinedReader:
    """Reads documents in a few processes that it starts when they are needed."""

    def __init__(self, settings: ValidationSettings) -> None:
        """Take memory, time and number of processes from the settings."""
        self._settings = settings
        self._idle: list[_Worker] = []
        self._pid = os.getpid()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start a process now, which loads what it needs while the caller does something else.

        Raises ServiceUnavailable when none can be started.
        """
        self._give_back(self._take())

    def __call__(
        self, document: PdfData, /, *, password: str | None, max_bytes: int
    ) -> DocumentFacts:
        """Return the facts of a document, as `pades.facts.read_facts` does.

        Raises NotAPdf, InputTooLarge (also when a limit of time or memory was exceeded),
        PdfPasswordWrong, ServiceUnavailable when no process can be started or it ended for
        another reason than a limit.
        """
        if len(document) > max_bytes:
            raise InputTooLarge(
                f"The document has {len(document)} bytes where at most {max_bytes} are read.",
                "Validate a smaller document, or raise validation.max_document_bytes.",
            )
        head = {"do": "read", "size": len(document), "password": password, "max_bytes": max_bytes}
        return _facts(self._ask(head, document))

    def read_detached(
        self, signature: bytes, content: PdfData | None, /, *, max_bytes: int
    ) -> DocumentFacts:
        """Return the facts of a CMS signature over a file, as `cades.facts.read_facts` does.

        Raises SignedContentMissing, InputTooLarge as for a document, and ServiceUnavailable.
        """
        if content is not None and len(content) > max_bytes:
            raise InputTooLarge(
                f"The signed file has {len(content)} bytes where at most {max_bytes} are read.",
                "Validate a smaller file, or raise validation.max_document_bytes.",
            )
        head = {
            "do": "read-detached",
            "size": 0 if content is None else len(content),
            "signature": base64.b64encode(signature).decode("ascii"),
            "with_content": content is not None,
            "max_bytes": max_bytes,
        }
        return _facts(self._ask(head, b"" if content is None else content))

    def prepare(self, path: Path, order: PreparationOrder) -> Preparation:
        """Prepare the signature of a document in a file, which the process reads in place.

        Raises the errors of reading and preparing a PDF, InputTooLarge also when a limit of
        time or memory was exceeded, and ServiceUnavailable.
        """
        # Only this side writes it: what comes back from the process is never unpickled.
        order_bytes = pickle.dumps(order)
        head = {"do": "prepare", "size": len(order_bytes), "path": str(path.absolute())}
        return _preparation(self._ask(head, order_bytes))

    def compare(
        self, document: PdfData, *, password: str | None, max_bytes: int
    ) -> tuple[RevisionDifference, ...]:
        """Return what each revision changed, as `pades.differences.read_differences` does.

        Raises what reading raises, and MalformedPdf for a file that cannot be compared.
        """
        head = {"do": "compare", "size": len(document), "password": password}
        answer = self._ask({**head, "max_bytes": max_bytes}, document)
        _raise_error(answer)
        return differences_from_json(answer)

    def draw(self, document: PdfData, end: int, page: int, *, password: str | None) -> DrawnPage:
        """Draw page `page` (from 1) as it is now and as it was in the first `end` bytes.

        Raises MalformedPdf, DrawingUnavailable, InputTooLarge and ServiceUnavailable.
        """
        head = {"do": "draw", "size": len(document), "password": password}
        answer = self._ask({**head, "end": end, "page": page}, document)
        _raise_error(answer)
        return drawn_from_json(answer)

    def explain(self, document: PdfData, *, password: str | None) -> dict[str, Any]:
        """Return what a file is, as `inspection.explanation.explain` does.

        Raises what explaining raises, InputTooLarge beyond a limit, and ServiceUnavailable.
        """
        head = {"do": "explain", "size": len(document), "password": password}
        answer = self._ask(head, document)
        _raise_error(answer)
        return explanation_from_json(answer)

    def _ask(self, head: dict[str, Any], body: PdfData) -> Any:
        worker = self._take()
        try:
            answer = worker.ask(head, body)
        except _WorkerLost as exc:
            if worker.end_exceeded():
                raise self._exceeded() from exc
            raise _ended_by_itself() from exc
        except BaseException:
            worker.end()
            raise
        self._give_back(worker)
        return answer

    def close(self) -> None:
        """End all processes that wait for work."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def _take(self) -> _Worker:
        with self._lock:
            if self._pid != os.getpid():
                # After a fork the processes belong to the parent.
                self._idle, self._pid = [], os.getpid()
            while self._idle:
                worker = self._idle.pop()
                if worker.lives:
                    return worker
                worker.end()
        return _Worker(self._settings)

    def _give_back(self, worker: _Worker) -> None:
        with self._lock:
            if len(self._idle) < self._settings.parallel:
                self._idle.append(worker)
                return
        worker.end()

    def _exceeded(self) -> InputTooLarge:
        return InputTooLarge(
            f"Reading the document takes more than {self._settings.cpu_seconds} seconds or "
            f"{self._settings.memory_bytes} bytes of memory, and was ended.",
            "Use a smaller document, or raise the limits of validation in the settings.",
        )


class _WorkerLost(Exception):
    """The process ended, or did not answer in time."""


class _Worker:
    """One process, the socket for its requests and the pipe for its answers."""

    def __init__(self, settings: ValidationSettings) -> None:
        self._deadline = _WAIT_FACTOR * settings.cpu_seconds + _WAIT_SECONDS
        package = str(Path(str(idservice.__file__)).parent.parent)
        path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
        limits = (str(settings.memory_bytes), str(settings.cpu_seconds))
        try:
            self._requests, theirs = socket.socketpair()
            os.set_blocking(self._requests.fileno(), False)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "idservice.services.confined_reader", *limits],
                    stdin=theirs.fileno(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={"PYTHONPATH": path, "LANG": "C.UTF-8", "PATH": os.defpath},
                    start_new_session=True,
                )
        except OSError as exc:
            raise ServiceUnavailable(
                "The process that reads documents cannot be started.", "Try again later."
            ) from exc

    @property
    def lives(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def ask(self, head: dict[str, Any], body: PdfData) -> Any:
        """Send a request and return the decoded answer.

        Raises _WorkerLost, ServiceUnavailable for an answer that is none.

        The process maps a mapped document itself, by its descriptor; other bytes are sent.
        """
        give_up_at = time.monotonic() + self._deadline
        files = [body.file.fileno()] if isinstance(body, MappedFile) else []
        line = json.dumps(head).encode() + b"\n"
        try:
            self._wait_for(self._requests.fileno(), select.POLLOUT, give_up_at)
            socket.send_fds(self._requests, [FILE_COMES if files else BYTES_COME], files)
            self._send(line, give_up_at)
            if not files:
                self._send(body, give_up_at)
            return json.loads(self._line(give_up_at))
        except OSError as exc:
            raise _WorkerLost from exc
        except ValueError as exc:
            raise _unusable() from exc

    def end_exceeded(self) -> bool:
        """End a lost process; tell whether it was one of its limits that it met.

        That is so when the system ended it for its CPU time, when it or its C library said so for
        its memory, and when it still runs at the deadline. Whatever else ended it was not the
        document: a signal from outside, the system short of memory, a fault of ours.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Its pipe is closed a moment before its end can be waited for.
            self._process.wait(_END_SECONDS)
        code = self._process.poll()
        self.end()
        return code in _EXCEEDED

    def end(self) -> None:
        """End the process and free what it held."""
        self._process.kill()
        self._requests.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()

    def _send(self, data: PdfData, give_up_at: float) -> None:
        fd = self._requests.fileno()
        view = memoryview(data)
        sent = 0
        while sent < len(view):
            self._wait_for(fd, select.POLLOUT, give_up_at)
            sent += os.write(fd, view[sent : sent + _CHUNK])

    def _line(self, give_up_at: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - Popen was asked for a pipe
        fd = self._process.stdout.fileno()
        pieces: list[bytes] = []
        size = 0
        while not (pieces and pieces[-1].endswith(b"\n")):
            self._wait_for(fd, select.POLLIN, give_up_at)
            piece = os.read(fd, _CHUNK)
            size += len(piece)
            if not piece or size > MAX_ANSWER_BYTES:
                raise _WorkerLost
            pieces.append(piece)
        return b"".join(pieces)

    @staticmethod
    def _wait_for(fd: int, what: int, give_up_at: float) -> None:
        left = give_up_at - time.monotonic()
        poll = select.poll()
        poll.register(fd, what)
        if left <= 0 or not poll.poll(left * 1000):
            raise _WorkerLost


def _unusable() -> ServiceUnavailable:
    return ServiceUnavailable(
        "The process that reads documents gave no usable answer.", "Try again later."
    )


def _ended_by_itself() -> ServiceUnavailable:
    return ServiceUnavailable(
        "The process that reads documents ended before it was done, and not for one of its "
        "limits, so nothing is known about the document.",
        "Try again; if it happens again, tell the operator of the service.",
    )


def _facts(answer: Any) -> DocumentFacts:
    _raise_error(answer)
    return facts_from_json(answer.get("facts") if isinstance(answer, dict) else None)


def _preparation(answer: Any) -> Preparation:
    """Read the answer of a process that hostile input may have taken over."""
    # Only who signs loads what signing needs.
    from idservice.pades.pending import PendingSignature
    from idservice.services.preparation import Preparation

    _raise_error(answer)
    try:
        pending = PendingSignature.from_bytes(base64.b64decode(answer["pending"], validate=True))
        return Preparation(pending, str(answer["sha256"]))
    except (KeyError, TypeError, binascii.Error) as exc:
        raise _unusable() from exc


def _raise_error(answer: Any) -> None:
    if isinstance(answer, dict) and "error" in answer:
        code, detail, fix = answer["error"]
        raise _errors().get(code, InputTooLarge)(str(detail), str(fix))


@cache
def _errors() -> dict[str, type[IdServiceError]]:
    """All errors by their codes: what can be wrong with a document is known to the core."""
    found: dict[str, type[IdServiceError]] = {}
    pending = list(IdServiceError.__subclasses__())
    while pending:
        item = pending.pop()
        pending += item.__subclasses__()
        if issubclass(item, (MalformedInput, Unsupported, RequestRefused)):
            found[item.code] = item
    return found
