"""Time-stamping and OCSP that are down, slow or lying: a typed error in time, nothing written.

The services that lie do so over HTTP, and answer honestly but for one thing. The signer's key
is used once per file, whatever happens afterwards; what was made and what failed is in the
audit log.
"""

import dataclasses
import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from idservice.cms.time_stamp_request import build_request, parse_request
from idservice.cms.time_stamp_response import Failure, rejected
from idservice.crypto.algorithms import SignatureAlgorithm
from idservice.crypto.certificates import load_certificate
from idservice.crypto.keys import Signer
from idservice.errors import (
    CertificateRevoked,
    CertificateSuspended,
    HostNotAllowed,
    IdServiceError,
    MalformedOcsp,
    MalformedTimeStamp,
    OcspUnavailable,
    StatusAnswerInvalid,
    StatusAnswerMismatch,
    StatusAnswerStale,
    TimeStampMismatch,
    TimeStampNotTrusted,
    TimeStampRefused,
    TsaUnavailable,
)
from idservice.pades.baseline import Baseline
from idservice.pki import ocsp_request
from idservice.services.assembly import Services, open_services
from idservice.services.file_signing import FileOrder
from idservice.services.key_custody import HeldKey
from idservice.services.level_sources import LevelChoice
from idservice.services.own_keys import KeyChoice
from support import pdfs
from support.homes import PERSON, PIN2, settings_of
from support.lying_server import Script, Wire, lying_server, within
from support.pki import chain, extension
from support.time_stamps import (
    forgery,
    imprint,
    info_der,
    make_authority,
    response_of,
    time_stamping,
    token_of,
)

DEADLINE = 1.0
OTHER = "60001019906"
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)
_NONE = dt.timedelta()
Answer = Callable[[Services, bytes], bytes]


class CountingSigner:
    """A signer that counts how often its key is used."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.used = 0

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The algorithm of the key."""
        return self._signer.algorithm

    @property
    def public_key_der(self) -> bytes:
        """The public key."""
        return self._signer.public_key_der

    def sign(self, data: bytes) -> bytes:
        """Sign, and count it."""
        self.used += 1
        return self._signer.sign(data)


@pytest.fixture(scope="module")
def services(home_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Give services that wait a second for others, and trust the root of the tests besides."""
    home = tmp_path_factory.mktemp("lies") / "home"
    shutil.copytree(home_template, home)
    opened = open_services(settings_of(home, IDSERVICE_SIGNING__DEADLINE_SECONDS=str(DEADLINE)))
    yield opened
    opened.close()


def _key(services: Services, person: str = PERSON) -> HeldKey:
    return services.own_keys.for_signing(KeyChoice(person), PIN2)


def _sign(
    services: Services,
    folder: Path,
    level: Baseline,
    person: str = PERSON,
    **choice: tuple[str, ...],
) -> Path:
    """Sign a file at a level with named services; require that a failure leaves nothing."""
    source, target = folder / "a.pdf", folder / "b.pdf"
    source.write_bytes(pdfs.baseline())
    key = _key(services, person)
    counting = CountingSigner(key.signer)
    chosen = LevelChoice(level, trusted=(chain().root.certificate,), **choice)
    counted = dataclasses.replace(key, signer=counting)
    signer = services.file_signing.with_key(counted, None, chosen)
    try:
        with within(DEADLINE + 1.5):
            signer.sign(FileOrder(source, target))
    except IdServiceError as exc:
        _require_nothing_left(services, folder, exc.code)
        raise
    finally:
        assert source.read_bytes() == pdfs.baseline()
        assert counting.used == 1
    return target


def _require_nothing_left(services: Services, folder: Path, code: str) -> None:
    """Require that only the source is there, and that the failure is on record."""
    assert {item.name for item in folder.iterdir()} == {"a.pdf"}
    failed = services.audit.entries(limit=1)[0]
    assert failed.action == "level.failed"
    assert failed.details["error"] == code


def _honest_tsa(services: Services, request: bytes) -> bytes:
    return services.timestamp_authority("tsa").respond(request)


def _other_imprint(services: Services, request: bytes) -> bytes:
    asked = parse_request(request)
    wrong = build_request(bytes(asked.hash.size), asked.hash, nonce=asked.nonce)
    return _honest_tsa(services, wrong)


def _other_nonce(services: Services, request: bytes) -> bytes:
    asked = parse_request(request)
    return _honest_tsa(services, build_request(asked.imprint, asked.hash, nonce=7))


def _damaged(services: Services, request: bytes) -> bytes:
    answer = bytearray(_honest_tsa(services, request))
    answer[-1] ^= 1
    return bytes(answer)


def _foreign(ahead: dt.timedelta = _NONE, **certificate: Any) -> Answer:
    """Answer as an authority below the root of the tests, whose clock may be ahead."""

    def answer(_: Services, request: bytes) -> bytes:
        asked = parse_request(request)
        authority = make_authority(**certificate)
        info = info_der(
            gen_time=dt.datetime.now(dt.UTC).replace(microsecond=0) + ahead,
            nonce=asked.nonce,
            message_imprint=imprint(asked.hash.name, asked.imprint),
            tsa=None,
        )
        certificates = (authority.der, chain().intermediate.der)
        return response_of(token_of(forgery(info, signer=authority, certificates=certificates)))

    return answer


LYING_TSA: dict[str, tuple[Answer, type[IdServiceError]]] = {
    "wrong imprint": (_other_imprint, TimeStampMismatch),
    "wrong nonce": (_other_nonce, TimeStampMismatch),
    "signature damaged": (_damaged, TimeStampMismatch),
    "refuses": (
        lambda _, __: rejected(Failure.TIME_NOT_AVAILABLE, "no time"),
        TimeStampRefused,
    ),
    "no answer of its kind": (lambda _, __: b"<html>", MalformedTimeStamp),
    "expired certificate": (
        _foreign(not_before=NOW - 9 * DAY, not_after=NOW - DAY),
        TimeStampNotTrusted,
    ),
    "clock of last week": (_foreign(-7 * DAY), TimeStampNotTrusted),
    "clock of next week": (_foreign(7 * DAY), TimeStampNotTrusted),
}
SILENT: dict[str, Script] = {
    "503": lambda _, wire: wire.answer(b"", "503 Busy"),
    "stalls": lambda _, wire: wire.stall(),
    "half a body": lambda _, wire: wire.answer(b"\x30\x82", length=4000),
    "trickles": lambda _, wire: wire.trickle(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(4000)),
    "huge body": lambda _, wire: wire.answer(bytes(20_000_000)),
}


def _serving(services: Services, answer: Answer) -> Script:
    def script(body: bytes, wire: Wire) -> None:
        wire.answer(answer(services, body))

    return script


@pytest.mark.parametrize("name", LYING_TSA)
def test_a_lying_authority_gets_a_name(name: str, services: Services, tmp_path: Path) -> None:
    """Each lie of a time-stamping authority is its own error; nothing is written."""
    answer, error = LYING_TSA[name]
    with lying_server(_serving(services, answer)) as server:
        with pytest.raises(error):
            _sign(services, tmp_path, Baseline.B_T, tsa_urls=(server.url,))
        assert len(server.requests) == 1, "who lies is not asked again"


@pytest.mark.parametrize("name", SILENT)
def test_a_silent_authority_is_asked_again_in_time(
    name: str, services: Services, tmp_path: Path
) -> None:
    """An authority that gives no answer is asked up to three times within the deadline."""
    with lying_server(SILENT[name]) as server:
        with pytest.raises(TsaUnavailable):
            _sign(services, tmp_path, Baseline.B_T, tsa_urls=(server.url,))
        assert 2 <= len(server.requests) <= 3


@pytest.mark.parametrize("name", [*LYING_TSA, *SILENT])
def test_the_second_authority_is_used(name: str, services: Services, tmp_path: Path) -> None:
    """When the first authority fails in any way, the second one's time-stamp is taken."""
    first = SILENT.get(name) or _serving(services, LYING_TSA[name][0])
    with lying_server(first) as bad, lying_server(_serving(services, _honest_tsa)) as good:
        target = _sign(services, tmp_path, Baseline.B_T, tsa_urls=(bad.url, good.url))
        assert len(good.requests) == 1
    assert target.read_bytes().startswith(pdfs.baseline())


def test_a_foreign_authority_that_is_trusted_serves(services: Services, tmp_path: Path) -> None:
    """The case that the lies are variations of: the same authority with nothing wrong."""
    with lying_server(_serving(services, _foreign())) as server:
        _sign(services, tmp_path, Baseline.B_T, tsa_urls=(server.url,))


def _honest_ocsp(services: Services, request: bytes) -> bytes:
    return services.ocsp_responder.respond(request).der


def _about_another(services: Services, request: bytes) -> bytes:
    nonce = ocsp_request.parse_request(request).nonce
    issuer = load_certificate(services.certificate_authority.chain_der[0])
    other = load_certificate(services.service_certificates.load_certificate("ocsp"))
    return _honest_ocsp(services, ocsp_request.build_request(other, issuer, nonce=nonce))


def _without_nonce(services: Services, _: bytes) -> bytes:
    issuer = load_certificate(services.certificate_authority.chain_der[0])
    certificate = load_certificate(_key(services).certificate_der)
    return _honest_ocsp(services, ocsp_request.build_request(certificate, issuer, nonce=None))


def _damaged_ocsp(services: Services, request: bytes) -> bytes:
    answer = bytearray(_honest_ocsp(services, request))
    answer[answer.index(b"\x18\x0f20") + 5] ^= 1  # the year
    return bytes(answer)


LYING_OCSP: dict[str, tuple[Answer, type[IdServiceError]]] = {
    "another certificate's answer": (_about_another, StatusAnswerMismatch),
    "without the nonce": (_without_nonce, StatusAnswerMismatch),
    "changed after signing": (_damaged_ocsp, StatusAnswerInvalid),
    "no answer of its kind": (lambda _, __: b"<html>", MalformedOcsp),
}


@pytest.mark.parametrize("name", LYING_OCSP)
def test_a_lying_responder_gets_a_name(name: str, services: Services, tmp_path: Path) -> None:
    """Each lie of an OCSP responder is its own error; nothing is written."""
    answer, error = LYING_OCSP[name]
    with lying_server(_serving(services, answer)) as server, pytest.raises(error):
        _sign(services, tmp_path, Baseline.B_LT, ocsp_urls=(server.url,))


def test_an_answer_made_before_the_time_stamp_is_refused(
    services: Services, tmp_path: Path
) -> None:
    """An answer proves nothing about a time-stamp that is two minutes younger."""
    ahead = _foreign(dt.timedelta(minutes=2))
    with lying_server(_serving(services, ahead)) as server, pytest.raises(StatusAnswerStale):
        _sign(services, tmp_path, Baseline.B_LT, tsa_urls=(server.url,))


def test_a_responder_a_moment_behind_is_waited_for(home: Path, tmp_path: Path) -> None:
    """When the authority's clock is a second ahead of ours the answer is asked for again."""
    services = open_services(settings_of(home))
    ahead = dataclasses.replace(
        services, clock=lambda: dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1.5)
    )
    with lying_server(lambda body, wire: wire.answer(_honest_tsa(ahead, body))) as server:
        choice = LevelChoice(Baseline.B_LT, tsa_urls=(server.url,))
        source = tmp_path / "a.pdf"
        source.write_bytes(pdfs.baseline())
        signer = services.file_signing.with_key(_key(services), None, choice)
        signer.sign(FileOrder(source, tmp_path / "b.pdf"))
    services.close()


def test_a_responder_that_is_busy_is_unavailable(services: Services, tmp_path: Path) -> None:
    """An answer that says "try later" is asked for again, and then is none."""
    busy = _serving(services, lambda _, __: bytes.fromhex("30030a0103"))
    with lying_server(busy) as server:
        with pytest.raises(OcspUnavailable):
            _sign(services, tmp_path, Baseline.B_LT, ocsp_urls=(server.url,))
        assert len(server.requests) == 3


def test_a_responder_that_declines_is_no_liar(services: Services, tmp_path: Path) -> None:
    """Not to be responsible for a certificate is honest: then our own responder is asked."""
    declines = _serving(services, lambda _, __: bytes.fromhex("30030a0106"))
    with lying_server(declines) as server:
        _sign(services, tmp_path, Baseline.B_LT, ocsp_urls=(server.url,))


def test_addresses_in_certificates_lead_nowhere_by_themselves(
    services: Services, tmp_path: Path
) -> None:
    """A foreign authority's responder is asked only when its host was allowed."""
    with lying_server(_serving(services, _honest_ocsp)) as responder:
        access = extension(
            x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(
                        AuthorityInformationAccessOID.OCSP,
                        x509.UniformResourceIdentifier(responder.url.replace("127.0.0.1", "127.1")),
                    )
                ]
            ),
            critical=False,
        )
        tsa = _foreign(extensions=(*time_stamping(), access))
        with lying_server(_serving(services, tsa)) as server, pytest.raises(HostNotAllowed):
            _sign(services, tmp_path, Baseline.B_LT, tsa_urls=(server.url,))
        assert not responder.requests


@pytest.mark.parametrize("name", SILENT)
def test_a_silent_responder_is_an_error_in_time(
    name: str, services: Services, tmp_path: Path
) -> None:
    """A responder that was named and gives no answer is not passed over in silence."""
    with lying_server(SILENT[name]) as server, pytest.raises(OcspUnavailable):
        _sign(services, tmp_path, Baseline.B_LT, ocsp_urls=(server.url,))


def test_a_named_responder_serves(services: Services, tmp_path: Path) -> None:
    """The case that the lies are variations of: asked about signer and time-stamping unit."""
    with lying_server(_serving(services, _honest_ocsp)) as server:
        _sign(services, tmp_path, Baseline.B_LT, ocsp_urls=(server.url,))
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("step", "error"), [("suspend", CertificateSuspended), ("revoke", CertificateRevoked)]
)
def test_a_signer_who_is_stopped_meanwhile_gets_no_file(
    step: str, error: type[IdServiceError], services: Services, tmp_path: Path
) -> None:
    """Between the signature and the question about its certificate the person is stopped."""

    def stop_first(wanted: Services, request: bytes) -> bytes:
        getattr(wanted.persons, step)(OTHER, actor="test")
        return _honest_ocsp(wanted, request)

    with lying_server(_serving(services, stop_first)) as server, pytest.raises(error):
        _sign(services, tmp_path, Baseline.B_LT, OTHER, ocsp_urls=(server.url,))
    if step == "suspend":
        services.persons.resume(OTHER, actor="test")
