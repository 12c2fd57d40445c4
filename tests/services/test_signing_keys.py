"""People with every kind of signing key sign documents that our own validation accepts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from idservice.errors import MalformedRequest, UnsupportedAlgorithm
from idservice.services.assembly import Services, open_services
from idservice.services.file_signing import FileOrder
from idservice.services.own_keys import KeyChoice
from idservice.services.signature_options import SignerWishes
from idservice.services.signing_keys import SIGNING_KEYS, signing_key_form
from idservice.validation.rules import Indication
from support.homes import PIN2, settings_of
from support.pdfs import baseline
from support.people import CODE, person_request

EXPERIMENTS = {"IDSERVICE_SIGNING__EXPERIMENTAL_ALGORITHMS": "true"}


@pytest.fixture
def trying(home: Path) -> Iterator[Services]:
    """Give the services of a home whose operator allows experiments."""
    opened = open_services(settings_of(home, **EXPERIMENTS))
    yield opened
    opened.close()


def signed_by(services: Services, folder: Path, wishes: SignerWishes, holder: str | Path) -> Path:
    """Sign a small PDF with somebody's key; return the output."""
    source, target = folder / "in.pdf", folder / "out.pdf"
    source.write_bytes(baseline())
    key = services.own_keys.for_signing(KeyChoice(holder), PIN2)
    services.file_signing.with_key(key, wishes).sign(FileOrder(source, target))
    return target


def accepted_by_pyhanko(services: Services, path: Path) -> bool:
    """Ask pyHanko, trusting our root."""
    root = asn1_x509.Certificate.load(services.certificate_authority.chain_der[-1])
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    with path.open("rb") as file:
        embedded = PdfFileReader(file).embedded_signatures[0]
        return bool(validate_pdf_signature(embedded, context).bottom_line)


@pytest.mark.parametrize("name", SIGNING_KEYS)
def test_every_kind_of_key_signs(name: str, trying: Services, tmp_path: Path) -> None:
    """A person issued with such a key signs; we and pyHanko accept the file."""
    trying.persons.issue(person_request(signing_key=signing_key_form(name)))
    target = signed_by(trying, tmp_path, SignerWishes(), CODE)
    report = trying.validation.validate(target.read_bytes(), target.name)
    (signature,) = report.signatures
    assert signature.verdict.indication is Indication.TOTAL_PASSED
    codes = {item.code for item in signature.verdict.warnings}
    assert ("algorithm_experimental_allowed" in codes) is name.startswith("ML-DSA")
    assert accepted_by_pyhanko(trying, target)


@pytest.mark.parametrize("pss", [False, True])
@pytest.mark.parametrize("hash_name", ["sha256", "sha512", "sha3-384"])
def test_a_card_with_an_rsa_key(
    hash_name: str, services: Services, tmp_path: Path, *, pss: bool
) -> None:
    """A card holds other keys as well, and its holder chooses hash and padding."""
    form = signing_key_form("RSA-2048")
    services.persons.issue(person_request(server=False, card=tmp_path, signing_key=form))
    wishes = SignerWishes(hash_name=hash_name, pss=pss)
    target = signed_by(services, tmp_path, wishes, tmp_path / CODE)
    (signature,) = services.validation.validate(target.read_bytes(), target.name).signatures
    assert signature.verdict.indication is Indication.TOTAL_PASSED
    if pss or "sha3" not in hash_name:
        assert accepted_by_pyhanko(services, target)


def test_an_experiment_is_not_valid_elsewhere(trying: Services, tmp_path: Path) -> None:
    """Where the operator does not allow it, the signature is not relied upon, and why is told."""
    trying.persons.issue(person_request(signing_key=signing_key_form("ML-DSA-65")))
    target = signed_by(trying, tmp_path, SignerWishes(), CODE)
    strict = open_services(settings_of(trying.settings.home))
    (signature,) = strict.validation.validate(target.read_bytes(), target.name).signatures
    assert signature.verdict.indication is Indication.INDETERMINATE
    assert [item.code for item in signature.verdict.errors] == ["algorithm_experimental"]
    key = strict.own_keys.for_signing(KeyChoice(CODE), PIN2)
    with pytest.raises(UnsupportedAlgorithm, match="experiment"):
        strict.file_signing.with_key(key)
    strict.close()


def test_what_no_key_can_do(services: Services, tmp_path: Path) -> None:
    """Hash and padding must fit the key; kinds that nobody makes are refused by name."""
    services.persons.issue(person_request(signing_key=signing_key_form("Ed25519")))
    for wishes in (SignerWishes(hash_name="sha256"), SignerWishes(pss=True)):
        with pytest.raises(UnsupportedAlgorithm, match="cannot sign"):
            signed_by(services, tmp_path, wishes, CODE)
    assert not (tmp_path / "out.pdf").exists()
    with pytest.raises(UnsupportedAlgorithm, match="RSA-1024"):
        signing_key_form("RSA-1024")
    with pytest.raises(MalformedRequest, match="card file"):
        person_request(server=False, card=tmp_path, signing_key=signing_key_form("ML-DSA-65"))
