"""Formulas written out in components: products as sums, norms as sums of squares."""

from fractions import Fraction
from itertools import count
from typing import Any

import sympy as sp

from claims.declared import NotScalar, base_of, index_symbol, letter_symbol, size_symbol
from claims.domains import (
    Defined,
    DefinedValues,
    Given,
    Index,
    Observed,
    Outcome,
    Size,
)
from claims.elementary_components import ONE, SCALAR, FunctionComponents, Shape
from claims.instances import Lookup, axis
from claims.nodes import Node
from claims.outcome_components import OutcomeComponents
from claims.outcomes import head_indices

EYE: Shape = ("I", "I")


class Components(FunctionComponents, OutcomeComponents):
    """Writes formulas out in components, under one set of declarations."""

    def __init__(self, given: Given, lookup: Lookup | None = None):
        self.given, self.lookup = given, lookup
        self.names = count(1)

    def fresh(self, stem: str) -> Any:
        """An index letter that is used nowhere else."""
        return index_symbol(f"{stem}_{next(self.names)}")

    def limits(self, letter: str) -> tuple[Any, Any]:
        """First and last value of an index or outcome letter."""
        domain = self.given.get(letter, self.given.get(letter.rstrip("'")))
        if isinstance(domain, Index):
            size, start = self.axis(domain.upto)[0], domain.start
            return sp.Integer(start), size + start - 1
        if isinstance(domain, Outcome | Observed):
            return sp.Integer(1), size_symbol("n_" + letter.rstrip("'"))
        raise NotScalar(f"{letter} has no range")

    def axis(self, spec: Any) -> tuple[Any, int]:
        """Size symbol and first index of an axis."""
        name, start = axis(spec)
        return size_symbol(name), start

    # -- shapes -------------------------------------------------------------------

    def shape(self, node: Node, scope: dict[str, Any]) -> Shape:  # noqa: PLR0911, PLR0912
        """Rows and columns: `("1", "1")` for a number."""
        op = node.op
        if op == "sym":
            axes = self.axes(node, scope)
            if len(axes) > 2:
                raise NotScalar(f"{node.name} with {len(axes)} free axes")
            return (*axes, *(ONE,) * (2 - len(axes)))  # type: ignore[return-value]
        if op in ("neg", "div", "E"):
            return self.shape(node.kids[1 if op == "E" else 0], scope)
        if op in ("add", "sub", "had"):
            shapes = [self.shape(kid, scope) for kid in node.kids]
            shapes = [s for s in shapes if s != EYE] or shapes
            if any(s != shapes[0] for s in shapes):
                raise NotScalar(f"a sum of shapes {shapes}")
            return shapes[0]
        if op == "mul":
            a, b = (self.shape(kid, scope) for kid in node.kids)
            if a in (SCALAR, EYE):
                return b
            if b in (SCALAR, EYE):
                return a
            if a[1] != b[0]:
                raise NotScalar(f"a product of shapes {a} and {b}")
            return (a[0], b[1])
        if op == "T":
            rows, columns = self.shape(node.kids[0], scope)
            return (columns, rows)
        if op == "inv":
            return self.shape(node.kids[0], scope)
        if op == "fn" and node.name == "diag":
            rows = self.shape(node.kids[0], scope)[0]
            return (rows, rows)
        if op == "fn" and node.name not in ("tr", "det", "logdet", "max", "min"):
            return self.shape(node.kids[0], scope)
        if op in ("sum", "prod", "sumover", "prodover", "sumset", "prodset"):
            return self.shape(node.kids[-1], {**scope, node.name: sp.S.One})
        return SCALAR

    def axes(self, node: Node, scope: dict[str, Any]) -> list[str]:
        """The axes of a letter that its indices leave open."""
        if node.name in scope:
            return []
        if node.name == "I" and node.name not in self.given:
            return ["I", "I"] if not node.kids else [node.kids[0].name] * 2
        specs = getattr(self.given.get(node.name), "axes", ())
        return [str(spec) for spec in specs[len(node.kids) :]]

    # -- components ---------------------------------------------------------------

    def comp(self, node: Node, i: Any, j: Any, scope: dict[str, Any]) -> Any:  # noqa: PLR0911, PLR0912
        """One component of a formula; i and j are None for what has one row, column."""
        op, kids = node.op, node.kids
        if op == "num":
            value = node.value or Fraction(0)
            return sp.Rational(value.numerator, value.denominator)
        if op == "sym":
            return self.letter(node, i, j, scope)
        if op == "neg":
            return -self.comp(kids[0], i, j, scope)
        if op in ("add", "sub"):
            a, b = (self.comp(kid, i, j, scope) for kid in kids)
            return a + b if op == "add" else a - b
        if op == "had":
            return self.comp(kids[0], i, j, scope) * self.comp(kids[1], i, j, scope)
        if op == "mul":
            return self.product(node, i, j, scope)
        if op == "div":
            return self.comp(kids[0], i, j, scope) / self.scalar(kids[1], scope)
        if op == "pow":
            return self.power(node, scope)
        if op == "T":
            return self.comp(kids[0], j, i, scope)
        if op == "inv":
            return self.inverse(kids[0], i, j, scope)
        if op == "abs":
            return self.bars(kids[0], scope)
        if op == "norm":
            return sp.sqrt(self.squares(kids[0], scope))
        if op == "fn":
            return self.function(node, i, j, scope)
        if op in ("sum", "prod", "sumover", "prodover", "sumset"):
            return self.total(node, i, j, scope)
        if op == "ind":
            return self.indicator(kids[0], scope)
        if op == "E":
            return self.expectation(node, i, j, scope)
        if op == "call":
            return self.call(node, scope)
        raise NotScalar(f"{op} is not written in components")

    def scalar(self, node: Node, scope: dict[str, Any]) -> Any:
        """A formula that must be a number."""
        if self.shape(node, scope) != SCALAR:
            raise NotScalar("a matrix where a number is needed")
        return self.comp(node, None, None, scope)

    def letter(self, node: Node, i: Any, j: Any, scope: dict[str, Any]) -> Any:  # noqa: PLR0911
        """A letter with its indices and open axes filled in."""
        name = node.name
        if name in scope:
            return scope[name]
        domain = self.given.get(name)
        if name == "pi" and not node.kids:
            return sp.pi
        if domain is None and name == "I":
            return sp.KroneckerDelta(i, j) if i is not None else sp.S.One
        if isinstance(domain, Size):
            return size_symbol(name)
        if isinstance(domain, Index | Outcome):
            return index_symbol(name)
        given = [self.scalar(kid, scope) for kid in node.kids]
        open_axes = len(getattr(domain, "axes", ())) - len(given)
        places = [*given, *([i, j][:open_axes])]
        if isinstance(domain, Defined):
            return self.defined(domain, places)
        if domain is None:
            raise NotScalar(f"{name} is not declared")
        if any(place is None for place in places):
            raise NotScalar(f"{name} in one row")
        base = base_of(name, self.given)
        return base[tuple(places)] if places else letter_symbol(name, self.given)

    def defined(self, domain: Defined | DefinedValues, places: list[Any]) -> Any:
        """A letter with a printed definition, written out."""
        if self.lookup is None:
            raise NotScalar("no book to take the definition from")
        equation = self.lookup(domain.label)
        head, body = equation.sides[0], equation.sides[-1]
        indices = head_indices(head)
        inner = {kid.name: place for kid, place in zip(indices, places, strict=False)}
        rest = [*places[len(indices) :], None, None]
        return self.comp(body, rest[0], rest[1], inner)

    def product(self, node: Node, i: Any, j: Any, scope: dict[str, Any]) -> Any:
        """Number times anything, or a sum over the shared index."""
        left, right = node.kids
        a, b = self.shape(left, scope), self.shape(right, scope)
        if {a, b} & {SCALAR, EYE}:
            plain = (None, None)
            x = self.comp(left, *(plain if a in (SCALAR, EYE) else (i, j)), scope)
            y = self.comp(right, *(plain if b in (SCALAR, EYE) else (i, j)), scope)
            return x * y
        if a[1] == ONE:
            return self.comp(left, i, None, scope) * self.comp(right, None, j, scope)
        size, start = self.axis(a[1])
        m = self.fresh("c")
        term = self.comp(left, i, m, scope) * self.comp(right, m, j, scope)
        return sp.Sum(term, (m, start, size + start - 1))

    def power(self, node: Node, scope: dict[str, Any]) -> Any:
        """A power of a number."""
        base, exponent = node.kids
        x = self.scalar(exponent, scope)
        if base.op == "norm" and x == 2:
            return self.squares(base.kids[0], scope)
        return self.scalar(base, scope) ** x

    def total(self, node: Node, i: Any, j: Any, scope: dict[str, Any]) -> Any:
        """A sum or product with its own letter."""
        body = node.kids[-1]
        if node.op.endswith("set"):
            items = [self.scalar(kid, scope) for kid in node.kids[0].kids]
            return sum(self.comp(body, i, j, {**scope, node.name: t}) for t in items)
        if node.op.endswith("over"):
            lower, upper = self.limits(node.name)
        else:
            lower, upper = (self.scalar(kid, scope) for kid in node.kids[:2])
        bound = self.fresh(node.name.rstrip("'"))
        term = self.comp(body, i, j, {**scope, node.name: bound})
        make = sp.Sum if node.op.startswith("sum") else sp.Product
        return make(term, (bound, lower, upper))
