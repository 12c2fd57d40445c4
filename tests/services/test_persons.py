"""The life cycle of people: legal steps only, seen everywhere at once, and revoked for good."""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import text

from idservice.errors import (
    IdServiceError,
    IllegalTransition,
    KeyNotHeld,
    KeyStoreInvalid,
    MalformedRequest,
    PersonRevoked,
    PersonSuspended,
    PersonUnknown,
    PinLocked,
    PinWrong,
)
from idservice.keystore.card import Purpose
from idservice.services.assembly import Services, open_services
from idservice.services.person_facts import person_facts
from idservice.services.persons import REVOCATION_REASONS
from idservice.store import audit
from idservice.web.person_models import PersonAnswer
from support.homes import PERSON, PIN1, PIN2, card_of, settings_of
from support.people import ACTOR, CODE, person_request

SIGNING = Purpose.SIGNING
NOBODY = "49002030009"


def certificate_statuses(services: Services, code: str) -> set[str]:
    """The states of a person's certificates."""
    return {record.status for record in services.persons.show(code).certificates}


class TestSteps:
    """Each step on both databases."""

    def test_a_suspended_person_comes_back(self, any_services: Services) -> None:
        """Suspension reaches certificates and keys, and ends with resuming."""
        people = any_services.persons
        held = people.unlock_signer(PERSON, SIGNING, PIN2)
        people.suspend(PERSON, actor=ACTOR)
        assert people.show(PERSON).status == "suspended"
        assert certificate_statuses(any_services, PERSON) == {"suspended"}
        with pytest.raises(PersonSuspended):
            held.recheck()
        with pytest.raises(PersonSuspended):
            people.unlock_signer(PERSON, SIGNING, PIN2)
        people.resume(PERSON, actor=ACTOR)
        held.recheck()
        assert certificate_statuses(any_services, PERSON) == {"valid"}

    def test_a_revoked_person_stays_revoked(self, any_services: Services) -> None:
        """No step leads out of revocation; reason and time are kept."""
        people = any_services.persons
        held = people.unlock_signer(PERSON, SIGNING, PIN2)
        people.revoke(PERSON, "keyCompromise", actor=ACTOR)
        view = people.show(PERSON)
        assert (view.status, view.person.revocation_reason) == ("revoked", "keyCompromise")
        assert {item.revocation_reason for item in view.certificates} == {"keyCompromise"}
        assert {item.revoked_at for item in view.certificates} == {view.person.revoked_at}
        with pytest.raises(PersonRevoked):
            held.recheck()
        for step in (people.suspend, people.resume, people.revoke):
            with pytest.raises(PersonRevoked):
                step(PERSON, actor=ACTOR)
        with pytest.raises(PersonRevoked):
            people.unlock_signer(PERSON, SIGNING, PIN2)

    def test_every_step_is_on_record(self, any_services: Services) -> None:
        """Who did what is in the audit log, newest first."""
        people = any_services.persons
        people.issue(person_request())
        people.suspend(CODE, actor="a")
        people.resume(CODE, actor="b")
        people.revoke(CODE, "superseded", actor="c")
        with any_services.database.read() as connection:
            entries = audit.entries(connection, subject=f"person:{CODE}")
        assert [(entry.action, entry.actor) for entry in entries] == [
            ("person.revoked", "c"),
            ("person.resumed", "b"),
            ("person.suspended", "a"),
            ("person.issued", ACTOR),
        ]
        assert entries[0].details == {"reason": "superseded"}

    def test_a_suspended_person_can_be_revoked(self, any_services: Services) -> None:
        """Suspension is no shelter from revocation."""
        any_services.persons.suspend(PERSON, actor=ACTOR)
        any_services.persons.revoke(PERSON, actor=ACTOR)
        assert certificate_statuses(any_services, PERSON) == {"revoked"}

    def test_revocation_waits_for_a_use_that_was_checked(self, any_services: Services) -> None:
        """Once a key was found usable in a transaction, no revocation commits before it ends."""
        held = any_services.persons.unlock_signer(PERSON, SIGNING, PIN2)
        order: list[str] = []

        def revoke() -> None:
            any_services.persons.revoke(PERSON, actor=ACTOR)
            order.append("revoked")

        revoking = Thread(target=revoke)
        with any_services.database.begin() as connection:
            held.require_usable(connection)
            revoking.start()
            revoking.join(0.3)
            held.signer.sign(b"data")
            order.append("used")
        revoking.join(10)
        assert order == ["used", "revoked"]
        with pytest.raises(PersonRevoked):
            held.recheck()


def test_steps_that_lead_nowhere_are_refused(services: Services) -> None:
    """Resuming the active, suspending the suspended."""
    with pytest.raises(IllegalTransition):
        services.persons.resume(PERSON, actor=ACTOR)
    services.persons.suspend(PERSON, actor=ACTOR)
    with pytest.raises(IllegalTransition):
        services.persons.suspend(PERSON, actor=ACTOR)


def test_nobody_is_unknown_everywhere(services: Services) -> None:
    """Every step on a code that was never issued says so."""
    people = services.persons
    for step in (people.suspend, people.resume, people.revoke):
        with pytest.raises(PersonUnknown):
            step(NOBODY, actor=ACTOR)
    with pytest.raises(PersonUnknown):
        people.show(NOBODY)
    with pytest.raises(PersonUnknown):
        people.unlock_signer(NOBODY, SIGNING, PIN2)


def test_a_reason_must_be_one_that_a_list_can_carry(services: Services) -> None:
    """Another reason is refused, and the person stays active."""
    with pytest.raises(MalformedRequest):
        services.persons.revoke(PERSON, "because", actor=ACTOR)
    assert services.persons.show(PERSON).status == "active"


@pytest.mark.parametrize("reason", REVOCATION_REASONS)
def test_every_reason_is_known_to_x509(reason: str) -> None:
    """The reasons are those of RFC 5280."""
    from cryptography.x509 import ReasonFlags

    assert reason in {flag.value for flag in ReasonFlags}


def test_a_person_with_a_card_has_no_key_here(services: Services) -> None:
    """The service says that it is the card that is needed."""
    with pytest.raises(KeyNotHeld):
        services.persons.unlock_signer("60001017869", SIGNING, PIN2)


def test_a_key_under_no_certificate_is_not_opened(services: Services) -> None:
    """A row that names another public key is a damaged database, not a wrong PIN."""
    with services.database.begin() as connection:
        connection.execute(text("UPDATE private_keys SET spki_sha256 = 'ff'"))
    with pytest.raises(KeyStoreInvalid):
        services.persons.unlock_signer(PERSON, SIGNING, PIN2)
    assert services.persons.show(PERSON).tries_left["pin2"] == 3


def test_a_lock_reaches_a_key_that_is_open(services: Services) -> None:
    """When others lock the PIN, a key that was opened before is not used any more."""
    held = services.persons.unlock_signer(PERSON, SIGNING, PIN2)
    for _ in range(3):
        with pytest.raises(PinWrong):
            services.persons.unlock_signer(PERSON, SIGNING, "99999")
    with pytest.raises(PinLocked):
        held.recheck()


def test_revocation_reaches_a_card_that_is_open(services: Services, home: Path) -> None:
    """A card of a revoked person opens nothing that could be used."""
    held = services.persons.open_card(card_of(home), SIGNING, PIN2)
    services.persons.revoke(PERSON, actor=ACTOR)
    with pytest.raises(PersonRevoked):
        held.recheck()
    with pytest.raises(PersonRevoked):
        services.persons.open_card(card_of(home), Purpose.AUTHENTICATION, PIN1)


def test_people_are_listed_in_pages(services: Services) -> None:
    """The list goes on after the last code of the page before."""
    everybody = [view.person.code for view in services.persons.list()]
    assert PERSON in everybody
    assert everybody == sorted(everybody)
    first = services.persons.list(limit=2)
    rest = services.persons.list(after=first[-1].person.code)
    assert [view.person.code for view in [*first, *rest]] == everybody


def test_facts_are_json_and_have_no_secret(services: Services) -> None:
    """What is told about a person has certificates and states, and nothing that is wrapped."""
    import json

    facts = person_facts(services.persons.show(PERSON))
    told = json.dumps(facts)
    assert facts["custody"] == ["card", "server"]
    assert len(facts["certificates"]) == 4
    assert "BEGIN CERTIFICATE" in told
    assert "wrapped" not in told
    assert PIN2 not in told


def outcome(step: Callable[[], object]) -> str:
    """Make a step and tell how it went: "done", or the code of the error."""
    try:
        step()
    except IdServiceError as exc:
        return exc.code
    return "done"


class LifeCycle(RuleBasedStateMachine):
    """Any order of steps, compared with a model of four states and a counter."""

    def __init__(self) -> None:
        """Open a home of its own; a copy of the template that `prepare` was given."""
        super().__init__()
        self.folder = Path(mkdtemp(prefix="idservice-life-"))
        shutil.copytree(TEMPLATE[0], self.folder / "home")
        self.services = open_services(settings_of(self.folder / "home"))
        self.state = "active"
        self.tries = 3
        self.revoked = 0  # certificates of earlier issuances

    def teardown(self) -> None:
        """Remove the home."""
        self.services.close()
        shutil.rmtree(self.folder)

    @initialize()
    def issue(self) -> None:
        """Issue the person."""
        self.services.persons.issue(person_request())

    def step(self, name: str, allowed: set[str], to: str) -> None:
        """Make a step; it must succeed exactly where the model allows it."""
        code = outcome(lambda: getattr(self.services.persons, name)(CODE, actor=ACTOR))
        if self.state in allowed:
            assert code == "done"
            self.state = to
        else:
            assert code == ("person_revoked" if self.state == "revoked" else "illegal_transition")

    @rule()
    def suspend(self) -> None:
        """Suspend."""
        self.step("suspend", {"active"}, "suspended")

    @rule()
    def resume(self) -> None:
        """Resume."""
        self.step("resume", {"suspended"}, "active")

    @precondition(lambda self: self.state == "suspended" or self.tries == 0)
    @rule()
    def revoke(self) -> None:
        """Revoke."""
        self.step("revoke", {"active", "suspended"}, "revoked")

    @rule(right=st.booleans())
    def open_key(self, *, right: bool) -> None:
        """Try a PIN; a key opens only for an active person with tries left."""
        pin = PIN2 if right else "99999"
        code = outcome(lambda: self.services.persons.unlock_signer(CODE, SIGNING, pin).recheck())
        if self.state != "active":
            assert code == f"person_{self.state}"
        elif self.tries == 0:
            assert code == "pin_locked"
        else:
            assert code == ("done" if right else "pin_wrong")
            self.tries = 3 if right else self.tries - 1

    @rule()
    def issue_again(self) -> None:
        """Only a revoked person gets new certificates and counters; the old ones stay revoked."""
        code = outcome(lambda: self.services.persons.issue(person_request()))
        assert code == ("done" if self.state == "revoked" else "person_exists")
        if self.state == "revoked":
            self.state, self.tries, self.revoked = "active", 3, self.revoked + 2

    @invariant()
    def record_and_certificates_agree(self) -> None:
        """Person, certificates and counter always tell the same story."""
        view = self.services.persons.show(CODE)
        expected = {"active": "valid"}.get(self.state, self.state)
        assert view.status == self.state
        statuses = [item.status for item in view.certificates]
        assert statuses == ["revoked"] * self.revoked + [expected] * 2
        assert view.tries_left["pin2"] == self.tries


TEMPLATE: list[Path] = []


def test_any_order_of_steps_is_legal(home_template: Path) -> None:
    """No sequence of steps brings back a revoked certificate or a locked PIN."""
    from hypothesis.stateful import run_state_machine_as_test

    TEMPLATE[:] = [home_template]
    run_state_machine_as_test(
        LifeCycle, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
    )


def test_expiry_is_seen_from_the_times(services: Services) -> None:
    """After their end person and certificates are told as expired, and stored as before."""
    services.persons.issue(person_request(valid_for=dt.timedelta(hours=1)))
    later = services.clock() + dt.timedelta(hours=2)
    tomorrow = open_services(services.settings, clock=lambda: later)
    assert tomorrow.persons.show(CODE).status == "expired"
    assert tomorrow.persons.show(CODE).person.status == "active"
    assert services.persons.show(CODE).status == "active"
    told = PersonAnswer.model_validate(person_facts(tomorrow.persons.show(CODE)))
    assert [item.status for item in told.certificates] == ["expired", "expired"]
    assert certificate_statuses(services, CODE) == {"valid"}
    services.persons.revoke(CODE, actor=ACTOR)
    told = PersonAnswer.model_validate(person_facts(tomorrow.persons.show(CODE)))
    assert [item.status for item in told.certificates] == ["revoked", "revoked"]
    tomorrow.close()
