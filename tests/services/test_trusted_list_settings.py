"""Trusted lists of the settings: verified, kept, refreshed, and never used when they may not be."""

import datetime as dt
from pathlib import Path

import pytest

from idservice.errors import SettingsInvalid
from idservice.services.trusted_lists import TrustedLists
from idservice.services.validation import Validation
from idservice.settings import TrustListSettings
from support.limits import limits
from support.long_term import DAY, HOUR, authorities, long_term
from support.lying_server import Wire, lying_server
from support.pki import AT, root_ca
from support.trusted_lists import (
    SINCE,
    WITHDRAWN,
    list_signer,
    service,
    signed,
    trusted_list,
)

NOW = AT + HOUR


def issuing(status: str | None = None) -> str:
    """The standing issuing authority as a service."""
    issuer = authorities().issuing
    return service(issuer, since=SINCE) if status is None else service(issuer, status=status)


class Home:
    """A home with one list of the settings, and a clock that tests move."""

    def __init__(self, folder: Path, location: str) -> None:
        """Write the file of the signer."""
        (folder / "signer.pem").write_bytes(list_signer().pem)
        self.folder, self.now = folder, NOW
        self.settings = TrustListSettings(
            lists=(location,),
            signer_files=("signer.pem",),
            refresh_seconds=3600,
            deadline_seconds=5,
            max_bytes=1_000_000,
            own_scheme=False,
        )

    def lists(self) -> TrustedLists:
        """The lists as another process opens them."""
        return TrustedLists(self.settings, self.folder, clock=lambda: self.now)

    def codes(self) -> list[str]:
        """The codes of what is wrong with the lists, as another process finds them."""
        return [item.code for item in self.lists().current().findings]


def test_a_list_in_a_file_is_used_and_may_not_go_back(tmp_path: Path) -> None:
    """A list with a lower number than the one before leaves the newer one in use."""
    file = tmp_path / "list.xml"
    file.write_bytes(signed(trusted_list(issuing(), sequence=7)))
    home = Home(tmp_path, "list.xml")
    assert (home.codes(), bool(home.lists().current().services)) == ([], True)
    file.write_bytes(signed(trusted_list(issuing(status=WITHDRAWN), sequence=6)))
    assert home.codes() == ["trusted_list_not_renewed"]
    file.write_bytes(signed(trusted_list(sequence=8)))
    assert (home.codes(), bool(home.lists().current().services)) == ([], False)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<!DOCTYPE a><a/>",
        trusted_list(issuing()),
        signed(trusted_list(issuing()), root_ca("TEST other")),
        signed(trusted_list(issuing(), next_update=AT - DAY)),
        signed(trusted_list(issuing(), issued=NOW + DAY)),
        signed(trusted_list(issuing()).replace(b">5<", b">4<")),
    ],
    ids=["empty", "DOCTYPE", "unsigned", "other signer", "expired", "from the future", "version"],
)
def test_a_list_that_cannot_be_used_vouches_for_nobody(tmp_path: Path, document: bytes) -> None:
    """The report of every document says that a list of the settings is not used."""
    (tmp_path / "list.xml").write_bytes(document)
    lists = Home(tmp_path, "list.xml").lists()
    assert not lists.current().services
    validation = Validation(limits(), clock=lambda: NOW, listed=lists)
    errors = validation.validate(long_term(), "a.pdf").to_json()["errors"]
    assert [item["code"] for item in errors] == ["trusted_list_not_used"]


def test_a_fetched_list_is_kept_and_used_while_it_is_current(tmp_path: Path) -> None:
    """One fetch serves until the refresh is due; then the kept list serves while it may."""

    def answer(_request: bytes, wire: Wire) -> None:
        wire.answer(signed(trusted_list(issuing())))

    with lying_server(answer) as server:
        home = Home(tmp_path, server.url)
        home.now = dt.datetime.now(dt.UTC)
        document = signed(
            trusted_list(issuing(), issued=home.now - DAY, next_update=home.now + DAY)
        )
        server.script = lambda _request, wire: wire.answer(document)
        assert home.codes() == []
        assert home.codes() == []
        assert len(server.requests) == 1
    home.now += 2 * dt.timedelta(hours=1)
    lists = home.lists()
    assert [item.code for item in lists.current().findings] == ["trusted_list_not_renewed"]
    assert lists.current().services
    home.now += DAY
    assert [item.code for item in lists.current().findings] == ["trusted_list_not_used"]
    assert not lists.current().services


def test_an_answer_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """A list beyond the limit is not used."""
    with lying_server(lambda _request, wire: wire.answer(b"x" * 1_000_001)) as server:
        assert Home(tmp_path, server.url).codes() == ["trusted_list_not_used"]


def test_lists_need_their_signers(tmp_path: Path) -> None:
    """Settings that leave open who may sign a list stop the start."""
    home = Home(tmp_path, "list.xml")
    (tmp_path / "signer.pem").write_bytes(b"")
    with pytest.raises(SettingsInvalid):
        home.lists()
    with pytest.raises(SettingsInvalid):
        TrustedLists(
            home.settings.model_copy(update={"signer_files": ()}), tmp_path, clock=lambda: NOW
        )
