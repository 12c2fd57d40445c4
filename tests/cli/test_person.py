"""`idservice person`, as people and scripts use it."""

import json
from pathlib import Path

import pytest

from idservice.cli.person import REASONS
from idservice.errors import PinWrong
from idservice.keystore.card import Purpose
from idservice.services.assembly import Services
from idservice.services.persons import REVOCATION_REASONS
from support.commands import Transcript, run_idservice
from support.homes import PERSON, PIN2, PUK, card_of

NEW = "49002030009"
NAMES = ("--given-name", "Mari", "--surname", "Tamm-Õun")


def person(home: Path, *arguments: str | Path, **env: str) -> Transcript:
    """Run `idservice person …` on a home."""
    return run_idservice(home, "person", *arguments, env=env)


def facts(home: Path, code: str) -> dict[str, object]:
    """What `show --json` tells about a person."""
    told = person(home, "show", code, "--json")
    assert told.code == 0, told.err
    result: dict[str, object] = json.loads(told.out)
    return result


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """A file with the PUK in its first line."""
    path = tmp_path / "puk"
    path.write_text(f"{PUK}\nnot this\n")
    return path


def lock(services: Services) -> None:
    """Lock PIN2 of the test person with wrong tries."""
    for _ in range(3):
        with pytest.raises(PinWrong):
            services.persons.unlock_signer(PERSON, Purpose.SIGNING, "99999")


def test_reasons_are_those_of_the_service() -> None:
    """The command offers exactly the reasons that the service takes."""
    assert REASONS == REVOCATION_REASONS


def test_issue_makes_codes_and_prints_them_once(home: Path, services: Services) -> None:
    """Without chosen PINs they are made and shown; a second look does not show them."""
    told = person(home, "issue", *NAMES, "--code", NEW, "--json")
    assert told.code == 0, told.err
    issued = json.loads(told.out)
    assert (issued["personal_code"], issued["status"], issued["surname"]) == (
        NEW, "active", "TAMM-ÕUN",
    )  # fmt: skip
    assert sorted(issued["pins"]) == ["pin1", "pin2", "puk"]
    assert "pins" not in facts(home, NEW)
    services.persons.unlock_signer(NEW, Purpose.SIGNING, issued["pins"]["pin2"])
    assert facts(home, NEW)["tries_left"] == {"pin1": 3, "pin2": 3, "puk": 3}


def test_issue_for_people_tells_everything_needed(home: Path) -> None:
    """On a terminal: the name, the state, the certificates, and the codes to note."""
    told = person(home, "issue", *NAMES, "--birth-date", "1990-02-03", "--sex", "female")
    assert told.code == 0, told.err
    for words in ("MARI TAMM-ÕUN 4900203", "active", "signing (server) valid", "PUK", "Note the"):
        assert words in told.out


def test_chosen_codes_are_not_repeated(home: Path, secret_file: Path) -> None:
    """Codes from files and the environment are used and never printed."""
    told = person(
        home, "issue", *NAMES, "--code", NEW, "--puk-file", secret_file, "--json",
        IDSERVICE_PIN1="7391", IDSERVICE_PIN2="82640",
    )  # fmt: skip
    assert told.code == 0, told.err
    assert json.loads(told.out)["pins"] == {}
    assert not [code for code in ("7391", "82640", PUK) if f'"{code}"' in told.out]


def test_a_card_goes_to_the_folder_asked_for(home: Path, tmp_path: Path) -> None:
    """`--custody card --card-out` writes both files and keeps no key here."""
    cards = tmp_path / "mine"
    cards.mkdir()
    told = person(
        home, "issue", *NAMES, "--code", NEW, "--custody", "card", "--card-out", cards, "--json"
    )
    assert told.code == 0, told.err
    assert json.loads(told.out)["custody"] == ["card"]
    assert sorted(path.name for path in cards.iterdir()) == [f"{NEW}.auth.p12", f"{NEW}.sign.p12"]


def test_the_life_cycle_in_commands(home: Path) -> None:
    """Suspend, resume, revoke; afterwards nothing leads back."""
    assert person(home, "suspend", PERSON).out == f"{PERSON} is suspended\n"
    assert facts(home, PERSON)["status"] == "suspended"
    assert person(home, "resume", PERSON).out == f"{PERSON} is active again\n"
    revoked = person(home, "revoke", PERSON, "--reason", "keyCompromise")
    assert revoked.out == f"{PERSON} is revoked\n"
    told = person(home, "resume", PERSON)
    assert (told.code, told.out) == (1, "")
    assert "code:  person_revoked" in told.err
    shown = person(home, "show", PERSON).out
    assert "keyCompromise" in shown


def test_list_shows_everybody(home: Path) -> None:
    """The table and the JSON have the same people."""
    table = person(home, "list").out
    listed = json.loads(person(home, "list", "--json").out)
    assert PERSON in {entry["personal_code"] for entry in listed}
    assert all(entry["personal_code"] in table for entry in listed)


def test_a_short_validity_is_taken(home: Path) -> None:
    """`--valid-for 2h` ends the certificates after two hours."""
    told = person(home, "issue", *NAMES, "--code", NEW, "--valid-for", "2h", "--json")
    certificate = json.loads(told.out)["certificates"][0]
    begin, end = certificate["not_before"], certificate["not_after"]
    assert int(end[11:13]) == (int(begin[11:13]) + 2) % 24


def test_unblock_with_the_puk(
    home: Path, services: Services, tmp_path: Path, secret_file: Path
) -> None:
    """A locked PIN2 works again after the PUK, and a new one can be set."""
    lock(services)
    assert facts(home, PERSON)["tries_left"] == {"pin1": 3, "pin2": 0, "puk": 3}
    new = tmp_path / "new"
    new.write_text("13579\n")
    told = person(
        home, "unblock", PERSON, "--which", "pin2", "--puk-file", secret_file,
        "--new-pin-file", new,
    )  # fmt: skip
    assert (told.code, told.out) == (0, "PIN2 is unlocked\n")
    assert facts(home, PERSON)["tries_left"] == {"pin1": 3, "pin2": 3, "puk": 3}


def test_unblock_a_card(home: Path) -> None:
    """The PUK, from the environment, restores the tries counted on a card."""
    told = person(home, "unblock", "--card", card_of(home), "--which", "pin2", IDSERVICE_PUK=PUK)
    assert (told.code, told.out) == (0, "PIN2 is unlocked\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("issue", *NAMES), 2, "code:  malformed_request"),
        (("issue", *NAMES, "--code", "49002030008"), 2, "code:  malformed_personal_code"),
        (("issue", *NAMES, "--code", PERSON), 1, "code:  person_exists"),
        (("issue", *NAMES, "--code", NEW, "--valid-for", "soon"), 2, "write 90s"),
        (("issue", *NAMES, "--code", NEW, "--card-out", "."), 2, "--card-out is for"),
        (
            ("issue", *NAMES, "--code", NEW, "--custody", "card", "--card-out", "missing"),
            1,
            "code:  file_not_writable",
        ),
        (("issue", *NAMES, "--code", NEW, "--pin1-file", "missing"), 2, "code:  file_not_readable"),
        (("show", NEW), 1, "code:  person_unknown"),
        (("show", "\x1b[31mred"), 1, "code:  person_unknown"),
        (("revoke", PERSON, "--reason", "because"), 2, "Invalid value"),
        (("unblock", "--which", "pin1"), 2, "Give either"),
        (("unblock", PERSON, "--which", "pin1"), 1, "code:  pin_missing"),
        (("unblock", "--card", "x", "--which", "pin1", "--ask-new-pin"), 2, "cannot be replaced"),
    ],
)
def test_wrong_use_is_one_clear_message(
    home: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """What is refused says why on stderr, with its exit code and nothing on stdout."""
    told = person(home, *arguments)
    assert (told.code, told.out) == (code, "")
    assert words in told.err
    assert "\x1b[31m" not in told.err


def test_a_wrong_puk_is_counted(home: Path) -> None:
    """A wrong PUK costs one of three tries."""
    told = person(home, "unblock", PERSON, "--which", "pin2", IDSERVICE_PUK="00000000")
    assert told.code == 1
    assert "2 tries are left" in told.err
    assert facts(home, PERSON)["tries_left"] == {"pin1": 3, "pin2": 3, "puk": 2}


def test_signing_after_revocation_is_refused(home: Path) -> None:
    """A revoked person's key does not open from the command line either."""
    person(home, "revoke", PERSON)
    pdf = home.parent / "x.pdf"
    pdf.write_bytes(b"%PDF-1.7\n")
    told = run_idservice(home, "sign", pdf, "--as", PERSON, "--pin", PIN2)
    assert told.code == 1
    assert "person_revoked" in told.err
