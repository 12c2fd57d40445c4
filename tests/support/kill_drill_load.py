"""Clients that never stop: they issue, revoke, have time-stamps made, and ask for status.

Each writes down what was acknowledged before it asks for more. A request that fails while
somebody is being killed acknowledged nothing; an answer that is wrong is a breach.
"""

import datetime as dt
import http.client
import json
import random
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography import x509

from idservice.cms.time_stamp_request import build_request as time_stamp_request
from idservice.cms.time_stamp_response import read_response
from idservice.crypto.algorithms import SHA256
from idservice.errors import IdServiceError, OcspRefused, TimeStampRefused
from idservice.pki.ocsp_request import build_request as status_request
from idservice.pki.ocsp_response import read_answer, require_status
from support.homes import PIN1, PIN2, PUK
from support.kill_drill_ledger import (
    CERTIFICATE,
    REVOKED,
    STAMP,
    Breaches,
    Ledger,
    Line,
    certificate_lines,
)
from support.kill_drill_service import VictimService

MAX_STATUS_AGE = dt.timedelta(seconds=60)
_BREATH = 0.02
_STAMPERS = 3


@dataclass
class Load:
    """All clients of one service; `acknowledged_people` have certificates and are not revoked."""

    service: VictimService
    home: Path
    ledger: Ledger
    breaches: Breaches
    acknowledged_people: list[Line] = field(default_factory=list)
    revoked_people: list[Line] = field(default_factory=list)
    lost_requests: int = 0
    status_answers: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """Set all clients to work."""
        steps = (self._issue, self._revoke, self._ask_status, *[self._stamp] * _STAMPERS)
        for step in steps:
            thread = threading.Thread(target=self._repeat, args=(step,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Let every client finish what it is at."""
        self._over.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs"

    def status_of(self, certificate_pem: str, *, nonce: bytes | None) -> str | None:
        """Ask the service for a status and verify the answer; None when it has none now."""
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        request = status_request(certificate, self.issuer, nonce=nonce)
        headers = {"Content-Type": "application/ocsp-request"}
        code, body = self.service.request("POST", "/ocsp", request, headers)
        if code != 200:
            return None
        now = dt.datetime.now(dt.UTC)
        try:
            found = require_status(
                read_answer(body), certificate, self.issuer, at=now, nonce=nonce,
                max_age=MAX_STATUS_AGE + dt.timedelta(seconds=1),
            )  # fmt: skip
        except OcspRefused:
            return None
        return found.state

    @cached_property
    def issuer(self) -> x509.Certificate:
        """The certificate of the authority that issues people's certificates."""
        return x509.load_der_x509_certificate(
            self.service.request("GET", "/chain/esteid2025.crt")[1]
        )

    @cached_property
    def _operator(self) -> dict[str, str]:
        token = (self.home / "keys" / "operator.token").read_text().strip()
        return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def _repeat(self, step: Callable[[], None]) -> None:
        while not self._over.is_set():
            try:
                step()
            except (OSError, http.client.HTTPException):
                self.lost_requests += 1
            except (AssertionError, IdServiceError, ValueError) as exc:
                self.breaches.note(f"{step.__name__}: {type(exc).__name__}: {exc}")
            time.sleep(_BREATH)

    def _issue(self) -> None:
        wanted = {
            "given_name": "Mari", "surname": "Tamm", "birth_date": "1990-02-03", "sex": "female",
            "signing_key": "P-256", "pins": {"pin1": PIN1, "pin2": PIN2, "puk": PUK},
        }  # fmt: skip
        body = json.dumps(wanted).encode()
        code, answer = self.service.request("POST", "/v1/persons", body, self._operator)
        if code != 201:
            self._require_passing(code, answer)
            return
        person = json.loads(answer)
        self.ledger.add(CERTIFICATE, certificate_lines(person))
        self.acknowledged_people.append(person)

    def _revoke(self) -> None:
        if len(self.acknowledged_people) < 2:
            return
        person = self.acknowledged_people.pop(0)
        path = f"/v1/persons/{person['personal_code']}/revoke"
        code, answer = self.service.request("POST", path, b"{}", self._operator)
        if code != 200:
            self._require_passing(code, answer)
            return
        self.note_revoked(person)

    def note_revoked(self, person: Line) -> None:
        """Write down that the revocation of a person was acknowledged."""
        self.ledger.add(REVOKED, certificate_lines(person))
        self.revoked_people.append(person)

    def _stamp(self) -> None:
        imprint, nonce = secrets.token_bytes(32), secrets.randbits(63) | 1
        request = time_stamp_request(imprint, SHA256, nonce=nonce)
        headers = {"Content-Type": "application/timestamp-query"}
        asked = time.monotonic_ns()
        code, answer = self.service.request("POST", "/tsa", request, headers)
        had = time.monotonic_ns()
        try:
            token = read_response(answer, imprint=imprint, hash=SHA256, nonce=nonce)
        except TimeStampRefused:
            self.lost_requests += 1
            return
        assert code == 200
        stamp = {
            "asked": asked, "had": had, "serial": f"{token.serial:x}",
            "gen_time": token.gen_time.isoformat(), "imprint": imprint.hex(),
        }  # fmt: skip
        self.ledger.add(STAMP, [stamp])

    def _ask_status(self) -> None:
        if not self.revoked_people:
            return
        person = random.choice(self.revoked_people)  # noqa: S311 - whom to ask about
        certificate = random.choice(person["certificates"])  # noqa: S311 - as above
        nonce = random.choice([None, secrets.token_bytes(32)])  # noqa: S311 - as above
        status = self.status_of(certificate["certificate_pem"], nonce=nonce)
        if status is not None:
            self.status_answers += 1
            assert status == "revoked", f"{certificate['serial']} is {status} once more"

    def _require_passing(self, code: int, answer: bytes) -> None:
        """A request may fail because of a kill, but not in any other way."""
        self.lost_requests += 1
        assert code in {500, 502, 503, 504}, f"{code}: {answer[:300]!r}"
