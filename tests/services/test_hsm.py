"""A whole home with its keys in a real token: authorities, services, and people."""

import datetime as dt
from pathlib import Path

import pytest
from pkcs11 import Attribute, ObjectClass
from sqlalchemy import text

from idservice.cms.time_stamp_request import build_request
from idservice.cms.time_stamp_response import read_response
from idservice.crypto.algorithms import SHA256, KeyKind
from idservice.crypto.certificates import load_certificate
from idservice.crypto.keys import load_public_key, verify_signature
from idservice.errors import (
    AlreadyInitialised,
    KeyStoreInvalid,
    MalformedRequest,
    PersonExists,
    PersonRevoked,
    PersonSuspended,
    PinLocked,
    PinUnacceptable,
    PinWrong,
)
from idservice.keystore.card import Purpose
from idservice.pades.baseline import Baseline
from idservice.pki import ocsp_request
from idservice.services.assembly import Services, open_services
from idservice.services.authority_keys import create_authority
from idservice.services.diagnosis import Diagnosis, Level
from idservice.services.file_signing import FileOrder
from idservice.services.home_folder import SPECIMEN
from idservice.services.level_sources import LevelChoice
from support.homes import PERSON, PIN1, PIN2, PUK, settings_of
from support.hsm import ALL_KEYS, SoftToken, hsm_variables
from support.hsm_homes import keys_in_token, keys_of_people, open_home, require_good, tries_left
from support.people import CODE, person_request, services_on

SIGNING = Purpose.SIGNING
WRONG = "99999"
NEW_PIN2 = "24680"
DATA = b"what is signed"


def indications(services: Services, path: Path) -> list[str]:
    """What our own validation says of each signature of a file."""
    report = services.validation.validate(path.read_bytes(), path.name)
    return [signature.verdict.indication.value for signature in report.signatures]


class TestAuthorities:
    """Root, issuing authority, OCSP responder and time-stamping units."""

    def test_no_private_key_is_in_the_home(self, hsm: Services, hsm_home: Path) -> None:
        """The home has certificates, no key files, and no wrapped keys in its database."""
        names = {path.name for path in (hsm_home / "keys").iterdir()}
        assert {f"{name}.crt.pem" for name in ALL_KEYS[:-1]} <= names
        assert not {name for name in names if name.endswith(".key.pem")}
        with hsm.database.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM private_keys")).scalar() == 0

    def test_every_authority_signs_from_the_token(self, hsm: Services) -> None:
        """Each key opens from the token and signs under its certificate's public key."""
        for name in ALL_KEYS[:-1]:
            assert hsm.authority_keys.place(name) == "hsm"
            signer = hsm.authority_keys.load_signer(name)
            value = signer.sign(DATA)
            public_key = load_public_key(signer.public_key_der)
            verify_signature(public_key, signer.algorithm, value, DATA)

    def test_time_stamps_come_from_the_token(self, hsm: Services) -> None:
        """Both units answer with tokens that hold."""
        imprint = SHA256.digest(DATA)
        for unit in ("tsa", "tsa_archive"):
            request = build_request(imprint, SHA256, nonce=7)
            answer = hsm.timestamp_authority(unit).respond(request)
            token = read_response(answer, imprint=imprint, hash=SHA256, nonce=7)
            assert token.integrity == "intact"

    def test_ocsp_answers_come_from_the_token(self, hsm: Services) -> None:
        """The responder says good of a person's certificate, and the answer holds."""
        held = hsm.key_custody.unlock_signer(PERSON, SIGNING, PIN2)
        certificate = load_certificate(held.certificate_der)
        issuer = load_certificate(held.chain_der[0])
        request = ocsp_request.build_request(certificate, issuer, nonce=bytes(32))
        require_good(hsm, request, certificate, issuer)

    def test_doctor_finds_nothing_wrong(self, hsm: Services) -> None:
        """Doctor sees the token, every key in it, and the keys of people."""
        findings = [item for item in Diagnosis(hsm.settings).run() if item.check == "hsm"]
        assert {item.level for item in findings} == {Level.OK}, findings
        told = " ".join(item.message for item in findings)
        assert all(f"{name} is in the token" in told for name in ALL_KEYS[:-1])
        assert "keys of people are in the token" in told

    def test_doctor_tells_of_a_token_that_is_gone(self, hsm: Services, token: SoftToken) -> None:
        """A missing token is a finding, not a crash."""
        hsm.close()
        token.take_away()
        findings = [item for item in Diagnosis(hsm.settings).run() if item.check == "hsm"]
        assert [item.level for item in findings] == [Level.FAIL]
        assert "not available" in findings[0].message

    def test_doctor_misses_a_key_of_a_person(self, hsm: Services) -> None:
        """A key that is gone from the token is a failure: its person cannot sign any more."""
        hsm.persons.issue(person_request(server=False, hsm=True))
        with hsm.database.read() as connection:
            query = text("SELECT key_id FROM hsm_keys WHERE person_code = :code")
            lost = connection.execute(query, {"code": CODE}).scalars().first()
        assert lost is not None
        hsm.hsm.destroy(lost)
        findings = [item for item in Diagnosis(hsm.settings).run() if item.check == "hsm"]
        assert [item.message[:2] for item in findings if item.level is Level.FAIL] == ["1 "]

    def test_doctor_finds_keys_that_are_nobodys(self, hsm: Services) -> None:
        """A key of a process that died is a warning once it is old enough."""
        now = hsm.clock()
        hsm.hsm.generate(hsm.hsm.person_label(now), KeyKind.P384)
        diagnosis = Diagnosis(hsm.settings, clock=lambda: now + dt.timedelta(hours=1))
        findings = [item for item in diagnosis.run() if item.check == "hsm"]
        assert "are nobody's" in "".join(
            item.message for item in findings if item.level is Level.WARN
        )

    def test_a_key_that_was_in_a_file_stays_there(self, home: Path, token: SoftToken) -> None:
        """Naming a key in hsm.keys later does not move it, and doctor says so."""
        services = open_home(home, token, "ocsp")
        try:
            assert services.authority_keys.place("ocsp") == "file"
            assert services.authority_keys.load_signer("ocsp").sign(DATA)
            findings = [item for item in Diagnosis(services.settings).run() if item.check == "hsm"]
            assert any(item.level is Level.WARN and "ocsp" in item.message for item in findings), (
                findings
            )
        finally:
            services.close()

    def test_a_key_without_a_certificate_is_destroyed(self, hsm: Services) -> None:
        """A setup that fails after it made a key leaves none behind in the token."""

        def count() -> int:
            wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
            return hsm.hsm.sessions.run(
                lambda session: len(list(session.session.get_objects(wanted)))
            )

        before = count()
        with pytest.raises(AlreadyInitialised):
            create_authority(
                hsm.database,
                hsm.authority_keys,
                hsm.profiles,
                hsm.settings.pki,
                public_url="http://127.0.0.1:8080",
                clock=hsm.clock,
                actor="test",
            )
        assert count() == before


class TestPeople:
    """A person whose keys are in the token, from issuance to revocation and a second time."""

    def test_a_whole_life(self, hsm: Services) -> None:
        """Issued, signing, locked, unlocked with a new PIN, suspended, resumed, revoked."""
        people = hsm.persons
        people.issue(person_request(server=False, hsm=True))
        assert people.show(CODE).custody == ("hsm",)
        held = people.unlock_signer(CODE, SIGNING, PIN2)
        assert held.custody == "hsm"
        assert held.signer.sign(DATA)
        assert people.unlock_signer(CODE, Purpose.AUTHENTICATION, PIN1).signer.sign(DATA)
        for _ in range(3):
            with pytest.raises(PinWrong):
                people.unlock_signer(CODE, SIGNING, WRONG)
        with pytest.raises(PinLocked):
            people.unlock_signer(CODE, SIGNING, PIN2)
        with pytest.raises(PinLocked):
            held.recheck()
        people.unlock(CODE, SIGNING, PUK, NEW_PIN2)
        with pytest.raises(PinWrong):
            people.unlock_signer(CODE, SIGNING, PIN2)
        held = people.unlock_signer(CODE, SIGNING, NEW_PIN2)
        people.suspend(CODE, actor="test")
        with pytest.raises(PersonSuspended):
            held.recheck()
        people.resume(CODE, actor="test")
        held.recheck()
        people.revoke(CODE, actor="test")
        with pytest.raises(PersonRevoked):
            held.recheck()
        with pytest.raises(PersonRevoked):
            people.unlock_signer(CODE, SIGNING, NEW_PIN2)

    def test_a_life_on_postgresql(
        self, tmp_path: Path, token: SoftToken, postgres_url: str
    ) -> None:
        """The other database keeps whose a key in the token is just as well."""
        people = services_on(tmp_path / "home", postgres_url, **hsm_variables(token, *ALL_KEYS))
        try:
            people.persons.issue(person_request(server=False, hsm=True))
            assert people.persons.unlock_signer(CODE, SIGNING, PIN2).signer.sign(DATA)
            people.persons.unlock(CODE, SIGNING, PUK, NEW_PIN2)
            people.persons.unlock_signer(CODE, SIGNING, NEW_PIN2).recheck()
            people.persons.revoke(CODE, actor="test")
            people.persons.issue(person_request(server=False, hsm=True))
            assert keys_of_people(people) == keys_in_token(people)
        finally:
            people.close()

    def test_pin1_does_not_open_what_pin2_opens(self, hsm: Services) -> None:
        """Each PIN has a verifier of its own: an authentication PIN never signs."""
        codes = {"pin1": "11223", "pin2": "44556"}
        hsm.persons.issue(person_request(server=False, hsm=True, **codes))
        with pytest.raises(PinWrong):
            hsm.persons.unlock_signer(CODE, SIGNING, codes["pin1"])
        with pytest.raises(PinUnacceptable):
            hsm.persons.unlock_signer(CODE, SIGNING, "abcde")
        assert tries_left(hsm, CODE) == {"pin1": 3, "pin2": 2, "puk": 3}

    def test_a_person_signs_a_file(self, hsm: Services, hsm_home: Path, tmp_path: Path) -> None:
        """A PDF is signed with a key in the token, and validates here."""
        source, target = hsm_home / "var" / SPECIMEN, tmp_path / "signed.pdf"
        held = hsm.key_custody.unlock_signer(PERSON, SIGNING, PIN2)
        hsm.file_signing.with_key(held).sign(FileOrder(source, target))
        assert indications(hsm, target) == ["TOTAL-PASSED"]

    @pytest.mark.parametrize("level", [Baseline.B_T, Baseline.B_LT, Baseline.B_LTA])
    def test_a_person_signs_at_every_level(
        self, hsm: Services, hsm_home: Path, tmp_path: Path, level: Baseline
    ) -> None:
        """Signature, time-stamps and OCSP answers all come from keys in the token."""
        target = tmp_path / "signed.pdf"
        held = hsm.key_custody.unlock_signer(PERSON, SIGNING, PIN2)
        signer = hsm.file_signing.with_key(held, level=LevelChoice(level))
        signed = signer.sign(FileOrder(hsm_home / "var" / SPECIMEN, target))
        assert signed.level == level.value
        assert indications(hsm, target) == ["TOTAL-PASSED"]

    def test_issuing_again_destroys_the_keys_before(self, hsm: Services) -> None:
        """A person who was revoked gets new keys, and the old ones leave the token."""
        hsm.persons.issue(person_request(server=False, hsm=True))
        first = keys_of_people(hsm)
        hsm.persons.revoke(CODE, actor="test")
        hsm.persons.issue(person_request(server=False, hsm=True))
        second = keys_of_people(hsm)
        assert len(second) == len(first)
        gone = first - second
        assert len(gone) == 2
        assert not gone & keys_in_token(hsm)

    def test_what_fails_leaves_no_keys_behind(self, hsm: Services) -> None:
        """A person who exists already is refused, and the keys made for it are destroyed."""
        hsm.persons.issue(person_request(server=False, hsm=True))
        before = keys_in_token(hsm)
        with pytest.raises(PersonExists):
            hsm.persons.issue(person_request(server=False, hsm=True))
        assert keys_in_token(hsm) == before

    def test_keys_are_held_in_one_place(self) -> None:
        """Server custody and hardware together are refused."""
        with pytest.raises(MalformedRequest):
            person_request(server=True, hsm=True)

    def test_without_hardware_for_people_it_is_refused(self, services: Services) -> None:
        """A service that makes no keys of people in hardware says so, and issues nobody."""
        with pytest.raises(MalformedRequest, match="Keys in hardware"):
            services.persons.issue(person_request(server=False, hsm=True))

    def test_keys_stay_usable_when_no_more_are_made(self, hsm_home: Path, token: SoftToken) -> None:
        """Taking "persons" out of hsm.keys ends new keys there, and nobody's old ones."""
        services = open_home(hsm_home, token)
        try:
            assert services.persons.unlock_signer(PERSON, SIGNING, PIN2).signer.sign(DATA)
        finally:
            services.close()

    def test_without_the_token_in_the_settings_its_keys_do_not_open(self, hsm_home: Path) -> None:
        """A home that lost its [hsm] settings says what is missing, and counts no try."""
        services = open_services(settings_of(hsm_home))
        try:
            with pytest.raises(KeyStoreInvalid, match="the settings name none"):
                services.persons.unlock_signer(PERSON, SIGNING, PIN2)
            assert tries_left(services, PERSON)["pin2"] == 3
        finally:
            services.close()
