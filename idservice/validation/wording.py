"""What the values of a report mean, in words for people; programs read the values themselves."""

from __future__ import annotations

SIGNED_BYTES = {
    "intact": "as they were signed",
    "broken": "not what was signed",
    "unverifiable": "cannot be verified",
}
"""By the value of `integrity`."""

COVERAGE = {
    "whole-file": "the whole file",
    "revision": "an earlier revision of the file; what came later is listed",
    "broken": "no whole revision of the file",
}
"""By the value of `coverage`."""

CHANGES = {
    "none": "nothing",
    "permitted": "only what is permitted",
    "forbidden": "what is forbidden",
    "not-analysed": "what could not be judged",
}
"""By the verdict of `changes`."""

TRUST = {
    "trusted": "trusted",
    "untrusted": "not trusted here",
    "unknown": "not known: no authority is trusted here",
}
"""By the verdict of `trust`."""

_KINDS = {"SIG": "signature", "SEAL": "seal", "S": "signature or seal"}
_QUALIFIED = {f"QE{suffix}": f"a qualified electronic {kind}" for suffix, kind in _KINDS.items()}
_ADVANCED = {f"ADE{suffix}": f"an advanced electronic {kind}" for suffix, kind in _KINDS.items()}
_WITH_CERTIFICATE = {
    f"{level}_QC": f"{words} with a qualified certificate" for level, words in _ADVANCED.items()
}
_LEVELS = {
    **_QUALIFIED,
    **_ADVANCED,
    **_WITH_CERTIFICATE,
    "NOT_ADES": "not even an advanced signature",
    "NOT_ADES_QC": "not even an advanced signature, though with a qualified certificate",
    "NOT_ADES_QC_QSCD": "not even an advanced signature, though with a qualified certificate",
    "NA": "no trusted list that was asked knows the issuer",
}
_OPEN = "INDETERMINATE_"


def legal_value(level: str, *, test_scheme: bool) -> str:
    """Return what a level such as QESIG means (eIDAS articles 25 to 40; TS 119 615 cl. 4.6).

    A `test_scheme` gives no legal value to anything, and that is said.
    """
    meaning = _LEVELS.get(level.removeprefix(_OPEN), level)
    if level.startswith(_OPEN):
        meaning += ", if it is proved to be valid"
    return f"{meaning}; a test scheme, without legal value" if test_scheme else meaning


def short_name(name: str) -> str:
    """Return the common name of a distinguished name in the form of RFC 4514, or all of it."""
    parts = [""]
    characters = iter(name)
    for character in characters:
        if character == "\\":
            parts[-1] += next(characters, "")
        elif character in ",+":
            parts.append("")
        else:
            parts[-1] += character
    found = [part.removeprefix("CN=") for part in parts if part.startswith("CN=")]
    return found[-1] if found else name
