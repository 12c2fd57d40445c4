"""The running service against other programs: OpenSSL, pyHanko and pkilint agree with it."""

import asyncio
import base64
import datetime as dt
import http.client
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathValidationError, RevokedError

from idservice.pki.ocsp_request import build_request
from support.commands import RunningService, running_service
from support.homes import settings_of
from support.pki import AT, chain
from support.pkilint_findings import crl_findings, ocsp_findings
from support.programs import require_program

VISIBLE_WITHIN_SECONDS = 1.0
GOOD, HELD, REVOKED = "38001085718", "60001019906", "60001017869"
OCSP = "application/ocsp-request"


@dataclass(frozen=True, slots=True)
class StatusBench:
    """A running service, and the certificates of its people as files."""

    service: RunningService
    home: Path
    folder: Path

    @property
    def url(self) -> str:
        """The address of the responder."""
        return f"{self.service.url}/ocsp/esteid2025"

    def pem(self, name: str) -> Path:
        """The file of a CA certificate or of a person's certificate, in PEM."""
        return self.folder / f"{name}.pem"

    def certificate(self, name: str) -> x509.Certificate:
        """The same certificate."""
        return x509.load_pem_x509_certificate(self.pem(name).read_bytes())

    def crl(self, name: str) -> Path:
        """Fetch a revocation list and return its file, in PEM."""
        path = self.folder / f"{name}.crl.pem"
        parsed = x509.load_der_x509_crl(self.service.get(f"/crl/{name}.crl")[1])
        path.write_bytes(parsed.public_bytes(Encoding.PEM))
        return path

    def post(self, request_der: bytes) -> bytes:
        """Send a request over a connection of its own and return the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=10)
        connection.request("POST", "/ocsp", request_der, {"Content-Type": OCSP})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == 200
        assert answer.getheader("Content-Type") == "application/ocsp-response"
        return body

    def request(self, name: str, nonce: bytes | None = None) -> bytes:
        """Ask about a person's certificate."""
        certificate, issuer = self.certificate(name), self.certificate("esteid2025")
        return build_request(certificate, issuer, nonce=nonce, hash_name="sha1")


@pytest.fixture(scope="module")
def bench(home_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatusBench]:
    """Give a service of two workers; one of its people is suspended, one revoked."""
    from idservice.services.assembly import open_services

    require_program("openssl")
    folder = tmp_path_factory.mktemp("status")
    home = folder / "home"
    shutil.copytree(home_template, home)
    services = open_services(settings_of(home))
    for code in (GOOD, HELD, REVOKED):
        issued = services.persons.show(code).certificates[0].certificate_der
        assert issued
        _write(folder / f"{code}.pem", issued)
    services.persons.suspend(HELD, actor="test")
    services.persons.revoke(REVOKED, "keyCompromise", actor="test")
    services.close()
    # Nobody reads what the service logs: many lines would fill the pipe and stop it.
    with running_service(home, IDSERVICE_LOG__LEVEL="error") as service:
        for name in ("root", "esteid2025"):
            _write(folder / f"{name}.pem", service.get(f"/chain/{name}.crt")[1])
        yield StatusBench(service, home, folder)


def _write(path: Path, certificate_der: bytes) -> None:
    certificate = x509.load_der_x509_certificate(certificate_der)
    path.write_bytes(certificate.public_bytes(Encoding.PEM))


def openssl(*arguments: str | Path) -> tuple[int, str]:
    """Run OpenSSL and return its exit code and all that it printed."""
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=30
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("hash_name", ["-sha1", "-sha256", "-sha384", "-sha512"])
@pytest.mark.parametrize("nonce", ["-nonce", "-no_nonce"])
def test_openssl_ocsp(bench: StatusBench, hash_name: str, nonce: str) -> None:
    """OpenSSL verifies one answer about three people and a stranger, and reads each status."""
    people = [item for code in (GOOD, HELD, REVOKED) for item in ("-cert", bench.pem(code))]
    code, said = openssl(
        "ocsp", hash_name, nonce, "-issuer", bench.pem("esteid2025"), *people,
        "-serial", "0x1234567890", "-url", bench.url, "-CAfile", bench.pem("root"),
        "-verify_other", bench.pem("esteid2025"),
    )  # fmt: skip
    assert code == 0, said
    assert "Response verify OK" in said
    assert "WARNING" not in said
    for name, status in ((GOOD, "good"), (HELD, "revoked"), (REVOKED, "revoked")):
        assert f"{bench.pem(name)}: {status}" in said
    assert "0x1234567890: unknown" in said
    assert "Reason: certificateHold" in said
    assert "Reason: keyCompromise" in said


def test_openssl_ocsp_can_fail(bench: StatusBench) -> None:
    """The check itself tells a responder that it has no reason to trust."""
    code, said = openssl(
        "ocsp", "-issuer", bench.pem("esteid2025"), "-cert", bench.pem(GOOD),
        "-url", bench.url, "-CAfile", bench.pem(GOOD),
    )  # fmt: skip
    assert code != 0
    assert "Response Verify Failure" in said


def test_openssl_checks_lists(bench: StatusBench) -> None:
    """With both lists OpenSSL finds the whole chain good, and who is revoked revoked."""
    lists = [item for name in ("root", "esteid2025") for item in ("-CRLfile", bench.crl(name))]
    chain = ["-CAfile", bench.pem("root"), "-untrusted", bench.pem("esteid2025"), *lists]
    for level in ("-crl_check", "-crl_check_all"):
        assert openssl("verify", "-x509_strict", level, *chain, bench.pem(GOOD))[0] == 0
        for name in (HELD, REVOKED):
            code, said = openssl("verify", "-x509_strict", level, *chain, bench.pem(name))
            assert code != 0
            assert "certificate revoked" in said


@pytest.mark.parametrize("name", ["root", "esteid2025"])
def test_openssl_reads_lists(bench: StatusBench, name: str) -> None:
    """OpenSSL verifies each list under the certificate of its authority."""
    code, said = openssl(
        "crl", "-in", bench.crl(name), "-CAfile", bench.pem(name), "-noout", "-text"
    )
    assert code == 0
    assert "verify OK" in said
    assert "X509v3 CRL Number" in said
    assert ("Certificate Hold" in said) is (name == "esteid2025")


@pytest.mark.parametrize("with_lists", [False, True], ids=["ocsp", "crl"])
def test_pyhanko_requires_status(
    bench: StatusBench,
    with_lists: bool,  # noqa: FBT001 - a case
) -> None:
    """pyHanko, which must have proof for every certificate and may fetch none, agrees."""

    def validate(name: str) -> None:
        """Validate one person's certificate with what the service told."""
        lists = ["root", "esteid2025"] if with_lists else ["root"]
        answers = [] if with_lists else [bench.post(bench.request(name))]
        context = ValidationContext(
            trust_roots=[_asn1(bench, "root")],
            other_certs=[_asn1(bench, "esteid2025")],
            crls=[
                asn1_crl.CertificateList.load(bench.service.get(f"/crl/{item}.crl")[1])
                for item in lists
            ],
            ocsps=[asn1_ocsp.OCSPResponse.load(item) for item in answers],
            allow_fetching=False,
            revocation_mode="require",
            moment=dt.datetime.now(dt.UTC),
        )
        validator = CertificateValidator(_asn1(bench, name), validation_context=context)
        asyncio.run(validator.async_validate_usage({"digital_signature"}))  # type: ignore[no-untyped-call]

    validate(GOOD)
    for name in (HELD, REVOKED):
        with pytest.raises((RevokedError, PathValidationError)) as told:
            validate(name)
        assert "revoked" in str(told.value) or "hold" in str(told.value)


def _asn1(bench: StatusBench, name: str) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(bench.certificate(name).public_bytes(Encoding.DER))


@pytest.mark.parametrize("name", [GOOD, HELD])
def test_get_in_every_spelling(bench: StatusBench, name: str) -> None:
    """The server hands on addresses as they were sent: with slashes, plus and percent signs."""
    wanted = ocsp.load_der_ocsp_response(bench.post(bench.request(name))).certificate_status
    for length in range(1, 40):  # nonces of many lengths, so that every character comes up
        encoded = base64.b64encode(bench.request(name, b"\xfb\xff" * length)).decode()
        for spelling in (quote(encoded, safe=""), encoded, encoded.rstrip("=")):
            assert _status(bench, f"/ocsp/esteid2025/{spelling}") is wanted


def test_pkilint_finds_nothing(bench: StatusBench) -> None:
    """No answer and no list has a finding of severity WARNING or above."""
    for name in (GOOD, HELD, REVOKED):
        for nonce in (None, bytes(32)):
            assert ocsp_findings(bench.post(bench.request(name, nonce))) == set()
    for name in ("root", "esteid2025"):
        assert crl_findings(bench.service.get(f"/crl/{name}.crl")[1]) == set()
    bare = x509.CertificateRevocationListBuilder().issuer_name(chain().root.certificate.subject)
    dated = bare.last_update(AT).next_update(AT + dt.timedelta(days=1))
    unnumbered = dated.sign(chain().root.key, hashes.SHA384())
    assert crl_findings(unnumbered.public_bytes(Encoding.DER)), "the linter does look"


def test_three_readers_agree_byte_for_byte(bench: StatusBench) -> None:
    """What the service encodes is what other libraries would encode."""
    answer = bench.post(bench.request(REVOKED, bytes(32)))
    crl_der = bench.service.get("/crl/esteid2025.crl")[1]
    assert asn1_ocsp.OCSPResponse.load(answer).dump(force=True) == answer
    assert ocsp.load_der_ocsp_response(answer).public_bytes(Encoding.DER) == answer
    assert asn1_crl.CertificateList.load(crl_der).dump(force=True) == crl_der
    assert x509.load_der_x509_crl(crl_der).public_bytes(Encoding.DER) == crl_der


def test_a_revocation_is_visible_at_once_on_every_worker(bench: StatusBench) -> None:
    """Within a second of its acknowledgement both workers and the list tell a revocation."""
    person = "50001029996"
    issued = _person_certificate(bench, person)
    _write(bench.pem(person), issued)
    encoded = quote(base64.b64encode(bench.request(person)).decode(), safe="")
    path = f"/ocsp/esteid2025/{encoded}"
    # Enough questions, each on a connection of its own, for both workers to keep the answer.
    kept = {_tag(bench, path) for _ in range(60)}
    begun = _revoke(bench, person)
    said = [_status(bench, path)]
    assert time.monotonic() - begun < VISIBLE_WITHIN_SECONDS
    said += [_status(bench, path) for _ in range(40)]
    listed = x509.load_der_x509_crl(bench.service.get("/crl/esteid2025.crl")[1])
    assert set(said) == {ocsp.OCSPCertStatus.REVOKED}
    serial = bench.certificate(person).serial_number
    assert listed.get_revoked_certificate_by_serial_number(serial) is not None
    assert not {_tag(bench, path) for _ in range(20)} & kept


def _revoke(bench: StatusBench, person: str) -> float:
    """Revoke over REST and return when it was acknowledged, by the monotonic clock."""
    token = settings_of(bench.home).keys.operator_token_file.read_text().strip()
    connection = http.client.HTTPConnection("127.0.0.1", bench.service.port, timeout=10)
    connection.request(
        "POST", f"/v1/persons/{person}/revoke", headers={"Authorization": f"Bearer {token}"}
    )
    answer = connection.getresponse()
    acknowledged = time.monotonic()
    assert answer.status == 200, answer.read()
    connection.close()
    return acknowledged


def _status(bench: StatusBench, path: str) -> ocsp.OCSPCertStatus:
    return ocsp.load_der_ocsp_response(bench.service.get(path)[1]).certificate_status


def _tag(bench: StatusBench, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", bench.service.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.getheader("ETag") or ""


def _person_certificate(bench: StatusBench, code: str) -> bytes:
    from idservice.services.assembly import open_services

    services = open_services(settings_of(bench.home))
    found = services.persons.show(code).certificates[0].certificate_der
    services.close()
    assert found
    return found
