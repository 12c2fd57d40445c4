"""PAdES-B-B signatures (EN 319 142-1 cl. 6) in two phases, the same for every signer.

`prepare` appends field and signature dictionary to a document that was opened strictly
and tells which bytes are to be signed. The signer, wherever it is, makes a value.
`complete` verifies the value and puts the CMS into its place. The finished file is the
input followed by what `complete` returns; neither phase copies the input.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from idservice.cms.claims import SignerClaims
from idservice.crypto.keys import Signer, verify_signature
from idservice.errors import MalformedRequest
from idservice.pades.covering import cover, embed
from idservice.pades.pending import PendingSignature
from idservice.pdf.extensions import CURVES_IN_PDF, SHA3_IN_PDF
from idservice.pdf.signable import require_signable
from idservice.pdf.signature_dictionary import SignatureText
from idservice.pdf.signature_field import Restrictions, place_signature
from idservice.pdf.stamp import Stamp
from idservice.pdf.update import Update

if TYPE_CHECKING:
    import datetime as dt

    from idservice.cms.signed_data import CmsTemplate
    from idservice.crypto.algorithms import SignatureAlgorithm
    from idservice.pdf.document import PdfDocument


@dataclass(frozen=True, slots=True)
class SignatureOptions:
    """What may differ from one signature to the next.

    `field_name` names an existing empty signature field; without it a new one is made,
    named `new_field`, or else Signature1, Signature2 and so on. `text` is shown by viewers and
    signed with the rest; `claims` are in the CMS, `restrictions` hold from then on. A `stamp`
    makes it visible.
    """

    field_name: str | None = None
    text: SignatureText = field(default_factory=SignatureText)
    claims: SignerClaims = field(default_factory=SignerClaims)
    restrictions: Restrictions = field(default_factory=Restrictions)
    stamp: Stamp | None = None
    new_field: str | None = None

    def __post_init__(self) -> None:
        """Raise MalformedRequest for two fields, or two reasons (EN 319 142-1 cl. 6.3)."""
        if self.field_name is not None and self.new_field is not None:
            raise MalformedRequest(
                "Both an existing field and a new one are named, and a signature has one.",
                "Give the one or the other.",
            )
        if self.text.reason is not None and self.claims.excludes_reason:
            raise MalformedRequest(
                "A reason is given beside a commitment type or a signature policy, which say "
                "already why it is signed; validators would have to choose.",
                "Leave out the reason, or the commitment type and the policy.",
            )


_DEFAULTS = SignatureOptions()
_ON_CURVES = ("ecdsa", "eddsa")


def prepare(
    document: PdfDocument,
    template: CmsTemplate,
    *,
    at: dt.datetime,
    options: SignatureOptions = _DEFAULTS,
    room: int = 0,
) -> PendingSignature:
    """Lay out a signature for `document` and return it with the bytes to be signed.

    `at` is the claimed signing time (aware); `room` is kept free for unsigned attributes
    such as a time-stamp, in bytes. The bytes to be signed are `.dtbs`; a device
    that wants a digest gets `.dtbs_digest`. Raises FieldNotFound, PdfSigningForbidden when an
    earlier signature does not allow another, MalformedPdf when the place for it is damaged.
    """
    require_signable(document)
    template = template.with_claims(options.claims.attributes_der())
    update = Update(document)
    name, signature = place_signature(
        document,
        update,
        at=at,
        text=options.text,
        capacity=template.max_size + room,
        digest=template.algorithm.hash.name,
        field_name=options.field_name,
        new_field=options.new_field,
        restrictions=options.restrictions,
        iso_extensions=iso_extensions(template.algorithm),
        stamp=options.stamp,
    )
    covered = cover(document, update.finish(), signature, template.algorithm.hash)
    return PendingSignature(
        template,
        name,
        document.frame.size,
        covered.input_digest,
        covered.update,
        covered.contents_start,
        covered.contents_end,
        template.signed_attributes(covered.digest),
    )


def iso_extensions(algorithm: SignatureAlgorithm) -> tuple[int, ...]:
    """Return the extensions of PDF 2.0 that a signature with this algorithm uses."""
    sha3 = (SHA3_IN_PDF,) if algorithm.hash.name.startswith("sha3_") else ()
    curves = (CURVES_IN_PDF,) if algorithm.family in _ON_CURVES else ()
    return sha3 + curves


def signature_cms(pending: PendingSignature, value: bytes, *, made_here: bool = False) -> bytes:
    """Return the DER ContentInfo of a pending signature with its value (ECDSA in DER).

    The value is verified under the key of the certificate, unless `made_here` says that
    our own software key has just made it in this process. Raises SignatureInvalid.
    """
    template = pending.template
    if not made_here:
        verify_signature(template.public_key, template.algorithm, value, pending.dtbs)
    return template.attach(pending.dtbs, value)


def embed_cms(pending: PendingSignature, cms_der: bytes) -> bytes:
    """Put a CMS in its place; return the bytes to append to the input.

    Raises SignatureRoomTooSmall.
    """
    return embed(pending.update, pending.contents_start, pending.contents_end, cms_der)


def complete(pending: PendingSignature, value: bytes, *, made_here: bool = False) -> bytes:
    """Put a signature value in its place; return the bytes to append to the input.

    `signature_cms` and `embed_cms` in one step: for signatures without a time-stamp.
    Raises SignatureInvalid and SignatureRoomTooSmall; nothing is returned that would not
    verify.
    """
    return embed_cms(pending, signature_cms(pending, value, made_here=made_here))


def sign(
    document: PdfDocument,
    signer: Signer,
    template: CmsTemplate,
    *,
    at: dt.datetime,
    options: SignatureOptions = _DEFAULTS,
) -> bytes:
    """Sign with a software key of this process: `prepare`, sign and `complete` in one step.

    Returns the bytes to append to the input. For every other kind of signer call the
    two phases yourself, so that its value is verified.
    """
    pending = prepare(document, template, at=at, options=options)
    return complete(pending, signer.sign(pending.dtbs), made_here=True)
