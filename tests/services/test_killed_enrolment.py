"""kill -9 at any moment of issuing leaves a legal state, and no acknowledged person is lost."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from idservice.errors import PersonExists
from idservice.keystore.card import Purpose
from idservice.services.assembly import Services, open_services
from idservice.services.certificate_authority import ORPHAN_AFTER
from idservice.store import certificates
from idservice.store.database import Connection
from support.homes import PIN2, environment
from support.login import SettableClock
from support.people import CODE, person_request, services_on

ROUNDS = 30
LONGEST_SECONDS = 0.6

# Issues people with cards one after the other and tells each code after it is issued.
ISSUER = """
import sys
from pathlib import Path
from idservice.pki.personal_code import Sex
from idservice.services.assembly import open_services
from idservice.services.person_request import PersonRequest
from support.homes import settings_of
import datetime
services = open_services(settings_of(Path(sys.argv[1]), IDSERVICE_DATABASE__URL=sys.argv[3]))
print("ready", flush=True)
while True:
    enrolled = services.persons.issue(PersonRequest(
        given_name="Mari", surname="Tamm", approver="test", sex=Sex.FEMALE,
        birth_date=datetime.date(1990, 2, 3), card=Path(sys.argv[2]),
        pin1="0090", pin2="01497", puk="17258403"))
    print(enrolled.personal_code, flush=True)
"""


def issue_until_killed(services: Services, cards: Path, seconds: float) -> set[str]:
    """Issue in a process of its own, kill it after a time, and return what it acknowledged."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            ISSUER,
            str(services.settings.home),
            str(cards),
            services.settings.database.url,
        ],
        env={**environment(services.settings.home), "PYTHONPATH": os.pathsep.join(PATHS)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    told, _ = process.communicate(timeout=30)
    return {line for line in told.splitlines() if len(line) == 11}


ROOT = Path(__file__).parents[2]
PATHS = [str(ROOT), str(ROOT / "tests")]


def check(services: Services, cards: Path, acknowledged: set[str]) -> None:
    """Hold the invariants that a kill must not break."""
    with services.database.read() as connection:
        people = {row.code: row.status for row in connection.execute(text("SELECT * FROM persons"))}
        for code, status in people.items():
            if status == "active":
                check_active(connection, code)
            else:
                assert status == "issuing"
                assert_unusable(connection, code)
        serials = connection.execute(text("SELECT count(*) FROM audit WHERE action = "
                                          "'certificate.issued'")).scalar_one()  # fmt: skip
        valid = connection.execute(text("SELECT count(*) FROM certificates WHERE status = "
                                        "'valid'")).scalar_one()  # fmt: skip
    assert serials == valid
    assert acknowledged <= {code for code, status in people.items() if status == "active"}
    for code in acknowledged:
        assert (cards / f"{code}.auth.p12").stat().st_size > 1000
        assert (cards / f"{code}.sign.p12").stat().st_size > 1000
    assert not [path for path in cards.iterdir() if path.stat().st_size == 0]


def check_active(connection: Connection, code: str) -> None:
    """An active person has all certificates signed, the keys and all counters."""
    records = certificates.of_person(connection, code)
    assert all(record.certificate_der for record in records if record.status == "valid")
    issued = [record for record in records if record.status == "valid"]
    assert sorted((item.custody, item.purpose) for item in issued) in (
        [("card", "authentication"), ("card", "signing"),
         ("server", "authentication"), ("server", "signing")],
        [("server", "authentication"), ("server", "signing")],
        [("card", "authentication"), ("card", "signing")],
    )  # fmt: skip
    in_custody = sum(item.custody == "server" for item in issued)
    found = connection.execute(
        text("SELECT count(*) FROM private_keys WHERE person_code = :code"), {"code": code}
    ).scalar_one()
    assert found == in_custody


def assert_unusable(connection: Connection, code: str) -> None:
    """A person whose issuance died has no key, no counter and no signed certificate."""
    statuses = {record.status for record in certificates.of_person(connection, code)}
    assert statuses <= {"pending", "abandoned"}
    for table, column in (("private_keys", "person_code"), ("pins", "holder")):
        found = connection.execute(
            text(f"SELECT count(*) FROM {table} WHERE {column} IN (:code, :holder)"),  # noqa: S608
            {"code": code, "holder": f"server:{code}"},
        ).scalar_one()
        assert found == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killing_the_issuer_breaks_nothing(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Thirty kills at random times: every person is whole or was never there."""
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    services = services_on(tmp_path / "home", url)
    cards = tmp_path / "cards"
    cards.mkdir()
    dice = random.Random(kind)  # noqa: S311 - moments of kills need no secrecy
    acknowledged: set[str] = set()
    for _ in range(ROUNDS):
        seconds = dice.uniform(0.0, LONGEST_SECONDS)
        acknowledged |= issue_until_killed(services, cards, seconds)
        check(services, cards, acknowledged)
    assert acknowledged
    for code in acknowledged:
        services.persons.unlock_signer(code, Purpose.SIGNING, PIN2).recheck()
        services.persons.open_card(cards / code, Purpose.SIGNING, PIN2).recheck()
    end_orphans(services)
    check(services, cards, acknowledged)
    services.close()


def end_orphans(services: Services) -> None:
    """Two minutes later, reconciliation finds every orphan and nothing else."""
    with services.database.begin() as connection:
        pending = certificates.count_pending(connection)
        connection.execute(
            text("UPDATE certificates SET allocated_at = allocated_at - 120000000 "
                 "WHERE status = 'pending'")
        )  # fmt: skip
    assert services.certificate_authority.reconcile() == pending
    with services.database.read() as connection:
        assert certificates.count_pending(connection) == 0


# Stops between the two transactions of an issuance, where a kill does the most harm.
STUCK = """
import sys, time
from pathlib import Path
from idservice.services import enrolment
from idservice.services.assembly import open_services
from support.homes import settings_of
from support.people import person_request
def never_ending(path, data):
    print("reserved", flush=True)
    time.sleep(60)
enrolment.write_card_file = never_ending
open_services(settings_of(Path(sys.argv[1]))).persons.issue(person_request(card=Path(sys.argv[2])))
"""


def test_a_code_is_free_again_after_an_issuance_that_died(
    services: Services, tmp_path: Path
) -> None:
    """Killed between reserving and recording: after a minute the code can be issued, once."""
    home = services.settings.home
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, str(home), str(tmp_path)],
        env={**environment(home), "PYTHONPATH": os.pathsep.join(PATHS)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "reserved\n"
    process.kill()
    process.communicate(timeout=30)
    with pytest.raises(PersonExists, match="at this moment"):
        services.persons.issue(person_request())
    later = SettableClock(services.clock())
    later.advance(seconds=ORPHAN_AFTER.seconds + 1)
    restarted = open_services(services.settings, clock=later)
    assert restarted.certificate_authority.reconcile() == 4
    assert restarted.persons.issue(person_request()).personal_code == CODE
    assert restarted.persons.show(CODE).status == "active"
    with pytest.raises(PersonExists):
        restarted.persons.issue(person_request())
    restarted.close()
