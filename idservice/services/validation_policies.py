"""Validation policies: the two that come along, and those in files of the operator.

A file is a set of differences from the strict policy, so that forgetting an entry never makes
a policy weaker. Nothing in it is passed over: an unknown entry or value is refused, and so
is every attempt to adjust a finding that no policy may adjust.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from idservice.errors import ValidationPolicyInvalid
from idservice.settings import config_folder
from idservice.validation.adjustable import ADJUSTABLE
from idservice.validation.facts import ChangeKind
from idservice.validation.qualification import LEVELS
from idservice.validation.validation_policy import (
    NEVER,
    OPEN,
    AlgorithmDates,
    ChangePolicy,
    Freshness,
    KeySize,
    Level,
    Purpose,
    Response,
    ValidationPolicy,
)

__all__ = [
    "MAX_POLICY_BYTES",
    "ValidationPolicy",
    "chosen_policy",
    "read_policy",
    "shipped_policy",
]

MAX_POLICY_BYTES = 256 * 1024
_FILES = {"strict": "validation-policy.toml", "lenient": "validation-policy-lenient.toml"}
_NOT_ANALYSED = "not-analysed"


def _end(value: object) -> object:
    """Take a day, "open" or "never" for the time at which an algorithm ends."""
    if value == "open":
        return OPEN
    if value == "never":
        return NEVER
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time(), dt.UTC)
    raise ValueError('must be a day such as 2029-01-01, "open" or "never"')


def _response(value: object) -> object:
    if isinstance(value, str) and value.upper() in Response.__members__ and value.islower():
        return Response[value.upper()]
    raise ValueError('must be "accept", "warn" or "refuse"')


def _qualification(value: object) -> object:
    if value == "none" or value in LEVELS:
        return value
    raise ValueError(f"must be one of none, {', '.join(LEVELS)}")


_End = Annotated[dt.datetime, BeforeValidator(_end)]
_Response = Annotated[Response, BeforeValidator(_response)]
_Seconds = Annotated[int, Field(ge=0, le=100 * 366 * 86400)]
_Digest = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$")]
_Scheme = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Size(_Part):
    bits: Annotated[int, Field(ge=0, le=65536)]
    until: _End


class _Tables(_Part):
    digests: dict[_Digest, _End] = {}
    schemes: dict[_Scheme, list[_Size]] = {}


class _Algorithms(_Tables):
    signature: _Tables = _Tables()
    certificate: _Tables = _Tables()
    time_stamp: Annotated[_Tables, Field(alias="time-stamp")] = _Tables()
    revocation: _Tables = _Tables()


class _Freshness(_Part):
    clock: _Seconds
    signer: _Seconds
    service: _Seconds
    largest_age: _Seconds


class _Policy(_Part):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    description: Annotated[str, Field(max_length=400)]
    least_level: Literal["none", "B", "T", "LT", "LTA"]
    time_stamp_delay: _Seconds
    qualification: Annotated[str, BeforeValidator(_qualification)]
    freshness: _Freshness
    algorithms: _Algorithms
    changes: dict[str, _Response]
    findings: dict[str, _Response]


@cache
def shipped_policy(name: str) -> ValidationPolicy:
    """Return the policy strict or lenient. Raises ValidationPolicyInvalid when its file is gone."""
    text = _read(config_folder() / _FILES[name])
    return _policy(text, _FILES[name], {} if name == "strict" else _strict())


def read_policy(path: Path) -> ValidationPolicy:
    """Read the policy of a file, which says in what it differs from the strict one.

    Raises ValidationPolicyInvalid, naming each wrong entry.
    """
    return _policy(_read(path), path.name, _strict())


def chosen_policy(choice: str) -> ValidationPolicy:
    """Return the policy of a name (strict, lenient), or else of the file at this path.

    Raises ValidationPolicyInvalid.
    """
    return shipped_policy(choice) if choice in _FILES else read_policy(Path(choice))


def _strict() -> dict[str, Any]:
    name = _FILES["strict"]
    return _tables(_read(config_folder() / name), name)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_POLICY_BYTES + 1)
        if len(data) > MAX_POLICY_BYTES:
            raise _invalid(path.name, f"it has more than {MAX_POLICY_BYTES} bytes")
        return data.decode("utf-8")
    except FileNotFoundError as exc:
        raise ValidationPolicyInvalid(
            f"There is no validation policy {path.name!r}: neither one that comes along nor a "
            "file of that name.",
            "Name strict, lenient or a policy file.",
        ) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise _invalid(path.name, f"it cannot be read ({exc})") from exc


def _tables(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as exc:
        raise _invalid(name, f"it is not TOML ({exc})") from exc


def _policy(text: str, name: str, base: dict[str, Any]) -> ValidationPolicy:
    try:
        read = _Policy.model_validate(_over(base, _tables(text, name)))
    except ValidationError as exc:
        problems = [
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in exc.errors(include_url=False, include_input=False)
        ]
        raise _invalid(name, "; ".join(problems[:20])) from exc
    _require_known_algorithms(read.algorithms, base, name)
    return ValidationPolicy(
        name=read.name,
        description=read.description,
        algorithms={purpose: _dates(read.algorithms, purpose) for purpose in Purpose},
        changes=_changes(read.changes, name),
        freshness=_freshness(read.freshness),
        findings=_findings(read.findings, name),
        least_level=None if read.least_level == "none" else Level[read.least_level],
        time_stamp_delay=_span(read.time_stamp_delay),
        qualification=None if read.qualification == "none" else read.qualification,
    )


def _require_known_algorithms(read: _Algorithms, base: Mapping[str, Any], name: str) -> None:
    """Refuse an algorithm that the reference does not list: its entry would change nothing."""
    if not base:
        return
    listed = base["algorithms"]
    for place, tables in _places(read):
        for kind, names in (("digests", tables.digests), ("schemes", tables.schemes)):
            if unknown := sorted(names.keys() - listed[kind].keys()):
                raise _invalid(
                    name,
                    f"{place}.{kind}: {', '.join(unknown[:10])} is not known here; there are "
                    f"{', '.join(listed[kind])}",
                )


def _places(read: _Algorithms) -> Iterator[tuple[str, _Tables]]:
    yield "algorithms", read
    for purpose in Purpose:
        yield f"algorithms.{purpose.value}", _own(read, purpose)


def _own(read: _Algorithms, purpose: Purpose) -> _Tables:
    own: _Tables = getattr(read, purpose.value.replace("-", "_"))
    return own


def _over(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay the entries of a file over those of another one, table by table."""
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _over(below, value) if both and below is not None else value
    return merged


def _dates(read: _Algorithms, purpose: Purpose) -> AlgorithmDates:
    own = _own(read, purpose)
    schemes = {**read.schemes, **own.schemes}
    return AlgorithmDates(
        {**read.digests, **own.digests},
        {
            name: tuple(KeySize(item.bits, item.until) for item in sizes)
            for name, sizes in schemes.items()
        },
    )


def _changes(read: Mapping[str, Response], name: str) -> ChangePolicy:
    kinds = {item.value: item for item in ChangeKind if item is not ChangeKind.CONTENT}
    for key in read:
        if key == ChangeKind.CONTENT.value:
            raise _invalid(name, "changes.content: a change of the content never passes")
        if key not in kinds and key != _NOT_ANALYSED:
            raise _invalid(name, f"changes.{key}: there is no such kind of change")
    return ChangePolicy(
        {kinds[key]: value for key, value in read.items() if key in kinds},
        read.get(_NOT_ANALYSED, Response.REFUSE),
    )


def _findings(read: Mapping[str, Response], name: str) -> dict[str, Response]:
    fixed = sorted(read.keys() - ADJUSTABLE.keys())
    if fixed:
        raise _invalid(name, f"findings: {', '.join(fixed[:10])} cannot be adjusted by any policy")
    return dict(read)


def _freshness(read: _Freshness) -> Freshness:
    return Freshness(
        dt.timedelta(seconds=read.clock),
        dt.timedelta(seconds=read.signer),
        dt.timedelta(seconds=read.service),
        _span(read.largest_age),
    )


def _span(seconds: int) -> dt.timedelta | None:
    return dt.timedelta(seconds=seconds) if seconds else None


def _invalid(name: str, why: str) -> ValidationPolicyInvalid:
    return ValidationPolicyInvalid(
        f"The validation policy {name} cannot be used, because it is not clear what it would "
        f"accept: {why}.",
        "Correct these entries; config/validation-policy.toml shows all that there are.",
    )
