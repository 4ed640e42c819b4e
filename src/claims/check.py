"""Deciding a claim: instances, vacuity, alterations, premises, proof, in this order.

Cheap refutations come first. Every rule of PASS is here: the printed formula agrees
with its referee; every altered version is refused or has a written reason; at least
three alterations count; a stated premise is needed; a proof that was asked for
succeeds, and (when thorough) proves no altered version that was refuted.
"""

import random
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from mpmath import mp

from claims.domains import Given, Size
from claims.fields import DIGITS, REAL, NeedsReals
from claims.instances import Instance
from claims.letters import check_letters
from claims.linear import real
from claims.mutants import Mutant, mutants
from claims.nodes import Node
from claims.problem import ILL, ClaimError, Problem, places
from claims.referees import bounded_by

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
        if problem.sides[0].op in ("sym", "call") and len(problem.sides) > 1:
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
                    self.describe(position, e),
                )

    def describe(self, position: int, e: Instance) -> str:
        """The instance with both values, where the referee has a value to show."""
        problem, parts = self.problem, [sizes_of(e)]
        side = problem.sides[position]
        for place in places(problem.free, e):
            at = ", ".join(f"{k} = {v}" for k, v in place.items())
            try:
                found = problem.at(side, e, place)
                expected = getattr(self.referee, "expected", None)
                if expected is None:
                    return f"{parts[0]}{'; ' if at else ''}{at}: printed {short(found)}"
                other = expected(problem, position, e, place)
            except (*ILL, NeedsReals):
                continue
            if short(found) != short(other):
                head = "; ".join(p for p in (parts[0], at) if p)
                return f"{head}: printed {short(found)}, referee {short(other)}"
        return parts[0]

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
        positions = self.to_prove()
        for position in positions:
            side = problem.sides[position]
            found = proof.prove(problem, self.referee, position, side)
            if not found:
                raise ClaimError(problem.label, "the proof did not succeed")
            self.found.proved = found
        sample = [pair for pair in refuted if pair[0] in positions]
        random.Random(0).shuffle(sample)
        for position, mutant in sample[:12]:
            if proof.prove(problem, self.referee, position, mutant.tree):
                reason = "the proof also proves an altered version that is refuted"
                raise ClaimError(problem.label, reason, mutant.key)

    def to_prove(self) -> list[int]:
        """Every side but the one that is compared with."""
        valued = self.checked()
        compared = getattr(self.referee, "reference", "none")
        against_first = compared is None or callable(compared)
        return valued[1:] if against_first and len(valued) > 1 else valued


def sizes_of(e: Instance) -> str:
    """The sizes of an instance, for messages."""
    shown = [f"{k} = {e.values[k]}" for k, v in e.given.items() if isinstance(v, Size)]
    shown += [f"{k[1:]} of {v} values" for k, v in e.values.items() if k[0] == "#"]
    return ", ".join(shown)


def short(found: Any) -> str:
    """A value in six digits."""
    flat = np.ravel(np.asarray(found, object)).tolist()
    text = [str(mp.nstr(real(x), 6)) for x in flat[:6]]
    more = ", ..." if len(flat) > 6 else ""
    return text[0] if len(flat) == 1 else f"({', '.join(text)}{more})"
