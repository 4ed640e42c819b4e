"""Referees for densities and limits, by 40-digit quadrature and evaluation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from mpmath import mp, mpf

from claims.arrays import shaped
from claims.fields import REAL, Undefined
from claims.instances import Instance
from claims.linear import real, same_shape
from claims.nodes import Node
from claims.problem import ClaimError, Problem, places


@dataclass(frozen=True)
class density_of:  # noqa: N801
    """The formula is the density of a letter: total mass one, and the right CDF.

    `over` is the letter. A continuous letter needs `support(e)`, the ends (and breaks)
    of the range of integration, and `cdf(e, y)`, the probability of values up to y,
    computed from what the letter is made of. A binary table or an outcome letter is
    summed over all its values instead.
    """

    over: str
    support: Callable[[Any], list[Any]] | None = None
    cdf: Callable[[Any, Any], Any] | None = None
    numerical: ClassVar[bool] = True
    needs_left: ClassVar[bool] = False
    reals: ClassVar[bool] = True
    rests_on: ClassVar[tuple[str, ...]] = ()

    def agrees(self, problem: Problem, position: int, side: Node, e: Instance) -> bool:
        """Mass one, and the slope of the CDF at the instance."""
        if self.support is None and self.cdf is None:
            raise ClaimError(problem.label, "a density needs a support or a CDF")
        tolerance = mpf(10) ** -8

        def density(y: Any) -> Any:
            found = problem.at(side, e.with_values(**{self.over: y}), {})
            if np.ndim(found):
                raise Undefined("a density that is not a number")
            return found

        if self.cdf is not None:
            y, h = real(e[self.over]), mpf(10) ** -6
            if "slope" not in e.cache:
                rise = real(self.cdf(e, y + h)) - real(self.cdf(e, y - h))
                e.cache["slope"] = rise / (2 * h)
            gap = abs(density(y) - e.cache["slope"])
            if not gap <= tolerance * (1 + abs(e.cache["slope"])):
                return False
        if self.support is not None:
            with mp.workdps(20):
                mass: Any = mp.quad(density, self.support(e))
            return bool(abs(mass - 1) < tolerance)
        return True

    def prove(self, problem: Problem, position: int, side: Node) -> bool:
        """Not available: densities are checked by quadrature."""
        raise ClaimError(
            problem.label, "a density is checked by quadrature, not proved"
        )

    def how(self, problem: Problem) -> str:
        """What was computed."""
        parts = []
        if self.support is not None:
            parts.append("its integral is one by quadrature")
        if self.cdf is not None:
            parts.append("it is the slope of the distribution function")
        return " and ".join(parts)


def distance(a: Any, b: Any) -> Any:
    """The largest difference of two values; infinite if a row meets a column."""
    x, y = (np.asarray(v, object) for v in shaped(a, b))
    if not (same_shape(x, y) or same_shape(y, x)):
        return mp.inf
    pairs = zip(x.ravel().tolist(), y.ravel().tolist(), strict=True)
    return max(abs(real(u) - real(v)) for u, v in pairs)


@dataclass(frozen=True)
class limit_of:  # noqa: N801
    """The formula is the limit of another display as a letter approaches a value."""

    display: str
    letter: str
    to: Any = 0
    side: int = 1
    numerical: ClassVar[bool] = True
    needs_left: ClassVar[bool] = False
    reals: ClassVar[bool] = True

    @property
    def rests_on(self) -> tuple[str, ...]:
        """The display whose limit is taken."""
        return (self.display,)

    def agrees(self, problem: Problem, position: int, side: Node, e: Instance) -> bool:
        """The distance to the limit shrinks, and is small in the end."""
        source = problem.objective(self.display)
        for place in places(problem.free, e):
            key = ("limit", tuple(place.items()))
            if key not in e.cache:
                e.cache[key] = [
                    problem.at(source, e.with_values(**{self.letter: x}), place)
                    for x in self.approach(e)
                ]
            goal = problem.at(side, e, place)
            gaps = [distance(found, goal) for found in e.cache[key]]
            shrinking = gaps[0] >= gaps[1] >= gaps[2] or gaps[2] < mpf(10) ** -20
            if not (shrinking and gaps[2] <= mpf(10) ** -6):
                return False
        return True

    def approach(self, e: Instance) -> list[Any]:
        """Three values ever nearer to the limit."""
        if self.to in ("infinity", mp.inf):
            return [mpf(10) ** k for k in (4, 8, 12)]
        return [REAL.take(self.to) + self.side * mpf(10) ** -k for k in (4, 8, 12)]

    def prove(self, problem: Problem, position: int, side: Node) -> bool:
        """Not available."""
        raise ClaimError(problem.label, "a limit is checked numerically, not proved")

    def how(self, problem: Problem) -> str:
        """What was computed."""
        return (
            f"({self.display}) was evaluated ever nearer to {self.letter} = {self.to}"
        )
