"""The whole installation on PostgreSQL: init, serve, login, sign, verify, revoke."""

import json
from pathlib import Path

from support.commands import run_idservice, running_service
from support.homes import PERSON, PIN1, PIN2

ORIGIN = "http://127.0.0.1:8080"


def test_everything_works_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    """One home whose state is in PostgreSQL does all that one on SQLite does."""
    home = tmp_path / "home"
    env = {"IDSERVICE_DATABASE__URL": postgres_url}
    assert run_idservice(home, "init", env=env).code == 0
    assert not (home / "var" / "idservice.db").exists()
    again = run_idservice(home, "init", env=env)
    assert (again.code, "already_initialised" in again.err) == (1, True)
    checks = json.loads(run_idservice(home, "doctor", "--json", env=env).out)["findings"]
    assert {item["message"] for item in checks if item["check"] == "database"} == {
        "fsync is on", "synchronous_commit is on", "full_page_writes is on",
    }  # fmt: skip
    signed = tmp_path / "signed.pdf"
    contract = home / "var" / "contract.pdf"
    done = run_idservice(
        home, "sign", contract, "-o", signed, "--as", PERSON, "--pin", PIN2, env=env
    )
    assert done.code == 0, done.err
    assert run_idservice(home, "verify", signed, env=env).code == 0
    with running_service(home, **env) as service:
        login = ("login", "--url", service.url, "--origin", ORIGIN, "--as", PERSON, "--pin", PIN1)
        assert run_idservice(home, *login, env=env).code == 0
        assert run_idservice(home, "person", "revoke", PERSON, env=env).code == 0
        refused = run_idservice(home, *login, env=env)
        assert refused.code == 1
        assert "revoked" in refused.err
    assert run_idservice(home, "verify", signed, env=env).code == 1


def test_a_database_that_does_not_answer_is_told(tmp_path: Path) -> None:
    """Without a server every command ends with 4 and says what to try."""
    env = {"IDSERVICE_DATABASE__URL": "postgresql+psycopg://nobody@127.0.0.1:1/none"}
    done = run_idservice(tmp_path / "home", "init", env=env)
    assert done.code == 4
    assert "database_unavailable" in done.err
