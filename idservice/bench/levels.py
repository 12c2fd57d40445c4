"""Signatures of the long-term levels, OCSP answers and time-stamps, each beside its limit.

They need a whole home: authorities, responder, time-stamping units and a database that
acknowledges only what is durable. One is made for the run, in a temporary folder. The
limit of an operation is the bare signatures of the keys that it needs, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from idservice.bench.workloads import Workload
from idservice.cms.signed_data import CmsTemplate, cms_template
from idservice.cms.time_stamp_request import build_request as time_stamp_request
from idservice.crypto.algorithms import SHA256
from idservice.crypto.certificates import load_certificate
from idservice.pades.baseline import Baseline
from idservice.pades.signing import prepare, signature_cms
from idservice.pdf.document import open_document
from idservice.pki.ocsp_request import NONCE_BYTES
from idservice.pki.ocsp_request import build_request as status_request

if TYPE_CHECKING:
    from idservice.crypto.keys import Signer
    from idservice.services.assembly import Services
    from idservice.services.key_custody import HeldKey
    from idservice.services.levels import Levels

_SIGNER, _OCSP, _TSA, _ARCHIVE = "signer", "ocsp", "tsa", "tsa_archive"

KEYS: dict[str, tuple[str, ...]] = {
    "PAdES-B-T": (_SIGNER, _TSA),
    "PAdES-B-LT": (_SIGNER, _TSA, _OCSP, _OCSP),
    "PAdES-B-LTA": (_SIGNER, _TSA, _OCSP, _OCSP, _OCSP, _ARCHIVE),
    "OCSP with nonce": (_OCSP,),
    "TSA token": (_TSA,),
}
"""Whose signatures each operation needs; above B-T every unit and the signer are asked about."""

DURABLE = (
    "every time-stamp is recorded in SQLite (synchronous=FULL) before it is signed, one at a time"
)

_MESSAGE_BYTES = 340
_PIN = "01497"
# A throw-away home: nobody guesses its PINs, so trying one need not be slow.
_ENVIRONMENT = {
    "IDSERVICE_PINS__ARGON2_MEMORY_KIB": "64",
    "IDSERVICE_PINS__ARGON2_ITERATIONS": "1",
    "IDSERVICE_SIGNING__LEVEL": "B-B",
}


@dataclass(frozen=True, slots=True)
class LevelMaterial:
    """A home with an opened P-256 key, and what raises its signatures."""

    services: Services
    levels: Levels
    key: HeldKey
    template: CmsTemplate

    @property
    def issuing_der(self) -> bytes:
        """The certificate of the issuing authority."""
        return self.services.certificate_authority.chain_der[0]

    @property
    def root_der(self) -> bytes:
        """The certificate of the root."""
        return self.services.certificate_authority.chain_der[-1]

    def signer(self, name: str) -> Signer:
        """The signer of a key, by the names in `KEYS`."""
        if name == _SIGNER:
            return self.key.signer
        return self.services.service_certificates.load_signer(name)

    def signed(self, pdf: bytes, level: Baseline) -> bytes:
        """Return what is appended to a PDF so that it has a signature of a level."""
        room = self.levels.room(level)
        pending = prepare(open_document(pdf), self.template, at=self.services.clock(), room=room)
        value = self.key.signer.sign(pending.dtbs)
        cms_der = signature_cms(pending, value, made_here=True)
        return self.levels.finish(pdf, pending, cms_der, value, level)

    def status(self) -> bytes:
        """Ask the responder about the signer, with a nonce; return its answer."""
        certificate = load_certificate(self.key.certificate_der)
        issuer = load_certificate(self.issuing_der)
        request = status_request(certificate, issuer, nonce=os.urandom(NONCE_BYTES))
        return self.services.ocsp_responder.respond(request).der

    def time_stamp(self) -> bytes:
        """Ask the time-stamping unit for a token; return its response."""
        request = time_stamp_request(os.urandom(32), SHA256, nonce=1)
        return self.services.timestamp_authority(_TSA).respond(request)


@contextlib.contextmanager
def level_material() -> Iterator[LevelMaterial]:
    """Make a home in a temporary folder and open a key in it; all is removed afterwards."""
    from idservice.services import installation
    from idservice.services.assembly import open_services
    from idservice.services.level_sources import LevelChoice
    from idservice.services.own_keys import KeyChoice
    from idservice.services.person_request import PersonRequest
    from idservice.services.signing_keys import signing_key_form
    from idservice.settings import load_settings

    with tempfile.TemporaryDirectory(prefix="idservice-bench-") as folder:
        settings = load_settings(Path(folder) / "home", _ENVIRONMENT)
        installation.initialise(settings)
        with contextlib.closing(open_services(settings)) as services:
            person = services.persons.issue(
                PersonRequest(
                    given_name="Mari",
                    surname="Mets",
                    approver="benchmark",
                    personal_code="49002030009",
                    signing_key=signing_key_form("P-256"),
                    pin2=_PIN,
                )
            )
            key = services.own_keys.for_signing(KeyChoice(person.personal_code), _PIN)
            template = cms_template(key.certificate_der, key.chain_der[:1], key.signer.algorithm)
            yield LevelMaterial(services, services.levels(LevelChoice()), key, template)


def level_workloads(material: LevelMaterial, pdf: bytes) -> list[Workload]:
    """List the operations and, before each, the bare signatures that it needs."""
    operations = [
        Workload("PAdES-B-T", lambda: material.signed(pdf, Baseline.B_T)),
        Workload("PAdES-B-LT", lambda: material.signed(pdf, Baseline.B_LT)),
        Workload("PAdES-B-LTA", lambda: material.signed(pdf, Baseline.B_LTA)),
        Workload("OCSP with nonce", material.status),
        Workload("TSA token", material.time_stamp),
    ]
    return [
        workload
        for operation in operations
        for workload in (_limit(material, operation.name), operation)
    ]


def _limit(material: LevelMaterial, name: str) -> Workload:
    signers = [material.signer(key) for key in KEYS[name]]
    message = os.urandom(_MESSAGE_BYTES)

    def bare() -> None:
        for signer in signers:
            signer.sign(message)

    return Workload(f"bare signatures of {name}", bare)
