"""What `idservice doctor` looks at in the hardware security module, if there is one."""

from __future__ import annotations

from collections.abc import Iterator

from idservice.keystore.authority_keys import IN_HSM
from idservice.services.assembly import Services
from idservice.services.findings import Finding, Level
from idservice.services.hardware import PERSONS
from idservice.services.hsm_person_keys import LEFT_ALONE
from idservice.store import hsm_keys


def hardware(services: Services) -> Iterator[Finding]:
    """Tell whether the token answers, and whether the keys that belong into it are there.

    Raises SettingsInvalid, KeyStoreInvalid or KeyStoreUnavailable when it does not answer.
    """
    settings = services.settings.hsm
    if not settings.is_set:
        return
    services.hsm.require_answer()
    yield Finding("hsm", Level.OK, f"the token {settings.token} answers and takes its PIN")
    for name in settings.keys:
        if name != PERSONS:
            yield _place(services, name)
    yield from _people(services)


def _place(services: Services, name: str) -> Finding:
    if services.authority_keys.place(name) == IN_HSM:
        signer = services.authority_keys.load_signer(name)
        kind = signer.algorithm.name
        return Finding("hsm", Level.OK, f"{name} is in the token, was made there, signs {kind}")
    return Finding(
        "hsm",
        Level.WARN,
        f"hsm.keys names {name}, but its key was made in a file before, and a key that was in a "
        "file does not become safe by moving it.",
        "Leave it there and out of hsm.keys, or make a new home with the setting in place.",
    )


def _people(services: Services) -> Iterator[Finding]:
    entries = services.hsm.person_keys()
    with services.database.read() as connection:
        known = hsm_keys.all_identifiers(connection)
    lost = known - {entry.key_id for entry in entries}
    before = services.clock() - LEFT_ALONE
    left = [item for item in entries if item.key_id not in known and item.made_at < before]
    if lost:
        yield Finding(
            "hsm",
            Level.FAIL,
            f"{len(lost)} keys of people are not in the token any more, so these people cannot "
            "sign.",
            "Restore the token from its own backup, or revoke these people and issue them again.",
        )
    elif left:
        yield Finding(
            "hsm",
            Level.WARN,
            f"{len(left)} keys in the token are nobody's: processes died while they issued.",
            "Starting the service destroys them.",
        )
    else:
        yield Finding("hsm", Level.OK, f"{len(known)} keys of people are in the token")
