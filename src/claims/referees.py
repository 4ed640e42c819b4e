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

from claims.declared import assumptions_of, premises_of
from claims.instances import Instance
from claims.linear import close, real
from claims.nodes import Node
from claims.problem import ClaimError, Problem, places
from claims.symbolic import shape_of, to_sympy

Reference = Callable[[Any], Any]
COARSEST = mpf(10) ** -3


def within(e: Instance, place: dict[str, int], rule: Reference) -> Any:
    """A Python function of the instance, the index letters set."""
    e.scope.update(place)
    try:
        return rule(e)
    finally:
        for name in place:
            e.scope.pop(name, None)


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
        shapes = [shape_of(tree, problem.given) for tree in (side, other)]
        if shapes[0] != shapes[1]:
            return False
        a, b = (to_sympy(tree, problem.given, problem.lookup) for tree in (side, other))
        return proofs.identity(a, b, premises=premises_of(problem.given))

    def how(self, problem: Problem) -> str:
        """What was compared."""
        if isinstance(self.reference, str):
            return f"compared with ({self.reference}) as printed there"
        if callable(self.reference):
            note = (self.reference.__doc__ or "").strip().split("\n")[0].rstrip(".")
            return "compared with an independent computation" + (
                f" ({note[0].lower() + note[1:]})" if note else ""
            )
        return "the sides, as printed, compared with each other"


@dataclass(frozen=True)
class bounded_by:  # noqa: N801
    """The printed inequality holds, strictly somewhere, with equality where stated.

    `tight_at(e)` returns the letters to exchange (a dict) so that equality must hold.
    With `reference`, the first side is recomputed by that function. `gap` is the label
    of a display that is manifestly non-negative and equals the difference.
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
        if signs & {">=", ">"} and not signs & {"<=", "<"}:
            return 1
        if signs & {"<=", "<"} and not signs & {">=", ">"}:
            return -1
        raise ClaimError(problem.label, "the display is not an inequality in one sense")

    def difference(
        self,
        problem: Problem,
        position: int,
        side: Node,
        e: Instance,
        place: dict[str, int],
    ) -> list[Any]:
        """First side minus this side, in the sense of the inequality."""
        other = problem.sides[problem.valued[1] if position == 0 else 0]
        here, there = (side, other) if position == 0 else (other, side)
        if self.reference is not None and position != 0:
            a = within(e, place, self.reference)
        else:
            a = problem.at(here, e, place)
        b = problem.at(there, e, place)
        pairs = zip(np.ravel(a).tolist(), np.ravel(b).tolist(), strict=True)
        return [self.sign(problem) * (real(x) - real(y)) for x, y in pairs]

    def agrees(self, problem: Problem, position: int, side: Node, e: Instance) -> bool:
        """The inequality here, strictly, and equality at the stated point."""
        slack = mpf(10) ** -25
        for place in places(problem.free, e):
            found = self.difference(problem, position, side, e, place)
            if min(found) < -slack or max(found) <= slack:
                return False
            if self.tight_at is None:
                continue
            changes = within(e, place, self.tight_at)
            other = e.with_values(**{k: e.convert(v) for k, v in changes.items()})
            tight = self.difference(problem, position, side, other, place)
            if max(abs(d) for d in tight) > slack:
                return False
        return True

    def prove(self, problem: Problem, position: int, side: Node) -> bool:
        """The difference is the printed gap, which is non-negative."""
        from claims import proofs  # noqa: PLC0415

        given, lookup = problem.given, problem.lookup
        first = problem.sides[0] if position else problem.sides[problem.valued[1]]
        a, b = (to_sympy(t, given, lookup) for t in (first, side))
        upper, lower = (a, b) if (self.sign(problem) > 0) == (position > 0) else (b, a)
        gap = None
        if self.gap is not None:
            gap = to_sympy(problem.objective(self.gap), given, lookup)
        premises, known = premises_of(given), assumptions_of(given)
        return proofs.bound(lower, upper, gap, premises=premises, assumptions=known)

    def how(self, problem: Problem) -> str:
        """What was compared."""
        tight = ", with equality where it is said" if self.tight_at else ""
        return f"the inequality was strict at every random instance{tight}"
