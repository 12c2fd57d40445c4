"""Origins of relying parties: one spelling each, https or http on loopback.

The origin is what a card signs together with the challenge, so two spellings of one
origin would be two origins. The spelling is the browser's (RFC 6454 cl. 6.2).
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from idservice.errors import OriginUnacceptable

MAX_ORIGIN_CHARACTERS = 255

_DEFAULT_PORTS = {"https": 443, "http": 80}
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PRINTABLE = re.compile(r"[!-~]+")


def normalise_origin(text: str) -> str:
    """Return the one spelling of an origin: lower case, default port left out.

    Raises OriginUnacceptable for anything but https (or http on loopback) with a host
    and perhaps a port, and nothing behind it.
    """
    if len(text) > MAX_ORIGIN_CHARACTERS or not _PRINTABLE.fullmatch(text):
        raise _unacceptable("it is empty, too long or has characters that no origin has")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as exc:
        raise _unacceptable("its host or port cannot be read") from exc
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    # urlsplit has already put the scheme in lower case; compare the rest as it was written.
    bare = text[len(scheme) :] == f"://{parts.netloc}" and "@" not in parts.netloc
    if not bare or parts.netloc.endswith(":"):
        raise _unacceptable("it has more than scheme, host and port, such as a path or a slash")
    _require_host(host)
    if scheme != "https" and not (scheme == "http" and is_loopback(host)):
        raise _unacceptable("it is neither https nor http on loopback")
    shown = f"[{host}]" if ":" in host else host
    suffix = "" if port is None or port == _DEFAULT_PORTS[scheme] else f":{port}"
    return f"{scheme}://{shown}{suffix}"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_host(host: str) -> None:
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError as exc:
            raise _unacceptable("its address is no IPv6 address") from exc
    elif not _HOST_NAME.fullmatch(host):
        raise _unacceptable("its host is no host name; write international names in Punycode")


def _unacceptable(reason: str) -> OriginUnacceptable:
    return OriginUnacceptable(
        f"The origin cannot be used: {reason}. A card signs the origin, so it must be exact.",
        "Write https://host or https://host:port, or http://127.0.0.1:port for development.",
    )
