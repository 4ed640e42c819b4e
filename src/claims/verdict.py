"""What a claim shows: one quiet line, a sentence on how, and the record as data."""

import html
import sys
from dataclasses import dataclass, field
from typing import Any

MIME = "application/vnd.latent.claim+json"
SHORT = {
    "proved in general": "proved",
    "exact at stated sizes": "exact",
    "verified at random exact instances": "verified",
    "numerical": "numerical",
    "definition": "definition",
    "cited": "cited",
}


@dataclass
class Verdict:
    """The outcome of one claim; its output carries the record as data."""

    label: str
    status: str
    sentence: str
    how: str
    record: dict[str, Any] = field(default_factory=dict)
    shown: bool = False

    @property
    def mark(self) -> str:
        """A tick, or a small square for what is not a result of this book."""
        return "▫" if self.status == "definition" else "✓"

    @property
    def text(self) -> str:
        """The line for the reader."""
        return f"{self.mark} ({self.label}) {self.sentence}"

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        """Small HTML with the explanation folded away."""
        line = html.escape(f"({self.label}) {self.sentence}", quote=False)
        how = html.escape(self.how, quote=False)
        return (
            f'<div class="claim claim-{SHORT[self.status]}">'
            f'<span class="claim-mark" aria-hidden="true">{self.mark}</span> '
            f'<span class="claim-text">{line}</span>'
            f"<details><summary>how</summary><p>{how}</p></details></div>"
        )

    def bundle(self) -> dict[str, Any]:
        """Everything the output carries."""
        return {
            "text/plain": self.text,
            "text/html": self._repr_html_(),
            MIME: self.record,
        }

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict:
        return self.bundle()

    def _ipython_display_(self) -> None:
        """Show once, however the cell ends."""
        if not self.shown:
            self.shown = True
            from IPython.display import publish_display_data  # noqa: PLC0415

            publish_display_data(self.bundle())

    def show(self) -> "Verdict":
        """Show at once in a notebook; elsewhere do nothing."""
        module = sys.modules.get("IPython")
        if module is not None and module.get_ipython() is not None:
            self._ipython_display_()
        return self
