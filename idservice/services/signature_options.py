"""What a person may say with a signature."""

from __future__ import annotations

from dataclasses import dataclass, field

from idservice.pades.signing import SignatureOptions as PadesOptions
from idservice.pdf.signature_dictionary import SignatureText
from idservice.services.signer_wishes import SignerWishes
from idservice.services.stamps import StampChoice

__all__ = ["SignatureOptions", "SignerWishes"]


@dataclass(frozen=True, slots=True)
class SignatureOptions:
    """Texts that viewers show, the field to sign into, and further wishes; all optional.

    `field_name` names an existing empty signature field. Without it there is a new one, named
    `new_field`, or else Signature1, Signature2 and so on.
    """

    reason: str | None = None
    location: str | None = None
    contact: str | None = None
    field_name: str | None = None
    wishes: SignerWishes = field(default_factory=SignerWishes)
    stamp: StampChoice | None = None
    new_field: str | None = None

    def __post_init__(self) -> None:
        """Raise MalformedRequest for wishes that cannot be read or contradict each other."""
        self.for_signer()

    def for_signer(
        self, name: str | None = None, *, certificate_der: bytes | None = None
    ) -> PadesOptions:
        """Return the options as the signing core takes them, with the signer's name.

        A stamp shows the person of `certificate_der`; without it there is none.
        """
        shown = None
        if self.stamp is not None and certificate_der is not None:
            shown = self.stamp.for_certificate(certificate_der)
        text = SignatureText(
            name=name, reason=self.reason, location=self.location, contact=self.contact
        )
        return PadesOptions(
            field_name=self.field_name,
            new_field=self.new_field,
            text=text,
            claims=self.wishes.claims(),
            restrictions=self.wishes.restrictions(),
            stamp=shown,
        )
