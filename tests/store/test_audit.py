"""The audit log keeps facts as they were, in one line each, inside the act's transaction."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.store import audit, migration
from idservice.store.database import Database
from idservice.store.schema import audit as audit_table

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Give a database with the schema."""
    path = tmp_path_factory.mktemp("audit") / "test.db"
    migration.create_sqlite_file(path)
    opened = Database(f"sqlite:///{path}")
    migration.migrate(opened)
    yield opened
    opened.close()


@given(name=st.text(), reason=st.text(), count=st.integers(-(2**53), 2**53))
def test_what_goes_in_comes_out(database: Database, name: str, reason: str, count: int) -> None:
    """Any text survives, and the stored line holds no control character at all."""
    details = {"name": name, "reason": reason, "count": count}
    with database.begin() as connection:
        audit.record(connection, at=AT, action="test", subject="s", actor="a", details=details)
        [entry] = audit.entries(connection, action="test", limit=1)
        stored = connection.execute(audit_table.select().where(audit_table.c.id == entry.id)).one()
    assert entry.details == details
    assert entry.at == AT
    assert stored.details.isascii()
    assert stored.details.isprintable()


def test_a_rolled_back_act_leaves_no_row(database: Database) -> None:
    """The row lives and dies with the transaction that it belongs to."""

    class ActFailedError(Exception):
        """Stands for any failure of the act."""

    def act() -> None:
        with database.begin() as connection:
            audit.record(connection, at=AT, action="undone", subject="s", actor="a")
            raise ActFailedError

    with pytest.raises(ActFailedError):
        act()
    with database.read() as connection:
        assert audit.entries(connection, action="undone") == []


def test_entries_are_newest_first_and_filtered(database: Database) -> None:
    """Rows of one subject come newest first, as many as asked for."""
    with database.begin() as connection:
        for number in range(5):
            audit.record(
                connection, at=AT, action="count", subject="one", actor="a", details={"n": number}
            )
        audit.record(connection, at=AT, action="count", subject="other", actor="a")
        found = audit.entries(connection, subject="one", action="count", limit=2)
        assert [entry.details["n"] for entry in found] == [4, 3]
        assert audit.latest_time(connection) == AT
