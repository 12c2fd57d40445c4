"""The time matrix: when a time-stamp was made, what happened to a certificate, and to whose.

Something happens to one certificate at EVENT: it is revoked, it is revoked because its key was
compromised, or it ends. The signature was time-stamped an hour before, at that very second, or
an hour after; the document is validated a day later. All else is good at all times. Clauses
are those of EN 319 102-1.
"""

import datetime as dt
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from idservice.services.validation import Validation
from support.long_term import (
    DAY,
    HOUR,
    MINUTE,
    START,
    YEAR,
    answer,
    archive,
    authorities,
    responder,
    revocation_list,
    revoked,
    sign,
    stamper,
    store,
)
from support.offline import LIMITS, codes
from support.pki import AT, CertificatePair, extension, intermediate_ca, leaf

EVENT = AT
NOW = EVENT + DAY
STAMPED = {"before": EVENT - HOUR, "at": EVENT, "after": EVENT + HOUR}

PASSED = ("TOTAL-PASSED", None)
REVOKED = ("INDETERMINATE", "REVOKED_NO_POE")
CA_REVOKED = ("INDETERMINATE", "REVOKED_CA_NO_POE")
OUT_OF_BOUNDS = ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")

TABLE = {
    # Cl. 5.5.4 step 4: best-signature-time before the revocation. At the very second it is not.
    ("signer", "revoked"): (PASSED, REVOKED, REVOKED),
    # The reason makes no difference for a signer: cl. 5.5.4 knows the time of revocation only.
    ("signer", "compromised"): (PASSED, REVOKED, REVOKED),
    # NotAfter belongs to the period (RFC 5280 cl. 4.1.2.5); later, cl. 5.2.6.4 gives no POE.
    ("signer", "expired"): (PASSED, PASSED, OUT_OF_BOUNDS),
    # Cl. 5.2.6.4: the same for an authority, with a sub-indication of its own.
    ("authority", "revoked"): (PASSED, CA_REVOKED, CA_REVOKED),
    ("authority", "compromised"): (PASSED, CA_REVOKED, CA_REVOKED),
    ("authority", "expired"): (PASSED, PASSED, OUT_OF_BOUNDS),
    # RFC 3161 cl. 4: superseded harms no older stamp. What a stamp does not prove is judged as
    # of now (cl. 5.5.4 step 1), and by now the signer's certificate has ended.
    ("time-stamp", "revoked"): (PASSED, OUT_OF_BOUNDS, OUT_OF_BOUNDS),
    # Whoever has the key writes any time into a stamp, that before the compromise too.
    ("time-stamp", "compromised"): (OUT_OF_BOUNDS, OUT_OF_BOUNDS, OUT_OF_BOUNDS),
    # Cl. 5.4.4: an ended unit needs a newer time-stamp as proof, and there is none.
    ("time-stamp", "expired"): (OUT_OF_BOUNDS, OUT_OF_BOUNDS, OUT_OF_BOUNDS),
}


@dataclass(frozen=True)
class Cell:
    """One cell of the matrix: whose certificate, what happened to it, and when was stamped."""

    whose: str
    event: str
    stamped: str

    @property
    def expected(self) -> tuple[str, str | None]:
        """Indication and sub-indication."""
        return TABLE[self.whose, self.event][list(STAMPED).index(self.stamped)]

    def ends(self, whose: str, otherwise: dt.datetime) -> dt.datetime:
        """When a certificate ends."""
        return EVENT if (whose, "expired") == (self.whose, self.event) else otherwise

    def happened_to(self, whose: str) -> bool:
        """Whether a certificate was revoked, for whatever reason."""
        return self.whose == whose and self.event != "expired"

    @property
    def reason(self) -> str:
        """The reason of the revocation."""
        return "key_compromise" if self.event == "compromised" else "superseded"


CELLS = [Cell(whose, event, stamped) for whose, event in TABLE for stamped in STAMPED]


def place(oid: x509.ObjectIdentifier, url: str) -> x509.AuthorityInformationAccess:
    """An authorityInfoAccess extension."""
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(oid, x509.UniformResourceIdentifier(url))]
    )


def status(cell: Cell, whose: str, about: CertificatePair, issuer: CertificatePair) -> bytes:
    """What the responder says about a certificate: after the time-stamp, and after the event."""
    # An answer about a certificate that has ended tells nothing (RFC 6960 cl. 4.4.4).
    made = STAMPED[cell.stamped] + (dt.timedelta(0) if cell.event == "expired" else MINUTE)
    by = responder(issuer, until=AT + 30 * DAY)
    if not cell.happened_to(whose):
        return answer(about, made, by=by, issuer=issuer)
    told = revoked(EVENT, cell.reason)
    return answer(about, max(made, EVENT + MINUTE), told, by=by, issuer=issuer)


def document(cell: Cell) -> bytes:
    """Sign, time-stamp, and add what is known about every certificate."""
    root = authorities().root
    point = x509.DistributionPoint(
        [x509.UniformResourceIdentifier("http://ca.example/root.crl")], None, None, None
    )
    listed = extension(x509.CRLDistributionPoints([point]), critical=False)
    asked = extension(
        place(AuthorityInformationAccessOID.OCSP, "http://ca.example/ocsp"), critical=False
    )
    issuing, stamping = (
        intermediate_ca(root, common_name, not_before=START, not_after=until, extensions=[listed])
        for common_name, until in (
            ("TEST matrix", cell.ends("authority", AT + 10 * YEAR)),
            ("TEST stamping", AT + 10 * YEAR),
        )
    )
    usual = EVENT + 12 * HOUR if cell.whose == "time-stamp" else AT + 5 * YEAR
    signer = leaf(
        issuing, not_before=START, not_after=cell.ends("signer", usual), extensions=[asked]
    )
    unit = stamper(stamping, until=cell.ends("time-stamp", AT + 5 * YEAR))
    stamped = STAMPED[cell.stamped]
    ended = [(issuing, EVENT)] if cell.happened_to("authority") else []
    compromised = EVENT if cell.event == "compromised" else None
    told = revocation_list(root, max(stamped, EVENT) + MINUTE, *ended, compromised_at=compromised)
    known = store(
        sign(stamp_at=stamped, by=signer, unit=unit),
        certs=[issuing.der, stamping.der],
        ocsps=[
            status(cell, "signer", signer, issuing),
            status(cell, "time-stamp", unit, stamping),
        ],
        crls=[revocation_list(root, stamped - DAY)],
    )
    return store(archived(cell, known) if cell.whose == "authority" else known, crls=[told])


def archived(cell: Cell, known: bytes) -> bytes:
    """Prove at once that the answers exist: with their authority their responder falls as well."""
    found = authorities()
    stamped = STAMPED[cell.stamped] + (dt.timedelta(0) if cell.event == "expired" else 2 * MINUTE)
    about_unit = answer(found.archive, stamped)
    return archive(store(known, ocsps=[about_unit]), stamped, found.archive)


@pytest.mark.parametrize(
    "cell", CELLS, ids=lambda item: f"{item.whose}-{item.event}-{item.stamped}"
)
def test_every_cell_has_its_indication(cell: Cell) -> None:
    """What is decided follows from the three times, as the standard has it."""
    anchor = authorities().root.certificate
    validation = Validation(LIMITS, clock=lambda: NOW, anchors=[anchor])
    (found,) = validation.validate(document(cell), "a.pdf").to_json()["signatures"]
    outcome = (found["indication"], found["subIndication"])
    assert outcome == cell.expected, (codes(found), codes(found, "warnings"))
    if cell.whose == "time-stamp" and outcome != PASSED:
        told = "time_stamp_expired" if cell.event == "expired" else "time_stamp_revoked"
        assert told in codes(found, "warnings")
    elif cell.event != "expired" and outcome == PASSED:
        assert cell.whose == "time-stamp" or "revoked_later" in codes(found, "warnings")
