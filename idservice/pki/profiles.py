"""The profiles file: read, checked profile by profile, and kept by name.

Reading the file from disk is the caller's affair.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from idservice.errors import ProfileInvalid
from idservice.pki.profile import LintException, Profile, ProfilesConfig
from idservice.pki.profile_rules import broken_profile, make_profile


@dataclass(frozen=True, slots=True)
class Profiles:
    """All checked profiles by name, and the pkilint findings that stay."""

    version: str
    by_name: Mapping[str, Profile]
    lint_exceptions: tuple[LintException, ...]

    def profile(self, name: str) -> Profile:
        """Return the profile of this name; raise ProfileInvalid when there is none."""
        try:
            return self.by_name[name]
        except KeyError:
            raise ProfileInvalid(
                f"There is no certificate profile {name!r}.", "Add it to profiles.toml."
            ) from None


def load_profiles(text: str) -> Profiles:
    """Read the text of a profiles file and check every profile.

    Raises ProfileInvalid, naming each wrong key or the rule that is broken.
    """
    try:
        config = ProfilesConfig.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as exc:
        raise ProfileInvalid(f"The profiles file is not TOML: {exc}.", "Correct it.") from exc
    except ValidationError as exc:
        problems = [
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in exc.errors(include_url=False, include_input=False)
        ]
        raise ProfileInvalid(
            f"The profiles file cannot be used: {'; '.join(problems)}.", "Correct these keys."
        ) from exc
    profiles = {
        name: make_profile(name, config.version, item) for name, item in config.profiles.items()
    }
    for profile in profiles.values():
        issuer = profiles.get(profile.issuer)
        if issuer is None or not issuer.role.is_authority:
            raise broken_profile(profile.name, "its issuer is no profile of an authority", "issuer")
    return Profiles(config.version, profiles, config.pkilint_exceptions)
