"""Deciding a claim: instances, vacuity, alterations, premises, proof, in this order.

Cheap refutations come first. Every rule of PASS is here: the printed formula agrees
with its referee; every altered version is refused or has a written reason; at least
three alterations count; a stated premise is needed; a proof that was asked for
succeeds, and (when thorough) proves no altered version that was refuted.
"""

import random
from dataclasses import dataclass, field, replace
from typing import Any

from mpmath import mp

from claims.bounds import bounded_by
from claims.domains import Given
from claims.fields import DIGITS, REAL, NeedsReals
from claims.instances import Instance
from claims.letters import check_letters
from claims.messages import describe, sizes_of
from claims.mutants import Mutant, mutants
from claims.nodes import Node
from claims.printed import check_printed, left_unread
from claims.problem import ILL, ClaimError, Problem
from claims.proving import Symbolic

MORE = 12
FEWEST = 3


@dataclass
class Findings:
    """What the check of one claim established."""

    instances: int = 0
    total: int = 0
    refuted: int = 0
    ill_formed: int = 0
    justified: dict[str, str] = field(default_factory=dict)
    premises: list[str] = field(default_factory=list)
    proved: bool | str = False
    sizes: list[str] = field(default_factory=list)
    same: list[Mutant] = field(default_factory=list)
    left_unread: bool = False
    partly_proved: bool = False

    @property
    def refused(self) -> int:
        """Altered versions refused in one way or the other."""
        return self.refuted + self.ill_formed


class Check:
    """One claim on its way to a verdict."""

    def __init__(self, problem: Problem, referee: Any, instances: int):
        self.problem, self.referee = problem, referee
        if referee.reals:
            problem.needs_reals()
        if problem.sides[0].op in ("sym", "call", "lim") and len(problem.sides) > 1:
            problem.names_left = not referee.needs_left
        self.drawn: list[Instance] = []
        self.count = instances
        self.found = Findings(instances=instances)

    def run(
        self,
        proof: Any,
        equivalents: dict[str, str],
        premises: dict[str, Given],
        thorough: bool,
    ) -> Findings:
        """All rules; raises `ClaimError` or `TexError` at the first that fails."""
        problem = self.problem
        with mp.workdps(DIGITS):
            sides = tuple(problem.sides[i] for i in problem.valued)
            check_letters(problem.equation, problem.given, sides)
            self.signs()
            check_printed(problem, self.referee)
            self.not_the_same()
            self.holds()
            refuted = self.alterations(equivalents)
            self.ablations(premises)
            if proof is not None:
                self.prove(proof, refuted if thorough else [])
        return self.found

    def checked(self) -> list[int]:
        """The sides that are checked (and altered)."""
        return self.problem.valued

    def signs(self) -> None:
        """An equality is printed with `=`, a bound with signs in one sense."""
        signs = set(self.problem.equation.signs)
        allowed = {"=", "equiv"}
        if isinstance(self.referee, bounded_by):
            allowed |= {"<=", "<", ">=", ">"}
        if signs - allowed or not signs:
            shown = ", ".join(sorted(signs)) or "none"
            reason = (
                f"the signs of the display ({shown}) are not what the referee checks"
            )
            raise ClaimError(self.problem.label, reason)

    def not_the_same(self) -> None:
        """Two sides that are the same formula make a definition, not a claim."""
        for a, b in zip(self.problem.sides, self.problem.sides[1:], strict=False):
            if a == b:
                reason = "left and right are the same expression"
                raise ClaimError(self.problem.label, reason)
        display = getattr(self.referee, "reference", None)
        if isinstance(display, str):
            other = self.problem.objective(display)
            if all(self.problem.sides[i] == other for i in self.problem.valued):
                reason = f"the display prints what ({display}) prints"
                raise ClaimError(self.problem.label, reason)

    def instance(self, k: int) -> Instance:
        """The k-th random instance, kept for the alterations."""
        while len(self.drawn) <= k:
            self.drawn.append(self.problem.draw(len(self.drawn)))
        return self.drawn[k]

    def holds(self) -> None:
        """The printed formula agrees with its referee on every instance."""
        for k in range(self.count):
            try:
                self.one(k)
            except NeedsReals:
                self.problem.needs_reals()
                self.drawn.clear()
                return self.holds()
        self.found.sizes = [sizes_of(e) for e in self.drawn]
        self.found.left_unread = left_unread(self.problem, self.referee)
        return None

    def one(self, k: int) -> None:
        """One instance, every side."""
        e, problem = self.instance(k), self.problem
        for position in self.checked():
            side = problem.sides[position]
            try:
                right = self.referee.agrees(problem, position, side, e)
            except ILL as error:
                reason = f"the formula has no value ({error})"
                raise ClaimError(problem.label, reason, sizes_of(e)) from error
            if not right:
                raise ClaimError(
                    problem.label,
                    "the printed formula disagrees with its referee",
                    describe(problem, self.referee, position, e),
                )

    def fate(self, position: int, tree: Node) -> str:
        """What happens to an altered version: 'refuted', 'ill-formed' or 'survives'."""
        for k in range(self.count + MORE):
            try:
                if not self.referee.agrees(
                    self.problem, position, tree, self.instance(k)
                ):
                    return "refuted"
            except ClaimError:
                raise
            except NeedsReals:
                return self.fate_in_reals(position, tree)
            except ILL:
                return "ill-formed"
        return "survives"

    def fate_in_reals(self, position: int, tree: Node) -> str:
        """The same for a version that leaves the fractions."""
        other = Check(replace(self.problem, numbers=REAL), self.referee, self.count)
        return other.fate(position, tree)

    def alterations(self, equivalents: dict[str, str]) -> list[tuple[int, Mutant]]:
        """Every altered version is refused, or has a reason."""
        found, refuted, survivors = self.found, [], []
        used: set[str] = set()
        for position in self.checked():
            for mutant in mutants(self.problem.sides[position], self.problem.given):
                found.total += 1
                fate = self.fate(position, mutant.tree)
                if fate == "refuted":
                    found.refuted += 1
                    refuted.append((position, mutant))
                elif fate == "ill-formed":
                    found.ill_formed += 1
                elif reason := equivalents.get(mutant.key, "").strip() or mutant.reason:
                    found.justified[mutant.key] = reason
                    found.same.append(replace(mutant, reason=reason))
                    used.add(mutant.key)
                else:
                    survivors.append(mutant.key)
        label = self.problem.label
        if survivors:
            shown = "; ".join(repr(key) for key in survivors[:5])
            reason = f"{len(survivors)} altered versions survive without a reason"
            raise ClaimError(label, reason, shown)
        if unused := set(equivalents) - used:
            reason = "reasons are given for versions that are refused or do not occur"
            raise ClaimError(label, reason, "; ".join(sorted(unused)))
        if found.refused < FEWEST:
            raise ClaimError(label, "fewer than three altered versions count")
        return refuted

    def ablations(self, premises: dict[str, Given]) -> None:
        """Without a stated premise the check must break."""
        for name, larger in premises.items():
            for letter, domain in larger.items():
                before = self.problem.given.get(letter)
                if getattr(before, "axes", ()) != getattr(domain, "axes", ()):
                    reason = f"the premise {name!r} changes the axes of {letter}"
                    raise ClaimError(self.problem.label, reason)
            problem = replace(self.problem, given={**self.problem.given, **larger})
            problem.extra = {}
            trial = Check(problem, self.referee, self.count + MORE)
            try:
                trial.holds()
            except ClaimError:
                self.found.premises.append(name)
            else:
                reason = f"the premise {name!r} is not needed"
                raise ClaimError(problem.label, reason)

    def prove(self, proof: Any, refuted: list[tuple[int, Mutant]]) -> None:
        """The proof succeeds, and proves no refuted version."""
        problem = self.problem
        positions = self.to_prove(proof)
        for position in positions:
            side = problem.sides[position]
            found = proof.prove(problem, self.referee, position, side)
            if not found:
                raise ClaimError(problem.label, "the proof did not succeed")
            if self.found.proved != "stationary":  # the weakest of all sides counts
                self.found.proved = found
        self.found.partly_proved = (  # the reference itself was met on instances only
            callable(getattr(self.referee, "reference", None))
            and positions == self.checked()[1:]
            and 0 not in self.checked()
        )
        sample = [pair for pair in refuted if pair[0] in positions]
        random.Random(0).shuffle(sample)
        for position, mutant in sample[:12]:
            if proof.prove(problem, self.referee, position, mutant.tree):
                reason = "the proof also proves an altered version that is refuted"
                raise ClaimError(problem.label, reason, mutant.key)

    def to_prove(self, proof: Any) -> list[int]:
        """Every side but the one that is compared with."""
        valued = self.checked()
        compared = getattr(self.referee, "reference", "none")
        against_first = compared is None or (
            callable(compared) and not isinstance(proof, Symbolic)
        )
        return valued[1:] if against_first and len(valued) > 1 else valued
