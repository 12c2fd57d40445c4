"""Evidence that CMS structures carry: where it stands, and what is not readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.cms.carried_data import (
    ADBE_REVOCATION,
    CERTIFICATE_VALUES,
    NOTHING_CARRIED,
    REVOCATION_VALUES,
    CarriedData,
    attribute_data,
    ocsp_response,
    revocation_data,
)
from idservice.crypto import der

LIST = der.sequence(der.integer(1))
OTHER_LIST = der.sequence(der.integer(2))
BASIC = der.sequence(der.integer(3))
RESPONSE_OID = der.object_identifier("1.3.6.1.5.5.7.16.2")
BASIC_OID = der.object_identifier("1.3.6.1.5.5.7.48.1.1")
UNKNOWN_OID = der.object_identifier("1.2.3.4")

CHOICES = {
    "revocation list": (LIST, CarriedData(crls=(LIST,))),
    "OCSP answer": (der.context(1, RESPONSE_OID, BASIC), CarriedData(ocsps=(BASIC,))),
    "OCSP answer without its wrap": (
        der.context(1, BASIC_OID, BASIC),
        CarriedData(ocsps=(ocsp_response(BASIC),)),
    ),
    "another format": (der.context(1, UNKNOWN_OID, BASIC), CarriedData(unreadable=1)),
    "no format": (der.integer(1), CarriedData(unreadable=1)),
    "cut off": (b"\x30\x05\x02", CarriedData(unreadable=1)),
}

ATTRIBUTES = {
    "archive of Adobe": (
        ADBE_REVOCATION,
        der.sequence(
            der.context(0, der.sequence(LIST, OTHER_LIST)), der.context(1, der.sequence(BASIC))
        ),
        CarriedData((), (BASIC,), (LIST, OTHER_LIST)),
    ),
    "certificate values": (
        CERTIFICATE_VALUES,
        der.sequence(LIST, OTHER_LIST),
        CarriedData((LIST, OTHER_LIST)),
    ),
    "revocation values": (
        REVOCATION_VALUES,
        der.sequence(der.context(0, der.sequence(LIST)), der.context(1, der.sequence(BASIC))),
        CarriedData((), (ocsp_response(BASIC),), (LIST,)),
    ),
    "revocation values of another kind": (
        REVOCATION_VALUES,
        der.sequence(
            der.context(0, der.sequence(LIST)), der.context(2, der.sequence(UNKNOWN_OID, BASIC))
        ),
        CarriedData((), (), (LIST,), 1),
    ),
    "something else": ("1.2.3.4", LIST, NOTHING_CARRIED),
    "wrong tag": (REVOCATION_VALUES, der.integer(1), CarriedData(unreadable=1)),
}


@pytest.mark.parametrize("name", list(CHOICES))
def test_an_element_of_crls_is_what_it_says(name: str) -> None:
    """Lists and OCSP answers are found, everything else is counted."""
    encoded, expected = CHOICES[name]
    assert revocation_data(encoded) == expected


@pytest.mark.parametrize("name", list(ATTRIBUTES))
def test_an_attribute_carries_what_its_type_says(name: str) -> None:
    """Each of the three attributes is read as its standard defines it."""
    oid, value, expected = ATTRIBUTES[name]
    assert attribute_data(oid, value) == expected


@given(st.binary(max_size=120), st.sampled_from([ADBE_REVOCATION, REVOCATION_VALUES]))
def test_random_bytes_raise_nothing(data: bytes, oid: str) -> None:
    """Whatever somebody puts there, it is evidence or it is counted."""
    for found in (attribute_data(oid, data), revocation_data(data)):
        assert found.unreadable in (0, 1)
