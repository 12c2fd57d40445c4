"""What is fuzzed: every parser of input that strangers send, with honest inputs to change.

A parser may return or raise one of our own errors about its input. Anything else is a fault.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from idservice.cades.facts import read_facts as read_detached
from idservice.cms.time_stamp_request import build_request, parse_request
from idservice.cms.time_stamp_response import read_response
from idservice.cms.time_stamp_token import read_token
from idservice.cms.verification import verify_detached
from idservice.crypto.algorithms import SHA256, HashAlgorithm
from idservice.crypto.certificates import load_certificate
from idservice.errors import IdServiceError
from idservice.inspection.explanation import explain
from idservice.pades.differences import read_differences
from idservice.pades.facts import read_facts
from idservice.pades.signing import SignatureOptions, prepare
from idservice.pdf.document import open_document
from idservice.pki.crl import read_crl
from idservice.pki.ocsp_answer import read_answer
from idservice.pki.ocsp_request import build_request as build_ocsp_request
from idservice.pki.ocsp_request import parse_request as parse_ocsp_request
from idservice.pki.path import SIGNING, build_path
from idservice.services.evidence_at_hand import read_statements
from idservice.services.validation_policies import read_policy
from idservice.settings import config_folder
from idservice.trustlists.reading import verify_trusted_list
from idservice.validation.serialisation import facts_from_json, facts_to_json
from idservice.webeid.token import parse_auth_token
from idservice.xmlsig.verification import verify_enveloped
from support import detached, long_term, pdfs, time_stamps
from support.fuzz_revisions import judge_revision
from support.login import answer, authentication_card
from support.long_term import authorities
from support.pki import chain
from support.signing import signed, template_for
from support.trusted_lists import TSA_QTST, service, trusted_list
from support.trusted_lists import signed as signed_list

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"

# Larger files of the collection would only make the run slower.
_MAX_SEED = 60_000
_MAX_SEEDS = 60


@dataclass(frozen=True, slots=True)
class Target:
    """One parser: what kind of input it takes, honest inputs, and how it is run."""

    kind: str
    seeds: Callable[[], list[bytes]]
    parse: Callable[[bytes], object]

    def run(self, data: bytes) -> str:
        """Parse an input; return "read" or "refused". Whatever else is raised is a fault."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self.parse(data)
            except IdServiceError:
                return "refused"
        return "read"


@cache
def _pdfs() -> list[bytes]:
    """Documents with every kind of cross-reference, signed at every level, and forms."""
    made = [pdfs.build(name).data for name in pdfs.ALL]
    own = [pdfs.baseline(), signed(pdfs.baseline()), signed(signed(pdfs.baseline()))]
    levels = [long_term.long_term(), long_term.archived()]
    return [item for item in (*own, *levels, *made, *_collected("*.pdf")) if len(item) < _MAX_SEED]


def _collected(pattern: str) -> list[bytes]:
    """Small files by other producers, where the collection stands beside the project."""
    paths = [path for path in sorted(CORPUS.rglob(pattern)) if path.stat().st_size < _MAX_SEED]
    step = max(1, len(paths) // _MAX_SEEDS)
    return [path.read_bytes() for path in paths[::step]]


def _contents(data: bytes) -> bytes:
    """The value of the first signature of a PDF, without its padding."""
    text = data.split(b"/Contents <")[1].split(b">")[0]
    return bytes.fromhex(text[: 2 * (4 + int(text[4:8], 16))].decode())


def _cms() -> list[bytes]:
    return [_contents(item) for item in (signed(pdfs.baseline()), long_term.archived())]


def _tokens() -> list[bytes]:
    return [time_stamps.token_of(time_stamps.forgery()), *_cms()]


def _answers() -> list[bytes]:
    made = authorities()
    revoked = long_term.revoked(AT)
    return [long_term.answer(made.signer, AT), long_term.answer(made.signer, AT, revoked)]


def _lists() -> list[bytes]:
    made = authorities()
    entries = (made.signer, AT), (made.responder, AT)
    return [
        long_term.revocation_list(made.issuing, AT, *entries),
        long_term.revocation_list(made.root, AT, compromised_at=AT),
    ]


def _certificates() -> list[bytes]:
    made, other = chain(), authorities()
    return [
        made.leaf.der,
        made.intermediate.der,
        made.root.der,
        other.responder.der,
        other.stamper.der,
    ]


def _ocsp_requests() -> list[bytes]:
    made = chain()
    pair = made.leaf.certificate, made.intermediate.certificate
    return [build_ocsp_request(*pair, nonce=b"n" * 32), build_ocsp_request(*pair, nonce=None)]


def _auth_tokens() -> list[bytes]:
    card = authentication_card(chain().intermediate)
    return [json.dumps(answer(card, "n" * 44)).encode()]


def _facts() -> list[bytes]:
    found = read_facts(long_term.archived())
    return [json.dumps(facts_to_json(found)).encode()]


def _trusted_lists() -> list[bytes]:
    made = authorities()
    return [signed_list(trusted_list(service(made.root), service(made.stamper, kind=TSA_QTST)))]


def _detached() -> list[bytes]:
    """A detached signature, with a time-stamp and with an archive time-stamp."""
    plain = detached.fixed()
    own = ((detached.TIME_STAMP, detached.stamped_token(plain.value or b"")),)
    stamped = detached.encode(plain, own)
    archive = detached.archive_token(stamped, detached.index_of(stamped, own))
    archived = detached.encode(plain, (*own, (detached.ARCHIVE, archive)))
    return [detached.encode(plain), stamped, archived]


def _over_content(data: bytes) -> object:
    return read_detached(data, detached.CONTENT, max_bytes=1 << 20)


def _trusted_list(data: bytes) -> object:
    (signer,) = _list_signers()
    return verify_trusted_list(data, (signer,))


@cache
def _list_signers() -> tuple[bytes, ...]:
    return tuple(verify_enveloped(item).certificate_der for item in _trusted_lists())


def _policies() -> list[bytes]:
    folder = config_folder()
    return [path.read_bytes() for path in sorted(folder.glob("validation-policy*.toml"))]


def _policy(data: bytes) -> object:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "policy.toml"
        path.write_bytes(data)
        return read_policy(path)


def _digest(algorithm: HashAlgorithm) -> bytes:
    return algorithm.digest(b"signed bytes")


def _path(data: bytes) -> object:
    made = chain()
    anchors = (made.root.certificate,)
    try:
        return build_path(
            load_certificate(data), (made.intermediate.certificate,), anchors, AT, purpose=SIGNING
        )
    finally:
        load_certificate.cache_clear()


def _json(parse: Callable[[object], object]) -> Callable[[bytes], object]:
    def run(data: bytes) -> object:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return None
        return parse(value)

    return run


def _time_stamp_response(data: bytes) -> object:
    return read_response(data, imprint=time_stamps.IMPRINT, hash=SHA256, nonce=time_stamps.NONCE)


def _web_tokens() -> list[bytes]:
    """Header, claims and signature of a JSON web token, one a line, and a token of Web eID."""
    header = json.dumps({"alg": "ES256", "typ": "JWT", "kid": "1"}).encode()
    claims = json.dumps({"iss": "https://id.example", "exp": 1780000000, "aud": ["a"]}).encode()
    return [b"\n".join((header, claims, b"s" * 64)), *_auth_tokens()]


def _web_token(data: bytes) -> object:
    """Explain lines as the parts of a compact token; without lines, the bytes themselves."""
    parts = data.split(b"\n")
    if len(parts) == 1:
        return explain(data)
    return explain(b".".join(base64.urlsafe_b64encode(item).rstrip(b"=") for item in parts))


def _choices() -> list[bytes]:
    """What later revisions are chosen from; long enough that few changes give the same."""
    return [b"revision number %d of those begun with" % item for item in range(99)]


def _prepared(data: bytes) -> object:
    return prepare(open_document(data), template_for(), at=AT, options=SignatureOptions())


TARGETS: dict[str, Target] = {
    "pdf-validation": Target("pdf", _pdfs, read_facts),
    "pdf-signing": Target("pdf", _pdfs, _prepared),
    "pdf-revisions": Target("pdf", _pdfs, read_differences),
    "later-revision": Target("text", _choices, judge_revision),
    "cms": Target("der", _cms, lambda data: verify_detached(data, _digest)),
    "time-stamp-token": Target("der", _tokens, read_token),
    "time-stamp-request": Target(
        "der", lambda: [build_request(b"\x01" * 32, SHA256, nonce=7)], parse_request
    ),
    "time-stamp-response": Target(
        "der", lambda: [time_stamps.response_of(item) for item in _tokens()], _time_stamp_response
    ),
    "ocsp-request": Target("der", _ocsp_requests, parse_ocsp_request),
    "ocsp-response": Target("der", _answers, read_answer),
    "revocation-list": Target("der", _lists, read_crl),
    "certificate-path": Target("der", _certificates, _path),
    "auth-token": Target("text", _auth_tokens, _json(parse_auth_token)),
    "web-token": Target("text", _web_tokens, _web_token),
    "facts": Target("text", _facts, _json(facts_from_json)),
    "detached-signature": Target("der", _detached, _over_content),
    "trusted-list": Target("xml", _trusted_lists, _trusted_list),
    "given-statements": Target("der", lambda: [*_answers(), *_lists()], read_statements),
    "validation-policy": Target("text", _policies, _policy),
    "signed-xml": Target("xml", _trusted_lists, verify_enveloped),
    "inspection": Target(
        "der", lambda: [*_certificates(), *_lists(), *_answers(), *_tokens()], explain
    ),
}
"""Every parser by its name."""
