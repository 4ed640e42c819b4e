"""The chapters as the only source of formulas: labelled displays, read when asked for.

A display is a MyST fence with the directive `math` and an option `:label:`. The default
book lies beside the sources of this package, so that it is found whatever directory a
chapter is executed in; tests pass a folder of their own.
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from claims.domains import FUNCTIONS, Given, Parameter
from claims.nodes import Equation, Node
from claims.tex import TexError, parse

DEFAULT = Path(__file__).resolve().parents[2] / "book"
FENCE = re.compile(
    r"^[ \t>]*(?P<fence>`{3,}|~{3,}|:{3,})\{math\}[^\n]*\n(?P<body>.*?)"
    r"^[ \t>]*(?P=fence)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
OPTION = re.compile(r"^[ \t>]*:(?P<name>[a-z-]+):[ \t]*(?P<value>.*)$")
LABEL = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)+$")


@dataclass(frozen=True)
class Display:
    """One displayed formula and where it stands."""

    label: str
    tex: str
    path: Path
    line: int


class BookError(Exception):
    """A label that is missing, doubled or not of the form topic-thing."""


def displays(path: Path) -> list[Display]:
    """The displays of one chapter, those without a label included (label '')."""
    text = path.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        label, lines = "", []
        for line in match["body"].splitlines():
            option = OPTION.match(line)
            if option and not lines:
                label = option["value"].strip() if option["name"] == "label" else label
            elif line.strip(" \t>") or lines:
                lines.append(line.lstrip(">"))
        line_number = text.count("\n", 0, match.start()) + 1
        found.append(Display(label, "\n".join(lines).strip(), path, line_number))
    return found


class Book:
    """The labelled displays of a folder of chapters."""

    def __init__(self, root: Path | str | None = None):
        self.root = Path(root) if root is not None else DEFAULT
        self.stamp: tuple = ()
        self.found: dict[str, Display] = {}

    def labels(self) -> dict[str, Display]:
        """Every labelled display; read again when a chapter has changed."""
        paths = sorted(self.root.rglob("*.md"))
        paths = [path for path in paths if "_build" not in path.parts]
        stamp = tuple((path, path.stat().st_mtime_ns) for path in paths)
        if stamp == self.stamp:
            return self.found
        found: dict[str, Display] = {}
        for path in paths:
            for display in displays(path):
                if not display.label:
                    continue
                if not LABEL.match(display.label):
                    raise BookError(f"{display.label} is not of the form topic-thing")
                if display.label in found:
                    raise BookError(f"the label {display.label} is given twice")
                found[display.label] = display
        self.found, self.stamp = found, stamp
        return found

    def display(self, label: str) -> Display:
        """The display with this label."""
        found = self.labels()
        if label not in found:
            raise BookError(f"no display is labelled {label} in {self.root.name}/")
        return found[label]

    def equation(self, label: str, given: Given | None = None) -> Equation:
        """The display as a tree, read with the letters of `given`."""
        return read(self.display(label).tex, label, given)


def read(tex: str, label: str = "", given: Given | None = None) -> Equation:
    """A formula read with the letters of `given`."""
    given = given or {}
    functions = {name for name, kind in given.items() if isinstance(kind, FUNCTIONS)}
    equation = parse(tex, label, functions, set(given))
    fixed = {name for name, kind in given.items() if isinstance(kind, Parameter)}
    if not fixed:
        return equation
    sides = tuple(without(side, fixed) for side in equation.sides)
    return replace(equation, sides=sides)


def without(node: Node, fixed: set[str]) -> Node:
    """The tree with parameters taken out of the arguments of functions."""
    kids = tuple(without(kid, fixed) for kid in node.kids)
    if node.op != "call":
        return replace(node, kids=kids)
    head, args = kids[0], kids[1:]
    bar = int(node.value) if node.value is not None else len(args)
    kept = [
        [a for a in part if a.name not in fixed] for part in (args[:bar], args[bar:])
    ]
    value = Fraction(len(kept[0])) if kept[1] else None
    return replace(node, kids=(head, *kept[0], *kept[1]), value=value)


_open: dict[Path | None, Book] = {}


def open_book(root: Path | str | None = None) -> Book:
    """The book at `root`, opened once."""
    key = Path(root) if root is not None else None
    return _open.setdefault(key, Book(root))


__all__ = ["Book", "BookError", "Display", "TexError", "displays", "open_book", "read"]
