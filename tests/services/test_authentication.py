"""Logging in: a valid token succeeds, and each single fault has its own code."""

import base64
import datetime as dt
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from sqlalchemy import select

from idservice import errors
from idservice.crypto.algorithms import KeyKind
from idservice.store import audit, certificates, persons
from idservice.store.schema import challenges as challenge_table
from idservice.webeid.token import verify_token_signature
from support.login import (
    CODE,
    ORIGIN,
    LoginBench,
    answer,
    authentication_card,
)
from support.pki import AT, extension, intermediate_ca, key_usage, leaf, new_key, root_ca


def sent(bench: LoginBench, token: Any, *, session: str, origin: str | None = None) -> Any:
    """Send a token as the browser of a session."""
    return bench.authentication.login(token, session=session, request_origin=origin)


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P384, KeyKind.P521, KeyKind.RSA])
def test_a_card_of_every_kind_logs_in(bench: LoginBench, kind: KeyKind) -> None:
    """The token is signed over origin and nonce, and an access token comes back."""
    card = bench.issue(card=authentication_card(bench.issuing, kind=kind))
    login = bench.log_in(card)
    assert (login.person_code, login.surname, login.relying_party) == (CODE, "JÕEORG", "demo")
    assert bench.access_tokens.check(login.access_token.text).person_code == CODE


def test_a_login_leaves_an_audit_row(bench: LoginBench) -> None:
    """Who logged in where, with which certificate and from which origin."""
    bench.log_in(bench.issue())
    with bench.database.read() as connection:
        [entry] = audit.entries(connection, action="logged_in")
    assert (entry.subject, entry.actor) == (f"person:{CODE}", "relying-party:demo")
    assert entry.details["origin"] == ORIGIN


def test_without_an_audit_row_nobody_logs_in(bench: LoginBench) -> None:
    """Audit row and access token are one transaction: if one fails, so does the other."""
    card = bench.issue()
    with bench.database.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    with pytest.raises(errors.DatabaseUnavailable):
        bench.log_in(card)
    with bench.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM access_tokens").scalar_one() == 0


@pytest.mark.parametrize(
    ("member", "value", "error"),
    [
        ("format", "web-eid:2", errors.MalformedToken),
        ("algorithm", "ES256", errors.UnsupportedAlgorithm),
        ("algorithm", "none", errors.UnsupportedAlgorithm),
        ("algorithm", "HS384", errors.UnsupportedAlgorithm),
        ("algorithm", "", errors.MalformedToken),
        ("signature", base64.b64encode(b"\1" * 96).decode(), errors.SignatureInvalid),
        ("signature", base64.b64encode(b"\1" * 64).decode(), errors.SignatureInvalid),
        ("signature", base64.b64encode(b"\0" * 96).decode(), errors.SignatureInvalid),
        ("signature", "", errors.MalformedToken),
        (
            "unverifiedCertificate",
            base64.b64encode(b"x" * 80).decode(),
            errors.MalformedCertificate,
        ),
        ("unverifiedCertificate", "%%%", errors.MalformedToken),
    ],
)
def test_each_member_changed_alone_is_refused(
    bench: LoginBench, member: str, value: str, error: type[errors.IdServiceError]
) -> None:
    """One member of a valid token changed: refused, with the code of that fault."""
    card = bench.issue()
    with pytest.raises(error):
        bench.log_in(card, **{member: value})


def test_unknown_members_are_ignored(bench: LoginBench) -> None:
    """A newer application may send more; that changes nothing."""
    assert bench.log_in(bench.issue(), newMember={"a": [1]}).person_code == CODE


def test_a_nonce_is_good_for_one_try(bench: LoginBench) -> None:
    """The second use of an answer is a replay, whoever sends it."""
    card = bench.issue()
    issued = bench.challenges.issue(relying_party="demo", request_origin=None)
    token = answer(card, issued.nonce)
    sent(bench, token, session=issued.session)
    with pytest.raises(errors.ChallengeUsed):
        sent(bench, token, session=issued.session)


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
    for _ in range(300):
        bench.challenges.issue(relying_party="demo", request_origin=None)
        bench.clock.advance(minutes=2)
    with bench.database.read() as connection:
        kept = connection.execute(select(challenge_table.c.nonce_sha256)).fetchall()
    assert len(kept) < 300


def test_a_challenge_for_another_purpose_does_not_log_in(bench: LoginBench) -> None:
    """Purpose is part of the binding: a signing challenge is no login challenge."""
    card = bench.issue()
    issued = bench.challenges.issue(relying_party="demo", request_origin=None)
    with bench.database.begin() as connection:
        connection.execute(challenge_table.update().values(purpose="signing"))
    with pytest.raises(errors.ChallengeNotFound):
        sent(bench, answer(card, issued.nonce), session=issued.session)


def test_a_certificate_of_another_ca_is_refused(bench: LoginBench) -> None:
    """Its issuer is not ours, whatever it says about itself."""
    foreign = intermediate_ca(root_ca("TEST Other Root"), "TEST Other CA")
    with pytest.raises(errors.CertificateNotTrusted):
        bench.log_in(authentication_card(foreign))


def test_a_certificate_of_a_ca_with_our_name_is_refused(bench: LoginBench) -> None:
    """The same name with another key is another CA."""
    with pytest.raises(errors.CertificateNotTrusted):
        bench.log_in(authentication_card(intermediate_ca(root_ca())))


def test_a_certificate_that_was_never_issued_here_is_unknown(bench: LoginBench) -> None:
    """Signed by our issuer but in no record: a forgery or a lost record, never a login."""
    with pytest.raises(errors.CertificateUnknown):
        bench.log_in(authentication_card(bench.issuing))


@pytest.mark.parametrize("status", [certificates.PENDING, certificates.ABANDONED])
def test_a_certificate_that_was_never_finished_is_unknown(bench: LoginBench, status: str) -> None:
    """A row without a completed issuance vouches for nothing."""
    card = bench.issue()
    _set_certificate(bench, status=status)
    with pytest.raises(errors.CertificateUnknown):
        bench.log_in(card)


def test_an_expired_certificate_is_refused(bench: LoginBench) -> None:
    """One second after its end it is over."""
    card = authentication_card(bench.issuing, not_after=AT + dt.timedelta(seconds=10))
    bench.issue(card=card)
    bench.log_in(card)
    bench.clock.advance(seconds=11)
    with pytest.raises(errors.CertificateExpired):
        bench.log_in(card)


def test_a_certificate_of_tomorrow_is_refused(bench: LoginBench) -> None:
    """Before its beginning it is not valid yet."""
    card = authentication_card(bench.issuing, not_before=AT + dt.timedelta(days=1))
    bench.issue(card=card)
    with pytest.raises(errors.CertificateNotYetValid):
        bench.log_in(card)


def test_suspended_resumed_and_revoked(bench: LoginBench) -> None:
    """Each state of a certificate has its own code; only valid logs in."""
    card = bench.issue()
    _set_certificate(bench, status=certificates.SUSPENDED)
    with pytest.raises(errors.CertificateSuspended):
        bench.log_in(card)
    _set_certificate(bench, status=certificates.VALID)
    bench.log_in(card)
    _set_certificate(bench, status=certificates.REVOKED)
    with pytest.raises(errors.CertificateRevoked):
        bench.log_in(card)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (persons.SUSPENDED, errors.PersonSuspended),
        (persons.REVOKED, errors.PersonRevoked),
        (persons.ISSUING, errors.CertificateUnknown),
    ],
)
def test_the_person_is_looked_at_again(
    bench: LoginBench, status: str, error: type[errors.IdServiceError]
) -> None:
    """A valid certificate does not help a person who may not act."""
    card = bench.issue()
    with bench.database.begin() as connection:
        persons.change_status(connection, CODE, (persons.ACTIVE,), status=status)
    with pytest.raises(error):
        bench.log_in(card)


def test_revocation_in_the_middle_of_a_login_wins(
    bench: LoginBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is revoked between the checks and the last transaction is not logged in."""
    card = bench.issue()
    def revoke_then_verify(*arguments: Any) -> None:
        """Verify as always, but only after somebody has revoked the certificate."""
        verify_token_signature(*arguments)
        _set_certificate(bench, status=certificates.REVOKED)

    monkeypatch.setattr(
        "idservice.services.authentication.verify_token_signature", revoke_then_verify
    )
    with pytest.raises(errors.CertificateRevoked):
        bench.log_in(card)


@pytest.mark.parametrize(
    "wrong",
    [
        extension(key_usage(content_commitment=True), critical=True),
        extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False),
        extension(
            x509.CertificatePolicies(
                [x509.PolicyInformation(ObjectIdentifier("1.3.6.1.4.1.10015.1.3"), None)]
            ),
            critical=False,
        ),
    ],
    ids=["signing certificate", "server certificate", "Mobile-ID"],
)
def test_a_certificate_for_another_purpose_is_refused(bench: LoginBench, wrong: Any) -> None:
    """Issued here and valid, but not for logging in."""
    card = bench.issue(card=authentication_card(bench.issuing, extensions=(wrong,)))
    with pytest.raises(errors.CertificateWrongPurpose):
        bench.log_in(card)


def test_a_1_1_token_brings_its_signing_certificate(bench: LoginBench) -> None:
    """The signing certificate of the same card is checked; that of a stranger is refused."""
    card = bench.issue()
    good = leaf(bench.issuing, subject=card.certificate.subject, key=new_key(KeyKind.P384))
    stranger = leaf(intermediate_ca(root_ca()), subject=card.certificate.subject)
    supported = {"cryptoAlgorithm": "ECC", "hashFunction": "SHA-384", "paddingScheme": "NONE"}

    def members(pair: Any) -> dict[str, Any]:
        """What 1.1 adds for one signing certificate."""
        return {
            "format": "web-eid:1.1",
            "unverifiedSigningCertificates": [
                {
                    "certificate": base64.b64encode(pair.der).decode(),
                    "supportedSignatureAlgorithms": [supported],
                }
            ],
        }

    assert bench.log_in(card, **members(good)).person_code == CODE
    with pytest.raises(errors.CertificateWrongPurpose):
        bench.log_in(card, **members(stranger))


def test_two_people_do_not_mix(bench: LoginBench) -> None:
    """Who logs in is decided by the record of the certificate, not by its subject."""
    first = bench.issue(CODE)
    second = bench.issue("60001019906")
    assert bench.log_in(first).person_code == CODE
    assert bench.log_in(second).person_code == "60001019906"


def _set_certificate(bench: LoginBench, **values: Any) -> None:
    from idservice.store.schema import certificates as table

    with bench.database.begin() as connection:
        connection.execute(table.update().values(**values))
