"""A home vouches for its own people, as a scheme that is marked as one for tests."""

import datetime as dt

from idservice.cms.signed_data import cms_template
from idservice.keystore.card import Purpose
from idservice.pades.signing import sign
from idservice.pdf.document import open_document
from idservice.services.assembly import Services, open_services
from idservice.services.own_scheme import SCHEME
from support import pdfs
from support.homes import PIN2

CODE = "38001085718"


def signed_here(services: Services) -> bytes:
    """A document that a test person signed with the key that the home keeps."""
    held = services.key_custody.unlock_signer(CODE, Purpose.SIGNING, PIN2)
    template = cms_template(held.certificate_der, held.chain_der[:1], held.signer.algorithm)
    data = pdfs.baseline()
    return data + sign(open_document(data), held.signer, template, at=dt.datetime.now(dt.UTC))


def test_people_of_a_home_sign_qualified_inside_it(services: Services) -> None:
    """QcStatements and the home's own services give QESIG, and the scheme is one for tests."""
    report = services.validation.validate(signed_here(services), "a.pdf")
    assert report.passed
    found = report.signatures[0].qualification
    assert (found.level, found.reasons) == ("QESIG", ())
    assert found.service is not None
    assert (found.service.scheme, found.service.test) == (SCHEME, True)


def test_the_scheme_can_be_turned_off(services: Services) -> None:
    """Without it the signature passes all the same, and nothing is said of being qualified."""
    document = signed_here(services)
    lists = services.settings.trust_lists.model_copy(update={"own_scheme": False})
    settings = services.settings.model_copy(update={"trust_lists": lists})
    plain = open_services(settings)
    try:
        report = plain.validation.validate(document, "a.pdf")
    finally:
        plain.close()
    assert report.passed
    assert report.signatures[0].qualification.level == "NA"
