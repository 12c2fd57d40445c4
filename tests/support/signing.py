"""Signing in one line, for tests that are about what comes before or after it."""

from functools import cache

from idservice.cms.signed_data import CmsTemplate, cms_template
from idservice.crypto.algorithms import KeyKind, SignatureAlgorithm
from idservice.pades.signing import SignatureOptions, sign
from idservice.pdf.document import open_document
from support.pki import AT, chain


def template_for(
    kind: KeyKind = KeyKind.P256, algorithm: SignatureAlgorithm | None = None
) -> CmsTemplate:
    """The standing signer with a key of this kind, as a CMS template."""
    return _template(kind, algorithm)


@cache
def _template(kind: KeyKind, algorithm: SignatureAlgorithm | None) -> CmsTemplate:
    links = chain(kind)
    chosen = algorithm or links.leaf.signer().algorithm
    return cms_template(links.leaf.der, (links.intermediate.der,), chosen)


def signed(
    data: bytes,
    kind: KeyKind = KeyKind.P256,
    *,
    algorithm: SignatureAlgorithm | None = None,
    password: str | None = None,
    options: SignatureOptions | None = None,
) -> bytes:
    """Sign a file with the standing signer; return the whole signed file."""
    template = template_for(kind, algorithm)
    signer = chain(kind).leaf.signer(template.algorithm)
    document = open_document(data, password=password)
    return data + sign(document, signer, template, at=AT, options=options or SignatureOptions())
