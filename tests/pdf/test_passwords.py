"""Passwords open documents in whichever form the writer hashed them."""

import pytest

from idservice.errors import PdfPasswordWrong
from idservice.pdf.document import open_document
from idservice.pdf.passwords import password_forms, saslprep
from support import pdfs


@pytest.mark.parametrize("password", ["wrong", None, "user-žõ", "x" * 600])
def test_wrong_or_missing_password(password: str | None) -> None:
    """A document that needs another password is refused as such."""
    with pytest.raises(PdfPasswordWrong) as caught:
        open_document(pdfs.build("password-aes-256").data, password=password)
    assert caught.value.fix


def test_password_that_is_not_needed_is_ignored() -> None:
    """A password for a document that opens without one does no harm."""
    open_document(pdfs.build("encrypted-aes-256").data, password="whatever")
    open_document(pdfs.build("baseline").data, password="whatever")


def test_password_in_another_unicode_form() -> None:
    """A password typed decomposed opens what was encrypted with the composed one."""
    decomposed = "user-z\u030co\u0303a\u0308"
    open_document(pdfs.build("password-aes-256").data, password=decomposed)


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0007", None),
        ("\u0627\u0031", None),
        ("\u0627\u0031\u0628", "\u0627\u0031\u0628"),
        ("\u0627x\u0628", None),
    ],
)
def test_saslprep_examples(text: str, prepared: str | None) -> None:
    """The examples of RFC 4013 cl. 3 come out as they stand there."""
    assert saslprep(text) == prepared


def test_password_forms_are_distinct_and_end_with_the_empty_one() -> None:
    """Each form is tried once; SASLprep in UTF-8 first, the empty password last."""
    forms = password_forms("ä")
    assert forms[0] == "ä".encode()
    assert "ä".encode("latin-1") in forms
    assert forms[-1] == b""
    assert len(forms) == len(set(forms))
    assert password_forms("") == password_forms(None) == [b""]
