"""The name of an authority in a token, where it is no name that anybody can read."""

from asn1crypto import x509 as asn1_x509

from idservice.cms.time_stamp_token import read_token
from idservice.crypto import der
from support.time_stamps import forgery, info_der, token_of


def test_a_name_of_a_type_that_names_do_not_have_is_a_mismatch() -> None:
    """A bit string as common name is told as another name, and breaks nothing."""
    value = der.sequence(der.object_identifier("2.5.4.3"), der.bit_string(b"\x01"))
    odd = asn1_x509.GeneralName.load(der.context(4, der.sequence(der.set_of(value))))
    token = read_token(token_of(forgery(info_der(tsa=odd))))
    assert "time_stamp_name_mismatch" in {item.code for item in token.findings}
