"""A password in the byte forms in which PDF files of different ages may have hashed it."""

from __future__ import annotations

import stringprep
import unicodedata

from idservice.errors import PdfPasswordWrong
from idservice.pdf.limits import MAX_PASSWORD_CHARACTERS

# RFC 4013 cl. 2.3: what may not occur in a prepared string.
_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def password_forms(password: str | None) -> list[bytes]:
    """Return the byte forms to try, likeliest first, each once; the empty password last.

    Revision 6 hashes the SASLprep form in UTF-8 (ISO 32000-2 cl. 7.6.4.3.3), older
    revisions hash PDFDocEncoding (ISO 32000-1 cl. 7.6.3.3), and some writers hashed
    whatever they got. Raises PdfPasswordWrong for a password that is absurdly long.
    """
    if not password:
        return [b""]
    if len(password) > MAX_PASSWORD_CHARACTERS:
        raise PdfPasswordWrong(
            f"The password has {len(password)} characters; no PDF has one that long.",
            f"Give a password of at most {MAX_PASSWORD_CHARACTERS} characters.",
        )
    prepared = saslprep(password)
    texts = [
        password,
        unicodedata.normalize("NFC", password),
        unicodedata.normalize("NFKC", password),
    ]
    if prepared is not None:
        texts.insert(0, prepared)
    forms: list[bytes] = []
    for encoding in ("utf-8", "latin-1", "cp1252"):
        forms += [
            text.encode(encoding, "ignore")
            for text in texts
            if text.encode(encoding, "ignore").decode(encoding) == text
        ]
    return list(dict.fromkeys([*forms, b""]))


def saslprep(text: str) -> str | None:
    """Prepare a password as RFC 4013 says, or return None where the profile prohibits it."""
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char
        for char in text
        if not stringprep.in_table_b1(char)
    )
    prepared = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    if any(prohibited(char) for char in prepared for prohibited in _PROHIBITED):
        return None
    right_to_left = [stringprep.in_table_d1(char) for char in prepared]
    if any(right_to_left) and (
        any(stringprep.in_table_d2(char) for char in prepared)
        or not (right_to_left[0] and right_to_left[-1])
    ):
        return None
    return prepared
