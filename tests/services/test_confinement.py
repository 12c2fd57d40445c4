"""Documents read in another process: the same facts, and limits that hold."""

import gc
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from idservice.errors import (
    InputTooLarge,
    NotAPdf,
    PdfPasswordWrong,
    ServiceUnavailable,
)
from idservice.pades.facts import read_facts
from idservice.services.confinement import ConfinedReader
from idservice.validation.facts import DocumentFacts
from support import pdfs
from support.cms_forgery import Forgery
from support.limits import limits
from support.long_term import archived
from support.pdfs import plain_objects, table_pdf
from support.signed_pdfs import SignedPdf
from support.signing import signed

MEGABYTE = 1024 * 1024
LIMITS = limits(max_document_bytes=64 * MEGABYTE, parallel=2)
GOOD = signed(pdfs.baseline())


@pytest.fixture(scope="module")
def reader() -> Iterator[ConfinedReader]:
    """One reader for the tests of this file."""
    found = ConfinedReader(LIMITS)
    yield found
    found.close()
    gc.collect()


def read(reader: ConfinedReader, data: bytes, password: str | None = None) -> DocumentFacts:
    """Read a document within the limits."""
    return reader(data, password=password, max_bytes=LIMITS.max_document_bytes)


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        signed(GOOD),
        pdfs.baseline(),
        GOOD[:-100],
        SignedPdf(cms=Forgery(signer_infos=2).encode).build(),
        SignedPdf(entries={"M": b""}, cms=Forgery(certificates=()).encode).build(),
        b"%PDF-1.7\n" + bytes(100),
        archived(),
    ],
    ids=[
        "signed",
        "signed twice",
        "unsigned",
        "cut",
        "two signers",
        "no certificate",
        "rubbish",
        "archived",
    ],
)
def test_the_facts_are_those_read_here(reader: ConfinedReader, data: bytes) -> None:
    """Another process reads the very same facts."""
    assert read(reader, data) == read_facts(data)


def test_errors_come_back_as_what_they_are(reader: ConfinedReader) -> None:
    """No PDF, wrong password and too large keep their class."""
    locked = pdfs.encrypted(6, aes=True, user="secret")
    with pytest.raises(NotAPdf):
        read(reader, b"hello")
    with pytest.raises(PdfPasswordWrong):
        read(reader, locked)
    assert read(reader, locked, "secret").signatures == ()
    with pytest.raises(InputTooLarge, match="at most 10"):
        reader(GOOD, password=None, max_bytes=10)


def test_large_documents_travel_whole(reader: ConfinedReader) -> None:
    """A document of several megabytes is read like a small one."""
    data = signed(pdfs.multi_megabyte(8))
    assert read(reader, data) == read_facts(data)


def test_a_document_that_needs_too_much_memory_is_refused() -> None:
    """The process that exceeds its memory is ended, and the next document is read."""
    small = LIMITS.model_copy(update={"memory_bytes": 256 * MEGABYTE})
    reader = ConfinedReader(small)
    try:
        with pytest.raises(InputTooLarge):
            reader(
                signed(pdfs.baseline()) + bytes(250 * MEGABYTE),
                password=None,
                max_bytes=400 * MEGABYTE,
            )
        assert read(reader, GOOD) == read_facts(GOOD)
    finally:
        reader.close()


def test_a_document_that_takes_too_long_is_refused() -> None:
    """CPU time is counted for each document; whoever exceeds it is ended."""
    numbers = range(10, 10 + 500_000)
    slow = table_pdf(plain_objects() | dict.fromkeys(numbers, b"<< /A [1 2 3] /B (text) >>"))
    reader = ConfinedReader(LIMITS.model_copy(update={"cpu_seconds": 1}))
    try:
        with pytest.raises(InputTooLarge, match="1 seconds"):
            read(reader, slow)
        assert read(reader, GOOD) == read_facts(GOOD)
    finally:
        reader.close()


def test_a_process_that_was_ended_is_replaced(reader: ConfinedReader) -> None:
    """A waiting process that somebody ended does not cost a document."""
    read(reader, GOOD)
    for worker in reader._idle:
        os.kill(worker._process.pid, 9)
        worker._process.wait()
    assert read(reader, GOOD) == read_facts(GOOD)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_process_ended_from_outside_is_no_verdict(number: signal.Signals) -> None:
    """Who ends a process while it reads says nothing of the document: the service is at fault."""
    numbers = range(10, 10 + 500_000)
    slow = table_pdf(plain_objects() | dict.fromkeys(numbers, b"<< /A [1 2 3] /B (text) >>"))
    reader = ConfinedReader(LIMITS.model_copy(update={"cpu_seconds": 60}))
    try:
        assert read(reader, GOOD) == read_facts(GOOD)
        [worker] = reader._idle
        timer = threading.Timer(0.5, os.kill, (worker._process.pid, number))
        timer.start()
        with pytest.raises(ServiceUnavailable, match="nothing is known"):
            read(reader, slow)
        timer.join()
        assert read(reader, GOOD) == read_facts(GOOD)
    finally:
        reader.close()


def test_many_documents_at_once(reader: ConfinedReader) -> None:
    """Threads get processes of their own; only as many are kept as the settings say."""
    found: list[DocumentFacts] = []
    threads = [threading.Thread(target=lambda: found.append(read(reader, GOOD))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [read_facts(GOOD)] * 6
    assert len(reader._idle) <= LIMITS.parallel
