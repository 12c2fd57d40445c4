"""A person whose card is over gets a new one; what was over stays over."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateSigningRequestBuilder, Name

from idservice.errors import (
    AlreadyInitialised,
    CertificateRevoked,
    KeyNotHeld,
    PersonExists,
    PersonRevoked,
    PinWrong,
    PublicKeyInUse,
)
from idservice.keystore.card import Purpose
from idservice.services.assembly import Services, open_services
from idservice.services.certificate_state import require_valid_certificate
from idservice.services.person_request import CertificateRequests
from idservice.store import audit
from support.homes import PIN2
from support.login import SettableClock
from support.people import CODE, person_request

NEW_PIN2 = "98765"


def csr() -> bytes:
    """A certificate request in PEM."""
    key = ec.generate_private_key(ec.SECP384R1())
    request = CertificateSigningRequestBuilder().subject_name(Name([]))
    return request.sign(key, hashes.SHA384()).public_bytes(Encoding.PEM)


def test_a_revoked_person_is_issued_again(any_services: Services) -> None:
    """New certificates, keys, PINs and names; the old certificates stay revoked, on record."""
    people = any_services.persons
    people.issue(person_request())
    old = people.unlock_signer(CODE, Purpose.SIGNING, PIN2)
    people.revoke(CODE, "keyCompromise", actor="test")
    with pytest.raises(PersonRevoked):
        people.resume(CODE, actor="test")
    people.issue(person_request(surname="Kask", pin2=NEW_PIN2))
    view = people.show(CODE)
    assert (view.status, view.person.surname, view.person.revoked_at) == ("active", "KASK", None)
    assert sorted(item.status for item in view.certificates) == ["revoked"] * 2 + ["valid"] * 2
    with pytest.raises(PinWrong):
        people.unlock_signer(CODE, Purpose.SIGNING, PIN2)
    new = people.unlock_signer(CODE, Purpose.SIGNING, NEW_PIN2)
    assert new.signer.public_key_der != old.signer.public_key_der
    with pytest.raises(CertificateRevoked):
        old.recheck()
    with any_services.database.read() as connection:
        with pytest.raises(CertificateRevoked):
            require_valid_certificate(connection, old.certificate_der, any_services.clock())
        issued = audit.entries(connection, subject=f"person:{CODE}", action="person.issued")
    assert sorted(entry.details["before"] for entry in issued) == ["issuing", "revoked"]


def test_an_expired_person_is_issued_again(services: Services) -> None:
    """As soon as all certificates are over, and not before."""
    time = SettableClock(services.clock())
    timed = open_services(services.settings, clock=time)
    timed.persons.issue(person_request(valid_for=dt.timedelta(seconds=30)))
    with pytest.raises(PersonExists):
        timed.persons.issue(person_request())
    time.advance(seconds=31)
    assert timed.persons.show(CODE).status == "expired"
    timed.persons.issue(person_request(pin2=NEW_PIN2))
    assert timed.persons.show(CODE).status == "active"
    timed.persons.unlock_signer(CODE, Purpose.SIGNING, NEW_PIN2).recheck()
    timed.close()


def test_a_suspended_person_is_not_issued_again(services: Services) -> None:
    """A suspension can be ended; a second card would get around it."""
    services.persons.issue(person_request())
    services.persons.suspend(CODE, actor="test")
    with pytest.raises(PersonExists):
        services.persons.issue(person_request())


def test_the_old_server_keys_are_gone(services: Services) -> None:
    """Issued again for a card alone, the service holds no key of the person any more."""
    services.persons.issue(person_request())
    services.persons.revoke(CODE, actor="test")
    requests = CertificateRequests(csr(), csr())
    services.persons.issue(person_request(server=False, requests=requests))
    assert services.persons.show(CODE).custody == ("card",)
    with pytest.raises(KeyNotHeld):
        services.persons.unlock_signer(CODE, Purpose.SIGNING, PIN2)


def test_a_key_that_was_certified_before_is_refused(services: Services) -> None:
    """A key may have been the reason of the revocation; the person stays revoked."""
    requests = CertificateRequests(csr(), csr())
    services.persons.issue(person_request(server=False, requests=requests))
    services.persons.revoke(CODE, "keyCompromise", actor="test")
    again = CertificateRequests(csr(), requests.signing)
    with pytest.raises(PublicKeyInUse):
        services.persons.issue(person_request(server=False, requests=again))
    assert services.persons.show(CODE).status == "revoked"


def test_an_issuance_that_fails_leaves_the_person_revoked(
    services: Services, tmp_path: Path
) -> None:
    """A card file in the way: the person is what they were, and the reason is kept."""
    services.persons.issue(person_request())
    services.persons.revoke(CODE, "superseded", actor="test")
    (tmp_path / f"{CODE}.sign.p12").write_bytes(b"precious")
    with pytest.raises(AlreadyInitialised):
        services.persons.issue(person_request(card=tmp_path))
    person = services.persons.show(CODE).person
    assert (person.status, person.revocation_reason) == ("revoked", "superseded")
    services.persons.issue(person_request())


@pytest.mark.parametrize("ended", ["revoked", "expired"])
def test_of_many_new_cards_one_is_issued(any_services: Services, ended: str) -> None:
    """Eight at once: one succeeds, the others are refused, and two certificates are valid."""
    time = SettableClock(any_services.clock())
    timed = open_services(any_services.settings, clock=time)
    timed.persons.issue(person_request(valid_for=dt.timedelta(seconds=30)))
    if ended == "revoked":
        timed.persons.revoke(CODE, actor="test")
    else:
        time.advance(seconds=31)

    def issue(_: int) -> int:
        try:
            timed.persons.issue(person_request())
        except PersonExists:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(issue, range(8))) == 1
    now = time()
    valid = [
        item
        for item in timed.persons.show(CODE).certificates
        if item.status == "valid" and item.not_after >= now
    ]
    assert len(valid) == 2
    timed.close()
