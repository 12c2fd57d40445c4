"""The trusted lists of the settings: fetched, verified, kept, and used while they are valid.

Each list is fetched from its configured address when the kept copy is older than
`refresh_seconds`; what is fetched counts only when its signature holds, it is current and
not older than the kept one, and is then kept whole. Where nothing new can be had, the kept
list serves until its next update is due. A list that cannot be used vouches for nobody,
and every report says so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from idservice.errors import (
    Dependency,
    Finding,
    IdServiceError,
    MalformedInput,
    SettingsInvalid,
    StorageUnavailable,
    Unsupported,
    Verification,
)
from idservice.keystore.files import replace_file
from idservice.services.listed_services import ListedServices, UsableLists
from idservice.services.validation import read_trusted
from idservice.settings import TrustListSettings
from idservice.transport.fetch import Fetcher, hosts_of
from idservice.trustlists.reading import (
    require_current,
    require_not_older,
    verify_trusted_list,
)
from idservice.trustlists.values import TrustedList
from idservice.xmlsig.reading import XmlLimits

KEPT_MODE = 0o644
LOOK_AGAIN = dt.timedelta(seconds=60)
"""How soon a list that could not be used is tried again."""

_CLOCK_TOLERANCE_SECONDS = 300

_UNUSABLE = (MalformedInput, Unsupported, Verification, Dependency)


@dataclass(frozen=True, slots=True)
class ListSource:
    """Where one list is (an address, or the path of a file), and who may sign it (DER)."""

    location: str
    signers: tuple[bytes, ...]

    @property
    def remote(self) -> bool:
        """Whether it is fetched."""
        return self.location.startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class _Loaded:
    lists: tuple[TrustedList, ...]
    usable: UsableLists
    look_again: dt.datetime


class TrustedLists:
    """The lists of the settings, each verified once and then remembered until it is due."""

    def __init__(
        self, settings: TrustListSettings, home: Path, *, clock: Callable[[], dt.datetime]
    ) -> None:
        """Keep lists in the home folder. Raises SettingsInvalid for files of signers."""
        self._settings, self._clock = settings, clock
        self._sources = list_sources(settings, home)
        self._kept = home / "var" / "trusted-lists"
        self._fetcher = Fetcher(hosts_of(item.location for item in self._sources if item.remote))
        self._loaded: _Loaded | None = None
        self._lock = threading.Lock()

    def current(self) -> UsableLists:
        """Return what can be used now. Raises nothing for lists that cannot be."""
        now = self._clock()
        with self._lock:
            loaded = self._loaded
            if loaded is None or now >= loaded.look_again or not _all_current(loaded.lists, now):
                loaded = self._loaded = self._load(now)
            return loaded.usable

    def _load(self, now: dt.datetime) -> _Loaded:
        lists: list[TrustedList] = []
        findings: list[Finding] = []
        for source in self._sources:
            try:
                found, notes = self._one(source, now)
            except _UNUSABLE as exc:
                findings.append(_not_used(source, exc))
            else:
                lists.append(found)
                findings += notes
        wait = dt.timedelta(seconds=self._settings.refresh_seconds)
        services = ListedServices.of_lists(lists)
        return _Loaded(
            tuple(lists),
            UsableLists(services, tuple(findings)),
            now + (min(wait, LOOK_AGAIN) if findings else wait),
        )

    def _one(self, source: ListSource, now: dt.datetime) -> tuple[TrustedList, list[Finding]]:
        """Return the newest list of a source that is current."""
        path = self._kept / f"{hashlib.sha256(source.location.encode()).hexdigest()}.xml"
        kept = self._read_kept(path, source)
        if kept is not None and source.remote and self._is_fresh(path, now):
            require_current(kept, now)
            return kept, []
        try:
            return self._renewed(source, path, kept, now), []
        except _UNUSABLE as exc:
            if kept is None:
                raise
            require_current(kept, now)
            return kept, [_not_renewed(source, exc)]

    def _renewed(
        self, source: ListSource, path: Path, kept: TrustedList | None, now: dt.datetime
    ) -> TrustedList:
        document = self._get(source)
        found = self._verified(document, source)
        require_current(found, now)
        if kept is not None:
            require_not_older(found, kept)
        _keep(path, document)
        return found

    def _get(self, source: ListSource) -> bytes:
        settings = self._settings
        if source.remote:
            return self._fetcher.get(
                source.location, seconds=settings.deadline_seconds, max_bytes=settings.max_bytes
            )
        return read_list_file(Path(source.location), settings.max_bytes)

    def _verified(self, document: bytes, source: ListSource) -> TrustedList:
        limits = XmlLimits(max_bytes=self._settings.max_bytes)
        return verify_trusted_list(document, source.signers, limits)

    def _read_kept(self, path: Path, source: ListSource) -> TrustedList | None:
        """Return the list that was kept; None when there is none, or its signer changed."""
        try:
            return self._verified(path.read_bytes(), source)
        except (OSError, MalformedInput, Unsupported, Verification):
            return None

    def _is_fresh(self, path: Path, now: dt.datetime) -> bool:
        try:
            age = now.timestamp() - path.stat().st_mtime
        except OSError:
            return False
        return -_CLOCK_TOLERANCE_SECONDS <= age < self._settings.refresh_seconds


def list_sources(settings: TrustListSettings, home: Path) -> tuple[ListSource, ...]:
    """Join lists and files of signers: one file for all lists, or one for each in their order.

    Paths are relative to the home folder. Raises SettingsInvalid.
    """
    files, count = settings.signer_files, len(settings.lists)
    if not count:
        return ()
    if len(files) not in (1, count):
        raise SettingsInvalid(
            f"trust_lists names {count} lists and {len(files)} files of signers.",
            "Name one file with the certificates of signers for all lists, or one for each list.",
        )
    each = files if len(files) == count else files * count
    return tuple(
        ListSource(
            name if name.startswith(("http://", "https://")) else str(home / name),
            _signers(home / file),
        )
        for name, file in zip(settings.lists, each, strict=True)
    )


def read_list_file(path: Path, max_bytes: int) -> bytes:
    """Read a list from a file. Raises StorageUnavailable, and SettingsInvalid when too large."""
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as exc:
        raise StorageUnavailable(
            f"The trusted list {path} cannot be read: {exc.strerror}.", "Check its name."
        ) from exc
    if len(data) > max_bytes:
        raise StorageUnavailable(
            f"The trusted list {path} has more than {max_bytes} bytes.",
            "Raise trust_lists.max_bytes if it is really so large.",
        )
    return data


def verified_services(
    documents: Sequence[bytes], signers: Sequence[bytes], at: dt.datetime
) -> ListedServices:
    """Return the services of lists that a caller brings along, each signed by one of `signers`.

    Raises what `verify_trusted_list` and `require_current` raise: who names a list wants it.
    """
    found = [verify_trusted_list(item, signers) for item in documents]
    for item in found:
        require_current(item, at)
    return ListedServices.of_lists(found)


def _signers(path: Path) -> tuple[bytes, ...]:
    try:
        return tuple(item.public_bytes(Encoding.DER) for item in read_trusted(path.read_bytes()))
    except (OSError, MalformedInput) as exc:
        reason = exc.detail if isinstance(exc, IdServiceError) else exc.strerror
        raise SettingsInvalid(
            f"The file {path} of trust_lists.signer_files cannot be used: {reason}",
            "Name a file with the certificates, in PEM, of those who may sign the trusted list.",
        ) from exc


def _all_current(lists: Sequence[TrustedList], now: dt.datetime) -> bool:
    return all(item.next_update is not None and now <= item.next_update for item in lists)


def _keep(path: Path, document: bytes) -> None:
    """Keep a list whole or not at all; without a place for it, it only lasts as long as we do."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, document, mode=KEPT_MODE)
    except (OSError, StorageUnavailable):
        return


def _not_used(source: ListSource, error: IdServiceError) -> Finding:
    return Finding(
        "trusted_list_not_used",
        f"The trusted list {source.location} is not used, so the services that it names are not "
        f"trusted here: {error.detail}",
        error.fix,
    )


def _not_renewed(source: ListSource, error: IdServiceError) -> Finding:
    return Finding(
        "trusted_list_not_renewed",
        f"The trusted list {source.location} could not be renewed, and the kept one is used, which "
        f"is still current: {error.detail}",
        error.fix,
    )


__all__ = [
    "ListSource",
    "TrustedLists",
    "list_sources",
    "read_list_file",
    "verified_services",
]
