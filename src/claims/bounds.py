"""The referee for inequalities: every sign of the chain, at its own place."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from mpmath import mp, mpf

from claims.arrays import shaped
from claims.declared import assumptions_of, premises_of
from claims.fields import Undefined
from claims.instances import Instance
from claims.linear import close, real
from claims.nodes import Node
from claims.problem import ClaimError, Problem, places
from claims.referees import Reference, within
from claims.symbolic import shape_of, to_sympy

SLACK = mpf(10) ** -25
DOWN, UP = (">=", ">"), ("<=", "<")


@dataclass(frozen=True)
class bounded_by:  # noqa: N801
    """The printed inequality holds, strictly somewhere, with equality where stated.

    In a chain each sign is checked between the two sides beside it: `a <= b = c` needs
    a <= b and b = c. `tight_at(e)` returns the letters to exchange (a dict) so that
    equality must hold at every sign. With `reference`, the first side is recomputed by
    that function (and must equal it, if it has a value). `gap` is the label of a
    display that is manifestly non-negative and equals the difference.
    """

    reference: Reference | None = None
    tight_at: Callable[[Any], dict[str, Any]] | None = None
    gap: str | None = None
    numerical: ClassVar[bool] = False
    needs_left: ClassVar[bool] = True
    reals: ClassVar[bool] = False

    @property
    def rests_on(self) -> tuple[str, ...]:
        """The display of the gap."""
        return (self.gap,) if self.gap else ()

    def sign(self, problem: Problem) -> int:
        """+1 if the printed chain goes down from the first side."""
        signs = set(problem.equation.signs)
        if signs & set(DOWN) and not signs & set(UP):
            return 1
        if signs & set(UP) and not signs & set(DOWN):
            return -1
        raise ClaimError(problem.label, "the display is not an inequality in one sense")

    def links(self, problem: Problem, position: int) -> Iterator[int]:
        """The signs beside a side, each named by the side on its left."""
        known = set(problem.valued) | ({0} if self.reference is not None else set())
        for k, sign in enumerate(problem.equation.signs):
            if position not in (k, k + 1):
                continue
            if {k, k + 1} <= known:
                yield k
            elif sign in (*DOWN, *UP):
                reason = "the first side of the bound has no value"
                raise ClaimError(problem.label, reason)

    def other(
        self, problem: Problem, position: int, e: Instance, place: dict[str, int]
    ) -> Any:
        """The value of the side on the other end of a sign."""
        if position == 0 and self.reference is not None:
            return within(e, place, self.reference)
        return problem.at(problem.sides[position], e, place)

    def holds(  # noqa: PLR0917
        self,
        problem: Problem,
        position: int,
        side: Node,
        e: Instance,
        place: dict[str, int],
        tight: bool = False,
    ) -> bool:
        """Every sign beside the side, or equality there."""
        here = problem.at(side, e, place)
        recomputed = position == 0 and self.reference is not None
        if recomputed and not close(here, self.other(problem, 0, e, place)):
            return False
        for k in self.links(problem, position):
            there = self.other(problem, k if position != k else k + 1, e, place)
            upper, lower = (here, there) if position == k else (there, here)
            if problem.equation.signs[k] not in (*DOWN, *UP):
                if not close(upper, lower):
                    return False
                continue
            found = self.difference(problem, upper, lower)
            if tight and not all(abs(d) <= SLACK for d in found):
                return False
            if not tight and not (
                all(d >= -SLACK for d in found) and any(d > SLACK for d in found)
            ):
                return False
        return True

    def difference(self, problem: Problem, left: Any, right: Any) -> list[Any]:
        """Left minus right, in the sense of the inequality."""
        a, b = (np.ravel(v).tolist() for v in shaped(left, right))
        found = [
            self.sign(problem) * (real(x) - real(y)) for x, y in zip(a, b, strict=True)
        ]
        if not all(mp.isfinite(d) for d in found):
            raise Undefined("a side that is not finite")
        return found

    def agrees(self, problem: Problem, position: int, side: Node, e: Instance) -> bool:
        """The inequalities here, strictly, and equality at the stated point."""
        self.sign(problem)
        for place in places(problem.free, e):
            if not self.holds(problem, position, side, e, place):
                return False
            if self.tight_at is None:
                continue
            changes = within(e, place, self.tight_at)
            other = e.with_values(**{k: e.convert(v) for k, v in changes.items()})
            if not self.holds(problem, position, side, other, place, tight=True):
                return False
        return True

    def prove(self, problem: Problem, position: int, side: Node) -> bool:
        """The sign before the side: the difference is the gap, or clearly not < 0."""
        from claims import proofs  # noqa: PLC0415

        given, lookup, signs = problem.given, problem.lookup, problem.equation.signs
        if position == 0 or position - 1 not in problem.valued:
            reason = "a proof of a bound needs a value on both sides of the sign"
            raise ClaimError(problem.label, reason)
        bounds = [sign for sign in signs if sign in (*DOWN, *UP)]
        if self.gap is not None and len(bounds) > 1:
            reason = "a gap belongs to one inequality: give each its own display"
            raise ClaimError(problem.label, reason)
        before = problem.sides[position - 1]
        if shape_of(before, given) != shape_of(side, given):
            return False
        a, b = (to_sympy(tree, given, lookup) for tree in (before, side))
        premises, known = premises_of(given), assumptions_of(given)
        if signs[position - 1] not in (*DOWN, *UP):
            return proofs.identity(a, b, premises=premises)
        upper, lower = (a, b) if self.sign(problem) > 0 else (b, a)
        gap = None
        if self.gap is not None:
            gap = to_sympy(problem.objective(self.gap), given, lookup)
        return proofs.bound(lower, upper, gap, premises=premises, assumptions=known)

    def how(self, problem: Problem) -> str:
        """What was compared."""
        tight = ", with equality where it is said" if self.tight_at else ""
        return f"the inequality was strict at every random instance{tight}"
