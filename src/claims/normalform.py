"""The normal form of sums: what `claims.sums` decides identities with."""

import math
from collections.abc import Iterable
from typing import Any

from sympy import (
    Add,
    Indexed,
    KroneckerDelta,
    Mul,
    Pow,
    Product,
    Sum,
    exp,
    log,
)

from claims import premises as given
from claims.binding import canonical, limit_names, names_in, same_limits, variables
from claims.elementary import Elementary
from claims.gradients import fresh, renamed
from claims.rational import Purse


class Normaliser(Elementary):
    """Brings expressions to normal form, within a budget and under given premises."""

    def __init__(self, premises: Iterable[Any], steps: int) -> None:
        self.purse = Purse(steps)
        self.names = variables()
        self.ranges: dict[Any, Any] = {}  # limits of every index met so far
        self.positive: set[Any] = set()  # what the input takes logarithms of
        self.symmetries, rules = given.read(premises)
        self.sum_rules: list[given.Rule] = []
        self.member_rules: list[given.Rule] = []
        self.known_sums: dict[Any, Any] = {}
        for rule in [self._orient(rule) for rule in rules]:
            if not isinstance(rule.left, Sum):
                self.member_rules.append(rule)
            elif len(rule.left.limits) == 1:
                self.sum_rules.append(rule)
            elif not rule.ranges:
                self.known_sums[rule.left] = rule.right

    def _orient(self, rule: given.Rule) -> given.Rule:
        """Turn a premise about sums into one whose left side is a single sum."""
        if not rule.left.has(Sum):
            return rule
        terms = Add.make_args(self.settle(rule.left))
        best = max(terms, key=lambda t: (t.has(Sum), t.count_ops(), str(t)))
        the_sum = next((f for f in Mul.make_args(best) if isinstance(f, Sum)), best)
        rest = Add(*[t for t in terms if t is not best])
        right = (rule.right - rest) / (best / the_sum)
        return given.Rule(the_sum, right, rule.ranges)

    def settle(self, e: Any) -> Any:
        """Normalise until nothing changes (merged sums can bring up new work)."""
        for _ in range(4):
            before, e = e, self._once(e)
            if e == before:
                break
        return e

    def _once(self, e: Any) -> Any:
        self.names = variables()
        for symmetry in self.symmetries:
            e = symmetry.rewrite(e)
        e = self._apart(e)
        for rule in self.member_rules:
            e = self._apart(given.rewrite_members(e, rule, self.ranges))
        e = self.normal(e)
        return e.xreplace(self.known_sums) if self.known_sums else e

    def _apart(self, e: Any) -> Any:
        """Rename bound variables apart and remember over what they run."""
        e = fresh(e, self.names)
        for s in e.atoms(Sum, Product):
            self.ranges |= {v: (lo, hi) for v, lo, hi in s.limits}
        return e

    def copy(self, e: Any) -> Any:
        """A sum in normal form with new names of its own; those inside stay."""
        e = renamed(e, self.names)
        self.ranges |= {v: (lo, hi) for v, lo, hi in e.limits}
        return e

    def normal(self, e: Any) -> Any:  # noqa: PLR0911
        """One pass, from the leaves up."""
        self.purse.spend()
        if isinstance(e, Indexed):
            return Indexed(e.base, *[self.normal(a) for a in e.indices])
        if isinstance(e, Add):
            return Add(*[self.normal(a) for a in e.args])
        if isinstance(e, Mul):
            return self.purse.expand(Mul(*[self.normal(a) for a in e.args]))
        if isinstance(e, Pow):
            return self.power(self.normal(e.base), self.normal(e.exp))
        if isinstance(e, exp):
            terms = Add.make_args(self.normal(e.args[0]))
            return Mul(*[self.exponential(t) for t in terms])
        if isinstance(e, log):
            return self.logarithm(e.args[0])
        if isinstance(e, Sum):
            f = self.normal(e.function)
            for limit in e.limits:
                f = self.sum(f, limit)
            return f
        if isinstance(e, Product):
            f = self.normal(e.function)
            for limit in e.limits:
                f = Mul(*[self.product(g, limit) for g in Mul.make_args(f)])
            return f
        if e.is_Function:
            return e.func(*[self.normal(a) for a in e.args])
        return e  # numbers, symbols, and whatever is not understood: an atom

    def sum(self, f: Any, limit: Any) -> Any:
        """The sum over one index of an expression already in normal form."""
        terms = Add.make_args(self.purse.expand(f))
        return Add(*[self._sum_of_term(t, limit) for t in terms])

    def _sum_of_term(self, term: Any, limit: Any) -> Any:
        i, lo, hi = limit
        self.purse.spend()
        outside, inside = [], []
        for f in Mul.make_args(term):
            (inside if i in f.free_symbols else outside).append(f)
        for f in inside:
            if isinstance(f, KroneckerDelta) and i in f.args[:2]:
                other = f.args[0] if f.args[1] == i else f.args[1]
                if self._in_range(other, (lo, hi)):
                    rest = Mul(*[g for g in inside if g is not f]).xreplace({i: other})
                    return self.purse.expand(Mul(*outside) * self.normal(rest))
        if not inside:
            return self.purse.expand(Mul(*outside) * (hi - lo + 1))
        bounds, factors = self._merged(inside)
        return self.purse.expand(
            Mul(*outside) * self._split([*bounds, (i, lo, hi)], factors)
        )

    def _in_range(self, index: Any, limits: tuple[Any, Any]) -> bool:
        """Whether a delta may be contracted: the index must run over that range.

        A free index is assumed to lie in the range of the first sum it meets; a
        second sum with other limits is then left alone.
        """
        if index.is_Symbol and not index.is_positive:
            return self.ranges.setdefault(index, limits) == limits
        lo, hi = limits
        return bool((index - lo).is_nonnegative and (hi - index).is_nonnegative)

    def _merged(self, factors: list[Any]) -> tuple[list[Any], list[Any]]:
        """Products of sums as one multiple sum."""
        bounds, merged = [], []
        for f in factors:
            s, times = f.as_base_exp()
            if not (isinstance(s, Sum) and times.is_Integer and times > 0):
                merged.append(f)
                continue
            for _ in range(int(times)):
                copy = self.copy(s)
                bounds += copy.limits
                merged += Mul.make_args(copy.function)
        return [tuple(b) for b in bounds], merged

    def _split(self, bounds: list[Any], factors: list[Any]) -> Any:
        """A multiple sum as the product of its connected components."""
        left, result = list(bounds), [f for f in factors if not names_in(bounds, f)]
        while left:
            names = {left[0][0]}
            while True:
                linked = [f for f in factors if names & f.free_symbols]
                linked += [b for b in bounds if names & limit_names(b)]
                wider = names.union(*[names_in(bounds, f) for f in linked])
                if wider == names:
                    break
                names = wider
            mine = [b for b in left if b[0] in names]
            left = [b for b in left if b[0] not in names]
            parts = [f for f in factors if names & f.free_symbols]
            result.append(self._component(mine, parts))
        return Mul(*result)

    def _component(self, bounds: list[Any], factors: list[Any]) -> Any:
        if not factors and len(bounds) == 1:
            return bounds[0][2] - bounds[0][1] + 1
        for rule in self.sum_rules:
            found = given.rewrite_sum(rule, bounds, factors, self.ranges)
            if found is not None:
                rest, product = found
                summand = self._apart(Mul(*product))
                return self.normal(Sum(summand, *rest) if rest else summand)
        alike = [len(list(g)) for _, g in same_limits(bounds)]
        self.purse.spend(math.prod(math.factorial(n) for n in alike))
        return canonical(bounds, Mul(*factors), Sum)


__all__ = ["Normaliser"]
