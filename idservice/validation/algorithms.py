"""Whether algorithms were good enough when it mattered (EN 319 102-1 cl. 5.2.8.4.2, 5.6.2.4).

What was signed with an algorithm that has ended counts when a proof shows that it existed
before the end. Otherwise it may have been forged since, and an earlier proof may still be
found: CRYPTO_CONSTRAINTS_FAILURE_NO_POE. Where it is certain that it was made after the
end, or where the algorithm never was acceptable, no proof can help any more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from idservice.errors import Finding
from idservice.validation.facts import AlgorithmFacts
from idservice.validation.moments import day, moment
from idservice.validation.validation_policy import NEVER, Purpose, ValidationPolicy

_SHOWN = {
    "rsa": "RSA",
    "rsa-pss": "RSA-PSS",
    "ecdsa": "ECDSA",
    "plain-ecdsa": "plain ECDSA",
    "dsa": "DSA",
    "ed25519": "Ed25519",
    "ed448": "Ed448",
    "ml-dsa-65": "ML-DSA-65",
}


@dataclass(frozen=True, slots=True)
class _Codes:
    """The findings for one purpose, and what they are about."""

    never: str
    ended: str
    subject: str


_CODES = {
    Purpose.SIGNATURE: _Codes("algorithm_not_allowed", "algorithm_expired", "The signature was"),
    Purpose.CERTIFICATE: _Codes(
        "certificate_algorithm_not_allowed",
        "certificate_algorithm_expired",
        "The certificate {} was",
    ),
    Purpose.TIME_STAMP: _Codes(
        "time_stamp_algorithm_not_allowed",
        "time_stamp_algorithm_expired",
        "The time-stamp was",
    ),
    Purpose.REVOCATION: _Codes(
        "revocation_algorithm_not_allowed",
        "revocation_algorithm_expired",
        "The statement about the revocation of {} was",
    ),
}


def shown(algorithms: AlgorithmFacts) -> str:
    """Name algorithms for people, such as "RSA with 2048 bits and SHA-256"."""
    scheme = _SHOWN.get(algorithms.signature, algorithms.signature)
    if algorithms.key_bits is not None and algorithms.digest is not None:
        scheme += f" with {algorithms.key_bits} bits"
    if algorithms.mask_digest is not None:
        scheme += f", a mask by {digest_shown(algorithms.mask_digest)}"
    return (
        scheme if algorithms.digest is None else f"{scheme} and {digest_shown(algorithms.digest)}"
    )


def digest_shown(name: str) -> str:
    """Name a digest for people: "sha256" is SHA-256, "sha3_256" SHA3-256."""
    text = name.upper().replace("_", "-")
    return f"SHA-{text[3:]}" if text.startswith("SHA") and text[3:].isdigit() else text


def algorithm_findings(
    algorithms: AlgorithmFacts | None,
    purpose: Purpose,
    policy: ValidationPolicy,
    proved_at: dt.datetime,
    *,
    made_after: dt.datetime | None = None,
    label: str = "",
) -> Iterator[Finding]:
    """Tell of algorithms that had ended at `proved_at`, the earliest time that is proved.

    Of algorithms that nobody could name (None) a reader told already. `made_after` is a time
    after which it was certainly made, `label` the certificate that it concerns.
    """
    if algorithms is None:
        return
    end = policy.algorithms[purpose].end_of(algorithms)
    if proved_at < end:
        return
    yield _ended(shown(algorithms), purpose, end, proved_at, made_after=made_after, label=label)


def unnamed_findings(
    findings: Iterable[Finding], algorithms: AlgorithmFacts | None
) -> Iterator[Finding]:
    """Refuse what was made with an old algorithm of which nobody could say how good it was."""
    if algorithms is None and any(item.code == "algorithm_legacy" for item in findings):
        yield Finding(
            "algorithm_not_allowed",
            "It was made with an old algorithm, and how strong its key is cannot be read.",
            "Have it made again with a current algorithm.",
        )


def imprint_findings(
    digest: str | None, policy: ValidationPolicy, proved_at: dt.datetime
) -> Iterator[Finding]:
    """Tell of a message imprint whose digest had ended: it may be of something else by now."""
    if digest is None:
        return
    end = policy.algorithms[Purpose.TIME_STAMP].digest_end(digest)
    if proved_at >= end:
        yield _ended(digest_shown(digest), Purpose.TIME_STAMP, end, proved_at)


def _ended(
    what: str,
    purpose: Purpose,
    end: dt.datetime,
    proved_at: dt.datetime,
    *,
    made_after: dt.datetime | None = None,
    label: str = "",
) -> Finding:
    codes = _CODES[purpose]
    subject = f"{codes.subject.format(label)} made with {what}"
    if end == NEVER:
        return Finding(
            codes.never,
            f"{subject}, which the policy does not rely upon.",
            "Have it made again with a current algorithm.",
        )
    if made_after is not None and made_after >= end and purpose is Purpose.SIGNATURE:
        return Finding(
            "algorithm_ended_before_signing",
            f"{subject}, relied upon until {day(end)} only, and it was made after "
            f"{moment(made_after)}.",
            "Ask the signer for another signature with a current algorithm.",
        )
    return Finding(
        codes.ended,
        f"{subject}, relied upon until {day(end)} only; the earliest time at which it is proved "
        f"to have existed is {moment(proved_at)}, so it may have been forged since.",
        "Ask for a new one; a time-stamp from before that day would have proved its age.",
    )
