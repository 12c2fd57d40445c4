"""What a validation requires beyond what mathematics decides (EN 319 102-1 cl. 5.2.4, 5.1.4).

A policy is data: algorithms with the dates until which they are relied upon (cl. 5.2.8.4.2),
how old a statement about revocation may be, the least level, and what is accepted, told or
refused among the findings and later changes about which reasonable people differ. What
breaks a signature stands in `validation.rules`, and no policy reaches it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from idservice.validation.adjustable import ADJUSTABLE
from idservice.validation.facts import AlgorithmFacts, ChangeKind
from idservice.validation.rules import Rule, rule_for


class Response(IntEnum):
    """What a policy does about something; the greater one is the stricter one."""

    ACCEPT = 0
    WARN = 1
    REFUSE = 2


class Purpose(Enum):
    """What an algorithm was used for."""

    SIGNATURE = "signature"
    CERTIFICATE = "certificate"
    TIME_STAMP = "time-stamp"
    REVOCATION = "revocation"


OPEN = dt.datetime.max.replace(tzinfo=dt.UTC)
"""The end of an algorithm for which no end is set."""

NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
"""The end of an algorithm that is not relied upon at any time."""


@dataclass(frozen=True, slots=True)
class KeySize:
    """Keys of at least so many bits are relied upon until, but not at, this time (aware UTC)."""

    bits: int
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class AlgorithmDates:
    """Until when digests and signature schemes are relied upon, for one purpose.

    What is in neither table is not relied upon at all. The sizes of a scheme may stand in
    any order; the largest one that a key reaches counts.
    """

    digests: Mapping[str, dt.datetime]
    schemes: Mapping[str, tuple[KeySize, ...]]

    def end_of(self, algorithms: AlgorithmFacts) -> dt.datetime:
        """Return until when these algorithms together are relied upon; NEVER for unknown ones."""
        digests = (algorithms.digest, algorithms.mask_digest)
        ends = [self.digest_end(name) for name in digests if name is not None]
        return min([self._key_end(algorithms), *ends])

    def digest_end(self, name: str) -> dt.datetime:
        """Return until when a digest is relied upon; NEVER for an unknown one."""
        return self.digests.get(name, NEVER)

    def _key_end(self, algorithms: AlgorithmFacts) -> dt.datetime:
        bits = algorithms.key_bits or 0
        reached = [item for item in self.schemes.get(algorithms.signature, ()) if item.bits <= bits]
        return max(reached, key=lambda item: item.bits).until if reached else NEVER


@dataclass(frozen=True, slots=True)
class Freshness:
    """How the times of statements about revocation are compared (EN 319 102-1 cl. 5.2.5).

    `clock` is how far the clocks of two services may be apart. `signer` is the same where a
    statement about a signer must be younger than the proof of its signature. `service` is how
    old a statement about an authority or a service may be: it is made before its use.
    `largest_age` bounds the age of every statement that is relied upon because its next update
    has not come; None takes it for as long as it says itself.
    """

    clock: dt.timedelta = dt.timedelta(seconds=60)
    signer: dt.timedelta = dt.timedelta(seconds=2)
    service: dt.timedelta = dt.timedelta(days=1)
    largest_age: dt.timedelta | None = None


class Level(IntEnum):
    """The levels of a baseline signature, the higher one the greater (EN 319 142-1 cl. 6)."""

    B = 1
    T = 2
    LT = 3
    LTA = 4

    @classmethod
    def of(cls, name: str) -> Level:
        """Return the level in a name such as PAdES_BASELINE_LT; B where it names none."""
        ending = name.rpartition("_")[2]
        return cls[ending] if ending in cls.__members__ else cls.B


@dataclass(frozen=True, slots=True)
class ChangePolicy:
    """What is done about permitted later changes of each kind; a kind without entry is refused.

    `not_analysed` is for changes of which nobody can say what they do. Both count, and the
    stricter response wins; so a change of the content never passes.
    """

    kinds: Mapping[ChangeKind, Response]
    not_analysed: Response = Response.REFUSE

    def response(self, kind: ChangeKind) -> Response:
        """Return what is done about a change of this kind; content is refused always."""
        if kind is ChangeKind.CONTENT:
            return Response.REFUSE
        return self.kinds.get(kind, Response.REFUSE)


@dataclass(frozen=True, slots=True)
class ValidationPolicy:
    """One policy, whole. `findings` overrides what `validation.rules` says of adjustable codes.

    `least_level` and `time_stamp_delay` (between the claimed and the proved time) require
    nothing when None; so does `qualification`, one of the levels of `validation.qualification`.
    """

    name: str
    description: str
    algorithms: Mapping[Purpose, AlgorithmDates]
    changes: ChangePolicy
    freshness: Freshness = field(default_factory=Freshness)
    findings: Mapping[str, Response] = field(default_factory=dict)
    least_level: Level | None = None
    time_stamp_delay: dt.timedelta | None = None
    qualification: str | None = None

    def rule(self, code: str) -> Rule | None:
        """Return what a finding is worth under this policy; None when it is not even told.

        Only codes in `validation.adjustable` differ from `validation.rules`.
        """
        standard = rule_for(code)
        if code not in ADJUSTABLE or code not in self.findings:
            return standard
        response = self.findings[code]
        if response is Response.ACCEPT:
            return None
        return Rule(standard.step, ADJUSTABLE[code] if response is Response.REFUSE else None)

    def refuses(self, code: str) -> bool:
        """Whether a finding keeps what it is about from passing."""
        rule = self.rule(code)
        return rule is not None and rule.sub_indication is not None
