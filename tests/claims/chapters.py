"""The claims of the chapters as data: every call with its arguments, page by page.

The cells tagged `claim` are executed in order with `claims.claim` and its siblings
replaced by recorders, so that a test can put the same question to an altered page.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mpmath import mp

import claims
from book import Chapter, chapters
from claims.book import DEFAULT, Book, Display, displays, open_book, read
from claims.check import MORE, Check
from claims.domains import Given, Parameter
from claims.fields import DIGITS, NeedsReals
from claims.linear import close
from claims.nodes import Equation, Node
from claims.problem import ILL, Problem, places

KINDS = ("claim", "definition", "cited")


@dataclass
class Call:
    """One call of `claim`, `definition` or `cited` in a chapter."""

    kind: str
    label: str
    page: str
    referee: Any = None
    given: Given = field(default_factory=dict)
    proof: Any = None
    equivalents: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.label


@cache
def pages() -> dict[str, Chapter]:
    """The chapters that display equations, by name."""
    return {c.name: c for c in chapters() if displays(c.source)}


def claim_cells(chapter: Chapter) -> list[str]:
    """The sources of the cells tagged `claim`."""
    cells = chapter.cells
    return [c.source for c in cells if "claim" in c.metadata.get("tags", [])]


def imports(chapter: Chapter, wanted: set[str]) -> Iterator[ast.stmt]:
    """The imports of the other cells that the claim cells make use of."""
    for cell in chapter.cells:
        if cell.source.lstrip().startswith(("%", "!")):
            continue
        for statement in ast.parse(cell.source).body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                names = {a.asname or a.name.split(".")[0] for a in statement.names}
                if names & wanted:
                    yield statement


@cache
def calls(page: str) -> list[Call]:
    """The calls of a page, in order."""
    chapter, found = pages()[page], []

    def claim(label: str, referee: Any, *, given: Given, **options: Any) -> None:
        proof = options.pop("proof", None)
        equivalents = options.pop("equivalents", None) or {}
        arguments = (referee, given, proof, equivalents, options)
        found.append(Call("claim", label, page, *arguments))

    def definition(label: str, *, given: Given | None = None) -> None:
        found.append(Call("definition", label, page, given=given or {}))

    def cited(label: str, source: str, referee: Any, **options: Any) -> None:
        claim(label, referee, **options)
        found[-1].kind = "cited"

    def grade(*_: Any, **__: Any) -> None:
        """A reader's answer: not a claim of the book."""

    cells = claim_cells(chapter)
    nodes = [node for cell in cells for node in ast.walk(ast.parse(cell))]
    wanted = {node.id for node in nodes if isinstance(node, ast.Name)}
    head = ast.Module([*imports(chapter, wanted)], type_ignores=[])
    recorders = {"claim": claim, "definition": definition, "cited": cited}
    with patch.multiple(claims, grade=grade, **recorders):
        names: dict[str, Any] = {}
        exec(compile(head, page, "exec"), names)
        for cell in cells:
            exec(compile(cell, page, "exec"), names)
    return found


class Copy(Book):
    """The book with one page exchanged for an altered copy in another folder.

    Only that page is read again, and equations that are not altered are parsed once.
    """

    parsed: dict[Any, Equation] = {}  # noqa: RUF012

    def __init__(self, page: str, folder: Path):
        super().__init__(folder)
        self.source = DEFAULT / f"{page}.md"
        self.text = self.source.read_text(encoding="utf-8")
        self.target = folder / self.source.name
        self.printed = dict(open_book().labels())
        self.found = dict(self.printed)

    def print(self, label: str, tex: str) -> None:
        """Print `tex` in place of the display with this label, and read the page."""
        before = self.printed[label].tex
        at = self.text.index(before, self.text.index(f":label: {label}\n"))
        altered = self.text[:at] + tex + self.text[at + len(before) :]
        self.target.write_text(altered, encoding="utf-8")
        self.found = {**self.printed, **{d.label: d for d in displays(self.target)}}

    def labels(self) -> dict[str, Display]:
        """Every labelled display."""
        return self.found

    def equation(self, label: str, given: Given | None = None) -> Equation:
        """The display as a tree."""
        tex, given = self.found[label].tex, given or {}
        key = (label, tuple(sorted((k, type(v).__name__) for k, v in given.items())))
        if tex != self.printed[label].tex:
            return read(tex, label, given)
        if key not in self.parsed:
            self.parsed[key] = read(tex, label, given)
        return self.parsed[key]


class Instances(Check):
    """A claim without its alterations: what is asked of an altered page."""

    def alterations(self, equivalents: dict[str, str]) -> list:
        """None."""
        return []


def problem_of(call: Call, book: Book) -> Problem:
    """The claim's problem in a book; raises `TexError`."""
    return claims._problem(call.label, call.given, book)


def ask(call: Call, book: Book) -> Check:
    """Check on the instances that the claim itself uses; raises if it fails."""
    if call.kind == "definition":
        claims.definition(call.label, given=call.given or None, book=book)
        return None
    count = call.options.get("instances", 3)
    check = Instances(problem_of(call, book), call.referee, count)
    check.run(None, {}, {}, thorough=False)
    return check


def same_value(problem: Problem, pairs: list[tuple[Node, Node]]) -> bool:
    """Whether each altered side has the value of the printed one, on many instances."""
    try:
        return all(_same(problem, *pair, k) for k in range(3 + MORE) for pair in pairs)
    except NeedsReals:
        problem.needs_reals()
        return same_value(problem, pairs)


def _same(problem: Problem, old: Node, new: Node, seed: int) -> bool:
    with mp.workdps(DIGITS):
        e = problem.draw(seed)
        try:
            return all(
                close(problem.at(old, e, place), problem.at(new, e, place), None)
                for place in places(problem.free, e)
            )
        except ILL:
            return False


__all__ = ["Copy", "Parameter", "ask", "calls", "pages", "problem_of", "same_value"]
