"""Signatures by a key in a token: hashed here, signed there, verified here before any use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pkcs11 import MGF, Mechanism, SignMixin
from pkcs11 import PrivateKey as TokenPrivateKey
from pkcs11.exceptions import KeyHandleInvalid, ObjectHandleInvalid

from idservice.crypto import der
from idservice.crypto.algorithms import DEFAULT_FOR_KEY, SignatureAlgorithm
from idservice.crypto.keys import der_from_raw, key_kind, load_public_key, verify_signature
from idservice.errors import KeyStoreUnavailable, SignatureInvalid, UnsupportedAlgorithm
from idservice.keystore.pkcs11_sessions import TokenSession, TokenSessions

FindKey = Callable[[TokenSession], TokenPrivateKey]

MAX_CACHED = 256
"""Keys whose handles a session remembers; people come and go."""

_NULL = b"\x05\x00"
_PSS = {
    "sha256": (Mechanism.SHA256, MGF.SHA256),
    "sha384": (Mechanism.SHA384, MGF.SHA384),
    "sha512": (Mechanism.SHA512, MGF.SHA512),
}


class HsmSigner:
    """A signer whose private key is in a token and never in the memory of this process."""

    def __init__(
        self,
        sessions: TokenSessions,
        find: FindKey,
        spki_der: bytes,
        algorithm: SignatureAlgorithm | None = None,
    ) -> None:
        """Sign with the key that `find` looks up in a session; `spki_der` is its public key.

        Raises UnsupportedAlgorithm when the algorithm does not fit the key.
        """
        self._sessions = sessions
        self._find = find
        self._public_key = load_public_key(spki_der)
        self._public_key_der = spki_der
        self._kind = key_kind(self._public_key)
        self._algorithm = algorithm or DEFAULT_FOR_KEY[self._kind]
        if self._kind not in self._algorithm.key_kinds:
            raise UnsupportedAlgorithm(
                f"A {self._kind.value} key cannot be used with {self._algorithm.name}.",
                f"Use {DEFAULT_FOR_KEY[self._kind].name} with this key.",
            )

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The algorithm of every value that `sign` returns."""
        return self._algorithm

    @property
    def public_key_der(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo."""
        return self._public_key_der

    def with_algorithm(self, algorithm: SignatureAlgorithm) -> HsmSigner:
        """Return a signer with the same key and another algorithm.

        Raises UnsupportedAlgorithm when the key does not fit it.
        """
        return HsmSigner(self._sessions, self._find, self._public_key_der, algorithm)

    def sign(self, data: bytes) -> bytes:
        """Return the signature value over `data`; ECDSA values in DER.

        Raises KeyStoreUnavailable when the token is down or makes a value that does not
        verify: a faulty value may tell the private key, so it goes nowhere.
        """
        value, mechanism = self._input(data)

        def job(session: TokenSession) -> bytes:
            return self._sign(session, value, mechanism)

        made = self._sessions.run(job)
        signature = der_from_raw(made, self._kind) if self._is_ecdsa else made
        try:
            verify_signature(self._public_key, self._algorithm, signature, data)
        except SignatureInvalid as exc:
            raise KeyStoreUnavailable(
                "The token made a signature value that does not verify, so it is not used.",
                "Take the token out of service: it is faulty, or its key is not that of the "
                "certificate.",
            ) from exc
        return signature

    @property
    def _is_ecdsa(self) -> bool:
        return self._algorithm.family == "ecdsa"

    def _sign(self, session: TokenSession, value: bytes, mechanism: dict[str, Any]) -> bytes:
        try:
            return self._key(session).sign(value, **mechanism)
        except (KeyHandleInvalid, ObjectHandleInvalid):
            # The object may have been made anew; a token that is gone fails again here.
            session.cache.pop(self._public_key_der, None)
            return self._key(session).sign(value, **mechanism)

    def _key(self, session: TokenSession) -> SignMixin:
        key = session.cache.get(self._public_key_der)
        if key is None:
            if len(session.cache) >= MAX_CACHED:
                session.cache.clear()
            key = session.cache[self._public_key_der] = self._find(session)
        # The binding gives this part to every key that may sign, which was read back.
        return cast("SignMixin", key)

    def _input(self, data: bytes) -> tuple[bytes, dict[str, Any]]:
        """What is handed to the token, and the mechanism that it is handed to."""
        algorithm = self._algorithm
        if algorithm.family == "eddsa":
            return data, {"mechanism": Mechanism.EDDSA}
        digest = algorithm.hash.digest(data)
        if algorithm.family == "ecdsa":
            return digest, {"mechanism": Mechanism.ECDSA}
        if algorithm.parameters == "pss":
            return digest, _pss(algorithm)
        # DigestInfo, with the NULL that RFC 8017 app. B.1 asks for; the token adds the padding.
        named = der.sequence(der.object_identifier(algorithm.hash.oid), _NULL)
        return der.sequence(named, der.octet_string(digest)), {"mechanism": Mechanism.RSA_PKCS}


def _pss(algorithm: SignatureAlgorithm) -> dict[str, Any]:
    if algorithm.hash.name not in _PSS:
        raise UnsupportedAlgorithm(
            f"No token has a mechanism for {algorithm.name}.", "Use PSS with SHA-256."
        )
    parameters = (*_PSS[algorithm.hash.name], algorithm.hash.size)
    return {"mechanism": Mechanism.RSA_PKCS_PSS, "mechanism_param": parameters}
