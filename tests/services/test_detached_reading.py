"""Detached signatures read in a process of their own: the same facts, the same errors."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from idservice.cades.facts import read_facts
from idservice.errors import InputTooLarge, SignedContentMissing, UnknownFormat
from idservice.services.confinement import ConfinedReader
from idservice.services.document_reading import read_document
from idservice.services.mapped_file import MappedFile
from idservice.settings import ValidationSettings
from support.cms_forgery import Forgery
from support.detached import CONTENT, encode, fixed

SIGNATURE = encode(fixed())
MIB = 1 << 20
LIMITS = ValidationSettings(
    policy="strict",
    max_document_bytes=64 * MIB,
    cpu_seconds=10,
    memory_bytes=512 * MIB,
    parallel=1,
)


@pytest.fixture(scope="module")
def reader() -> Iterator[ConfinedReader]:
    """One process for the module."""
    found = ConfinedReader(LIMITS)
    yield found
    found.close()


def test_the_facts_are_the_same(reader: ConfinedReader) -> None:
    """What the process says is what reading here says, with and without a file."""
    here = read_facts(SIGNATURE, CONTENT, max_bytes=MIB)
    assert reader.read_detached(SIGNATURE, CONTENT, max_bytes=MIB) == here
    attached = encode(fixed().with_(content=CONTENT))
    found = reader.read_detached(attached, None, max_bytes=MIB)
    assert found == read_facts(attached, None, max_bytes=MIB)


def test_the_errors_are_the_same(reader: ConfinedReader) -> None:
    """A file that is missing or too large is told by the process too."""
    with pytest.raises(SignedContentMissing):
        reader.read_detached(SIGNATURE, None, max_bytes=MIB)
    with pytest.raises(InputTooLarge):
        reader.read_detached(SIGNATURE, CONTENT, max_bytes=5)


def test_a_mapped_file_is_hashed_where_it_is(reader: ConfinedReader, tmp_path: Path) -> None:
    """A large file comes to the process as a descriptor and is intact there."""
    content = bytes(range(256)) * 8192
    path = tmp_path / "large"
    path.write_bytes(content)
    signature = Forgery().encode(hashlib.sha256(content).digest())
    with path.open("rb") as file:
        found = reader.read_detached(signature, MappedFile(file), max_bytes=4 * MIB)
    assert [item.integrity.value for item in found.signatures] == ["intact"]


def test_a_signature_that_is_too_large_is_a_format_failure(reader: ConfinedReader) -> None:
    """Limits are facts about a file that begins as a signature, and no error."""
    from idservice.pades.facts import read_facts as read_pdf

    readers = (read_pdf, reader.read_detached)
    large = SIGNATURE + bytes(25 * MIB)
    found = read_document(large, CONTENT, None, MIB, readers)
    assert (found.format, [item.code for item in found.findings]) == ("CAdES", ["FORMAT_FAILURE"])
    with pytest.raises(UnknownFormat):
        read_document(b"text", None, None, MIB, readers)
