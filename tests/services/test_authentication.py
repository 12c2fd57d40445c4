"""Logging in: a valid token succeeds, and each single fault has its own code."""

import base64
import datetime as dt
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from idservice import errors
from idservice.crypto.algorithms import KeyKind
from idservice.store import audit, certificates, persons
from idservice.webeid.token import verify_token_signature
from support.login import (
    CODE,
    ORIGIN,
    LoginBench,
    authentication_card,
    on_both_databases,
)
from support.pki import AT, extension, intermediate_ca, key_usage, leaf, new_key, root_ca

# What makes a database refuse every new audit row, as a full disk would.
REFUSE_AUDIT_ROWS = {
    "sqlite": [
        "CREATE TRIGGER refuse BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END"
    ],
    "postgresql": [
        (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql "
            "AS $$ BEGIN RAISE EXCEPTION 'full'; END $$"
        ),
        "CREATE TRIGGER refuse BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
}


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P384, KeyKind.P521, KeyKind.RSA])
def test_a_card_of_every_kind_logs_in(bench: LoginBench, kind: KeyKind) -> None:
    """The token is signed over origin and nonce, and an access token comes back."""
    card = bench.issue(card=authentication_card(bench.issuing, kind=kind))
    login = bench.log_in(card)
    assert (login.person_code, login.surname, login.relying_party) == (CODE, "JÕEORG", "demo")
    assert bench.access_tokens.check(login.access_token.text).person_code == CODE


@on_both_databases
def test_a_login_leaves_an_audit_row(bench: LoginBench) -> None:
    """Who logged in where, with which certificate and from which origin."""
    bench.log_in(bench.issue())
    with bench.database.read() as connection:
        [entry] = audit.entries(connection, action="login.succeeded")
    assert (entry.subject, entry.actor) == (f"person:{CODE}", "relying-party:demo")
    assert entry.details["origin"] == ORIGIN


@on_both_databases
def test_without_an_audit_row_nobody_logs_in(bench: LoginBench) -> None:
    """Audit row and access token are one transaction: if one fails, so does the other."""
    card = bench.issue()
    with bench.database.begin() as connection:
        for statement in REFUSE_AUDIT_ROWS[connection.dialect.name]:
            connection.exec_driver_sql(statement)
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


def test_a_certificate_of_another_ca_is_refused(bench: LoginBench) -> None:
    """Its issuer is not ours, whatever it says about itself."""
    foreign = intermediate_ca(root_ca("TEST Other Root"), "TEST Other CA")
    with pytest.raises(errors.CertificateNotTrusted):
        bench.log_in(authentication_card(foreign))


def test_a_certificate_of_a_ca_with_our_name_is_refused(bench: LoginBench) -> None:
    """The same name with another key is another CA."""
    with pytest.raises(errors.CertificateNotTrusted):
        bench.log_in(authentication_card(intermediate_ca(root_ca())))


@on_both_databases
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


@on_both_databases
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


@on_both_databases
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


@on_both_databases
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
