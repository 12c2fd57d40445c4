"""What the author of a form asks of a signature is given, or the signature is refused."""

from pathlib import Path

import pikepdf
import pytest

from idservice.errors import MalformedPdf, PdfSigningForbidden
from idservice.pades.signing import SignatureOptions
from idservice.pdf.document import open_document
from idservice.pdf.signature_dictionary import SignatureText
from support import oracles, pdfs
from support.pki import chain
from support.signing import signed


def _form(entries: bytes) -> bytes:
    field = pdfs.EMPTY_FIELD[:-2] + entries + b" >>"
    return pdfs.table_pdf(pdfs.with_empty_field() | {6: field})


def _signed(entries: bytes, reason: str | None = None) -> bytes:
    options = SignatureOptions("Approval", SignatureText(reason=reason))
    return signed(_form(entries), options=options)


@pytest.mark.parametrize(
    ("seed", "named"),
    [
        (b"/Ff 1 /Filter /Entrust.PPKEF", "/Filter"),
        (b"/Ff 2 /SubFilter [/adbe.x509.rsa_sha1 /adbe.pkcs7.detached]", "/SubFilter"),
        (b"/Ff 4 /V 4", "/V"),
        (b"/Ff 8 /Reasons [(I agree)]", "/Reasons"),
        (b"/Ff 16 /LegalAttestation [(none)]", "/LegalAttestation"),
        (b"/Ff 32 /AddRevInfo true", "/AddRevInfo"),
        (b"/Ff 64 /DigestMethod [(SHA1) (SHA512)]", "/DigestMethod"),
        (b"/Ff 128 /LockDocument /true", "/LockDocument"),
        (b"/Ff 256 /AppearanceFilter (Company)", "/AppearanceFilter"),
        (b"/Ff 512", "no standard names"),
        (b"/MDP << /P 2 >>", "/MDP"),
        (b"/Cert << /Ff 1 /Subject [(x)] >>", "/Cert"),
        (b"/TimeStamp << /Ff 1 /URL (http://localhost/) >>", "/TimeStamp"),
    ],
)
def test_requirements_that_cannot_be_met_are_named(seed: bytes, named: str) -> None:
    """A required seed value that our signature would not have is refused by its name."""
    with pytest.raises(PdfSigningForbidden, match=named):
        _signed(b"/SV << %b >>" % seed, reason="Something else")


@pytest.mark.parametrize(
    ("seed", "reason"),
    [
        (b"/Ff 1 /Filter /Adobe.PPKLite", None),
        (b"/Ff 2 /SubFilter [/adbe.pkcs7.detached /ETSI.CAdES.detached]", None),
        (b"/Ff 4 /V 1.0", None),
        (b"/Ff 8 /Reasons [(I agree) (I saw it)]", "I saw it"),
        (b"/Ff 8 /Reasons [(.)]", None),
        (b"/Ff 32 /AddRevInfo false", None),
        (b"/Ff 64 /DigestMethod [(SHA1) (SHA256)]", None),
        (b"/Ff 128 /LockDocument /auto", None),
        (b"/Ff 511", None),
        (b"/SubFilter [/adbe.x509.rsa_sha1] /Reasons [(I agree)]", "Mine"),
        (b"/MDP << /P 0 >> /Cert << /Ff 0 >> /TimeStamp << >>", None),
    ],
)
def test_requirements_that_are_met(seed: bytes, reason: str | None) -> None:
    """A field whose requirements hold anyway, or which only recommends, is signed."""
    assert open_document(_signed(b"/SV << %b >>" % seed, reason)).is_signed


@pytest.mark.parametrize(
    "entries",
    [
        b"/SV 7",
        b"/SV << /Ff (x) >>",
        b"/SV << /Ff -1 >>",
        b"/SV << /Ff 4 /V (x) >>",
        b"/SV << /Ff 2 /SubFilter /ETSI.CAdES.detached >>",
        b"/Lock 7",
        b"/Lock << /Action /Everything >>",
        b"/Lock << /Action /Include >>",
        b"/Lock << /Action /Exclude /Fields [7] >>",
    ],
)
def test_constraints_that_are_none_are_damage(entries: bytes) -> None:
    """Seed values or a lock that nobody can read are refused as damage."""
    with pytest.raises(MalformedPdf):
        _signed(entries)


@pytest.mark.parametrize(
    "lock",
    [
        b"<< /Type /SigFieldLock /Action /All >>",
        b"<< /Action /Include /Fields [(Name) <FEFF00C4>] >>",
        b"<< /Action /Exclude /Fields [(Name)] >>",
    ],
)
def test_the_lock_is_repeated_in_the_signature(lock: bytes, tmp_path: Path) -> None:
    """A field's lock becomes the FieldMDP parameters of its signature, which is valid."""
    data = _signed(b"/Lock " + lock)
    document = open_document(data)
    (field,) = document.form.signature_fields
    assert field.value is not None
    (reference,) = field.value["/Reference"]
    assert reference["/TransformMethod"] == "/FieldMDP"
    parameters, asked = reference["/TransformParams"], field.dictionary["/Lock"]
    assert parameters["/Action"] == asked["/Action"]
    assert [str(item) for item in parameters.get("/Fields", [])] == [
        str(item) for item in asked.get("/Fields", [])
    ]
    (verdict,) = oracles.pdfsig(data, tmp_path)
    assert verdict.valid
    assert verdict.whole_file
    assert oracles.pyhanko(data, chain().root).bottom_line


def test_a_lock_in_an_encrypted_document() -> None:
    """The names in the lock's copy are encrypted with the signature's own object."""
    data = pdfs.saved(
        _form(b"/Lock << /Action /Include /Fields [(Name)] >>"),
        encryption=pikepdf.Encryption(owner="owner", user="", R=6),
    )
    done = signed(data, options=SignatureOptions("Approval"))
    document = open_document(done)
    (field,) = document.form.signature_fields
    assert field.value is not None
    (reference,) = field.value["/Reference"]
    assert [str(item) for item in reference["/TransformParams"]["/Fields"]] == ["Name"]


def test_a_lock_closes_what_it_names() -> None:
    """After signing, a field that the lock names is not signed any more."""
    data = _signed(b"/Lock << /Action /Include /Fields [(Signature1)] >>")
    with pytest.raises(PdfSigningForbidden, match="locks the field"):
        signed(data)
