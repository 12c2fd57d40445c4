"""What `idservice doctor` looks at in the PKI: expiry, renewal and revocation lists.

Nothing is renewed or signed here: what the service would do by itself is told instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from idservice.crypto.certificates import load_certificate
from idservice.services.certificate_authority import ISSUING_KEY, ROOT_KEY
from idservice.services.findings import Finding, Level
from idservice.services.pki_services import PkiServices
from idservice.services.service_certificates import ServiceCertificate

EXPIRY_WARNING = timedelta(days=7)

_RENEW = "Run: idservice keys renew"


def expiry_of_authorities(services: PkiServices) -> Iterator[Finding]:
    """Tell how long root and issuing authority are valid. Raises KeyStoreInvalid."""
    for name in (ROOT_KEY, ISSUING_KEY):
        certificate = load_certificate(services.authority_keys.load_certificate(name))
        yield _authority_expiry(name, certificate.not_valid_after_utc, services.clock())


def expiry_of_services(services: PkiServices) -> Iterator[Finding]:
    """Tell how long the certificates of services are valid, and which are due.

    Raises KeyStoreInvalid or KeyStoreUnavailable for a key that does not open.
    """
    found = services.service_certificates
    for name in found.names:
        held = found.newest_or_none(name)
        if held is None:
            yield Finding(
                "expiry",
                Level.WARN,
                f"This home has no key for the service {name} yet; it is made when it is used.",
                _RENEW,
            )
        else:
            yield _service_expiry(held, services)


def revocation_lists(services: PkiServices) -> Iterator[Finding]:
    """Tell how long the last revocation lists are good."""
    for name in services.revocation_lists.names:
        stored = services.revocation_lists.stored(name)
        if stored is not None and services.clock() < stored.next_update:
            until = f"{stored.next_update:%Y-%m-%d %H:%M} UTC"
            text = f"list {stored.number} of {name} is good until {until}"
            yield Finding("revocation", Level.OK, text)
        else:
            yield Finding(
                "revocation",
                Level.WARN,
                f"There is no current revocation list of {name}; one is made when somebody asks "
                "for it.",
                f"Fetch {services.settings.server.public_url}/crl/{name}.crl.",
            )


def _authority_expiry(name: str, not_after: datetime, at: datetime) -> Finding:
    if at <= not_after - EXPIRY_WARNING:
        return Finding("expiry", Level.OK, f"{name} is valid until {not_after:%Y-%m-%d}")
    ends = "expired" if at > not_after else "ends"
    level = Level.FAIL if at > not_after else Level.WARN
    text = f"The certificate of {name} {ends} on {not_after:%Y-%m-%d}."
    return Finding(
        "expiry", level, text, "Make a new authority in a new home: idservice --home FOLDER init"
    )


def _service_expiry(held: ServiceCertificate, services: PkiServices) -> Finding:
    at, until = services.clock(), f"{held.not_after:%Y-%m-%d}"
    if at > services.certificate_authority.not_after:
        text = f"The certificate of {held.name} expired on {until}, and its authority with it."
        fix = "Make a new authority in a new home: idservice --home FOLDER init"
        return Finding("expiry", Level.FAIL, text, fix)
    if services.service_certificates.is_due(held):
        ends = "expired" if at > held.not_after else "ends"
        text = (
            f"The certificate of {held.name} {ends} on {until}; the service renews it when it "
            "is used next."
        )
        return Finding("expiry", Level.WARN, text, _RENEW)
    return Finding("expiry", Level.OK, f"{held.name} is valid until {until}")
