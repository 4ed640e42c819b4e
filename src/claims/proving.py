"""What kind of proof a claim asks for: `general` (all sizes) or `symbolic(N=3, K=2)`.

An unknown outcome is a failure. `symbolic` puts a symbol into every entry at the stated
sizes and says nothing about other sizes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from claims.declared import NotScalar
from claims.domains import (
    Definite,
    Distribution,
    Domain,
    Index,
    Joint,
    Label,
    OneHot,
    Opaque,
    Orthonormal,
    Outcome,
    Permutation,
    Simplex,
    Size,
    Values,
)
from claims.fields import SYMBOLIC, NeedsReals, Undefined
from claims.instances import Instance, draw
from claims.nodes import Node
from claims.numbers import value
from claims.optima import Optimum
from claims.parameters import parameter
from claims.problem import ClaimError, Problem, places
from claims.slopes import gradient_of


@dataclass(frozen=True)
class General:
    """Proved for all sizes."""

    status = "proved in general"

    def prove(
        self, problem: Problem, referee: Any, position: int, side: Node
    ) -> bool | str:
        """The referee's obligation; what cannot be written out is not proved.

        For an optimum the answer says how much: "global" or "stationary".
        """
        try:
            return referee.prove(problem, position, side)
        except (NotScalar, Undefined, NeedsReals):
            return False

    def words(self, problem: Problem, referee: Any, extent: bool | str) -> str:
        """For the reader's sentence."""
        sizes = problem.sizes(*referee.rests_on)
        kind = {"global": "global optimum ", "stationary": "stationary point "}
        what = kind.get(str(extent), "")
        if any(isinstance(v, Outcome) for v in problem.given.values()):
            sizes = [", ".join(sizes) + " and" if sizes else "", "numbers of outcomes"]
            return f"{what}proved for all {' '.join(sizes).strip()}"
        return f"{what}proved for all {', '.join(sizes)}" if sizes else f"{what}proved"


@dataclass(frozen=True)
class Symbolic:
    """Exact, with a symbol for every entry, at stated sizes."""

    sizes: tuple[tuple[str, int], ...]
    status = "exact at stated sizes"

    def prove(self, problem: Problem, referee: Any, position: int, side: Node) -> bool:
        """The obligation entry by entry."""
        e = symbolic_instance(problem, dict(self.sizes))
        try:
            return all(
                vanishes(r) for r in residuals(problem, referee, position, side, e)
            )
        except (Undefined, NeedsReals, TypeError, ZeroDivisionError):
            return False

    def words(self, problem: Problem, referee: Any, extent: bool | str) -> str:
        """For the reader's sentence."""
        sizes = ", ".join(f"{k} = {v}" for k, v in self.sizes)
        return f"proved with symbols for {sizes}" if sizes else "proved with symbols"


general = General()


def symbolic(**sizes: int) -> Symbolic:
    """A proof with a symbol for every entry, at these sizes (outcomes by letter)."""
    return Symbolic(tuple(sizes.items()))


def symbols(name: str, shape: tuple[int, ...], **assume: bool) -> Any:
    """A table of symbols."""
    if not shape:
        return sp.Symbol(name, **assume)
    out = np.empty(shape, object)
    for place in np.ndindex(*shape):
        out[place] = sp.Symbol(name + "".join(f"_{k + 1}" for k in place), **assume)
    return out


def symbolic_instance(problem: Problem, sizes: dict[str, int]) -> Instance:
    """Symbols for all letters; constraints are solved by the way they are written."""
    given = problem.given
    values: dict[str, Any] = {}
    for name, domain in given.items():
        if isinstance(domain, Size | Outcome):
            if name not in sizes:
                raise ClaimError(problem.label, f"symbolic() says no size for {name}")
            values[name if isinstance(domain, Size) else "#" + name] = sizes[name]
    e = Instance(given, values, SYMBOLIC, problem.lookup)
    example = None
    for name, domain in given.items():
        if isinstance(domain, Size | Outcome | Index):
            continue
        if isinstance(domain, Orthonormal):
            reason = f"symbols cannot be orthonormal ({name})"
            raise ClaimError(problem.label, reason)
        if isinstance(domain, Label | OneHot | Permutation):
            example = example or draw(_fixed(given, sizes), 1)
            values[name] = example[name]
        elif isinstance(domain, Domain | Values | Distribution | Joint):
            values[name] = entries(name, domain, e)
        elif isinstance(domain, Opaque):
            values[name] = None
    return e


def _fixed(given: dict[str, Any], sizes: dict[str, int]) -> dict[str, Any]:
    """The same letters with the sizes fixed."""
    return {
        k: type(v)(sizes[k], sizes[k]) if isinstance(v, Size | Outcome) else v
        for k, v in given.items()
    }


def entries(name: str, domain: Any, e: Instance) -> Any:
    """Symbols that satisfy the declaration."""
    if isinstance(domain, Domain):
        shape = tuple(e.size(spec) for spec in domain.axes)
    else:
        letters = (*getattr(domain, "on", ()), *domain.of)
        shape = tuple(len(e.extent(letter) or ()) for letter in letters)
    positive = getattr(domain, "positive", False)
    if isinstance(domain, Definite):
        half = symbols(name, shape, real=True)
        for place in np.ndindex(*shape):
            if place[-1] < place[-2]:
                half[place] = half[(*place[:-2], place[-1], place[-2])]
        return half
    if isinstance(domain, Simplex | Distribution | Joint):
        weights = symbols("w_" + name, shape, positive=True)
        last = 1 if isinstance(domain, Simplex) else len(domain.of)
        over = tuple(range(-last, 0))
        total = np.sum(weights, axis=over, keepdims=True)
        return weights / total
    if positive or getattr(getattr(domain, "kind", None), "positive", False):
        return symbols(name, shape, positive=True)
    return symbols(name, shape, real=True)


def residuals(
    problem: Problem, referee: Any, position: int, side: Node, e: Instance
) -> list[Any]:
    """Expressions that vanish if and only if the obligation holds."""
    if isinstance(referee, Optimum):
        return optimum_residuals(problem, referee, side, e)
    out: list[Any] = []
    if isinstance(referee, gradient_of):
        p = parameter(referee.wrt, problem)
        goal = problem.objective(referee.objective)
        for place in places(list(dict.fromkeys((*p.letters, *problem.free))), e):
            slope = problem.at(goal, e, place)
            table, extents = e[p.name], p.extents(e)
            for name, r in zip(p.letters, extents, strict=False):
                table = table[place[name] - r.start]
            found = np.ravel(problem.at(side, e, place)).tolist()
            letters = np.ravel(table).tolist()
            out += [u - sp.diff(slope, v) for u, v in zip(found, letters, strict=True)]
        return out
    if not hasattr(referee, "expected"):
        raise ClaimError(problem.label, "symbolic() proves equalities and optima only")
    for place in places(problem.free, e):
        a = np.ravel(problem.at(side, e, place))
        b = np.ravel(referee.expected(problem, position, e, place))
        if a.size != b.size:
            return [sp.S.One]  # of another shape, so not equal: nothing to prove
        out += [u - v for u, v in zip(a.tolist(), b.tolist(), strict=True)]
    return out


def optimum_residuals(
    problem: Problem, referee: Optimum, side: Node, e: Instance
) -> list[Any]:
    """Derivatives of the objective at the update, along the simplex if there is one."""
    p = parameter(referee.over, problem)
    shape = tuple(len(r) for r in p.extents(e))
    free = symbols("t_" + p.name, shape, positive=True)
    goal = value(problem.objective(referee.objective), e.with_values(**{p.name: free}))
    table = np.empty(shape, object)
    for place in places(list(p.letters), e):
        at = tuple(
            place[name] - r.start
            for name, r in zip(p.letters, p.extents(e), strict=False)
        )
        found = problem.at(side, e, place)
        part = np.ravel(found)
        cell = np.empty(shape[len(at) :], object)
        cell.reshape(-1)[:] = part.tolist()
        table[at] = cell if cell.shape else cell[()]
    pairs = list(zip(np.ravel(free).tolist(), np.ravel(table).tolist(), strict=True))
    slopes = np.empty(shape, object)
    slopes.reshape(-1)[:] = [
        sp.diff(goal, t).subs(pairs, simultaneous=True) for t, _ in pairs
    ]
    if not (p.simplex or referee.simplex):
        return np.ravel(slopes).tolist()
    sums = np.ravel(np.sum(table, axis=-1) - 1).tolist()
    return [*np.ravel(slopes - slopes[..., :1]).tolist(), *sums]


def vanishes(expression: Any) -> bool:
    """Whether an expression without sums is zero; False means not proved."""
    found = sp.expand_log(sp.sympify(expression), force=True)
    if sp.expand(found) == 0:
        return True
    top = sp.fraction(sp.together(found))[0]
    top = sp.expand(sp.powsimp(sp.expand(top)))
    return top == 0 or sp.simplify(top) == 0
