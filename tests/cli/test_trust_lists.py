"""`verify --trust-list`: lists that the caller brings along, with those who may sign them."""

import datetime as dt
import json
from pathlib import Path

from support.commands import run_idservice
from support.long_term import authorities, sign
from support.pki import root_ca
from support.trusted_lists import list_signer, service, signed, trusted_list

DAY = dt.timedelta(days=1)


def files(folder: Path) -> None:
    """Write a signed document, a list of today that knows its issuer, and the list's signer."""
    now = dt.datetime.now(dt.UTC)
    document = trusted_list(service(authorities().issuing), issued=now - DAY, next_update=now + DAY)
    (folder / "a.pdf").write_bytes(sign(stamp_at=None))
    (folder / "list.xml").write_bytes(signed(document))
    (folder / "operator.pem").write_bytes(list_signer().pem)
    (folder / "other.pem").write_bytes(root_ca("TEST other").pem)


def test_a_list_with_its_signer(tmp_path: Path) -> None:
    """The service of the list is the anchor, and is named."""
    files(tmp_path)
    command = ("verify", "--json", "a.pdf", "--trust-list", "list.xml")
    done = run_idservice(
        tmp_path / "home", *command, "--trust-list-signer", "operator.pem", cwd=tmp_path
    )
    (found,) = json.loads(done.out)["signatures"]
    assert "certificate_not_trusted" not in [item["code"] for item in found["errors"]]
    assert found["qualification"]["anchorService"]["list"] == "EE: TEST list"


def test_a_list_of_somebody_else_stops_the_command(tmp_path: Path) -> None:
    """Who names a list wants it: nothing is validated without it."""
    files(tmp_path)
    command = ("verify", "a.pdf", "--trust-list", "list.xml")
    done = run_idservice(
        tmp_path / "home", *command, "--trust-list-signer", "other.pem", cwd=tmp_path
    )
    assert done.code == 1
    assert "trusted_list_not_trusted" in done.err
    without = run_idservice(tmp_path / "home", *command, cwd=tmp_path)
    assert (without.code, "--trust-list-signer" in without.err) == (2, True)
