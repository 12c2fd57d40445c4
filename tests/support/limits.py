"""Settings of validations in tests: those of the product, but for what a test is about."""

from pathlib import Path
from typing import Any

from idservice.settings import ValidationSettings, load_settings


def limits(**changes: Any) -> ValidationSettings:
    """Return the default settings with some changed; one document at a time."""
    usual = load_settings(Path("home"), {}).validation
    return usual.model_copy(update={"parallel": 1, **changes})
