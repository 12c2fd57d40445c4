"""What a person may say with a signature."""

from __future__ import annotations

from dataclasses import dataclass

from idservice.pades.signing import SignatureOptions as PadesOptions
from idservice.pdf.signature_dictionary import SignatureText


@dataclass(frozen=True, slots=True)
class SignatureOptions:
    """Texts that viewers show, and the field to sign into; all optional.

    `field_name` names an existing empty signature field or the new one; without it new
    fields are called Signature1, Signature2 and so on.
    """

    reason: str | None = None
    location: str | None = None
    contact: str | None = None
    field_name: str | None = None

    def for_signer(self, name: str | None = None) -> PadesOptions:
        """Return the options as the signing core takes them, with the signer's name."""
        text = SignatureText(
            name=name, reason=self.reason, location=self.location, contact=self.contact
        )
        return PadesOptions(field_name=self.field_name, text=text)
