"""Getting a time-stamp: from our own authority in this process, or from others over HTTP.

Whatever comes back is verified before anybody uses it: that it answers the request (imprint,
nonce), that it holds, and that its authority is trusted for time-stamping and valid at a
plausible time. An authority that answers wrongly is not asked again; one that does not answer
is, after a pause, for as long as the deadline allows. The signer's key has no part in this.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cryptography import x509

from idservice.cms.time_stamp_request import build_request
from idservice.cms.time_stamp_response import MAX_BYTES, read_response
from idservice.cms.time_stamp_token import TimeStampToken
from idservice.crypto.algorithms import HashAlgorithm
from idservice.errors import (
    MalformedCms,
    MalformedInput,
    MalformedTimeStamp,
    ServiceUnavailable,
    TimeStampMismatch,
    TimeStampNotTrusted,
    TimeStampRefused,
    TsaUnavailable,
    Unsupported,
    Verification,
)
from idservice.pki.path_rules import Purpose
from idservice.services.trusted_paths import TrustedPaths
from idservice.services.turns import ask_in_turn
from idservice.transport.fetch import Fetcher

NONCE_BITS = 64
MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)
"""By how much an authority's time may differ from ours: beyond, one of the clocks is wrong."""

OWN_TOKEN_BYTES = 6144
"""Room for a token of our own authority, whose certificates and key are known to be small."""

TIME_STAMPING = Purpose(
    "time-stamping",
    ("digital_signature", "content_commitment"),
    frozenset({"1.3.6.1.5.5.7.3.8"}),
)
"""RFC 3161 cl. 2.3; that it is the only purpose, and critical, is looked at in the token."""


@dataclass(frozen=True, slots=True)
class TrustedTimeStamp:
    """A token that was verified, and the path of its authority: its certificate first."""

    token: TimeStampToken
    path: tuple[x509.Certificate, ...]


class TimeStampSource(Protocol):
    """Where time-stamps come from."""

    @property
    def room(self) -> int:
        """The bytes to keep free for a token."""

    def time_stamp(self, imprint: bytes, algorithm: HashAlgorithm) -> TrustedTimeStamp:
        """Return a trusted time-stamp over a digest."""


class Authority(Protocol):
    """One time-stamping authority: a TimeStampReq goes in, a TimeStampResp comes out."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    def ask(self, request_der: bytes, seconds: float) -> bytes:
        """Return the answer. Raises ServiceUnavailable after so many seconds at the latest."""


@dataclass(frozen=True, slots=True)
class OwnAuthority:
    """The authority of this installation, asked without a network."""

    respond: Callable[[bytes], bytes]
    name: str = "the time-stamping authority of this installation"

    def ask(self, request_der: bytes, seconds: float) -> bytes:  # noqa: ARG002 - it never waits
        """Return the answer."""
        return self.respond(request_der)


@dataclass(frozen=True, slots=True)
class RemoteAuthority:
    """An authority at an address."""

    name: str
    fetcher: Fetcher

    def ask(self, request_der: bytes, seconds: float) -> bytes:
        """Return the answer (RFC 3161 cl. 3.4)."""
        return self.fetcher.post(
            self.name,
            request_der,
            content_type="application/timestamp-query",
            seconds=seconds,
            max_bytes=MAX_BYTES,
        )


class TimeStamping:
    """Asks authorities in turn until one gives a time-stamp that can be trusted."""

    def __init__(
        self,
        authorities: Sequence[Authority],
        paths: TrustedPaths,
        *,
        room: int,
        deadline_seconds: float,
        clock: Callable[[], datetime],
    ) -> None:
        """Ask `authorities` in their order; `room` is what to keep free for their tokens.

        `paths` lead to the anchors that are trusted for TIME_STAMPING.
        """
        self._authorities = tuple(authorities)
        self._paths = paths
        self._room = room
        self._seconds = deadline_seconds
        self._clock = clock

    @property
    def room(self) -> int:
        """The bytes to keep free for a token."""
        return self._room

    def time_stamp(self, imprint: bytes, algorithm: HashAlgorithm) -> TrustedTimeStamp:
        """Return a trusted time-stamp over a digest made with `algorithm`.

        Raises TsaUnavailable when none answers in time. When one answered wrongly and no
        other was right: TimeStampMismatch, TimeStampNotTrusted, TimeStampRefused, or
        MalformedTimeStamp.
        """
        try:
            return ask_in_turn(
                self._authorities,
                lambda authority, seconds: self._ask(authority, imprint, algorithm, seconds),
                seconds=self._seconds,
                wrong=(TimeStampRefused, Verification, MalformedInput),
            )
        except ServiceUnavailable as exc:
            raise TsaUnavailable(
                "No time-stamp could be had in time, so the level cannot be reached: " + exc.detail,
                "Try again later, or name another authority with --tsa. Nothing was written.",
            ) from exc

    def _ask(
        self, authority: Authority, imprint: bytes, algorithm: HashAlgorithm, seconds: float
    ) -> TrustedTimeStamp:
        nonce = secrets.randbits(NONCE_BITS)
        request = build_request(imprint, algorithm, nonce=nonce)
        answer = authority.ask(request, seconds)
        try:
            token = read_response(answer, imprint=imprint, hash=algorithm, nonce=nonce)
        except MalformedCms as exc:
            raise MalformedTimeStamp(exc.detail, "Use another time-stamping authority.") from exc
        if len(token.token_der) > self._room:
            raise TimeStampMismatch(
                f"The time-stamp has {len(token.token_der)} bytes and {self._room} are kept free "
                "for it.",
                "Raise signing.time_stamp_bytes in the settings, or use another authority.",
            )
        difference = abs(token.gen_time - self._clock())
        if difference > MAX_CLOCK_DIFFERENCE:
            raise _not_trusted(
                f"its time ({token.gen_time:%Y-%m-%d %H:%M:%S} UTC) is too far from ours"
            )
        return TrustedTimeStamp(token, self._path(token))

    def _path(self, token: TimeStampToken) -> tuple[x509.Certificate, ...]:
        if token.certificate_der is None:
            raise _not_trusted("it does not say with which certificate it was made")
        try:
            return self._paths.require(
                token.certificate_der, token.certificates_der, token.gen_time
            )
        except (Verification, MalformedInput, Unsupported) as exc:
            raise _not_trusted(exc.detail) from exc


def _not_trusted(reason: str) -> TimeStampNotTrusted:
    return TimeStampNotTrusted(
        f"The time-stamp is not trusted: {reason.rstrip('.')}.",
        "Use another time-stamping authority, check the clock, or name the authority's root "
        "with --trust if you trust it.",
    )
