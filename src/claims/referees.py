"""Referees: each recomputes what a formula should be, without knowing the formula.

A referee answers one question, `agrees(problem, position, side, e)`: is this version of
the side right at this instance? It is asked about the printed side and about every
altered one. What it recomputes is kept in the instance, so that alterations are cheap.

`prove(problem, position, side)` is the symbolic obligation at all sizes; `rests_on` the
labels of the displays used; `how` one sentence for the reader.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from mpmath import mpf

from claims.declared import premises_of
from claims.instances import Instance
from claims.linear import close
from claims.nodes import Node, num, sym
from claims.problem import ClaimError, Problem, places
from claims.symbolic import shape_of, to_sympy

Reference = Callable[[Any], Any]
COARSEST = mpf(10) ** -3
NULL, ZERO = sym("zeros"), num(0)


def within(e: Instance, place: dict[str, int], rule: Reference) -> Any:
    """A Python function of the instance, the index letters set."""
    e.scope.update(place)
    try:
        return rule(e)
    finally:
        for name in place:
            e.scope.pop(name, None)


def in_floats(value: Any) -> bool:
    """Whether a value holds machine floats, which are compared to 8 digits only."""
    return any(isinstance(x, float) for x in np.ravel(value).tolist())


@dataclass(frozen=True)
class equal:  # noqa: N801
    """The sides equal a reference: a function of the instance, or another display.

    Without a reference, the first side is the reference and must have a value itself.
    """

    reference: Reference | str | None = None
    tolerance: Any = None
    reals: ClassVar[bool] = False

    @property
    def rests_on(self) -> tuple[str, ...]:
        """The display compared with."""
        return (self.reference,) if isinstance(self.reference, str) else ()

    @property
    def needs_left(self) -> bool:
        """Whether the first side is what the others are compared with."""
        return self.reference is None

    @property
    def numerical(self) -> bool:
        """Whether the comparison is coarser than 40 digits."""
        return self.tolerance is not None

    def other(self, problem: Problem, position: int) -> Node:
        """The printed formula that this side is compared with."""
        if isinstance(self.reference, str):
            return problem.objective(self.reference)
        first, last = problem.valued[0], problem.valued[-1]
        if first == last:
            reason = "the left side has no value of its own, and there is no reference"
            raise ClaimError(problem.label, reason)
        return problem.sides[first if position != first else problem.valued[1]]

    def agrees(self, problem: Problem, position: int, side: Node, e: Instance) -> bool:
        """Equality at every place of the free index letters."""
        if self.tolerance is not None and self.tolerance > COARSEST:
            raise ClaimError(problem.label, "a tolerance above 1/1000 shows nothing")
        for place in places(problem.free, e):
            key = ("reference", position, tuple(place.items()))
            if key not in e.cache:
                e.cache[key] = self.expected(problem, position, e, place)
                problem.coarse |= in_floats(e.cache[key])
            if not close(problem.at(side, e, place), e.cache[key], self.tolerance):
                return False
        return True

    def expected(
        self, problem: Problem, position: int, e: Instance, place: dict[str, int]
    ) -> Any:
        """What the side should be."""
        if callable(self.reference):
            return within(e, place, self.reference)
        return problem.at(self.other(problem, position), e, place)

    def prove(self, problem: Problem, position: int, side: Node) -> bool:
        """Identity of the two printed formulas at all sizes."""
        from claims import proofs  # noqa: PLC0415

        if callable(self.reference) and problem.valued[0] == problem.valued[-1]:
            reason = "a proof needs a printed formula to prove against"
            raise ClaimError(problem.label, reason)
        plain = equal() if callable(self.reference) else self
        other = plain.other(problem, position)
        if side == other:
            return False
        if NULL in (side, other):
            side, other = (other if side == NULL else side), ZERO
        elif shape_of(side, problem.given) != shape_of(other, problem.given):
            return False
        a, b = (to_sympy(tree, problem.given, problem.lookup) for tree in (side, other))
        return proofs.identity(a, b, premises=premises_of(problem.given))

    def how(self, problem: Problem) -> str:
        """What was compared."""
        if isinstance(self.reference, str):
            return f"compared with ({self.reference}) as printed there"
        if callable(self.reference):
            note = (self.reference.__doc__ or "").strip().split("\n")[0].rstrip(".")
            said = f" (“{note}”)" if note else ""
            return f"compared with an independent computation{said}"
        return "the sides, as printed, compared with each other"
