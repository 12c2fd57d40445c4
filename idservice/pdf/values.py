"""Values of PDF objects as Python values, whatever bytes stand in them."""

from __future__ import annotations

from pikepdf import Name, Object, String


def as_text(item: object) -> str:
    """Return a name (with its slash) or a text string as text; odd bytes come out escaped.

    Names and strings are bytes and need not be UTF-8 (ISO 32000-2 cl. 7.3.4 and 7.3.5).
    """
    if not isinstance(item, Object):
        return str(item)
    if isinstance(item, (Name, String)):
        try:
            return str(item)
        except UnicodeDecodeError:
            pass
    return item.unparse().decode("latin-1")
