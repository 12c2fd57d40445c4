"""Whatever write of an issuance fails, nothing is issued and what was begun is on record."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import text

from idservice.errors import DatabaseUnavailable, IllegalTransition, PersonExists, PersonUnknown
from idservice.services.assembly import Services
from idservice.store import audit
from idservice.store.database import Connection
from support.people import CODE, certificate_statuses, person_request, row_counts


def refuse_writes(connection: Connection, table: str, event: str) -> None:
    """Make the database refuse inserts or updates of a table, by a trigger."""
    if connection.dialect.name == "sqlite":
        connection.execute(
            text(
                f"CREATE TRIGGER refuse BEFORE {event} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END"
            )
        )
        return
    connection.execute(
        text(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'refused by the test'; END $$"
        )
    )
    connection.execute(
        text(
            f"CREATE TRIGGER refuse BEFORE {event} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    )


def allow_writes(connection: Connection, table: str) -> None:
    """Remove the trigger."""
    on_table = "" if connection.dialect.name == "sqlite" else f" ON {table}"
    connection.execute(text(f"DROP TRIGGER refuse{on_table}"))


# Every write of the two transactions: an issuance must survive the failure of each.
WRITES = [
    ("persons", "INSERT"), ("public_keys", "INSERT"), ("certificates", "INSERT"),
    ("persons", "UPDATE"), ("private_keys", "INSERT"), ("pins", "INSERT"), ("audit", "INSERT"),
]  # fmt: skip


class TestFailingInsert:
    """One write fails in the middle: nothing is issued, and what was begun is on record."""

    @pytest.mark.parametrize(("table", "event"), WRITES)
    def test_no_certificate_is_unrecorded(
        self, any_services: Services, tmp_path: Path, table: str, event: str
    ) -> None:
        """After the failure there is no person, no key, no card; later the same person works."""
        before = row_counts(any_services)
        with any_services.database.begin() as connection:
            refuse_writes(connection, table, event)
        with pytest.raises(DatabaseUnavailable):
            any_services.persons.issue(person_request(card=tmp_path))
        after = row_counts(any_services)
        for name in ("private_keys", "pins"):
            assert after[name] == before[name]
        assert not list(tmp_path.glob("*.p12"))
        assert set(certificate_statuses(any_services)) <= {"pending", "abandoned"}
        with pytest.raises(PersonUnknown):
            any_services.persons.show(CODE)
        assert CODE not in [view.person.code for view in any_services.persons.list()]
        with any_services.database.begin() as connection:
            allow_writes(connection, table)
        self.make_orphans_old(any_services)
        any_services.certificate_authority.reconcile()
        assert set(certificate_statuses(any_services)) <= {"abandoned"}
        any_services.persons.issue(person_request(card=tmp_path))
        assert certificate_statuses(any_services).count("valid") == 4

    def make_orphans_old(self, services: Services) -> None:
        """Let the pending rows look as if their process died two minutes ago."""
        with services.database.begin() as connection:
            connection.execute(
                text("UPDATE certificates SET allocated_at = allocated_at - 120000000 WHERE "
                     "status = 'pending'")
            )  # fmt: skip

    def test_reconciliation_leaves_the_living_alone(self, services: Services) -> None:
        """A certificate that is pending for a moment only is not given up."""
        with services.database.begin() as connection:
            refuse_writes(connection, "certificates", "UPDATE")
        with pytest.raises(DatabaseUnavailable):
            services.persons.issue(person_request())
        assert certificate_statuses(services) == ["pending", "pending"]
        with services.database.begin() as connection:
            allow_writes(connection, "certificates")
        assert services.certificate_authority.reconcile() == 0
        with pytest.raises(PersonExists, match="at this moment"):
            services.persons.issue(person_request())
        self.make_orphans_old(services)
        assert services.certificate_authority.reconcile() == 2
        with services.database.read() as connection:
            assert len(audit.entries(connection, action="certificate.abandoned")) == 2

    def test_an_issuance_that_was_given_up_does_not_come_back(self, services: Services) -> None:
        """A process that sleeps too long finds its certificates abandoned and issues nothing."""
        authority = services.certificate_authority
        sign = authority.sign

        def slow(allocations: object) -> object:
            with services.database.begin() as connection:
                later = services.clock() + dt.timedelta(seconds=1)
                authority.abandon(connection, before=later, actor="test")
            return sign(allocations)  # type: ignore[arg-type] # passed through

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(authority, "sign", slow)
            with pytest.raises(IllegalTransition):
                services.persons.issue(person_request())
        assert set(certificate_statuses(services)) == {"abandoned"}
