"""What a proof may take for granted, as rewriting rules.

A premise is an equality that holds for every value of its free indices:

    (Sum(r[n, k], (k, 1, K)), 1)         each row of r sums to one, for every n
    (y[n, 0], 1 - y[n, 1])               one label is the complement of the other
    (x[n, d] ** 2, x[n, d])              x is 0 or 1
    (m[a], Sum(w[n] * x[n, a], ...) / W) m is defined as the weighted mean
    Symmetric(A)                         A[..., a, b] = A[..., b, a]

Free indices are the symbols that stand as an index of the left side and are not sizes
(a size is declared positive).  A third entry restricts them: ``{n: (1, L)}`` applies
the rule only where n runs over exactly that range.

Sound: a rule only replaces its left side by its right side, at indices that match it.
Incomplete: the left side must be a single sum of one product, a family's member, or a
power of one; it is found where the factors that depend on the summed index are exactly
its own.  Assumed: the premises; each must be needed, which the claims check by leaving
them out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sympy import Dummy, Indexed, IndexedBase, Mul, Pow, S, Sum

from claims.gradients import fresh


@dataclass(frozen=True)
class Symmetric:
    """The premise that a family of matrices is symmetric in its last two indices."""

    base: Any
    half: Any = field(default_factory=lambda: IndexedBase(Dummy("half")))

    def rewrite(self, e: Any) -> Any:
        """Write A[a, b] as (H[a, b] + H[b, a]) / 2: every symmetric A is one."""
        changed = {}
        for x in e.atoms(Indexed):
            if x.base == self.base:
                *lead, a, b = x.indices
                changed[x] = (self.half[(*lead, a, b)] + self.half[(*lead, b, a)]) / 2
        return e.xreplace(changed)


@dataclass(frozen=True)
class Rule:
    """One equality, left to right."""

    left: Any
    right: Any
    ranges: dict[Any, Any] = field(default_factory=dict)

    @property
    def pattern(self) -> frozenset[Any]:
        """The indices for every value of which the equality holds."""
        return frozenset(
            i
            for x in self.left.atoms(Indexed)
            for i in x.indices
            if i.is_Symbol and not i.is_positive and i not in _bound(self.left)
        )

    def at(self, binding: dict[Any, Any], ranges: dict[Any, Any]) -> Any:
        """The right side at the matched indices, or None where the rule is silent."""
        for index, limits in self.ranges.items():
            if ranges.get(binding.get(index)) != limits:
                return None
        return fresh(self.right).xreplace(binding)


def read(premises: Iterable[Any]) -> tuple[list[Symmetric], list[Rule]]:
    """Sort premises as written into symmetries and rules."""
    symmetries, rules = [], []
    for premise in premises:
        if isinstance(premise, Symmetric):
            symmetries.append(premise)
        else:
            left, right, *ranges = premise
            limits = {v: (S(a), S(b)) for v, (a, b) in (ranges or [{}])[0].items()}
            rules.append(Rule(S(left), S(right), limits))
    return symmetries, rules


def rewrite_members(e: Any, rule: Rule, ranges: dict[Any, Any]) -> Any:
    """Apply a rule whose left side is a member of a family, a symbol, or a power."""
    base, power = rule.left.as_base_exp()
    changed = {}
    for x in e.atoms(*{type(rule.left), type(base)}):
        found, exponent = x.as_base_exp()
        whole = exponent.is_Integer and exponent >= power
        if not (whole if power != 1 else x == found):
            continue
        binding = unify(base, found, rule.pattern, {})
        if binding is not None and (value := rule.at(binding, ranges)) is not None:
            changed[x] = value * found ** (exponent - power)
    return e.xreplace(changed)


def rewrite_sum(
    rule: Rule,
    bounds: list[tuple[Any, Any, Any]],
    factors: list[Any],
    ranges: dict[Any, Any],
) -> tuple[list[tuple[Any, Any, Any]], list[Any]] | None:
    """Find the rule's sum inside a larger one, and carry it out.

    Sum_{n,k} w_n r_nk is Sum_n w_n (Sum_k r_nk): a summed index may be carried out
    first when the factors that depend on it are exactly those of the rule.
    """
    (index, *limits), summand = rule.left.limits[0], rule.left.function
    wanted = _flat(Mul.make_args(summand))
    for bound in bounds:
        v, *found_limits = bound
        others = [b for b in bounds if b is not bound]
        if found_limits != limits or any(v in b[1].free_symbols for b in others):
            continue
        if any(v in b[2].free_symbols for b in others):
            continue
        mine = _flat([f for f in factors if v in f.free_symbols])
        free = rule.pattern  # but r[v, v] summed over v is no instance of r[n, k]
        for binding in _assign(wanted, mine, free, {index: v}):
            value = rule.at(binding, ranges)
            caught = any(v in binding[i].free_symbols for i in free)
            if value is None or caught:
                continue
            rest = [f for f in factors if v not in f.free_symbols]
            return others, [*rest, value]
    return None


def unify(
    pattern: Any, e: Any, free: frozenset[Any], binding: dict[Any, Any]
) -> dict[Any, Any] | None:
    """What the free indices must be for ``pattern`` to be ``e``; None if nothing is."""
    if pattern in binding:
        return binding if binding[pattern] == e else None
    if pattern in free:
        return {**binding, pattern: e}
    if not pattern.args:
        return binding if pattern == e else None
    if pattern.func != e.func or len(pattern.args) != len(e.args):
        return None
    result: dict[Any, Any] | None = binding
    for p, q in zip(pattern.args, e.args, strict=True):
        if result is not None:
            result = unify(p, q, free, result)
    return result


def _assign(
    wanted: list[Any], found: list[Any], free: frozenset[Any], binding: dict[Any, Any]
) -> Iterable[dict[Any, Any]]:
    """Every binding under which the two products have the same factors."""
    if len(wanted) != len(found):
        return
    if not wanted:
        yield binding
        return
    for n, candidate in enumerate(found):
        extended = unify(wanted[0], candidate, free, binding)
        if extended is not None:
            yield from _assign(wanted[1:], found[:n] + found[n + 1 :], free, extended)


def _flat(factors: Iterable[Any]) -> list[Any]:
    """The factors one by one: a square is there twice."""
    flat: list[Any] = []
    for f in factors:
        if isinstance(f, Pow) and f.exp.is_Integer and f.exp > 0:
            flat += [f.base] * int(f.exp)
        else:
            flat.append(f)
    return flat


def _bound(e: Any) -> set[Any]:
    return {limit[0] for s in e.atoms(Sum) for limit in s.limits}


__all__ = ["Rule", "Symmetric", "read", "rewrite_members", "rewrite_sum", "unify"]
