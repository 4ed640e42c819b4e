"""One claim being checked: the printed sides, the letters, and the book behind them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from claims.book import Book
from claims.domains import Given, Size
from claims.fields import EXACT, REAL, Field, NeedsReals, Undefined
from claims.instances import Instance, draw, free_indices
from claims.letters import check_letters, evaluable
from claims.nodes import Equation, Node, walk
from claims.numbers import bind, head_indices, value
from claims.tokens import TexError

ILL = (
    Undefined,
    ZeroDivisionError,
    OverflowError,
    ValueError,
    TypeError,
    LookupError,
)


class ClaimError(Exception):
    """A claim that fails: label, reason, and where there is one the instance."""

    def __init__(self, label: str, reason: str, instance: str = ""):
        self.label, self.reason, self.instance = label, reason, instance
        super().__init__(f"({label}) {reason}{': ' if instance else ''}{instance}")


@dataclass
class Problem:
    """A printed equation with what its letters mean."""

    label: str
    equation: Equation
    given: Given
    book: Book
    numbers: Field = EXACT
    extra: dict[str, Equation] = field(default_factory=dict)
    names_left: bool = False
    coarse: bool = False  # whether a reference answered in machine floats

    def lookup(self, label: str) -> Equation:
        """Another display of the book, read with the letters of this claim."""
        if label not in self.extra:
            equation = self.book.equation(label, self.given)
            if equation.more:
                reason = "several equations in one display; give each its own label"
                raise TexError(reason, equation.tex, 0, label)
            check_letters(equation, self.reading(equation), (equation.sides[-1],))
            self.extra[label] = equation
        return self.extra[label]

    def reading(self, equation: Equation) -> Given:
        """The letters of this claim and the index letters that a head introduces."""
        head = equation.sides[0]
        free = {kid.name: Size() for kid in head_indices(head) if kid.op == "sym"}
        return {**free, **self.given}

    def objective(self, label: str) -> Node:
        """The last side of another display, which must be a formula of the letters."""
        if label == self.label:
            raise ClaimError(self.label, "a claim cannot rest on itself")
        return self.lookup(label).sides[-1]

    @property
    def sides(self) -> tuple[Node, ...]:
        """The sides of the display."""
        return self.equation.sides

    @property
    def valued(self) -> list[int]:
        """Positions of the sides that have a value: all but a mere name."""
        first = [] if self.names_left or self.defines_left else [0]
        if first and not evaluable(self.sides[0], self.given):
            first = []
        rest = list(range(1, len(self.sides)))
        return first + rest or [0]

    @property
    def defines_left(self) -> bool:
        """Whether the first side is a letter defined by this very display."""
        head = self.sides[0]
        name = head.kids[0].name if head.op == "call" else head.name
        return getattr(self.given.get(name), "label", None) == self.label

    @property
    def free(self) -> list[str]:
        """Free index letters of the sides with a value."""
        return free_indices(tuple(self.sides[i] for i in self.valued), self.given)

    def draw(self, seed: int, plain: bool = False) -> Instance:
        """A random instance in the numbers that the formula needs."""
        return draw(self.given, seed, self.numbers, self.lookup, plain)

    def at(self, side: Node, e: Instance, place: dict[str, int]) -> Any:
        """The value of a side at an instance and a place."""
        names = tuple(place)
        return bind(e, names, lambda: value(side, e), tuple(place.values()))

    def needs_reals(self) -> None:
        """Leave exact fractions for 40-digit reals."""
        self.numbers = REAL

    def sizes(self, *labels: str) -> list[str]:
        """The sizes that the formulas speak of, directly or through their tables."""
        sides = [self.sides[i] for i in self.valued]
        sides += [self.objective(label) for label in labels]
        letters = {n.name for side in sides for n in walk(side) if n.op == "sym"}
        named: set[str] = set(letters)
        for name in letters:
            domain = self.given.get(name)
            named |= {str(a) for a in getattr(domain, "axes", ())}
            named.add(getattr(domain, "upto", ""))
        return [k for k, v in self.given.items() if isinstance(v, Size) and k in named]


def places(free: list[str], e: Instance) -> Iterator[dict[str, int]]:
    """Every combination of the free index letters."""
    ranges = [e.extent(name) or range(0) for name in free]
    for at in product(*ranges):
        yield dict(zip(free, at, strict=True))


__all__ = ["ILL", "ClaimError", "NeedsReals", "Problem", "places"]
