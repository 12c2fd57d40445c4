"""What every command shares: the home folder, its settings and, when asked for, its services."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from idservice.services.assembly import Services
    from idservice.settings import Settings


class AppContext:
    """The object that click hands to commands (`@click.pass_obj`).

    Nothing is read before a command asks for it, so that `--help` stays fast and
    commands that need no home work anywhere.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._overrides: dict[str, dict[str, object]] = {}
        self._services: Services | None = None

    def override(self, section: str, values: Mapping[str, object]) -> None:
        """Let command-line options win over files and environment; None means not given."""
        given = {key: value for key, value in values.items() if value is not None}
        if given:
            self._overrides.setdefault(section, {}).update(given)
            self.__dict__.pop("settings", None)  # read again with these

    @cached_property
    def settings(self) -> Settings:
        """The settings of the home folder. Raises SettingsInvalid."""
        from idservice.settings import load_settings

        return load_settings(self.home, overrides=self._overrides)

    def services(self) -> Services:
        """Open the services of the home folder once.

        Raises NotInitialised, SchemaOutdated, UnsafeDatabase or KeyStoreInvalid.
        """
        if self._services is None:
            from idservice.services.assembly import open_services

            self._services = open_services(self.settings)
        return self._services

    def close(self) -> None:
        """Close what was opened; called once when the command ends."""
        if self._services is not None:
            self._services.close()
            self._services = None
