"""Challenges: one session, one origin, one try, a short life."""

import base64
from typing import Any

import pytest
from sqlalchemy import select

from idservice import errors
from idservice.store.schema import challenges as challenge_table
from support.login import ORIGIN, LoginBench, answer, on_both_databases


def sent(bench: LoginBench, token: Any, *, session: str, origin: str | None = None) -> Any:
    """Send a token as the browser of a session."""
    return bench.authentication.login(token, session=session, request_origin=origin)


@on_both_databases
def test_a_nonce_is_good_for_one_try(bench: LoginBench) -> None:
    """The second use of an answer is a replay, whoever sends it."""
    card = bench.issue()
    issued = bench.challenges.issue(relying_party="demo", request_origin=None)
    token = answer(card, issued.nonce)
    sent(bench, token, session=issued.session)
    with pytest.raises(errors.ChallengeUsed):
        sent(bench, token, session=issued.session)


@on_both_databases
def test_a_failed_try_uses_the_nonce_up(bench: LoginBench) -> None:
    """Whatever fails after the nonce was taken, the right answer comes too late."""
    card = bench.issue()
    issued = bench.challenges.issue(relying_party="demo", request_origin=None)
    token = answer(card, issued.nonce)
    with pytest.raises(errors.SignatureInvalid):
        sent(
            bench,
            token | {"signature": base64.b64encode(b"\1" * 96).decode()},
            session=issued.session,
        )
    with pytest.raises(errors.ChallengeUsed):
        sent(bench, token, session=issued.session)


def test_a_malformed_token_does_not_use_the_nonce_up(bench: LoginBench) -> None:
    """Format comes before the nonce, so that rubbish costs the person nothing."""
    card = bench.issue()
    issued = bench.challenges.issue(relying_party="demo", request_origin=None)
    with pytest.raises(errors.MalformedToken):
        sent(bench, {}, session=issued.session)
    sent(bench, answer(card, issued.nonce), session=issued.session)


@pytest.mark.parametrize("session", [None, "", "unknown", "x" * 500, "\udcff"])
def test_no_session_no_challenge(bench: LoginBench, session: str | None) -> None:
    """A challenge belongs to the session that got it; nobody else answers it."""
    card = bench.issue()
    issued = bench.challenges.issue(relying_party="demo", request_origin=None)
    with pytest.raises(errors.ChallengeNotFound):
        bench.authentication.login(answer(card, issued.nonce), session=session, request_origin=None)


def test_an_answer_does_not_fit_another_session(bench: LoginBench) -> None:
    """A captured answer sent in the attacker's own session verifies over another nonce."""
    card = bench.issue()
    victim = bench.challenges.issue(relying_party="demo", request_origin=None)
    attacker = bench.challenges.issue(relying_party="demo", request_origin=None)
    with pytest.raises(errors.SignatureInvalid):
        sent(bench, answer(card, victim.nonce), session=attacker.session)


def test_an_answer_for_another_origin_does_not_verify(bench: LoginBench) -> None:
    """The verifier hashes its own origin: a phished answer is worthless here."""
    card = bench.issue()
    issued = bench.challenges.issue(relying_party="demo", request_origin=None)
    token = answer(card, issued.nonce, origin="https://rp.example.org.evil.example")
    with pytest.raises(errors.SignatureInvalid):
        sent(bench, token, session=issued.session)


def test_a_request_from_another_origin_is_refused(bench: LoginBench) -> None:
    """The browser's Origin must be the one that the challenge was issued for."""
    card = bench.issue()
    for origin in ("https://evil.example", "null", "https://rp.example.org:444", "\x00"):
        issued = bench.challenges.issue(relying_party="demo", request_origin=ORIGIN)
        with pytest.raises(errors.OriginMismatch):
            sent(bench, answer(card, issued.nonce), session=issued.session, origin=origin)


def test_the_second_origin_of_a_relying_party(bench: LoginBench) -> None:
    """A challenge is bound to the registered origin that asked for it."""
    other = "https://app.example.org:8443"
    bench.relying_parties.register("shop", name="Shop", origins=[ORIGIN, other], actor="test")
    card = bench.issue()
    issued = bench.challenges.issue(relying_party="shop", request_origin=other)
    login = sent(
        bench, answer(card, issued.nonce, origin=other), session=issued.session, origin=other
    )
    assert login.relying_party == "shop"
    with pytest.raises(errors.OriginMismatch):
        bench.challenges.issue(relying_party="shop", request_origin="https://evil.example")


@on_both_databases
def test_a_challenge_expires(bench: LoginBench) -> None:
    """Answered within its lifetime it is good; at its end it is not."""
    card = bench.issue()
    for seconds, expected in ((119.9, None), (120, errors.ChallengeExpired)):
        issued = bench.challenges.issue(relying_party="demo", request_origin=None)
        token = answer(card, issued.nonce)
        bench.clock.advance(seconds=seconds)
        if expected is None:
            sent(bench, token, session=issued.session)
        else:
            with pytest.raises(expected):
                sent(bench, token, session=issued.session)


def test_expired_challenges_are_swept(bench: LoginBench) -> None:
    """What expired long ago does not stay in the database for ever."""
    issued, kept = 0, 0
    while issued == kept and issued < 3000:  # one in 64 sweeps, so this ends far earlier
        bench.challenges.issue(relying_party="demo", request_origin=None)
        bench.clock.advance(minutes=2)
        issued += 1
        with bench.database.read() as connection:
            kept = len(connection.execute(select(challenge_table.c.nonce_sha256)).fetchall())
    assert kept < issued


@on_both_databases
def test_a_challenge_for_another_purpose_does_not_log_in(bench: LoginBench) -> None:
    """Purpose is part of the binding: a signing challenge is no login challenge."""
    card = bench.issue()
    issued = bench.challenges.issue(relying_party="demo", request_origin=None)
    with bench.database.begin() as connection:
        connection.execute(challenge_table.update().values(purpose="signing"))
    with pytest.raises(errors.ChallengeNotFound):
        sent(bench, answer(card, issued.nonce), session=issued.session)
