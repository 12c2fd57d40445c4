"""The keys of authorities where the settings want them: some in files, some in a token.

The settings say where a new key is made. A key that exists is used where it is: in its file
if there is one, otherwise in the token.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.certificates import load_certificate
from idservice.crypto.keys import Signer, public_key_der, public_key_of
from idservice.errors import KeyStoreInvalid
from idservice.keystore.authority_keys import IN_FILE, IN_HSM, NewKey
from idservice.keystore.pkcs11 import HsmKeys
from idservice.keystore.software import KeyFiles


class PlacedKeys:
    """Keys in files and in a token behind one interface; certificates are always files."""

    def __init__(self, files: KeyFiles, hsm: HsmKeys, made_in_hsm: AbstractSet[str]) -> None:
        """Make the keys named in `made_in_hsm` in the token, all others in files."""
        self._files = files
        self._hsm = hsm
        self._made_in_hsm = made_in_hsm

    def generate(self, name: str, kind: KeyKind) -> NewKey:
        """Make a key in the token or in memory; see `AuthorityKeys.generate`."""
        if name not in self._made_in_hsm:
            return self._files.generate(name, kind)
        made = self._hsm.generate(self._hsm.authority_label(name), kind)

        def keep(certificate_der: bytes) -> None:
            if _public_key(certificate_der) != made.signer.public_key_der:
                raise KeyStoreInvalid(
                    f"The certificate of {name} is not of the key that was made in the token.",
                    "This is a fault of the program; report it.",
                )
            self._files.create_certificate(name, certificate_der)

        return NewKey(made.signer, keep=keep, discard=lambda: self._hsm.destroy(made.key_id))

    def load_certificate(self, name: str) -> bytes:
        """Return the certificate of a key as DER. Raises KeyStoreInvalid."""
        return self._files.load_certificate(name)

    def load_signer(self, name: str) -> Signer:
        """Open a key where it is; see `AuthorityKeys.load_signer`."""
        if self.place(name) == IN_FILE:
            return self._files.load_signer(name)
        spki_der = _public_key(self._files.load_certificate(name))
        return self._hsm.open(spki_der, label=self._hsm.authority_label(name)).signer

    def replace_certificate(self, name: str, certificate_der: bytes) -> None:
        """Put a new certificate of the same key in the place of the one before."""
        self._files.replace_certificate(name, certificate_der)

    def place(self, name: str) -> str:
        """Tell where a key lives: IN_FILE or IN_HSM; a new one where the settings want it."""
        if self._files.key_path(name).exists():
            return IN_FILE
        has_certificate = self._files.certificate_path(name).exists()
        return IN_HSM if has_certificate or name in self._made_in_hsm else IN_FILE


def _public_key(certificate_der: bytes) -> bytes:
    return public_key_der(public_key_of(load_certificate(certificate_der)))
