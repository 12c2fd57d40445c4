"""A person is issued whole or not at all, and no certificate escapes the record."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text

from idservice.errors import (
    AlreadyInitialised,
    CertificateExpired,
    ClockWentBack,
    DatabaseUnavailable,
    IdServiceError,
    MalformedPersonalCode,
    MalformedRequest,
    PersonExists,
    PinUnacceptable,
    PublicKeyInUse,
    UnsupportedAlgorithm,
)
from idservice.keystore.card import Purpose
from idservice.pki.personal_code import PersonalCode, Sex
from idservice.services.assembly import Services, open_services
from idservice.services.person_request import CertificateRequests
from idservice.services.signing_keys import SIGNING_KEYS
from idservice.store import audit, certificates, persons, pins, private_keys
from support.homes import PIN1, PIN2, PUK
from support.login import SettableClock
from support.people import CODE, TABLES, certificate_statuses, person_request, row_counts


def csr(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None) -> bytes:
    """A certificate request in PEM."""
    key = key or ec.generate_private_key(ec.SECP384R1())
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA384()
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM)


class TestIssue:
    """What a successful issuance leaves behind."""

    def test_everything_is_there(self, any_services: Services) -> None:
        """Two valid certificates, two wrapped keys, three counters, audit rows; keys open."""
        before = row_counts(any_services)
        enrolled = any_services.persons.issue(person_request())
        after = row_counts(any_services)
        assert {table: after[table] - before[table] for table in TABLES} == {
            "persons": 1, "certificates": 2, "private_keys": 2, "pins": 3, "audit": 3,
            "public_keys": 2,
        }  # fmt: skip
        assert enrolled.personal_code == CODE
        assert certificate_statuses(any_services) == ["valid", "valid"]
        for purpose, pin in ((Purpose.AUTHENTICATION, PIN1), (Purpose.SIGNING, PIN2)):
            held = any_services.persons.unlock_signer(CODE, purpose, pin)
            certificate = x509.load_der_x509_certificate(held.certificate_der)
            certificate.verify_directly_issued_by(x509.load_der_x509_certificate(held.chain_der[0]))

    def test_the_record_says_who_approved_by_which_profile(self, services: Services) -> None:
        """Approver and profile version are kept with certificate and audit row."""
        services.persons.issue(person_request(approver="operator"))
        record = services.persons.show(CODE).certificates[0]
        assert (record.approver, record.profile_version) == ("operator", services.profiles.version)
        with services.database.read() as connection:
            subject = f"certificate:esteid2025:{record.serial}"
            [entry] = audit.entries(connection, subject=subject)
        assert entry.details["approver"] == "operator"
        assert entry.details["sha256"] == record.certificate_sha256

    def test_the_to_be_signed_bytes_are_on_record(self, services: Services) -> None:
        """What was stored ahead is what was signed."""
        services.persons.issue(person_request())
        with services.database.read() as connection:
            stored = connection.execute(
                text("SELECT tbs_der, certificate_der FROM certificates WHERE person_code = :code"),
                {"code": CODE},
            ).all()
        for tbs_der, certificate_der in stored:
            assert x509.load_der_x509_certificate(certificate_der).tbs_certificate_bytes == tbs_der

    def test_a_code_is_made_from_birth_date_and_sex(self, services: Services) -> None:
        """A person without a code gets a free one that tells the truth."""
        born = dt.date(1990, 2, 3)
        wanted = person_request(personal_code=None, birth_date=born, sex=Sex.FEMALE)
        made = {services.persons.issue(wanted).personal_code for _ in range(3)}
        assert len(made) == 3
        for code in made:
            told = PersonalCode(code)
            assert (told.birth_date, told.sex) == (born, Sex.FEMALE)

    def test_codes_are_made_unless_given(self, services: Services) -> None:
        """PINs that nobody chose are made, returned once, and work."""
        made = services.persons.issue(person_request(pin1=None, pin2=None, puk=None)).pins
        services.persons.unlock_signer(CODE, Purpose.SIGNING, made.pin2)
        services.persons.unlock(CODE, Purpose.SIGNING, made.puk)

    def test_a_card_made_here_opens(self, services: Services, tmp_path: Path) -> None:
        """Both files appear in the folder, with keys of their own."""
        services.persons.issue(person_request(card=tmp_path))
        assert sorted(path.name for path in tmp_path.glob("*.p12")) == [
            f"{CODE}.auth.p12", f"{CODE}.sign.p12",
        ]  # fmt: skip
        card = services.persons.open_card(tmp_path / CODE, Purpose.SIGNING, PIN2)
        server = services.persons.unlock_signer(CODE, Purpose.SIGNING, PIN2)
        assert card.certificate_der != server.certificate_der
        assert card.chain_der == server.chain_der
        assert services.persons.show(CODE).custody == ("card", "server")

    def test_a_card_from_elsewhere_gets_certificates_only(self, services: Services) -> None:
        """Keys that somebody else holds are certified and nothing of them is stored."""
        before = row_counts(services)
        requests = CertificateRequests(csr(), csr())
        services.persons.issue(person_request(server=False, requests=requests))
        after = row_counts(services)
        assert after["private_keys"] == before["private_keys"]
        assert after["pins"] == before["pins"]
        view = services.persons.show(CODE)
        assert {(item.purpose, item.custody) for item in view.certificates} == {
            ("authentication", "card"), ("signing", "card"),
        }  # fmt: skip

    def test_a_short_validity_ends(self, services: Services) -> None:
        """A person issued for one second is expired after it."""
        time = SettableClock(services.clock())
        timed = open_services(services.settings, clock=time)
        timed.persons.issue(person_request(valid_for=dt.timedelta(seconds=1)))
        timed.persons.unlock_signer(CODE, Purpose.SIGNING, PIN2)
        time.advance(seconds=2)
        with pytest.raises(CertificateExpired):
            timed.persons.unlock_signer(CODE, Purpose.SIGNING, PIN2)
        assert timed.persons.show(CODE).status == "expired"
        timed.close()

    def test_no_certificate_outlives_its_issuer(self, services: Services) -> None:
        """Near the end of the issuer's life certificates are shorter than asked for."""
        issuer = x509.load_der_x509_certificate(services.certificate_authority.chain_der[0])
        late = issuer.not_valid_after_utc - dt.timedelta(days=10)
        later = open_services(services.settings, clock=lambda: late)
        later.persons.issue(person_request())
        ends = {item.not_after for item in later.persons.show(CODE).certificates}
        assert ends == {issuer.not_valid_after_utc}
        later.close()


class TestRefusal:
    """What is not issued leaves nothing behind."""

    @pytest.mark.parametrize(
        ("error", "changes"),
        [
            (MalformedPersonalCode, {"personal_code": "49002030008"}),
            (MalformedRequest, {"given_name": "M\x00ri"}),
            (MalformedRequest, {"surname": ""}),
            (PinUnacceptable, {"pin1": "12"}),
            (PersonExists, {"personal_code": "38001085718"}),
            (MalformedRequest, {"requests": CertificateRequests(b"", csr())}),
            (MalformedRequest, {"requests": CertificateRequests(csr(), b"-----BEGIN X-----")}),
            (MalformedRequest, {"requests": CertificateRequests(csr(), b"0" * 20_000)}),
            (
                UnsupportedAlgorithm,
                {
                    "requests": CertificateRequests(
                        csr(), csr(ec.generate_private_key(ec.SECP224R1()))
                    )
                },
            ),
            (UnsupportedAlgorithm, {"signing_key": SIGNING_KEYS["ML-DSA-65"]}),
            (
                IdServiceError,
                {"requests": CertificateRequests(csr(ed25519.Ed25519PrivateKey.generate()), csr())},
            ),
        ],
    )
    def test_nothing_is_left(
        self, services: Services, error: type[IdServiceError], changes: dict[str, object]
    ) -> None:
        """A refused request leaves no certificate that anybody could use, and no person."""
        before = row_counts(services)
        with pytest.raises(error):
            services.persons.issue(person_request(**changes))
        after = row_counts(services)
        assert after["private_keys"] == before["private_keys"]
        assert after["pins"] == before["pins"]
        assert "valid" not in certificate_statuses(services)
        assert "pending" not in certificate_statuses(services)

    def test_one_key_for_two_purposes_is_refused(self, services: Services) -> None:
        """Login and signing must not share a key."""
        request = csr()
        with pytest.raises(MalformedRequest, match="One key"):
            services.persons.issue(person_request(requests=CertificateRequests(request, request)))

    def test_a_request_that_its_key_did_not_sign_is_refused(self, services: Services) -> None:
        """Nobody gets a certificate for a key of somebody else."""
        der = x509.load_pem_x509_csr(csr()).public_bytes(Encoding.DER)
        forged = bytearray(der)
        forged[-1] ^= 1
        with pytest.raises(MalformedRequest, match="does not verify"):
            services.persons.issue(
                person_request(requests=CertificateRequests(csr(), bytes(forged)))
            )

    def test_a_key_of_another_person_is_refused(self, any_services: Services) -> None:
        """The same public key never gets into two people's certificates, whatever the purpose."""
        shared = ec.generate_private_key(ec.SECP384R1())
        first = CertificateRequests(csr(shared), csr())
        any_services.persons.issue(person_request(server=False, requests=first))
        for second in (
            CertificateRequests(csr(shared), csr()),
            CertificateRequests(csr(), csr(shared)),
        ):
            with pytest.raises(PublicKeyInUse):
                any_services.persons.issue(
                    person_request(personal_code="60001019939", server=False, requests=second)
                )
        with any_services.database.read() as connection:
            assert persons.find(connection, "60001019939") is None

    def test_a_card_file_in_the_way_stops_the_issuance(
        self, services: Services, tmp_path: Path
    ) -> None:
        """An existing card is not overwritten, its pair is not left half, the person not issued."""
        (tmp_path / f"{CODE}.sign.p12").write_bytes(b"precious")
        with pytest.raises(AlreadyInitialised):
            services.persons.issue(person_request(card=tmp_path))
        assert [path.name for path in tmp_path.glob("*.p12")] == [f"{CODE}.sign.p12"]
        assert (tmp_path / f"{CODE}.sign.p12").read_bytes() == b"precious"
        assert set(certificate_statuses(services)) == {"abandoned"}

    @pytest.mark.parametrize(
        "changes",
        [
            {"personal_code": None},
            {"birth_date": dt.date(1990, 2, 3)},
            {"personal_code": None, "sex": Sex.MALE},
            {"birth_date": dt.date(1990, 2, 3), "sex": Sex.MALE},
            {"server": False},
            {"valid_for": dt.timedelta(0)},
            {"valid_for": dt.timedelta(days=4000)},
        ],
    )
    def test_contradictory_requests_are_refused(self, changes: dict[str, object]) -> None:
        """A request that does not say clearly what it wants cannot be made."""
        with pytest.raises(MalformedRequest):
            person_request(**changes)

    def test_a_day_can_be_full(self, services: Services) -> None:
        """When all thousand codes of a day are taken, that is said."""
        born = dt.date(2001, 1, 1)
        with services.database.begin() as connection:
            from idservice.pki.personal_code import make_personal_code

            for serial in range(1000):
                code = make_personal_code(born, Sex.MALE, serial).value
                now = services.clock()
                persons.add(connection, persons.Person(code, "A", "B", persons.REVOKED, now))
        with pytest.raises(PersonExists, match="thousand"):
            services.persons.issue(
                person_request(personal_code=None, birth_date=born, sex=Sex.MALE)
            )


class TestClock:
    """Certificates bear true dates in the order in which they were issued."""

    def test_a_clock_that_went_back_stops_the_authority(self, services: Services) -> None:
        """Nothing is issued before the latest recorded issuance."""
        services.persons.issue(person_request())
        earlier = services.clock() - dt.timedelta(hours=1)
        back = open_services(services.settings, clock=lambda: earlier)
        with pytest.raises(ClockWentBack):
            back.persons.issue(person_request(personal_code="60001019939"))
        back.close()

    def test_machines_may_disagree_by_a_second(self, services: Services) -> None:
        """Clocks of several machines are never exactly equal."""
        services.persons.issue(person_request())
        behind = services.clock() - dt.timedelta(milliseconds=500)
        other = open_services(services.settings, clock=lambda: behind)
        other.persons.issue(person_request(personal_code="60001019939"))
        other.close()

    def test_an_expired_issuer_issues_nothing(self, services: Services) -> None:
        """After the end of the issuing certificate the authority stops."""
        issuer = x509.load_der_x509_certificate(services.certificate_authority.chain_der[0])
        after = issuer.not_valid_after_utc + dt.timedelta(seconds=1)
        late = open_services(services.settings, clock=lambda: after)
        with pytest.raises(CertificateExpired):
            late.persons.issue(person_request())
        late.close()


def test_a_serial_is_never_used_twice(services: Services) -> None:
    """The database itself refuses a second certificate with the serial of the first."""
    services.persons.issue(person_request())
    record = services.persons.show(CODE).certificates[0]
    with pytest.raises(DatabaseUnavailable), services.database.begin() as connection:
        certificates.allocate(connection, replace(record, certificate_sha256=None), b"tbs")


def test_what_was_issued_is_found_by_its_bytes(services: Services) -> None:
    """The authority knows its own certificates and no others."""
    services.persons.issue(person_request())
    held = services.persons.unlock_signer(CODE, Purpose.SIGNING, PIN2)
    found = services.certificate_authority.find(held.certificate_der)
    assert found
    assert found.person_code == CODE
    assert services.certificate_authority.find(held.certificate_der + b"\x00") is None
    with services.database.read() as connection:
        by_serial = certificates.find(connection, found.issuer, found.serial)
        assert by_serial == found
        assert certificates.find(connection, found.issuer, "0") is None
        assert certificates.count_pending(connection) == 0


def test_a_dump_alone_recognises_no_pin(any_services: Services) -> None:
    """With every row but not the secret, the right PIN and PUK look like any wrong ones."""
    from idservice.errors import PinWrong
    from idservice.keystore.secret import KeyStoreSecret
    from idservice.keystore.wrapping import Wrapped, check_verifier, unwrap_key
    from idservice.services.key_records import key_slot, verifier_slot

    any_services.persons.issue(person_request())
    with any_services.database.read() as connection:
        key = private_keys.find(connection, CODE, "signing")
        puk = pins.find(connection, f"server:{CODE}", "puk")
    assert key
    assert puk
    assert puk.verifier
    assert puk.salt
    assert puk.kdf
    guess = KeyStoreSecret(bytes(32))
    for pin in (PIN2, "99999"):
        with pytest.raises(PinWrong):
            unwrap_key(
                Wrapped(key.wrapped_key, key.salt, key.kdf),
                pin,
                slot=key_slot(CODE, Purpose.SIGNING, "pin2"),
                spki_sha256=key.spki_sha256,
                secret=guess,
            )
    for code in (PUK, "99999999"):
        with pytest.raises(PinWrong):
            check_verifier(
                Wrapped(puk.verifier, puk.salt, puk.kdf),
                code,
                slot=verifier_slot(f"server:{CODE}", "puk"),
                secret=guess,
            )


def test_no_private_key_and_no_pin_lies_in_the_clear(services: Services, home: Path) -> None:
    """No file of the home holds a private value of a key in any usual form, nor PIN or PUK."""
    made = services.persons.issue(
        person_request(
            card=home / "var" / "cards", pin1="7391846205", pin2="5820174936", puk="4068219573"
        )
    )
    held = services.persons.unlock_signer(CODE, Purpose.SIGNING, made.pins.pin2)
    key = held.signer._private_key  # type: ignore[attr-defined] # a test may look inside
    private = key.private_numbers().private_value.to_bytes(48, "big")
    services.close()
    needles = [private, private.hex().encode(), *(
        code.encode() for code in (made.pins.pin1, made.pins.pin2, made.pins.puk)
    )]  # fmt: skip
    for path in home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [needle for needle in needles if needle in content], path


def test_of_many_who_issue_one_person_one_succeeds(any_services: Services) -> None:
    """Eight at once for the same personal code: one person, one pair, seven refusals."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    together = Barrier(8)

    def issue(_: int) -> str:
        together.wait()
        try:
            any_services.persons.issue(person_request())
        except IdServiceError as exc:
            return exc.code
        return "issued"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(issue, range(8)))
    assert outcomes == ["issued"] + ["person_exists"] * 7
    assert certificate_statuses(any_services).count("valid") == 2
    any_services.persons.unlock_signer(CODE, Purpose.SIGNING, PIN2).recheck()
