"""The ledger: every numbered equation of the book, and what was established of it.

It is made from two sources that must agree: the labels printed in the chapters, and
the records in the outputs of the executed chapters. An equation without a record is
listed as not checked; a record without an equation is an error of the book and listed
apart. Nothing is counted twice: where a label has several records, the last one stands.

    entries = read()            Ledger
    entries.bar(), .table()     Markdown for a MyST page, for `{eq}` roles resolve there
    entries.plot()              a figure: which equation rests on which
"""

import html
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claims.book import DEFAULT, open_book
from claims.ledger_graph import NOT_CHECKED, STATUSES, draw
from claims.verdict import MIME


@dataclass(frozen=True)
class Entry:
    """One numbered equation."""

    label: str
    page: str
    status: str = NOT_CHECKED
    counts: dict[str, int] = field(default_factory=dict)
    rests_on: tuple[str, ...] = ()
    how: str = ""

    @property
    def refused(self) -> str:
        """Altered versions refused, of those tried; ill-formed and equal ones apart."""
        c = self.counts
        if not c.get("altered"):
            return ""
        refused = c.get("refuted", 0) + c.get("ill_formed", 0)
        words = f"{refused} of {c['altered']}"
        apart = {"ill_formed": "without a value", "justified": "equal, with a reason"}
        notes = [f"{c[key]} {what}" for key, what in apart.items() if c.get(key)]
        return f"{words} ({', '.join(notes)})" if notes else words


class Page(str):
    """Markdown that a notebook shows as such."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Ledger:
    """All entries in the order of the book, and the records that belong to none."""

    entries: tuple[Entry, ...]
    orphans: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many equations have each status, strongest status first."""
        found = dict.fromkeys(STATUSES, 0)
        for entry in self.entries:
            found[entry.status] += 1
        return {status: n for status, n in found.items() if n}

    def bar(self) -> Page:
        """A bar of shares; the list below it says the same in words."""
        total, counts = len(self.entries), self.counts
        said = "; ".join(f"{status}: {n}" for status, n in counts.items())
        parts, lines = [], []
        for status, n in counts.items():
            fill, text, meaning = STATUSES[status]
            share = 100 * n / total
            shown = str(n) if share >= 4 else ""
            parts.append(
                f'<span style="flex: {n} 0 0; background: {fill}; color: {text}; '
                f'text-align: center; overflow: hidden">{shown}</span>'
            )
            lines.append(
                f'<li><span style="{_SWATCH}; background: {fill}"></span> '
                f"{status}: {n} ({share:.0f} %), {meaning}</li>"
            )
        return Page(
            f'<div role="img" aria-label="{html.escape(said)}" style="{_BAR}">'
            f'<span style="display: contents" aria-hidden="true">{"".join(parts)}'
            '</span></div>\n<ul style="list-style: none; padding: 0">'
            f"{''.join(lines)}</ul>\n"
        )

    def table(self) -> Page:
        """Every numbered equation with its status; labels lead to the equations."""
        rows = [
            "| Equation | Label | Status | Altered versions refused | Rests on |",
            "|:--|:--|:--|:--|:--|",
        ]
        known = {entry.label for entry in self.entries}
        for entry in self.entries:
            below = [_link(label, known) for label in entry.rests_on]
            cells = (
                _link(entry.label, known),
                f"`{entry.label}`",
                entry.status,
                entry.refused,
                ", ".join(below),
            )
            rows.append(f"| {' | '.join(cells)} |")
        return Page("\n".join(rows) + "\n")

    def loose_ends(self) -> Page:
        """What is not checked, and what was checked that is not in the book."""
        known = {entry.label for entry in self.entries}
        bare = [e.label for e in self.entries if e.status == NOT_CHECKED]
        nowhere = sorted({b for e in self.entries for b in e.rests_on} - known)
        sentences = [
            _listed("Not checked", [f"{_link(b, known)} `{b}`" for b in bare]),
            _listed("Checked, but in no chapter", [f"`{b}`" for b in self.orphans]),
            _listed("Rested on, but in no chapter", [f"`{b}`" for b in nowhere]),
        ]
        return Page("\n\n".join(sentences) + "\n")

    def plot(self, width: float = 7.8) -> Any:
        """Draw which equation rests on which; see `claims.ledger_graph`."""
        return draw(self, width)


_BAR = (
    "display: flex; height: 2.2rem; line-height: 2.2rem; "
    "border: 1px solid currentColor; border-radius: 4px; overflow: hidden"
)
_SWATCH = (
    "display: inline-block; width: 0.9em; height: 0.9em; "
    "border: 1px solid currentColor; vertical-align: -0.05em"
)


def read(book: Path | str | None = None, executed: Path | str | None = None) -> Ledger:
    """The ledger of the chapters in `book` from their outputs in `executed`.

    By default the book beside this package and what the build has executed of it.
    """
    root = Path(book) if book is not None else DEFAULT
    outputs = Path(executed) if executed else root.parent / "_build" / "executed"
    found: dict[str, dict[str, Any]] = {}
    for page in sorted(outputs.rglob("*.ipynb")):
        for record in records(page):
            found[record["label"]] = record
    displays = open_book(root).labels()
    order = _pages(root)
    entries = []
    for label, display in displays.items():
        page = display.path.relative_to(root).with_suffix("").as_posix()
        if order and page not in order:
            continue  # not in the table of contents: not part of the book
        place = (order.index(page) if order else 0, page, display.line)
        entries.append((place, _entry(label, page, found.get(label))))
    entries.sort(key=lambda pair: pair[0])
    printed = {entry.label for _, entry in entries}
    return Ledger(
        tuple(entry for _, entry in entries), tuple(sorted(set(found) - printed))
    )


def records(notebook: Path) -> list[dict[str, Any]]:
    """The claims' records among the outputs of an executed notebook."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [
        output["data"][MIME]
        for cell in cells
        for output in cell.get("outputs", [])
        if MIME in output.get("data", {})
    ]


def _entry(label: str, page: str, record: dict[str, Any] | None) -> Entry:
    if record is None:
        return Entry(label, page)
    if record["status"] not in STATUSES:
        raise ValueError(f"({label}) has the unknown status {record['status']}")
    return Entry(
        label,
        page,
        record["status"],
        dict(record.get("counts", {})),
        tuple(record.get("rests_on", ())),
        record.get("how", ""),
    )


def _pages(root: Path) -> list[str]:
    """The pages of the table of contents, in order; none where there is no table."""
    toc = root.parent / "_toc.yml"
    if not toc.exists():
        return []
    return re.findall(r"\b(?:file|root):\s*(\S+)", toc.read_text(encoding="utf-8"))


def _link(label: str, known: set[str]) -> str:
    return f"{{eq}}`{label}`" if label in known else f"`{label}`"


def _listed(what: str, items: list[str]) -> str:
    return f"{what} ({len(items)}): {', '.join(items) if items else 'none'}."


__all__ = ["STATUSES", "Entry", "Ledger", "Page", "read", "records"]
