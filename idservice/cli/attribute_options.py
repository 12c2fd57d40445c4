"""Options of `idservice sign` that say what a signature means, restricts and is made with."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from idservice.services.signature_options import SignerWishes

_COMMITMENTS = ("origin", "receipt", "delivery", "sender", "approval", "creation")
_HASHES = ("sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512")

_OPTIONS = (
    click.option(
        "--commitment",
        type=click.Choice(_COMMITMENTS),
        help="What the signature is to prove; not beside --reason.",
    ),
    click.option(
        "--role", "roles", multiple=True, help="A role that the signer claims; may be repeated."
    ),
    click.option("--policy", metavar="OID", help="Signature policy; not beside --reason."),
    click.option("--policy-hash", metavar="HEX", help="SHA-256 of the policy's document."),
    click.option("--policy-uri", metavar="URL", help="Where the policy's document is."),
    click.option(
        "--certify",
        type=click.IntRange(1, 3),
        help="Certify the document: 1 nothing may change, 2 forms and signatures may, "
        "3 annotations as well.",
    ),
    click.option(
        "--lock",
        metavar="FIELDS",
        help="Lock form fields: all, include:NAME,… or exclude:NAME,….",
    ),
    click.option(
        "--lock-permits",
        type=click.IntRange(1, 3),
        help="What may still change after --lock, as with --certify.",
    ),
    click.option(
        "--hash",
        "hash_name",
        type=click.Choice(_HASHES),
        help="Hash instead of the usual one of the key.",
    ),
    click.option("--pss", is_flag=True, help="RSASSA-PSS instead of PKCS#1 v1.5 with an RSA key."),
)


def attribute_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which gets them as its one argument `wishes`."""

    @wraps(command)
    def with_wishes(*args: Any, **kwargs: Any) -> Any:
        wishes = _wishes({name: kwargs.pop(name) for name in _NAMES})
        return command(*args, wishes=wishes, **kwargs)

    for option in reversed(_OPTIONS):
        with_wishes = option(with_wishes)
    return with_wishes


_NAMES = (
    "commitment",
    "roles",
    "policy",
    "policy_hash",
    "policy_uri",
    "certify",
    "lock",
    "lock_permits",
    "hash_name",
    "pss",
)


def _wishes(values: dict[str, Any]) -> SignerWishes:
    from idservice.services.signature_options import SignerWishes

    return SignerWishes(**values)
