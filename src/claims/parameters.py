"""The letter that an objective is varied in, and updates of it in SymPy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mpf

from claims.declared import base_of, index_symbol, letter_symbol
from claims.domains import Distribution, Domain, Index, Outcome, Simplex, Values
from claims.fields import Undefined
from claims.instances import Instance, axis
from claims.nodes import Node
from claims.problem import ClaimError, Problem
from claims.symbolic import component_letters, shape_of, to_sympy
from claims.tex import parse_expression

STEP = mpf(10) ** -12


SMALL = mpf(10) ** -8


@dataclass(frozen=True)
class Parameter:
    """The letter that varies, its indices as printed, and its declaration."""

    name: str
    letters: tuple[str, ...]
    domain: Any

    def extents(self, e: Instance) -> list[range]:
        """The range of every axis."""
        specs = getattr(self.domain, "axes", None)
        if specs is None:
            return [e.extent(letter) or range(0) for letter in self.domain.of]
        starts = [axis(spec)[1] for spec in specs]
        return [
            range(s, s + e.size(spec)) for s, spec in zip(starts, specs, strict=True)
        ]

    @property
    def simplex(self) -> bool:
        """Whether the parameter is declared to sum to one."""
        return isinstance(self.domain, Simplex | Distribution)


def parameter(over: str, problem: Problem) -> Parameter:
    r"""Read `\mu_k` or `D(x)` and find its declaration."""
    functions = {k for k, v in problem.given.items() if hasattr(v, "of")}
    node = parse_expression(over, problem.label, functions, set(problem.given))
    kids = (
        tuple(arg.kids[0] for arg in node.kids[1:]) if node.op == "call" else node.kids
    )
    name = node.kids[0].name if node.op == "call" else node.name
    domain = problem.given.get(name)
    if not isinstance(domain, Domain | Values | Distribution):
        raise ClaimError(problem.label, f"{over} is not a declared quantity")
    for kid in kids:
        if not isinstance(problem.given.get(kid.name), Index | Outcome):
            raise ClaimError(problem.label, f"{over}: {kid.name} has no declared range")
    return Parameter(name, tuple(kid.name for kid in kids), domain)


def update_of(problem: Problem, p: Parameter, side: Node) -> tuple[Any, Any, tuple]:
    """The update in SymPy with the family it belongs to and its indices."""
    leading = tuple(index_symbol(letter) for letter in p.letters)
    shape = shape_of(side, problem.given)
    inner = component_letters(shape, problem.given)
    update = to_sympy(side, problem.given, problem.lookup, inner)
    index = (*leading, *inner)
    wanted = len(getattr(p.domain, "axes", getattr(p.domain, "of", ())))
    if len(index) != wanted:
        raise Undefined("an update of another shape than its parameter")
    if not index:
        return update, letter_symbol(p.name, problem.given), ()
    return update, base_of(p.name, problem.given), index


def number_of(found: Any) -> Any:
    """Insist on a number."""
    if isinstance(found, np.ndarray) or not hasattr(found, "__add__"):
        raise Undefined("a matrix where a number is needed")
    return found
