"""A Sphinx extension: docstrings as on the other pages, and verdicts with numbers.

Docstrings are written to be read in the source too. On the API page their `$...$` is
typeset, and a label cited as ``(eq. `label`)`` becomes a link to the numbered equation;
so does the label in the verdict of a claim.
"""

import re

from sphinx.application import Sphinx

MATHS = re.compile(r"\$([^$]+)\$")
VERDICT = re.compile(r'(<span class="claim-text">)\(([a-z0-9-]+)\)')
CITED = re.compile(r"\beqs?\. `[a-z0-9-]+`(?:(?:, | and |, and )`[a-z0-9-]+`)*")


def restructured(text: str) -> str:
    """The text with formulas and labels as reStructuredText roles."""
    text = CITED.sub(lambda cited: re.sub(r"`([^`]+)`", r":eq:`\1`", cited[0]), text)
    return MATHS.sub(lambda maths: f":math:`{' '.join(maths[1].split())}`", text)


def process(_app: object, _what: str, _name: str, *rest: object) -> None:
    """Rewrite a docstring's lines in place, as autodoc asks for."""
    lines = rest[-1]
    assert isinstance(lines, list)
    lines[:] = restructured("\n".join(lines)).split("\n")


def mend(app: Sphinx, page: str, _template: str, context: dict, *_: object) -> None:
    """Number the verdicts; and what holds a bibliography's entries is no list."""

    def number(verdict: re.Match[str]) -> str:
        place, _ = app.env.get_domain("math").equations.get(verdict[2], (page, 0))
        anchor = f"equation-{verdict[2]}"
        found = app.env.toc_fignumbers.get(place, {}).get("displaymath", {}).get(anchor)
        if found is None:
            return verdict[0]
        target = app.builder.get_relative_uri(page, place).rstrip("#") + f"#{anchor}"
        return f'{verdict[1]}<a href="{target}">({".".join(map(str, found))})</a>'

    if "body" in context:
        holder = '<div role="list" class="citation-list">'
        body = context["body"].replace(holder, '<div class="citation-list">')
        context["body"] = VERDICT.sub(number, body)


def setup(app: Sphinx) -> dict[str, bool]:
    """Rewrite docstrings before napoleon sees them."""
    app.connect("autodoc-process-docstring", process, priority=400)
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
