"""The kinds of changes that are made after a signature, for whoever permits some of them."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """What a change does, for whoever permits some kinds and not others."""

    SIGNATURE = "signature"
    TIME_STAMP = "time-stamp"
    EVIDENCE = "evidence"
    FORM_FILLING = "form-filling"
    ANNOTATION = "annotation"
    METADATA = "metadata"
    NO_EFFECT = "no-effect"
    CONTENT = "content"
