"""Which services the proofs of a level come from: our own in this process, or named others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from idservice.crypto.certificates import load_certificate
from idservice.errors import SettingsInvalid
from idservice.pades.baseline import Baseline
from idservice.services.certificate_authority import ISSUING_KEY, ROOT_KEY
from idservice.services.levels import Levels
from idservice.services.raising import Sources
from idservice.services.status_collection import StatusCollection
from idservice.services.status_sources import OwnIssuer, StatusSources
from idservice.services.time_stamping import (
    OWN_TOKEN_BYTES,
    TIME_STAMPING,
    Authority,
    OwnAuthority,
    RemoteAuthority,
    TimeStamping,
)
from idservice.services.timestamp_authority import TSA, TSA_ARCHIVE
from idservice.services.trusted_paths import TrustedPaths
from idservice.services.validation import read_trusted
from idservice.transport.fetch import Fetcher, hosts_of

if TYPE_CHECKING:
    from idservice.services.pki_services import PkiServices

__all__ = ["Baseline", "LevelChoice", "open_levels", "open_sources"]


@dataclass(frozen=True, slots=True)
class LevelChoice:
    """The level that is asked for, and services named beside those of the settings.

    `level` None asks for the one of the settings. With `tsa_urls` or `ocsp_urls` these are
    asked instead of those of the settings; `trusted` are further trust anchors.
    """

    level: Baseline | None = None
    tsa_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    trusted: tuple[x509.Certificate, ...] = ()


def open_levels(services: PkiServices, choice: LevelChoice) -> Levels:
    """Wire up what raises signatures to a level; raises as `open_sources`."""
    return Levels(
        open_sources(services, choice),
        clock=services.clock,
        max_bytes=services.settings.signing.max_document_bytes,
        folder=services.settings.state.folder,
    )


def open_sources(services: PkiServices, choice: LevelChoice) -> Sources:
    """Wire up where the proofs come from.

    Raises MalformedRequest for what is no address, SettingsInvalid for a trusted file that
    cannot be read, and what opening our own services raises.
    """
    settings = services.settings.signing
    own = [load_certificate(der) for der in services.certificate_authority.chain_der]
    anchors = (own[-1], *_trusted_files(settings.trusted_files, services.settings.home))
    anchors += choice.trusted
    tsa_urls = choice.tsa_urls or settings.tsa_urls
    ocsp_urls = choice.ocsp_urls or settings.ocsp_urls
    named = hosts_of((*tsa_urls, *ocsp_urls))
    fetcher = Fetcher(named | {host.lower() for host in settings.allowed_hosts})
    authorities = TrustedPaths(anchors, own[:-1], purpose=TIME_STAMPING)

    def stamps(unit: str) -> TimeStamping:
        remote: list[Authority] = [RemoteAuthority(url, fetcher) for url in tsa_urls]
        own_unit = OwnAuthority(_unit(services, unit))
        return TimeStamping(
            remote or [own_unit],
            authorities,
            room=settings.time_stamp_bytes if remote else OWN_TOKEN_BYTES,
            deadline_seconds=settings.deadline_seconds,
            clock=services.clock,
        )

    statuses = StatusCollection(
        StatusSources(_own_issuers(services), ocsp_urls=ocsp_urls, fetcher=fetcher),
        deadline_seconds=settings.deadline_seconds,
        clock=services.clock,
    )
    return Sources(
        stamps(TSA),
        stamps(TSA_ARCHIVE),
        statuses,
        TrustedPaths(anchors, own[:-1]),
        authorities,
    )


def _unit(services: PkiServices, name: str) -> Callable[[bytes], bytes]:
    """Open a time-stamping unit when it is asked first: not every level needs both."""

    def respond(request_der: bytes) -> bytes:
        return services.timestamp_authority(name).respond(request_der)

    return respond


def _own_issuers(services: PkiServices) -> dict[bytes, OwnIssuer]:
    issuing_der, root_der = services.certificate_authority.chain_der
    return {
        issuing_der: OwnIssuer(
            lambda request_der: services.ocsp_responder.respond(request_der).der,
            partial(_list, services, ISSUING_KEY),
        ),
        root_der: OwnIssuer(None, partial(_list, services, ROOT_KEY)),
    }


def _list(services: PkiServices, name: str) -> bytes:
    return services.revocation_lists.current(name).der


def _trusted_files(names: Sequence[str], home: Path) -> tuple[x509.Certificate, ...]:
    found: list[x509.Certificate] = []
    for name in names:
        try:
            found += read_trusted((home / name).read_bytes())
        except OSError as exc:
            raise SettingsInvalid(
                f"The file {name} of signing.trusted_files cannot be read: {exc.strerror}.",
                "Correct the setting.",
            ) from exc
    return tuple(found)
