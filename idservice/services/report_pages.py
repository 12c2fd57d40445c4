"""The pages of a document as each signature covered them, beside the pages as they are now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.errors import IdServiceError
from idservice.services.confinement import ConfinedReader
from idservice.validation.facts import worst_change

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData
    from idservice.services.confined_answers import DrawnPage
    from idservice.settings import ValidationSettings
    from idservice.validation.facts import Change
    from idservice.validation.report import SignatureReport, ValidationReport

MAX_PAGES = 60
"""Pages that are drawn for one report: it has to stay a file that can be opened and printed."""

Progress = Callable[[int, int], None]
"""Is told how many pages are drawn, and how many there will be."""


@dataclass(frozen=True, slots=True)
class ComparedPage:
    """One page as it was signed and as it is now.

    `drawn` is None when it could not be drawn, for the reason in `fault`. `changes` are those
    that were found on this page, `verdict` the gravest of them; "none" without any.
    """

    number: int
    drawn: DrawnPage | None
    fault: str | None
    changes: tuple[Change, ...]
    verdict: str

    @property
    def looks_the_same(self) -> bool:
        """Whether both pictures show the same."""
        return self.drawn is not None and not self.drawn.marks and None not in self._pictures

    @property
    def _pictures(self) -> tuple[object, object]:
        assert self.drawn is not None  # noqa: S101 - asked for only where there is one
        return self.drawn.was, self.drawn.shown


@dataclass(frozen=True, slots=True)
class SignedRevision:
    """What one or several signatures cover: their names, how many bytes, and the pages.

    `pages_then` and `pages_now` are how many the document had and has, None when nobody knows.
    Pages beyond the limit are not among `pages`. `verdict` is the gravest of all later changes.
    """

    number: int | None
    names: tuple[str, ...]
    end: int
    pages: tuple[ComparedPage, ...]
    pages_then: int | None
    pages_now: int | None
    verdict: str

    @property
    def left_out(self) -> int:
        """How many pages are not shown."""
        return max(self.pages_then or 0, self.pages_now or 0, len(self.pages)) - len(self.pages)


def signed_revisions(
    report: ValidationReport,
    document: PdfData,
    settings: ValidationSettings,
    *,
    password: str | None = None,
    progress: Progress = lambda *_: None,
) -> tuple[SignedRevision, ...]:
    """Draw what each signature of a report covers, oldest first.

    Raises ServiceUnavailable when no process can be started that draws. Whatever is wrong with
    a page is said at the page.
    """
    groups: dict[int, list[SignatureReport]] = {}
    for item in report.signatures:
        if item.facts.end is not None:
            groups.setdefault(item.facts.end, []).append(item)
    reader = ConfinedReader(settings)
    drawer = _Drawer(document, reader, password, progress)
    try:
        return tuple(drawer.revision(end, groups[end]) for end in sorted(groups))
    finally:
        reader.close()


class _Drawer:
    """Draws pages of one document, as many as one report may have."""

    def __init__(
        self, document: PdfData, reader: ConfinedReader, password: str | None, progress: Progress
    ) -> None:
        self._document, self._reader, self._password = document, reader, password
        self._progress = progress
        self._drawn = 0

    def revision(self, end: int, signatures: list[SignatureReport]) -> SignedRevision:
        """Draw what signatures over the first `end` bytes cover."""
        changes = signatures[0].facts.changes
        first = self._page(1, end, changes)
        pages = [] if first is None else [first]
        drawn = None if first is None else first.drawn
        then, now = (None, None) if drawn is None else drawn.pages
        for number in _order(changes, max(then or 1, now or 1)):
            page = self._page(number, end, changes)
            if page is None:
                break
            pages.append(page)
        return SignedRevision(
            signatures[0].facts.revision,
            tuple(item.facts.id for item in signatures),
            end,
            tuple(sorted(pages, key=lambda item: item.number)),
            then,
            now,
            worst_change(changes).value,
        )

    def _page(self, number: int, end: int, changes: tuple[Change, ...]) -> ComparedPage | None:
        """Draw one page; None when there are enough."""
        if self._drawn >= MAX_PAGES:
            return None
        self._drawn += 1
        self._progress(self._drawn, MAX_PAGES)
        here = tuple(item for item in changes if item.page == number)
        worst = worst_change(here)
        try:
            drawn = self._reader.draw(self._document, end, number, password=self._password)
        except IdServiceError as exc:
            return ComparedPage(number, None, exc.detail, here, worst.value)
        return ComparedPage(number, drawn, None, here, worst.value)


def _order(changes: tuple[Change, ...], count: int) -> list[int]:
    """Return the numbers of the pages after the first: those with changes come first."""
    named = {item.page for item in changes if item.page is not None and 1 < item.page <= count}
    return [*sorted(named), *(number for number in range(2, count + 1) if number not in named)]
