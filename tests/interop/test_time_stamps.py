"""The running service stamps for OpenSSL, rfc3161-client and pyHanko, and they believe it."""

import asyncio
import hashlib
import http.client
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rfc3161_client
from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

from idservice.cms.time_stamp_request import build_request
from idservice.cms.time_stamp_response import read_response
from idservice.crypto.algorithms import SHA256
from support.commands import RunningService, running_service
from support.parallel_time_stamps import Told, assert_never_back
from support.programs import require_program

DATA = b"what is stamped\n"
THREADS = 6
EACH = 25


@pytest.fixture(scope="module")
def service(
    home_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """One service with two workers for all tests here."""
    home = tmp_path_factory.mktemp("time-stamps") / "home"
    shutil.copytree(home_template, home)
    with running_service(home, IDSERVICE_LOG__LEVEL="error") as running:
        yield running


@pytest.fixture(scope="module")
def keys(home_template: Path) -> Path:
    """The folder with the certificates of the home."""
    return home_template / "keys"


def post(service: RunningService, query: bytes, path: str = "/tsa") -> bytes:
    """Send a query and return the reply."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
    try:
        headers = {"Content-Type": "application/timestamp-query"}
        connection.request("POST", path, query, headers)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Content-Type")) == (
            200,
            "application/timestamp-reply",
        )
        return answer.read()
    finally:
        connection.close()


def openssl(*arguments: object, expect: int = 0) -> str:
    """Run `openssl ts` and return what it prints."""
    program = require_program("openssl")
    done = subprocess.run(
        [program, "ts", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == expect, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", ["/tsa", "/tsa/archive"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512", "sha3-256", "sha3-512"])
@pytest.mark.parametrize("certificates", [True, False], ids=["cert", "no-cert"])
def test_openssl_asks_and_verifies(
    service: RunningService,
    keys: Path,
    tmp_path: Path,
    algorithm: str,
    path: str,
    *,
    certificates: bool,
) -> None:
    """A query of `openssl ts` is answered, and `openssl ts -verify` believes the reply."""
    data, query, reply = tmp_path / "data", tmp_path / "q.tsq", tmp_path / "r.tsr"
    data.write_bytes(DATA)
    asked = ["-query", "-data", data, f"-{algorithm}", "-out", query]
    openssl(*asked, *(["-cert"] if certificates else []))
    reply.write_bytes(post(service, query.read_bytes(), path))
    unit = "tsa_archive" if path.endswith("archive") else "tsa"
    untrusted = tmp_path / "untrusted.pem"
    given = ["esteid2025"] if certificates else ["esteid2025", unit]
    untrusted.write_bytes(b"".join((keys / f"{name}.crt.pem").read_bytes() for name in given))
    trust = ["-CAfile", keys / "root.crt.pem", "-untrusted", untrusted]
    openssl("-verify", "-queryfile", query, "-in", reply, *trust)
    openssl("-verify", "-data", data, "-in", reply, *trust)
    shown = openssl("-reply", "-in", reply, "-text")
    assert "Status: Granted." in shown
    assert "Accuracy: 0x01 seconds" in shown
    assert "Ordering: no" in shown


def test_openssl_notices_other_data(service: RunningService, keys: Path, tmp_path: Path) -> None:
    """The same reply for other data, or to another query, is not believed."""
    data, query, reply = tmp_path / "data", tmp_path / "q.tsq", tmp_path / "r.tsr"
    data.write_bytes(DATA)
    openssl("-query", "-data", data, "-sha256", "-cert", "-out", query)
    reply.write_bytes(post(service, query.read_bytes()))
    trust = ["-CAfile", keys / "root.crt.pem", "-untrusted", keys / "esteid2025.crt.pem"]
    data.write_bytes(DATA + b".")
    openssl("-verify", "-data", data, "-in", reply, *trust, expect=1)
    openssl("-query", "-data", data, "-sha256", "-cert", "-out", query)
    openssl("-verify", "-queryfile", query, "-in", reply, *trust, expect=1)


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        (["-sha1"], "unrecognized or unsupported algorithm identifier"),
        (["-md5"], "unrecognized or unsupported algorithm identifier"),
        (["-sha256", "-tspolicy", "1.2.3.4"], "the requested TSA policy is not supported"),
    ],
)
def test_openssl_shows_why_it_was_refused(
    service: RunningService, tmp_path: Path, option: list[str], reason: str
) -> None:
    """A rejection has status, text and failure bit, as `openssl ts -reply -text` reads them."""
    data, query, reply = tmp_path / "data", tmp_path / "q.tsq", tmp_path / "r.tsr"
    data.write_bytes(DATA)
    openssl("-query", "-data", data, *option, "-out", query)
    reply.write_bytes(post(service, query.read_bytes()))
    shown = openssl("-reply", "-in", reply, "-text")
    assert "Status: Rejected." in shown
    assert reason in shown
    assert "Not included." in shown


def certificate(keys: Path, name: str) -> x509.Certificate:
    """Read a certificate of the home."""
    return x509.load_pem_x509_certificate((keys / f"{name}.crt.pem").read_bytes())


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA512"])
@pytest.mark.parametrize("certificates", [True, False], ids=["cert", "no-cert"])
def test_rfc3161_client_asks_and_verifies(
    service: RunningService, keys: Path, algorithm: str, *, certificates: bool
) -> None:
    """The client of the Python world verifies chain, nonce, policy, certificate and data."""
    request = (
        rfc3161_client.TimestampRequestBuilder()
        .data(DATA)
        .hash_algorithm(rfc3161_client.HashAlgorithm[algorithm])
        .nonce(nonce=True)
        .cert_request(cert_request=certificates)
        .build()
    )
    response = rfc3161_client.decode_timestamp_response(post(service, request.as_bytes()))
    verifier = (
        rfc3161_client.VerifierBuilder.from_request(request)
        .tsa_certificate(certificate(keys, "tsa"))
        .add_root_certificate(certificate(keys, "root"))
        .add_intermediate_certificate(certificate(keys, "esteid2025"))
        .build()
    )
    assert verifier.verify_message(response, DATA)
    with pytest.raises(rfc3161_client.VerificationError):
        verifier.verify_message(response, DATA + b".")
    assert response.tst_info.nonce == request.nonce
    assert len(response.signed_data.certificates) == (2 if certificates else 0)


@pytest.mark.parametrize("path", ["/tsa", "/tsa/archive"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_pyhanko_asks_and_validates(
    service: RunningService, keys: Path, path: str, algorithm: str
) -> None:
    """Its HTTP client takes our token, and its validator trusts it by our root alone."""
    digest = hashlib.new(algorithm, DATA).digest()
    stamper = HTTPTimeStamper(f"{service.url}{path}")
    root = asn1_x509.Certificate.load(
        certificate(keys, "root").public_bytes(serialization.Encoding.DER)
    )
    context = ValidationContext(trust_roots=[root], allow_fetching=False)

    async def run() -> TimestampSignatureStatus:
        token: cms.ContentInfo = await stamper.async_timestamp(digest, algorithm)
        found = await validate_tst_signed_data(token["content"], context, lambda _: digest)
        return TimestampSignatureStatus(**found)

    status = asyncio.run(run())
    assert status.intact
    assert status.valid
    assert status.trusted
    unit = "tsa_archive" if path.endswith("archive") else "tsa"
    expected = certificate(keys, unit).public_bytes(serialization.Encoding.DER)
    assert status.signing_cert.dump() == expected


def test_every_reply_is_der(service: RunningService) -> None:
    """Decoded by asn1crypto and encoded again, a reply is the same byte by byte."""
    for nonce in (None, 0, 127, 128, 2**63, 2**159):
        for wanted in (True, False):
            imprint = SHA256.digest(str(nonce).encode())
            query = build_request(imprint, SHA256, nonce=nonce, cert_req=wanted)
            reply = post(service, query)
            loaded = tsp.TimeStampResp.load(reply, strict=True)
            info = loaded["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
            assert info.dump(force=True) == info.dump()
            assert loaded.dump(force=True) == reply
            assert info["nonce"].native == nonce


def test_no_worker_goes_back_in_time(service: RunningService) -> None:
    """Under load on both workers, who asks later never gets an earlier time, or a known serial."""
    told: list[Told] = []

    def ask() -> None:
        for nonce in range(EACH):
            asked = time.monotonic_ns()
            reply = post(service, build_request(bytes(32), SHA256, nonce=nonce))
            had = time.monotonic_ns()
            token = read_response(reply, imprint=bytes(32), hash=SHA256, nonce=nonce)
            told.append(Told(asked, had, f"{token.serial:x}", token.gen_time))

    _in_threads(ask)
    assert len({item.serial for item in told}) == len(told) == THREADS * EACH
    assert_never_back(told)


def _in_threads(work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
