"""Referees for optima and gradients of a *printed* objective.

The objective is another display of the book. An update is put into it; the derivative
there, taken numerically in 40 digits, must vanish along two random directions in the
space of all entries (within the simplex where the parameter is a distribution; a
gradient that is not zero would be met with probability 1 - 10**-6 at least), random
steps away must not improve it, and a step in any one row must make it worse.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np
import sympy as sp
from mpmath import mpf

from claims.components import Components
from claims.declared import assumptions_of, premises_of
from claims.dispatch import bind, value
from claims.domains import Definite
from claims.fields import Undefined
from claims.instances import Instance, table_like
from claims.linear import real, same_shape
from claims.nodes import Node
from claims.parameters import SMALL, STEP, Parameter, number_of, parameter, update_of
from claims.problem import Problem
from claims.symbolic import to_sympy

DIRECTIONS = 2
FLAT = mpf(10) ** -20  # an objective that changes by less does not change


@dataclass(frozen=True)
class Optimum:
    """The update makes the printed objective stationary and cannot be bettered."""

    objective: str
    over: str
    simplex: str | None = None
    sense: ClassVar[int] = 1
    numerical: ClassVar[bool] = False
    needs_left: ClassVar[bool] = False
    reals: ClassVar[bool] = True

    @property
    def rests_on(self) -> tuple[str, ...]:
        """The objective."""
        return (self.objective,)

    def table(self, problem: Problem, p: Parameter, side: Node, e: Instance) -> Any:
        """The update for all indices, in the shape of the parameter."""
        extents = p.extents(e)
        shape = tuple(len(r) for r in extents)
        if not shape:
            return real(number_of(value(side, e)))
        out = np.empty(shape, object)
        leading = extents[: len(p.letters)]
        for at in product(*leading):
            found = bind(e, p.letters, lambda: value(side, e), at)
            place = tuple(k - r.start for k, r in zip(at, leading, strict=True))
            part = out[place] if len(place) < len(shape) else None
            if part is None:
                out[place] = real(number_of(found))
                continue
            if not same_shape(found, part):
                raise Undefined("an update of another shape than its parameter")
            part[...] = table_like(found.reshape(part.shape), real)
        return out

    def agrees(self, problem: Problem, position: int, side: Node, e: Instance) -> bool:
        """Stationary (on the simplex), and not bettered by random steps."""
        p = parameter(self.over, problem)
        goal = problem.objective(self.objective)
        best = self.table(problem, p, side, e)
        summed = p.simplex or self.simplex is not None
        if summed and not np.all(np.abs(np.sum(best, axis=-1) - 1) <= mpf(10) ** -20):
            return False

        def at(table: Any) -> Any:
            return real(number_of(value(goal, e.with_values(**{p.name: table}))))

        rng = random.Random(e.seed)
        for _ in range(DIRECTIONS):
            push = direction(best, p.domain, rng, summed)
            slope = (at(best + STEP * push) - at(best - STEP * push)) / (2 * STEP)
            if not abs(slope) <= SMALL:
                return False
        top = at(best)
        for _ in range(2):
            change = at(step(best, p.domain, rng, summed)) - top
            if not change * self.sense <= 0:
                return False
        return all(
            (at(near) - top) * self.sense < -FLAT
            for near in self.row_steps(best, p, rng, summed)
        )

    def row_steps(
        self, best: Any, p: Parameter, rng: random.Random, summed: bool
    ) -> Iterator[Any]:
        """Steps in one row of the parameter alone: each must make a difference."""
        near = step(best, p.domain, rng, summed)
        if not isinstance(best, np.ndarray):
            yield near
            return
        leading = best.shape[:-1] if summed else best.shape[: len(p.letters)]
        for row in np.ndindex(*leading):
            moved = best.copy()
            moved[row] = near[row]
            yield moved

    def prove(self, problem: Problem, position: int, side: Node) -> str:
        """Global optimality or stationarity at all sizes; empty if not proved."""
        from claims import proofs  # noqa: PLC0415

        p, given = parameter(self.over, problem), problem.given
        goal = to_sympy(problem.objective(self.objective), given, problem.lookup)
        update, base, index = update_of(problem, p, side)
        premises = premises_of(given)
        if isinstance(p.domain, Definite):
            inverse = sp.IndexedBase(p.name + "_inv")
            found = proofs.stationary_covariance(
                goal, inverse, base, index, update, premises=premises
            )
            return "stationary" if found else ""
        sense = "max" if self.sense > 0 else "min"
        simplex = None
        if index and (p.simplex or self.simplex):
            simplex = (index[-1], *self.limits(problem, p))
        found = proofs.optimum(
            goal,
            base,
            index,
            update,
            sense=sense,
            simplex=simplex,
            premises=premises,
            assumptions=assumptions_of(given),
        )
        return "" if found == "not proved" else found

    def limits(self, problem: Problem, p: Parameter) -> tuple[Any, Any]:
        """First and last index of the axis that sums to one."""
        writer = Components(problem.given)
        if hasattr(p.domain, "of"):
            return writer.limits(p.domain.of[-1])
        size, start = writer.axis(p.domain.axes[-1])
        return sp.Integer(start), size + start - 1

    def how(self, problem: Problem) -> str:
        """What was computed."""
        verb = "raises" if self.sense > 0 else "lowers"
        return (
            f"the right side, as printed, was put into ({self.objective}): the "
            f"derivative there is zero and no step away {verb} it"
        )


class maximises(Optimum):  # noqa: N801
    """The update maximises a printed objective."""


class minimises(Optimum):  # noqa: N801
    """The update minimises a printed objective."""

    sense: ClassVar[int] = -1


def direction(best: Any, domain: Any, rng: random.Random, summed: bool) -> Any:
    """A random direction in the space of the parameter's entries."""

    def size() -> Any:
        return mpf(rng.choice((-1, 1)) * rng.randint(10**6, 9 * 10**6)) / 10**6

    if not isinstance(best, np.ndarray):
        return size()
    push = table_like(best, lambda x: size())
    if summed:
        push = push - np.sum(push, axis=-1, keepdims=True) / push.shape[-1]
    if isinstance(domain, Definite):
        push = (push + np.swapaxes(push, -1, -2)) / 2
    return push


def step(best: Any, domain: Any, rng: random.Random, summed: bool) -> Any:
    """A random point near the optimum, of the same kind."""

    def size() -> Any:
        return mpf(rng.choice((-1, 1)) * rng.randint(20, 99)) / 4000

    if not isinstance(best, np.ndarray):
        return best * (1 + size()) + (0 if domain.positive else size())
    if isinstance(domain, Definite):
        near = table_like(best, lambda x: size())
        for i in range(best.shape[-1]):
            near[..., i, i] = near[..., i, i] + 1
        return near @ best @ np.swapaxes(near, -1, -2)
    change = table_like(best, lambda x: x * size())
    if not getattr(domain, "positive", False) and not hasattr(domain, "of"):
        change = change + table_like(best, lambda x: size())
    if summed:
        change = change - best * np.sum(change, axis=-1, keepdims=True)
    return best + change
