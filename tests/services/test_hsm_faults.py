"""A token that goes at the worst moments, under a whole home whose keys are in it."""

import contextlib
import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from idservice.cms.time_stamp_request import build_request
from idservice.cms.time_stamp_response import read_response
from idservice.crypto.algorithms import SHA256
from idservice.crypto.certificates import load_certificate
from idservice.errors import (
    KeyStoreUnavailable,
    OcspRefused,
    TimeStampRefused,
)
from idservice.keystore.card import Purpose
from idservice.pki import ocsp_request
from idservice.services.assembly import Services, open_services
from idservice.services.file_signing import FileOrder
from idservice.services.home_folder import SPECIMEN
from idservice.services.hsm_person_keys import LEFT_ALONE
from support.homes import CHEAP_PINS, PERSON, PIN2, settings_of
from support.hsm import ALL_KEYS, SoftToken, hsm_variables
from support.hsm_homes import keys_in_token, keys_of_people, open_home, require_good, tries_left
from support.login import SettableClock
from support.people import CODE, person_request

SIGNING = Purpose.SIGNING
WRONG = "99999"
DATA = b"what is signed"
ROOT = Path(__file__).parents[2]


class TestFaults:
    """The token goes at the worst moments."""

    @pytest.mark.parametrize("pin", [PIN2, WRONG], ids=["right PIN", "wrong PIN"])
    def test_a_token_that_is_gone_costs_no_try(
        self, hsm: Services, token: SoftToken, pin: str
    ) -> None:
        """However often a PIN is entered meanwhile, right or wrong, three tries are left."""
        hsm.persons.unlock_signer(PERSON, SIGNING, PIN2)
        token.take_away()
        for _ in range(5):
            with pytest.raises(KeyStoreUnavailable):
                hsm.persons.unlock_signer(PERSON, SIGNING, pin)
        assert tries_left(hsm, PERSON) == {"pin1": 3, "pin2": 3, "puk": 3}

    def test_a_token_that_goes_after_the_pin_costs_no_try(
        self, hsm: Services, token: SoftToken, hsm_home: Path, tmp_path: Path
    ) -> None:
        """The PIN was right, the signature fails: no file, no audit row, no try less."""
        held = hsm.key_custody.unlock_signer(PERSON, SIGNING, PIN2)
        signer = hsm.file_signing.with_key(held)
        token.take_away()
        target = tmp_path / "signed.pdf"
        with pytest.raises(KeyStoreUnavailable):
            signer.sign(FileOrder(hsm_home / "var" / SPECIMEN, target))
        assert not target.exists()
        with hsm.database.read() as connection:
            made = text("SELECT count(*) FROM audit WHERE action = 'signature.made'")
            assert connection.execute(made).scalar() == 0
        assert tries_left(hsm, PERSON)["pin2"] == 3

    def test_nobody_is_issued_while_the_token_is_gone(
        self, hsm: Services, token: SoftToken
    ) -> None:
        """A person is issued whole when the token is back, and not in part before."""
        hsm.hsm.require_answer()
        token.take_away()
        with pytest.raises(KeyStoreUnavailable):
            hsm.persons.issue(person_request(server=False, hsm=True))
        with hsm.database.read() as connection:
            found = text("SELECT count(*) FROM persons WHERE code = :code")
            assert connection.execute(found, {"code": CODE}).scalar() == 0

    def test_services_answer_that_they_cannot(self, hsm: Services, token: SoftToken) -> None:
        """OCSP responder and time-stamping unit answer in their own words, and soon again."""
        held = hsm.key_custody.unlock_signer(PERSON, SIGNING, PIN2)
        certificate, issuer = map(load_certificate, (held.certificate_der, held.chain_der[0]))
        status_request = ocsp_request.build_request(certificate, issuer, nonce=bytes(32))
        imprint = SHA256.digest(DATA)
        stamp_request = build_request(imprint, SHA256, nonce=7)
        unit = hsm.timestamp_authority("tsa")
        unit.respond(stamp_request)
        token.take_away()
        with pytest.raises(OcspRefused):
            require_good(hsm, status_request, certificate, issuer)
        with pytest.raises(TimeStampRefused):
            read_response(unit.respond(stamp_request), imprint=imprint, hash=SHA256, nonce=7)
        token.bring_back()
        until = time.monotonic() + 5
        while time.monotonic() < until:
            with contextlib.suppress(OcspRefused, TimeStampRefused):
                require_good(hsm, status_request, certificate, issuer)
                read_response(unit.respond(stamp_request), imprint=imprint, hash=SHA256, nonce=7)
                return
            time.sleep(0.1)
        pytest.fail("the services did not find their keys again within five seconds")

    def test_a_killed_issuance_is_cleaned_up(self, hsm_home: Path, token: SoftToken) -> None:
        """Kill -9 between keys and record: nobody has the keys, and they are destroyed later."""
        services = open_home(hsm_home, token, *ALL_KEYS)
        before = keys_in_token(services)
        services.close()
        ran = subprocess.run(
            [sys.executable, "-c", KILLED, str(hsm_home)],
            env={
                **os.environ,
                **CHEAP_PINS,
                **token.environment(*ALL_KEYS),
                "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
            },
            timeout=60,
            check=False,
        )
        assert ran.returncode == -signal.SIGKILL
        clock = SettableClock(dt.datetime.now(dt.UTC))
        variables = hsm_variables(token, *ALL_KEYS)
        services = open_services(settings_of(hsm_home, **variables), clock=clock)
        try:
            left = keys_in_token(services) - before
            assert len(left) == 2
            services.reconcile()
            assert left <= keys_in_token(services), "they may still be at work"
            clock.now += LEFT_ALONE + dt.timedelta(seconds=2)
            services.reconcile()
            assert not left & keys_in_token(services)
            assert keys_of_people(services) <= keys_in_token(services)
            assert services.persons.unlock_signer(PERSON, SIGNING, PIN2).signer.sign(DATA)
            services.persons.issue(person_request(server=False, hsm=True))
        finally:
            services.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from idservice.services.assembly import open_services
from idservice.services.certificate_authority import CertificateAuthority
from idservice.settings import load_settings
from support.people import person_request

def killed(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

CertificateAuthority.record = killed
services = open_services(load_settings(Path(sys.argv[1])))
services.persons.issue(person_request(server=False, hsm=True))
"""
