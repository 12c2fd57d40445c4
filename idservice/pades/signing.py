"""PAdES-B-B signatures (EN 319 142-1 cl. 6) in two phases, the same for every signer.

`prepare` appends field and signature dictionary to a document that was opened strictly
and tells which bytes are to be signed. The signer, wherever it is, makes a value.
`complete` verifies the value and puts the CMS into its place. The finished file is the
input followed by what `complete` returns; neither phase copies the input.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from idservice.crypto.keys import Signer, verify_signature
from idservice.errors import SignatureInvalid
from idservice.pades.pending import PendingSignature
from idservice.pdf.signable import require_signable
from idservice.pdf.signature_dictionary import SignatureText, find_gap
from idservice.pdf.signature_field import place_signature
from idservice.pdf.update import Update

if TYPE_CHECKING:
    import datetime as dt

    from idservice.cms.signed_data import CmsTemplate
    from idservice.pdf.document import PdfDocument


@dataclass(frozen=True, slots=True)
class SignatureOptions:
    """What may differ from one signature to the next.

    `field_name` names an existing empty signature field, or the new one; None makes
    Signature1, Signature2 and so on. `text` is shown by viewers and signed with the rest.
    """

    field_name: str | None = None
    text: SignatureText = field(default_factory=SignatureText)


_DEFAULTS = SignatureOptions()


def prepare(
    document: PdfDocument,
    template: CmsTemplate,
    *,
    at: dt.datetime,
    options: SignatureOptions = _DEFAULTS,
) -> PendingSignature:
    """Lay out a signature for `document` and return it with the bytes to be signed.

    `at` is the claimed signing time (aware). The bytes to be signed are `.dtbs`; a device
    that wants a digest gets `.dtbs_digest`. Raises PdfSigningForbidden when an earlier
    signature does not allow another, MalformedPdf when the place for it is damaged.
    """
    require_signable(document)
    update = Update(document)
    name, signature = place_signature(
        document,
        update,
        at=at,
        text=options.text,
        capacity=template.max_size,
        digest=template.algorithm.hash.name,
        field_name=options.field_name,
    )
    appended = update.finish()
    gap = find_gap(appended, signature)
    size = document.frame.size
    data = appended.data
    byte_range = b"0 %d %d %d" % (
        size + gap.contents_start,
        size + gap.contents_end,
        len(data) - gap.contents_end,
    )
    end = gap.byte_range_start + gap.byte_range_size
    data[gap.byte_range_start : end] = byte_range.ljust(gap.byte_range_size)
    digest = template.algorithm.hash.new(document.data)
    input_digest = digest.digest()
    view = memoryview(data)
    digest.update(view[: gap.contents_start])
    digest.update(view[gap.contents_end :])
    return PendingSignature(
        template,
        name,
        size,
        input_digest,
        bytes(data),
        gap.contents_start,
        gap.contents_end,
        template.signed_attributes(digest.digest()),
    )


def complete(pending: PendingSignature, value: bytes, *, made_here: bool = False) -> bytes:
    """Put a signature value in its place; return the bytes to append to the input.

    The value (ECDSA in DER) is verified under the key of the certificate, unless
    `made_here` says that our own software key has just made it in this process. Raises
    SignatureInvalid; nothing is returned that would not verify.
    """
    template = pending.template
    if not made_here:
        verify_signature(template.public_key, template.algorithm, value, pending.dtbs)
    contents = template.attach(pending.dtbs, value).hex().encode()
    room = pending.contents_end - pending.contents_start - 2
    if len(contents) > room:
        raise SignatureInvalid(
            f"The signature needs {len(contents) // 2} bytes and {room // 2} are reserved for "
            "it: the value is longer than this key can make.",
            "Sign the given bytes with the key of the certificate.",
        )
    update = pending.update
    start = pending.contents_start + 1
    return b"".join((update[:start], contents, update[start + len(contents) :]))


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
