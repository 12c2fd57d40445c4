"""Two-phase signing: one value for one document, once, in time, and for its person alone."""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import raw_from_der
from idservice.errors import (
    CertificateNotTrusted,
    CertificateNotYours,
    CertificateRevoked,
    CertificateSuspended,
    CertificateWrongPurpose,
    IdServiceError,
    InputTooLarge,
    MalformedCertificate,
    MalformedPdf,
    NotAPdf,
    NotFound,
    PersonSuspended,
    SignatureExpired,
    SignatureInvalid,
    SignatureNotPending,
    StorageUnavailable,
)
from idservice.services.assembly import Services, open_services
from idservice.services.own_keys import HeldKey, KeyChoice
from idservice.services.signing import SignatureOptions, SignatureState
from support.homes import PERSON, PIN1, PIN2, settings_of
from support.oracles import pdfsig
from support.pdfs import baseline
from support.pki import chain

OTHER = "60001019906"
ACTOR = "relying-party:demo"


class MovingClock:
    """A clock that a test sets forward."""

    def __init__(self) -> None:
        self.moved = timedelta()

    def __call__(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self.moved


@pytest.fixture
def clock() -> MovingClock:
    """Give a clock that can be moved."""
    return MovingClock()


@pytest.fixture
def services(home: Path, clock: MovingClock) -> Services:
    """Give services that live by that clock."""
    return open_services(settings_of(home), clock=clock)


@pytest.fixture
def key(services: Services) -> HeldKey:
    """Give the person's signing key; to the service it is somewhere else."""
    return services.own_keys.for_signing(KeyChoice(PERSON), PIN2)


@pytest.fixture
def begun(services: Services, key: HeldKey) -> SignatureState:
    """Give a signature that was begun."""
    return services.signing.begin(PERSON, key.certificate_der, [baseline()])


def waiting(home: Path) -> list[Path]:
    """The documents that are kept."""
    return sorted((home / "var" / "documents").iterdir())


def refused(error: type[IdServiceError], act: Callable[[], object]) -> None:
    """Require that an act is refused with exactly this error."""
    with pytest.raises(error) as found:
        act()
    assert type(found.value) is error


@pytest.mark.parametrize("form", ["der", "raw"])
def test_a_signed_document_comes_back(
    services: Services, key: HeldKey, begun: SignatureState, tmp_path: Path, form: str
) -> None:
    """A value made elsewhere, as DER or r‖s, gives the document with a valid signature."""
    assert begun.status == "pending"
    assert begun.algorithm_name == "ecdsa-sha384"
    value = key.signer.sign(begun.dtbs)
    if form == "raw":
        value = raw_from_der(value, KeyKind.P384)
    signed = services.signing.complete(PERSON, begun.id, value, actor=ACTOR)
    data = b"".join(signed.chunks())
    assert len(data) == signed.size
    assert data.startswith(baseline())
    [verdict] = pdfsig(data, tmp_path)
    assert verdict.valid
    assert services.signing.show(PERSON, begun.id).status == "completed"
    [entry] = services.audit.entries(action="signature.completed")
    assert entry.details["signature"] == begun.id


def test_what_was_asked_for_is_in_the_document(services: Services, key: HeldKey) -> None:
    """Reason, place and field name survive until completion."""
    options = SignatureOptions("Agreed", "Tartu", new_field="Approval")
    state = services.signing.begin(PERSON, key.certificate_der, [baseline()], options=options)
    signed = services.signing.complete(PERSON, state.id, key.signer.sign(state.dtbs), actor=ACTOR)
    for text in (b"Agreed", b"Tartu", b"Approval"):
        assert text in signed.update


def test_a_pending_signature_survives_a_restart(
    services: Services, key: HeldKey, begun: SignatureState, home: Path
) -> None:
    """Other processes complete what one has begun."""
    services.close()
    again = open_services(settings_of(home))
    assert again.signing.show(PERSON, begun.id) == begun
    signed = again.signing.complete(PERSON, begun.id, key.signer.sign(begun.dtbs), actor=ACTOR)
    assert b"".join(signed.chunks()).startswith(baseline())
    again.close()


def test_the_same_value_again_gives_the_same_document(
    services: Services, key: HeldKey, begun: SignatureState
) -> None:
    """A client that lost the answer may ask again; another value is refused, and audited once."""
    value = key.signer.sign(begun.dtbs)
    first = b"".join(services.signing.complete(PERSON, begun.id, value, actor=ACTOR).chunks())
    second = b"".join(services.signing.complete(PERSON, begun.id, value, actor=ACTOR).chunks())
    assert first == second
    other = key.signer.sign(begun.dtbs)
    refused(
        SignatureNotPending,
        lambda: services.signing.complete(PERSON, begun.id, other, actor=ACTOR),
    )
    assert len(services.audit.entries(action="signature.completed")) == 1


def test_of_many_values_one_is_taken(
    services: Services, key: HeldKey, begun: SignatureState
) -> None:
    """Of parallel completions with different values exactly one succeeds."""
    values = [key.signer.sign(begun.dtbs) for _ in range(16)]
    barrier, outcomes = threading.Barrier(len(values)), list[str]()

    def attempt(value: bytes) -> None:
        barrier.wait()
        try:
            services.signing.complete(PERSON, begun.id, value, actor=ACTOR)
            outcomes.append("completed")
        except IdServiceError as exc:
            outcomes.append(exc.code)

    threads = [threading.Thread(target=attempt, args=(value,)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["completed", *["signature_not_pending"] * (len(values) - 1)]
    assert len(services.audit.entries(action="signature.completed")) == 1


def test_a_wrong_value_is_refused_and_another_try_allowed(
    services: Services, key: HeldKey, begun: SignatureState
) -> None:
    """Values over other bytes, by other keys or of no form at all do not complete anything."""
    wrong_key = services.own_keys.for_signing(KeyChoice(OTHER), PIN2)
    good = key.signer.sign(begun.dtbs)
    for value in (
        key.signer.sign(begun.dtbs + b"x"),
        wrong_key.signer.sign(begun.dtbs),
        b"",
        bytes(96),
        good + b"\0",
        good[:-1],
    ):
        complete = partial(services.signing.complete, PERSON, begun.id, value, actor=ACTOR)
        refused(SignatureInvalid, complete)
    services.signing.complete(PERSON, begun.id, good, actor=ACTOR)


def test_nobody_else_sees_or_completes_it(
    services: Services, key: HeldKey, begun: SignatureState
) -> None:
    """Another person's identifier is as unknown as one that never was."""
    value = key.signer.sign(begun.dtbs)
    for person, identifier in ((OTHER, begun.id), (PERSON, "x" * 32), (PERSON, "../../etc\0")):
        refused(NotFound, partial(services.signing.show, person, identifier))
        complete = partial(services.signing.complete, person, identifier, value, actor=ACTOR)
        refused(NotFound, complete)


def test_a_signature_expires(
    services: Services, key: HeldKey, begun: SignatureState, clock: MovingClock, home: Path
) -> None:
    """After its time a value is refused, and the document is removed."""
    clock.moved = timedelta(seconds=601)
    assert services.signing.show(PERSON, begun.id).status == "expired"
    value = key.signer.sign(begun.dtbs)
    refused(
        SignatureExpired, lambda: services.signing.complete(PERSON, begun.id, value, actor=ACTOR)
    )
    assert services.signing.clean_up() == 1
    assert waiting(home) == []
    refused(
        SignatureExpired, lambda: services.signing.complete(PERSON, begun.id, value, actor=ACTOR)
    )
    assert services.signing.show(PERSON, begun.id).dtbs == b""


def test_cleaning_up_spares_what_still_waits(
    services: Services, begun: SignatureState, home: Path
) -> None:
    """A waiting document stays; one without a record stays only while it may be new."""
    stray = home / "var" / "documents" / "stray.pdf"
    stray.write_bytes(b"spooled a moment ago")
    assert services.signing.clean_up() == 0
    assert {path.stem for path in waiting(home)} == {begun.id, "stray"}
    os.utime(stray, (0, 0))
    assert services.signing.clean_up() == 1
    assert [path.stem for path in waiting(home)] == [begun.id]


def test_beginning_again_cleans_up_after_an_hour(
    services: Services, key: HeldKey, begun: SignatureState, clock: MovingClock, home: Path
) -> None:
    """Documents that expired go when the next one comes, without anybody asking."""
    clock.moved = timedelta(hours=2)
    state = services.signing.begin(PERSON, key.certificate_der, [baseline()])
    assert [path.stem for path in waiting(home)] == [state.id]
    assert state.id != begun.id


def test_state_is_looked_at_again_at_completion(
    services: Services, key: HeldKey, begun: SignatureState
) -> None:
    """Suspended and revoked between the phases, nothing is completed; resumed, it is."""
    value = key.signer.sign(begun.dtbs)
    services.persons.suspend(PERSON, actor="test")
    with pytest.raises((CertificateSuspended, PersonSuspended)):
        services.signing.complete(PERSON, begun.id, value, actor=ACTOR)
    services.persons.resume(PERSON, actor="test")
    services.signing.complete(PERSON, begun.id, value, actor=ACTOR)
    state = services.signing.begin(PERSON, key.certificate_der, [baseline()])
    services.persons.revoke(PERSON, actor="test")
    value = key.signer.sign(state.dtbs)
    with pytest.raises(CertificateRevoked):
        services.signing.complete(PERSON, state.id, value, actor=ACTOR)
    with pytest.raises(CertificateRevoked):
        services.signing.begin(PERSON, key.certificate_der, [baseline()])


def test_the_certificate_must_be_ones_own_for_signing(
    services: Services, key: HeldKey, home: Path
) -> None:
    """Somebody else's certificate, one for login, and one from elsewhere are told apart."""
    login = services.own_keys.for_login(KeyChoice(PERSON), PIN1).certificate_der
    root = services.certificate_authority.chain_der[1]
    begin = services.signing.begin
    refused(CertificateNotYours, lambda: begin(OTHER, key.certificate_der, [baseline()]))
    refused(CertificateWrongPurpose, lambda: begin(PERSON, login, [baseline()]))
    refused(CertificateNotYours, lambda: begin(PERSON, root, [baseline()]))
    refused(MalformedCertificate, lambda: begin(PERSON, b"no certificate", [baseline()]))
    foreign = chain().leaf.der
    refused(CertificateNotTrusted, lambda: begin(PERSON, foreign, [baseline()]))
    assert not (home / "var" / "documents").exists() or waiting(home) == []


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (b"", NotAPdf),
        (b"GIF89a", NotAPdf),
        (baseline()[:-200], MalformedPdf),
        (bytes(2048), NotAPdf),
        (baseline() + bytes(4096), InputTooLarge),
    ],
)
def test_a_bad_document_leaves_nothing(
    home: Path, document: bytes, error: type[IdServiceError]
) -> None:
    """What cannot be signed is refused with its reason, and no byte of it is kept."""
    limit = {"IDSERVICE_SIGNING__MAX_DOCUMENT_BYTES": "4096"}
    services = open_services(settings_of(home, **limit))
    key = services.own_keys.for_signing(KeyChoice(PERSON), PIN2)
    pieces = [document[start : start + 1000] for start in range(0, len(document), 1000)]
    refused(error, lambda: services.signing.begin(PERSON, key.certificate_der, pieces))
    assert waiting(home) == []
    assert services.audit.entries(action="signature.begun") == []
    services.close()


def test_a_document_changed_on_disk_is_not_signed(
    services: Services, key: HeldKey, begun: SignatureState, home: Path
) -> None:
    """The kept bytes are proved to be those that were prepared before the value is taken."""
    [path] = waiting(home)
    path.write_bytes(baseline().replace(b"/Type", b"/Tpye", 1))
    value = key.signer.sign(begun.dtbs)
    refused(
        StorageUnavailable, lambda: services.signing.complete(PERSON, begun.id, value, actor=ACTOR)
    )
    path.write_bytes(baseline())
    services.signing.complete(PERSON, begun.id, value, actor=ACTOR)
