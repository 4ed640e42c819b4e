"""Recognising what is manifestly non-negative.

A gap identity proves an optimum: the objective at the optimum minus the objective
elsewhere is written as something that anyone can see is at least zero.  "Anyone can
see" means here: squares, products and sums of non-negative things, quadratic forms of
matrices assumed positive semidefinite, and one inequality, log t <= t - 1, in its two
readings 1 - 1/t <= log t <= t - 1.

Sound, incomplete.  Assumed: what is listed in ``assumptions`` (an ``IndexedBase``: all
its members are >= 0; an expression: it is >= 0 for every value of its free indices;
``Definite(A)``: A[..., a, b] is positive semidefinite), and the premises.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sympy import (
    Abs,
    Add,
    Indexed,
    IndexedBase,
    Mul,
    Pow,
    S,
    Sum,
    cancel,
    exp,
    factor_terms,
    fraction,
    log,
    together,
)

from claims.gradients import fresh
from claims.premises import Rule, unify
from claims.rational import NotProvedError, atomised
from claims.sums import is_zero, normal_form


@dataclass(frozen=True)
class Definite:
    """The assumption that a family of matrices is positive semidefinite."""

    base: Any


def h(t: Any) -> Any:
    """The gap t - 1 - log t of the one inequality; zero only at t = 1."""
    return t - 1 - log(t)


def nonnegative(
    e: Any, assumptions: Iterable[Any] = (), premises: Iterable[Any] = ()
) -> bool:
    """True only if ``e`` is seen to be at least zero."""
    try:
        return _Judge(tuple(assumptions), tuple(premises)).at_least_zero(S(e))
    except (NotProvedError, RecursionError):
        return False


@dataclass(frozen=True)
class _Judge:
    assumptions: tuple[Any, ...]
    premises: tuple[Any, ...]

    def at_least_zero(self, e: Any, deep: bool = True) -> bool:
        if e.is_nonnegative or self.assumed(e) or isinstance(e, (exp, Abs)):
            return True
        if isinstance(e, Pow):
            even = e.exp.is_Integer and e.exp % 2 == 0
            return even or self.at_least_zero(e.base, deep)
        if isinstance(e, Mul) and self.product(e, deep):
            return True
        if isinstance(e, Add) and all(self.at_least_zero(t, False) for t in e.args):
            return True
        if isinstance(e, Sum):
            apart = fresh(e)
            inside = apart.function
            if self.at_least_zero(inside, deep) or self.quadratic_form(apart):
                return True
        return deep and (self.by_logarithms(e) or self.by_merging(e))

    def product(self, e: Any, deep: bool) -> bool:
        """Every factor has a known sign, and an even number are <= 0."""
        negative = 0
        for f in e.args:
            if not self.at_least_zero(f, deep):
                swapped = isinstance(f, Add) and self.at_least_zero(-f, False)
                if not (f.is_nonpositive or swapped):
                    return False
                negative += 1
        return negative % 2 == 0

    def assumed(self, e: Any) -> bool:
        for a in self.assumptions:
            if isinstance(a, IndexedBase):
                if isinstance(e, Indexed) and e.base == a:
                    return True
            elif not isinstance(a, Definite):
                free = Rule(S(a), S.Zero).pattern
                if unify(S(a), e, free, {}) is not None:
                    return True
        return False

    def quadratic_form(self, e: Any) -> bool:
        """sum_ab u_a A_ab u_b times a weight, A assumed semidefinite."""
        factors = Mul.make_args(e.function)
        definite = [d.base for d in self.assumptions if isinstance(d, Definite)]
        for m in factors:
            if not (isinstance(m, Indexed) and m.base in definite):
                continue
            a, b = m.indices[-2:]
            ranges = {v: (lo, hi) for v, lo, hi in e.limits}
            if a == b or a not in ranges or ranges.get(a) != ranges.get(b):
                continue
            rest = [f for f in factors if f is not m]
            left = Mul(*[f for f in rest if a in f.free_symbols])
            right = Mul(*[f for f in rest if b in f.free_symbols])
            weight = Mul(*[f for f in rest if not {a, b} & f.free_symbols])
            lead = {s for i in m.indices[:-2] for s in i.free_symbols}
            ends = {
                s for limit in e.limits for end in limit[1:] for s in end.free_symbols
            }
            if {a, b} & (lead | ends) or b in left.free_symbols:
                continue
            alike = is_zero(left.xreplace({a: b}) - right, self.premises)
            if alike and self.at_least_zero(weight):
                return True
        return False

    def by_logarithms(self, e: Any) -> bool:
        """Replace each logarithm by its bound; what is left must be zero."""
        if not e.has(log):
            return False
        below = self.below(e, 1)
        return below is not None and is_zero(below, self.premises)

    def below(self, e: Any, sign: int) -> Any:  # noqa: PLR0911
        """A lower bound of ``e`` (an upper one for sign -1) without logarithms."""
        if not e.has(log):
            return e
        if isinstance(e, log):
            t = e.args[0]
            return 1 - 1 / t if sign > 0 else t - 1
        if isinstance(e, Sum):
            inside = self.below(e.function, sign)
            return None if inside is None else Sum(inside, *e.limits)
        if isinstance(e, Add):
            parts = [self.below(t, sign) for t in _combined(e)]
            return None if None in parts else Add(*parts)
        if isinstance(e, Mul):
            hard = [f for f in e.args if f.has(log)]
            weight = Mul(*[f for f in e.args if not f.has(log)])
            if len(hard) == 1 and self.at_least_zero(weight):
                part = self.below(hard[0], sign)
            elif len(hard) == 1 and self.at_least_zero(-weight):
                part = self.below(hard[0], -sign)
            else:
                return None
            return None if part is None else self.cancelled(weight * part)
        return None

    def cancelled(self, e: Any) -> Any:
        """A product with common factors of numerator and denominator removed."""
        flat, names = atomised(normal_form(e, self.premises))
        return cancel(flat).xreplace(names)

    def by_merging(self, e: Any) -> bool:
        """Write sum r - sum r x as sum r (1 - x), and the denominator apart."""
        if not isinstance(e, (Add, Sum)):
            return False
        flat, names = atomised(normal_form(e, self.premises))
        parts = [_sums_merged(p.xreplace(names)) for p in fraction(together(flat))]
        return parts[0] != e and all(self.at_least_zero(p, False) for p in parts)


def _combined(e: Any) -> list[Any]:
    """The terms of a sum, with c log a - c log b written as c log(a/b)."""
    ratio: dict[Any, Any] = {}
    others = []
    for term in e.args:
        logs = [f for f in Mul.make_args(term) if isinstance(f, log)]
        if len(logs) != 1 or (term / logs[0]).has(log):
            others.append(term)
            continue
        c, power = term / logs[0], 1
        if c.could_extract_minus_sign():
            c, power = -c, -1
        ratio[c] = ratio.get(c, S.One) * logs[0].args[0] ** power
    return others + [c * log(t, evaluate=False) for c, t in ratio.items()]


def _sums_merged(e: Any) -> Any:
    """Sums over the same range as one, its summand factored."""
    groups: dict[Any, Any] = {}
    rest: Any = S.Zero
    for term in Add.make_args(e):
        sums = [f for f in Mul.make_args(term) if isinstance(f, Sum)]
        if len(sums) == 1:
            s = sums[0]
            groups[s.limits] = groups.get(s.limits, 0) + term / s * s.function
        else:
            rest += term
    merged: list[Any] = [
        Sum(factor_terms(f).factor(), *limits) for limits, f in groups.items()
    ]
    return rest + Add(*merged)


__all__ = ["Definite", "h", "nonnegative"]
