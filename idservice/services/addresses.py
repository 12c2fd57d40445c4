"""Who listens on an address of this machine: nobody, this service, or another program."""

from __future__ import annotations

import errno
import os
import socket
import sys
from enum import Enum

from idservice.errors import AddressInUse, ServiceUnavailable, SettingsInvalid
from idservice.transport import HttpSession

HEALTH_PATH = "/healthz"


class Listener(Enum):
    """What was found on an address."""

    NOBODY = "nobody"
    IDSERVICE = "idservice"
    OTHER = "other"


def require_free(host: str, port: int) -> None:
    """Raise AddressInUse when something listens there, SettingsInvalid for no address of ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # Without SO_REUSEPORT the bind fails even where the other listener would share.
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            raise _in_use(host, port) from exc
        raise SettingsInvalid(
            f"Nothing can listen on {host} port {port}: {exc.strerror}.",
            "Correct --host and --port, or server.host and server.port in the settings.",
        ) from exc


def claim(host: str, port: int) -> socket.socket:
    """Claim a free address for this process; keep what is returned for as long as it serves.

    Servers share a port gladly (SO_REUSEPORT) and listen late, so that of two started at
    one moment both would find it free and both would serve. The claim is a name that one
    process can have and that ends with it: an abstract socket in the same network
    namespace, on Linux; elsewhere nothing is claimed. Raises AddressInUse, and
    SettingsInvalid as `require_free`.
    """
    claimed = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if sys.platform == "linux":
            claimed.bind(f"\0idservice-serves-{host}-{port}")
        require_free(host, port)
    except OSError as exc:
        claimed.close()
        raise _in_use(host, port) from exc
    except BaseException:
        claimed.close()
        raise
    os.register_at_fork(after_in_child=claimed.close)
    return claimed


def who_listens(host: str, port: int) -> Listener:
    """Tell who listens on an address. Raises SettingsInvalid for an address that is not ours."""
    try:
        require_free(host, port)
    except AddressInUse:
        return Listener.IDSERVICE if is_idservice(local_url(host, port)) else Listener.OTHER
    return Listener.NOBODY


def is_idservice(url: str) -> bool:
    """Tell whether an idservice answers at an address."""
    try:
        answer = HttpSession(url).get(HEALTH_PATH)
        members = answer.json()
    except ServiceUnavailable:
        return False
    return isinstance(members, dict) and {"status", "version", "database"} <= members.keys()


def local_url(host: str, port: int) -> str:
    """The address by which this machine reaches what listens on `host`."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
    reached = everywhere.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _in_use(host: str, port: int) -> AddressInUse:
    return AddressInUse(
        f"Port {port} on {host} is in use, perhaps by an idservice that already runs.",
        "Stop the other program, or choose another port with --port.",
    )
