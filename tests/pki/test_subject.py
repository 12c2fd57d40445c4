"""Names of people are those that a card could carry, and encode alike in two ways."""

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import MalformedRequest, ProfileInvalid
from idservice.pki.personal_code import PersonalCode
from idservice.pki.subject import Holder, Subject, holder_subject, make_holder

CODE = "38001085718"
ORDER = ("C", "CN", "SN", "GN", "serialNumber")
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜÕŠŽĀČĒĢŁŃÞÅØÉ"
names = st.from_regex(rf"[{LATIN}]{{1,7}}([ '-][{LATIN}]{{1,4}})?", fullmatch=True)


def test_the_subject_of_a_person_is_that_of_a_card() -> None:
    """C, CN, SN, GN, serialNumber, with the common name SURNAME,GIVEN,CODE."""
    subject = holder_subject(make_holder("Jaak-Kristjan", " jõeorg ", CODE), ORDER)
    assert subject.attributes == (
        ("C", "EE"),
        ("CN", "JÕEORG,JAAK-KRISTJAN,38001085718"),
        ("SN", "JÕEORG"),
        ("GN", "JAAK-KRISTJAN"),
        ("serialNumber", "PNOEE-38001085718"),
    )


@given(given_name=names, surname=names)
def test_builder_and_own_writer_encode_a_name_alike(given_name: str, surname: str) -> None:
    """The library's encoding of a name and ours are the same bytes."""
    subject = holder_subject(make_holder(given_name, surname, CODE), ORDER)
    assert subject.name().public_bytes() == subject.der()


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_a_name_or_refused(given_name: str, surname: str) -> None:
    """Text from outside becomes a clean name or is refused; nothing in between."""
    try:
        holder = make_holder(given_name, surname, CODE)
    except MalformedRequest:
        return
    assert holder.common_name.isprintable()
    assert "," not in holder.surname + holder.given_name
    assert len(holder.common_name.encode()) <= 64


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("   ", id="only spaces"),
        pytest.param("'-'", id="no letter"),
        pytest.param("A,B", id="comma"),
        pytest.param("A1", id="digit"),
        pytest.param("A\x1b[31mB", id="terminal escape"),
        pytest.param("A\x00B", id="nul"),
        pytest.param("A\N{RIGHT-TO-LEFT OVERRIDE}B", id="bidi override"),
        pytest.param("M\N{CYRILLIC CAPITAL LETTER A}RI", id="Cyrillic look-alike"),
        pytest.param("\N{GREEK CAPITAL LETTER ALPHA}NNA", id="Greek look-alike"),
        pytest.param("A\N{COMBINING ACUTE ACCENT}\N{COMBINING ACUTE ACCENT}", id="stacked accents"),
        pytest.param("A" * 60, id="too long for a common name"),
    ],
)
def test_names_that_no_card_prints_are_refused(name: str) -> None:
    """Look-alikes, control characters and overlong names get into no certificate."""
    with pytest.raises(MalformedRequest):
        make_holder(name, "TAMM", CODE)


def test_a_holder_cannot_be_made_around_the_normal_form() -> None:
    """A decomposed or lower-case name is refused, not silently kept."""
    for name in ("O\N{COMBINING TILDE}", "mari", " MARI"):
        with pytest.raises(MalformedRequest):
            Holder(name, "TAMM", PersonalCode(CODE))


@pytest.mark.parametrize(
    "attributes",
    [
        (("X", "y"),),
        (("C", "EST"),),
        (("C", "E"),),
        (("CN", ""),),
        (("CN", "x" * 65),),
        (("serialNumber", "PNOEE_1"),),
    ],
)
def test_a_subject_outside_the_rules_is_refused(attributes: tuple[tuple[str, str], ...]) -> None:
    """Unknown attributes, wrong lengths and wrong characters make no subject."""
    with pytest.raises(ProfileInvalid):
        Subject(attributes)


def test_a_person_has_no_other_attributes() -> None:
    """A profile that asks for a person's organisation is refused."""
    with pytest.raises(ProfileInvalid, match="O"):
        holder_subject(make_holder("Mari", "Tamm", CODE), ("C", "O"))


def test_the_text_of_a_subject_is_rfc_4514() -> None:
    """Records show the name in the usual text form, commas escaped."""
    subject = Subject((("C", "EE"), ("CN", "TAMM,MARI")))
    assert subject.text() == r"CN=TAMM\,MARI,C=EE"
    assert x509.Name.from_rfc4514_string(subject.text()) == subject.name()
