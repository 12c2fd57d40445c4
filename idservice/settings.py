"""Settings: read from TOML and the environment, validated once, frozen afterwards.

Layers, later ones win: config/default.toml, the home's own file, environment
variables. An unknown key in any of them is refused, because a misspelt limit that
is silently ignored is worse than a service that does not start.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from idservice.errors import SettingsInvalid

_PREFIX = "IDSERVICE_"
_SEPARATOR = "__"

NOT_SETTINGS = frozenset(
    {
        "IDSERVICE_HOME",
        "IDSERVICE_CONFIG",
        "IDSERVICE_CLOCK_REFERENCE",
        "IDSERVICE_PIN1",
        "IDSERVICE_PIN2",
        "IDSERVICE_PUK",
        "IDSERVICE_PDF_PASSWORD",
        "IDSERVICE_OPERATOR_TOKEN",
    }
)
"""IDSERVICE_ variables that commands read by themselves, or hand to their workers."""

Seconds = Annotated[int, Field(ge=1)]
Bytes = Annotated[int, Field(ge=1024)]
Days = Annotated[int, Field(ge=1, le=36525)]
Oid = Annotated[str, Field(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$", max_length=64)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerSettings(_Section):
    """Where the service listens and how clients reach it."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    public_url: Annotated[str, Field(pattern=r"^(https?://[^/?#\s]+)?$")]
    workers: Annotated[int, Field(ge=1, le=256)]
    threads: Annotated[int, Field(ge=1, le=256)]
    max_request_bytes: Bytes
    body_seconds: Annotated[int, Field(ge=1, le=3600)]
    metrics: bool


class DatabaseSettings(_Section):
    """Which database, and how long to wait for it."""

    url: str
    pool_size: Annotated[int, Field(ge=1, le=256)]
    busy_seconds: Annotated[float, Field(ge=0.1, le=60)]


class KeySettings(_Section):
    """Where key files and secrets are."""

    folder: Path
    secret_file: Path
    operator_token_file: Path


class StateSettings(_Section):
    """Where state other than keys is."""

    folder: Path


class PkiSettings(_Section):
    """Validity periods of what the CA issues."""

    root_years: Annotated[int, Field(ge=1, le=50)]
    issuing_years: Annotated[int, Field(ge=1, le=50)]
    ocsp_days: Days
    tsa_days: Days
    tsa_archive_days: Days
    person_days: Days


class TsaSettings(_Section):
    """Time-stamps: policies, accuracy, and how far the clock may drift."""

    policy: Oid
    archive_policy: Oid
    accuracy_seconds: Annotated[float, Field(ge=0.001, le=86400)]
    max_drift_seconds: Annotated[float, Field(ge=0.001, le=0.5)]


HsmKeyName = Literal["root", "esteid2025", "ocsp", "tsa", "tsa_archive", "persons"]


def _split(value: object) -> object:
    """Let a list come from an environment variable, separated by commas."""
    if not isinstance(value, str):
        return value
    return [item.strip() for item in value.split(",") if item.strip()]


class HsmSettings(_Section):
    """Which hardware security module there is, and which new keys are made in it."""

    module: str
    token: str
    pin_file: Path
    keys: Annotated[tuple[HsmKeyName, ...], BeforeValidator(_split)]
    sessions: Annotated[int, Field(ge=1, le=64)]
    deadline_seconds: Annotated[float, Field(ge=0.1, le=60)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if bool(self.module) != bool(self.token):
            raise ValueError("module and token belong together: set both or neither")
        if self.keys and not self.is_set:
            raise ValueError("keys cannot be made in a module that is not set")
        return self

    @property
    def is_set(self) -> bool:
        """Whether there is a module."""
        return bool(self.module)


class OcspSettings(_Section):
    """How long OCSP answers are good, and how many are kept to be given again."""

    valid_seconds: Annotated[int, Field(ge=60, le=86400)]
    cache_seconds: Annotated[int, Field(ge=0, le=60)]
    cached_answers: Annotated[int, Field(ge=1, le=1_000_000)]


class CrlSettings(_Section):
    """How often revocation lists are signed anew, and how long each is good."""

    period_seconds: Annotated[int, Field(ge=1, le=86400)]
    valid_seconds: Annotated[int, Field(ge=60, le=864000)]
    root_period_days: Days
    root_valid_days: Days


class PinSettings(_Section):
    """How PINs are counted and how costly a try is."""

    tries: Annotated[int, Field(ge=1, le=3)]
    argon2_memory_kib: Annotated[int, Field(ge=8, le=4194304)]
    argon2_iterations: Annotated[int, Field(ge=1, le=100)]
    argon2_lanes: Annotated[int, Field(ge=1, le=64)]


class LoginSettings(_Section):
    """Lifetimes of challenges and access tokens."""

    challenge_seconds: Annotated[int, Field(ge=1, le=300)]
    token_seconds: Annotated[int, Field(ge=1, le=86400)]
    key_overlap_days: Days


def _words(value: object) -> object:
    """Read a list from the environment, where it is words with spaces between them."""
    return value.split() if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
"""A list of words; in the environment with spaces between them."""


class SigningSettings(_Section):
    """Limits of the signing service, and where it gets proofs of time and validity."""

    max_document_bytes: Bytes
    pending_seconds: Annotated[int, Field(ge=1, le=86400)]
    experimental_algorithms: bool
    level: Literal["B-B", "B-T", "B-LT", "B-LTA"]
    tsa_urls: Words
    ocsp_urls: Words
    allowed_hosts: Words
    trusted_files: Words
    deadline_seconds: Annotated[float, Field(ge=0.5, le=60)]
    time_stamp_bytes: Annotated[int, Field(ge=4096, le=65536)]


class ValidationSettings(_Section):
    """Limits of the validation service, and the policy that it applies."""

    policy: Annotated[str, Field(min_length=1)]
    max_document_bytes: Bytes
    cpu_seconds: Seconds
    memory_bytes: Annotated[int, Field(ge=256 * 1024 * 1024)]
    parallel: Annotated[int, Field(ge=1, le=1024)]
    fetch: bool = False
    allowed_hosts: Words = ()
    fetch_seconds: Annotated[float, Field(ge=0.5, le=60)] = 10.0


class TrustListSettings(_Section):
    """Trusted lists (ETSI TS 119 612), who may sign them, and how they are fetched."""

    lists: Words
    signer_files: Words
    refresh_seconds: Seconds
    deadline_seconds: Annotated[float, Field(ge=0.5, le=300)]
    max_bytes: Bytes
    own_scheme: bool


class LogSettings(_Section):
    """What is logged, and for whom."""

    level: Literal["debug", "info", "warning", "error"]
    format: Literal["console", "json"]


class Settings(_Section):
    """All settings of one home folder, every path absolute."""

    home: Path
    server: ServerSettings
    database: DatabaseSettings
    keys: KeySettings
    state: StateSettings
    hsm: HsmSettings
    pki: PkiSettings
    tsa: TsaSettings
    ocsp: OcspSettings
    crl: CrlSettings
    pins: PinSettings
    login: LoginSettings
    signing: SigningSettings
    validation: ValidationSettings
    trust_lists: TrustListSettings
    log: LogSettings


def config_folder() -> Path:
    """Return the folder that holds default.toml: inside a wheel, or beside the package."""
    packaged = Path(__file__).parent / "_config"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "config"


def load_settings(
    home: Path,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, object]] | None = None,
) -> Settings:
    """Read, merge and validate the settings of a home folder.

    `overrides` are command-line options, section by section; they win over all
    files and the environment. Raises SettingsInvalid, naming each wrong key.
    """
    environ = os.environ if environ is None else environ
    home = home.expanduser().resolve()
    layers = [
        _read_toml(config_folder() / "default.toml"),
        _home_file(home, environ),
        _from_environment(environ),
        {section: dict(values) for section, values in (overrides or {}).items()},
    ]
    merged: dict[str, Any] = {}
    for layer in layers:
        _merge(merged, layer)
    return _validated(home, merged)


def _validated(home: Path, merged: dict[str, Any]) -> Settings:
    if "home" in merged:
        raise _invalid(["home: is set by --home or IDSERVICE_HOME, not in a file"])
    try:
        settings = Settings.model_validate({**merged, "home": home})
    except ValidationError as exc:
        raise _invalid(
            [
                f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
                for error in exc.errors(include_url=False, include_input=False)
            ]
        ) from exc
    return settings.model_copy(
        update={
            "server": _with_public_url(settings.server),
            "keys": _absolute(settings.keys, home),
            "hsm": _absolute(settings.hsm, home),
            "state": _absolute(settings.state, home),
            "database": settings.database.model_copy(
                update={"url": _absolute_url(settings.database.url, home)}
            ),
        }
    )


def _with_public_url(server: ServerSettings) -> ServerSettings:
    if server.public_url:
        return server
    return server.model_copy(update={"public_url": f"http://127.0.0.1:{server.port}"})


def _absolute(section: Any, home: Path) -> Any:
    paths = {name: home / value for name, value in section if isinstance(value, Path)}
    return section.model_copy(update=paths)


def _absolute_url(url: str, home: Path) -> str:
    scheme, found, path = url.partition(":///")
    if not found or not scheme.startswith("sqlite") or path in ("", ":memory:"):
        return url
    return f"{scheme}:///{home / path}"


def _home_file(home: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    named = environ.get("IDSERVICE_CONFIG")
    if named:
        return _read_toml(Path(named))
    path = home / "config" / "idservice.toml"
    return _read_toml(path) if path.is_file() else {}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise SettingsInvalid(
            f"The settings file {path} does not exist.",
            "Correct IDSERVICE_CONFIG, or install idservice again if it is default.toml.",
        ) from exc
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsInvalid(
            f"The settings file {path} cannot be read: {exc}.", "Correct the file."
        ) from exc


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    unknown = []
    for name, value in sorted(environ.items()):
        if not name.startswith(_PREFIX) or name in NOT_SETTINGS:
            continue
        section, separator, key = name.removeprefix(_PREFIX).lower().partition(_SEPARATOR)
        if not (section and separator and key):
            unknown.append(f"{name}: is no setting; write {_PREFIX}<SECTION>{_SEPARATOR}<KEY>")
            continue
        found.setdefault(section, {})[key] = value
    if unknown:
        raise _invalid(unknown)
    return found


def _merge(target: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for section, values in layer.items():
        if isinstance(values, Mapping) and isinstance(target.get(section), dict):
            target[section].update(values)
        else:
            target[section] = dict(values) if isinstance(values, Mapping) else values


def _invalid(problems: list[str]) -> SettingsInvalid:
    return SettingsInvalid(
        "The settings cannot be used: " + "; ".join(problems) + ".",
        "Correct them in the environment or in <home>/config/idservice.toml; "
        "config/default.toml documents every setting.",
    )
