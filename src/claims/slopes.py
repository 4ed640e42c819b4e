"""The referee for gradients of a *printed* objective."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from claims.declared import premises_of
from claims.fields import Undefined
from claims.instances import Instance
from claims.linear import real, same_shape
from claims.nodes import Node
from claims.parameters import (
    SMALL,
    STEP,
    Parameter,
    number_of,
    parameter,
    update_of,
)
from claims.problem import Problem, places
from claims.symbolic import to_sympy


@dataclass(frozen=True)
class gradient_of:  # noqa: N801
    """The formula is the derivative of a printed objective in one letter's entries."""

    objective: str
    wrt: str
    numerical: ClassVar[bool] = False
    needs_left: ClassVar[bool] = False
    reals: ClassVar[bool] = True

    @property
    def rests_on(self) -> tuple[str, ...]:
        """The objective."""
        return (self.objective,)

    def agrees(self, problem: Problem, position: int, side: Node, e: Instance) -> bool:
        """Central differences of the objective in 40 digits."""
        p = parameter(self.wrt, problem)
        goal = problem.objective(self.objective)
        free = list(dict.fromkeys((*p.letters, *problem.free)))
        for place in places(free, e):
            key = ("gradient", tuple(place.items()))
            if key not in e.cache:
                e.cache[key] = self.slope(problem, p, goal, e, place)
            expected = e.cache[key]
            found = problem.at(side, e, place)
            if not same_shape(found, expected):
                raise Undefined("a gradient of another shape than its parameter")
            for u, v in zip(np.ravel(found), np.ravel(expected), strict=True):
                if not abs(real(u) - v) <= SMALL * (1 + abs(v)):
                    return False
        return True

    def slope(
        self, problem: Problem, p: Parameter, goal: Node, e: Instance, place: Any
    ) -> Any:
        """The derivative in the entries that the indices leave open."""
        start = e[p.name]
        others = {k: v for k, v in place.items() if k not in p.letters}

        def at(table: Any) -> Any:
            moved = e.with_values(**{p.name: table})
            return real(number_of(problem.at(goal, moved, others)))

        if not isinstance(start, np.ndarray):
            return (at(start + STEP) - at(start - STEP)) / (2 * STEP)
        extents = p.extents(e)
        fixed = tuple(
            place[name] - r.start for name, r in zip(p.letters, extents, strict=False)
        )
        out = np.empty(start.shape[len(fixed) :], object)
        for rest in np.ndindex(*out.shape):
            push = np.zeros(start.shape, object)
            push[(*fixed, *rest)] = STEP
            out[rest] = (at(start + push) - at(start - push)) / (2 * STEP)
        return out if out.shape else out[()]

    def prove(self, problem: Problem, position: int, side: Node) -> bool:
        """The Gateaux derivative equals the formula at all sizes."""
        from claims import proofs, sums  # noqa: PLC0415

        p = parameter(self.wrt, problem)
        goal = to_sympy(
            problem.objective(self.objective), problem.given, problem.lookup
        )
        update, base, index = update_of(problem, p, side)
        slope = sums.grad(goal, base, *index)
        return proofs.identity(slope, update, premises=premises_of(problem.given))

    def how(self, problem: Problem) -> str:
        """What was computed."""
        return (
            f"compared with the derivative of ({self.objective}), "
            "taken numerically in 40 digits"
        )
