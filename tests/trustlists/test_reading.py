"""A trusted list is read whole or refused; every part that it may have comes out as a value."""

import contextlib
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idservice.errors import (
    MalformedInput,
    MalformedTrustedList,
    SignatureInvalid,
    TrustedListExpired,
    TrustedListOlder,
    Unsupported,
    Verification,
)
from idservice.pki.certificate_claims import CertificateClaims
from idservice.trustlists.criteria import (
    CriteriaList,
    Criterion,
    KeyUsageCriterion,
    PolicyCriterion,
    UnknownCriterion,
)
from idservice.trustlists.reading import require_current, require_not_older, verify_trusted_list
from idservice.trustlists.values import TrustedList
from support.pki import root_ca
from support.trusted_lists import (
    FOR_SIGNATURES,
    ISSUED,
    NEXT_UPDATE,
    SINCE,
    WITHDRAWN,
    History,
    additional,
    key_usage,
    list_signer,
    policy_set,
    qualification,
    service,
    signed,
    trusted_list,
)

POINTERS = (
    "<PointersToOtherTSL><OtherTSLPointer><ServiceDigitalIdentities><ServiceDigitalIdentity>"
    "<DigitalId><X509Certificate>AQID</X509Certificate></DigitalId></ServiceDigitalIdentity>"
    "</ServiceDigitalIdentities><TSLLocation>https://tl.example/fi.xml</TSLLocation>"
    "</OtherTSLPointer></PointersToOtherTSL>"
)
MORE = (
    '<Extension Critical="false"><ExpiredCertsRevocationInfo>2016-07-01T00:00:00Z'
    "</ExpiredCertsRevocationInfo></Extension>"
    '<Extension Critical="false"><t:TakenOverBy '
    'xmlns:t="http://uri.etsi.org/02231/v2/additionaltypes#"><URI xml:lang="en">urn:x</URI>'
    '<TSPName><Name xml:lang="en">TEST heir</Name></TSPName></t:TakenOverBy></Extension>'
)


def read(document: bytes) -> TrustedList:
    """Read a list that its operator signed."""
    return verify_trusted_list(signed(document), [list_signer().der])


def test_everything_comes_out_as_a_value() -> None:
    """Scheme, pointers, services, identities, histories and extensions."""
    authority = root_ca("TEST listed")
    extra = qualification("QCWithQSCD", criteria=key_usage() + policy_set("1.2.3"))
    found = read(
        trusted_list(
            service(
                authority,
                extensions=additional(FOR_SIGNATURES) + extra + MORE,
                history=[History(SINCE.replace(year=2018), WITHDRAWN)],
            ),
            sequence=42,
            pointers=POINTERS,
        )
    )
    assert (found.scheme, found.operator, found.territory) == (
        "EE: TEST list",
        "TEST operator",
        "EE",
    )
    assert (found.sequence, found.issued, found.next_update) == (42, ISSUED, NEXT_UPDATE)
    assert [(item.location, item.certificates) for item in found.pointers] == [
        ("https://tl.example/fi.xml", (b"\x01\x02\x03",))
    ]
    (listed,) = found.services
    now, before = listed.periods
    assert (listed.provider, listed.certificates) == ("TEST provider", (authority.der,))
    assert now.additional == (FOR_SIGNATURES,)
    assert now.expired_certificates_since == dt.datetime(2016, 7, 1, tzinfo=dt.UTC)
    assert (now.taken_over_by, now.processed) == ("TEST heir", True)
    assert now.qualifications[0].criterion == CriteriaList(
        "all",
        (
            KeyUsageCriterion((("nonRepudiation", True),)),
            PolicyCriterion(frozenset({"1.2.3"})),
        ),
    )
    assert (before.status, before.since.year) == (WITHDRAWN, 2018)


@pytest.mark.parametrize(
    ("asserted", "values", "holds"),
    [
        ("all", "tt", True),
        ("all", "tf", False),
        ("all", "t?", None),
        ("all", "f?", False),
        ("all", "", None),
        ("atLeastOne", "tf", True),
        ("atLeastOne", "ff", False),
        ("atLeastOne", "f?", None),
        ("atLeastOne", "t?", True),
        ("none", "ff", True),
        ("none", "tf", False),
        ("none", "f?", None),
        ("none", "t?", False),
    ],
)
def test_criteria_are_decided_with_three_values(
    asserted: str,
    values: str,
    holds: bool | None,  # noqa: FBT001 - a value of the table
) -> None:
    """What is not understood decides nothing, unless the rest decides without it."""
    of: dict[str, Criterion] = {
        "t": PolicyCriterion(frozenset({"1.2"})),
        "f": PolicyCriterion(frozenset({"1.3"})),
        "?": UnknownCriterion("new"),
    }
    criteria = CriteriaList(asserted, tuple(of[item] for item in values))
    assert criteria.holds(CertificateClaims(policies=frozenset({"1.2"}))) is holds


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<TSLSequenceNumber>1<", b"<TSLSequenceNumber>x<"),
        (b"<TSLVersionIdentifier>5<", b"<TSLVersionIdentifier>3<"),
        (b"<SchemeTerritory>EE</SchemeTerritory>", b""),
        (b"<ListIssueDateTime>2026", b"<ListIssueDateTime>soon 2026"),
        (b'<Name xml:lang="en">TEST operator</Name>', b""),
        (b"<ServiceStatus>", b"<ServiceStatus>a</ServiceStatus><ServiceStatus>"),
        (b'assert="all"', b'assert="most"'),
        (b'KeyUsageBit name="nonRepudiation">true<', b'KeyUsageBit name="nonRepudiation">maybe<'),
        (b"TrustServiceStatusList", b"SomethingElse"),
    ],
)
def test_a_list_that_is_not_as_it_must_be_is_refused(old: bytes, new: bytes) -> None:
    """Signed or not, what has not the form of the standard is malformed."""
    extra = qualification("QCWithQSCD", criteria=key_usage())
    document = trusted_list(service(root_ca("TEST listed"), extensions=extra))
    assert old in document
    with pytest.raises(MalformedInput):
        read(document.replace(old, new))


def test_a_history_that_is_too_long_is_refused() -> None:
    """The periods of one service are bounded."""
    history = [History(SINCE)] * 100
    with pytest.raises(MalformedTrustedList, match="history"):
        read(trusted_list(service(root_ca("TEST listed"), history=history)))


def test_current_and_not_older() -> None:
    """Time runs from the issue to the next update, and numbers only upwards."""
    found = read(trusted_list(sequence=5))
    require_current(found, NEXT_UPDATE)
    for wrong in (NEXT_UPDATE + dt.timedelta(seconds=1), ISSUED - dt.timedelta(days=1)):
        with pytest.raises(TrustedListExpired):
            require_current(found, wrong)
    require_not_older(found, found)
    require_not_older(read(trusted_list(sequence=6)), found)
    with pytest.raises(TrustedListOlder):
        require_not_older(read(trusted_list(sequence=4)), found)
    with pytest.raises(TrustedListOlder):
        require_not_older(
            read(trusted_list(sequence=5, issued=ISSUED - dt.timedelta(days=1))), found
        )


DOCUMENT = signed(
    trusted_list(
        service(root_ca("TEST listed"), extensions=qualification("NotQualified", criteria="")),
        pointers=POINTERS,
    )
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_changed_byte_is_accepted(data: st.DataObject) -> None:
    """A changed byte of a signed list is refused with an error of ours, or changes nothing."""
    position = data.draw(st.integers(0, len(DOCUMENT) - 1))
    value = data.draw(st.integers(0, 255))
    changed = DOCUMENT[:position] + bytes([value]) + DOCUMENT[position + 1 :]
    with contextlib.suppress(MalformedInput, Unsupported, Verification, SignatureInvalid):
        found = verify_trusted_list(changed, [list_signer().der])
        assert found == verify_trusted_list(DOCUMENT, [list_signer().der])
