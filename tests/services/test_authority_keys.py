"""A new installation's authorities: recorded, private, chained to the root."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from idservice.errors import AlreadyInitialised, KeyStoreInvalid, ProfileInvalid
from idservice.keystore.software import KeyFiles
from idservice.pki.profiles import Profiles
from idservice.services.assembly import Services
from idservice.services.authority_keys import create_authority
from idservice.services.certificate_authority import open_authority
from idservice.store import certificates
from support.people import person_request

NAMES = ("root", "esteid2025", "ocsp", "tsa", "tsa_archive")


def certificate(services: Services, name: str) -> x509.Certificate:
    """The certificate in a key file."""
    return x509.load_der_x509_certificate(services.key_files.load_certificate(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_authority_certificate_is_on_record(services: Services, name: str) -> None:
    """Root, issuing authority, OCSP and TSA certificates are known and valid."""
    found = services.certificate_authority.find(services.key_files.load_certificate(name))
    assert found
    assert (found.status, found.custody, found.person_code) == ("valid", "service", None)
    assert found.issuer == services.profiles.profile(name).issuer


@pytest.mark.parametrize("name", NAMES)
def test_every_key_opens_and_is_chained(services: Services, name: str) -> None:
    """Each key belongs to its certificate, which its issuer signed."""
    services.key_files.load_signer(name)
    issuer = certificate(services, services.profiles.profile(name).issuer)
    certificate(services, name).verify_directly_issued_by(issuer)


def test_validity_is_that_of_the_settings(services: Services) -> None:
    """Years and days come from the settings, to the day."""
    pki = services.settings.pki
    lifetimes = {}
    for name in NAMES:
        made = certificate(services, name)
        lifetimes[name] = (made.not_valid_after_utc - made.not_valid_before_utc).days
    assert lifetimes == {
        "root": round(pki.root_years * 365.25),
        "esteid2025": round(pki.issuing_years * 365.25),
        "ocsp": pki.ocsp_days,
        "tsa": pki.tsa_days,
        "tsa_archive": pki.tsa_archive_days,
    }


def test_authorities_are_never_made_over_others(services: Services) -> None:
    """A second setup in the same folder is refused and leaves the keys as they were."""
    before = {path.name: path.read_bytes() for path in services.key_files.folder.iterdir()}
    with pytest.raises(AlreadyInitialised):
        create_authority(
            services.database,
            services.key_files,
            services.profiles,
            services.settings.pki,
            public_url="http://127.0.0.1:8080",
            clock=services.clock,
            actor="test",
        )
    after = {path.name: path.read_bytes() for path in services.key_files.folder.iterdir()}
    assert after == before
    later = services.clock() + dt.timedelta(seconds=1)
    with services.database.begin() as connection:
        assert len(certificates.abandon(connection, before=later)) == 1


def test_a_root_needs_a_name_of_its_own(services: Services, tmp_path: Path) -> None:
    """A profile for people cannot serve as that of the root."""
    root = replace(services.profiles.profile("root"), subject=None)
    profiles = Profiles("1", {**services.profiles.by_name, "root": root}, ())
    with pytest.raises(ProfileInvalid):
        create_authority(
            services.database,
            KeyFiles(tmp_path, services.secret),
            profiles,
            services.settings.pki,
            public_url="http://127.0.0.1:8080",
            clock=services.clock,
            actor="test",
        )


def test_the_authority_does_not_open_without_its_files(services: Services, tmp_path: Path) -> None:
    """A missing certificate stops the authority at once, a missing key when it is needed."""

    def reopened(files: KeyFiles) -> object:
        return open_authority(
            services.database,
            files,
            services.profiles,
            public_url="http://127.0.0.1:8080",
            clock=services.clock,
        )

    with pytest.raises(KeyStoreInvalid):
        reopened(KeyFiles(tmp_path, services.secret))
    services.key_files.key_path("esteid2025").rename(tmp_path / "moved")
    reopened(services.key_files)
    with pytest.raises(KeyStoreInvalid):
        services.persons.issue(person_request())


def test_the_root_key_is_not_needed_any_more(services: Services) -> None:
    """With the root key taken away people are issued as before."""
    services.key_files.key_path("root").unlink()
    services.persons.issue(person_request())
