"""Documents of strangers are prepared for signing where they can do no harm."""

import gc
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from idservice.cms.claims import Commitment, SignerClaims
from idservice.errors import (
    FileNotReadable,
    IdServiceError,
    InputTooLarge,
    MalformedPdf,
    MalformedRequest,
    NotAPdf,
    PdfPasswordWrong,
    PdfSigningForbidden,
)
from idservice.pades.signing import SignatureOptions, complete
from idservice.pdf.fields import FieldLock
from idservice.pdf.signature_dictionary import SignatureText
from idservice.pdf.signature_field import Restrictions
from idservice.services.confinement import ConfinedReader
from idservice.services.preparation import (
    PLAIN_BYTES,
    CarefulPreparer,
    LocalPreparer,
    Preparation,
    PreparationOrder,
    is_plain,
)
from support import oracles, pdfs
from support.limits import limits
from support.pki import AT, chain
from support.signing import signed, template_for

MEGABYTE = 1024 * 1024
LIMITS = limits(max_document_bytes=64 * MEGABYTE, parallel=2)
ORDER = PreparationOrder.for_template(
    template_for(), SignatureOptions(), at=AT, max_bytes=64 * MEGABYTE
)
OPTIONS = SignatureOptions(
    text=SignatureText("Jaak Jõeorg", None, "Tallinn", "jaak@example.ee"),
    claims=SignerClaims(Commitment.APPROVAL, ("Direktor",)),
    restrictions=Restrictions(2, FieldLock("All")),
)


@pytest.fixture(scope="module")
def confined() -> Iterator[ConfinedReader]:
    """One set of confined processes for the tests of this file."""
    found = ConfinedReader(LIMITS)
    yield found
    found.close()
    gc.collect()


def kept(folder: Path, data: bytes) -> Path:
    """Write a document that waits to be signed."""
    path = folder / "kept.pdf"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["baseline", "object-streams", "password-aes-256", "linearised"])
def test_both_ways_prepare_the_same(confined: ConfinedReader, name: str, tmp_path: Path) -> None:
    """Another process makes the very same bytes to sign, for every kind of option."""
    case = pdfs.build(name)
    path = kept(tmp_path, case.data)
    order = replace(ORDER, options=OPTIONS, password=case.password, room=1000)
    made = confined.prepare(path, order)
    assert made == LocalPreparer().prepare(path, order)
    update = complete(made.pending, chain().leaf.signer().sign(made.pending.dtbs))
    status = oracles.pyhanko(case.data + update, chain().root, password=case.password)
    assert status.bottom_line


@pytest.mark.parametrize(
    ("error", "data", "changes"),
    [
        (NotAPdf, b"hello", {}),
        (MalformedPdf, pdfs.baseline()[:-100], {}),
        (PdfPasswordWrong, pdfs.encrypted(6, aes=True, user="secret"), {}),
        (InputTooLarge, pdfs.baseline(), {"max_bytes": 100}),
        (
            PdfSigningForbidden,
            signed(pdfs.baseline()),
            {"options": SignatureOptions("Signature1")},
        ),
        (
            MalformedRequest,
            pdfs.baseline(),
            {"options": SignatureOptions(restrictions=Restrictions(certify=7))},
        ),
    ],
)
def test_refusals_come_back_as_what_they_are(
    confined: ConfinedReader,
    error: type[IdServiceError],
    data: bytes,
    changes: dict[str, object],
    tmp_path: Path,
) -> None:
    """Class, message and advice are those of the same refusal here."""
    path = kept(tmp_path, data)
    order = replace(ORDER, **changes)  # type: ignore[arg-type]
    told = []
    for preparer in (confined, LocalPreparer()):
        with pytest.raises(error) as caught:
            preparer.prepare(path, order)
        told.append((type(caught.value), caught.value.detail, caught.value.fix))
    assert told[0] == told[1]


def test_a_hostile_document_costs_this_process_nothing(
    confined: ConfinedReader, tmp_path: Path
) -> None:
    """What needs too much memory is refused, and only the confined process grew."""
    small = pdfs.plain_objects() | dict.fromkeys(range(10, 600_010), b"[ ]")
    path = kept(tmp_path, pdfs.table_pdf(small))
    del small
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tight = ConfinedReader(LIMITS.model_copy(update={"memory_bytes": 256 * MEGABYTE}))
    with pytest.raises(InputTooLarge, match="was ended"):
        CarefulPreparer(tight).prepare(path, ORDER)
    tight.close()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (after - before) * 1024 < 64 * MEGABYTE
    good = CarefulPreparer(confined).prepare(kept(tmp_path, pdfs.baseline()), ORDER)
    assert good.pending.input_size == len(pdfs.baseline())


class Forbidden:
    """A preparer that must not be asked."""

    def prepare(self, path: Path, order: PreparationOrder) -> Preparation:
        """Fail the test."""
        raise AssertionError((path, order))


def test_small_plain_documents_are_not_sent_away(tmp_path: Path) -> None:
    """The usual small file is prepared right here."""
    path = kept(tmp_path, pdfs.baseline())
    made = CarefulPreparer(Forbidden()).prepare(path, ORDER)
    assert made == LocalPreparer().prepare(path, ORDER)


@pytest.mark.parametrize(
    ("data", "plain"),
    [
        (pdfs.baseline(), True),
        (pdfs.build("object-streams").data, False),
        (pdfs.build("xref-stream").data, False),
        (pdfs.baseline() + b"\n" * PLAIN_BYTES, False),
        (pdfs.baseline() + b"/Obj#53tm", False),
        (pdfs.baseline() + b"/#58Ref", False),
    ],
)
def test_what_is_plain(data: bytes, *, plain: bool) -> None:
    """Small, and without anything compressed that opening would read."""
    assert is_plain(data) is plain


def test_a_document_that_is_gone(confined: ConfinedReader, tmp_path: Path) -> None:
    """It is told as such, wherever it was looked for."""
    for preparer in (confined, LocalPreparer(), CarefulPreparer(confined)):
        with pytest.raises(FileNotReadable):
            preparer.prepare(tmp_path / "gone.pdf", ORDER)
