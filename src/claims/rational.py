"""Rational functions of opaque atoms, and the budget that makes every proof end.

After sums are in normal form, what is left is a rational function whose atoms are
sums, logarithms, exponentials, members of families.  `numerator` clears its
denominators and expands: the result is 0 only if the function is.

The budget counts steps and the number of terms an expansion would have *before* it is
made, so that it does not depend on the machine: a proof that succeeds once succeeds
always.
"""

from typing import Any

from sympy import (
    Add,
    Dummy,
    Mul,
    Pow,
    S,
    Symbol,
    exp,
    expand,
    expand_mul,
    fraction,
    together,
)

_TERMS = 4_000  # no single expansion may have more terms than this


class NotProvedError(Exception):
    """The budget is spent; nothing is known."""


class Purse:
    """Steps that may still be taken."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def spend(self, steps: int = 1) -> None:
        """Pay, or give up."""
        self.steps -= steps
        if self.steps < 0:
            raise NotProvedError

    def expand(self, e: Any) -> Any:
        """Multiply products of sums out, at the top of ``e`` only."""
        if isinstance(e, (Mul, Pow)):
            self.pay_for_terms(e)
            squared_out = expand(e, deep=False) if isinstance(e, Pow) else e
            return expand_mul(squared_out, deep=False)
        return e

    def pay_for_terms(self, e: Any) -> None:
        """Pay for an expansion in advance."""
        terms = count_terms(e)
        if terms > _TERMS:
            raise NotProvedError
        self.spend(terms // 4)


def count_terms(e: Any) -> int:
    """How many terms ``e`` has at most when multiplied out."""
    if isinstance(e, Add):
        return sum(count_terms(a) for a in e.args)
    if isinstance(e, Mul):
        product = 1
        for a in e.args:
            product = min(product * count_terms(a), 10 * _TERMS)
        return product
    if isinstance(e, Pow) and e.exp.is_Integer and e.exp > 0:
        base = count_terms(e.base)
        return 1 if base == 1 else min(base ** min(int(e.exp), 20), 10 * _TERMS)
    return 1


def atomised(e: Any) -> tuple[Any, dict[Any, Any]]:
    """``e`` as a rational function of new symbols, and what the symbols stand for."""
    names: dict[Any, Any] = {}

    def walk(x: Any) -> Any:
        if isinstance(x, (Add, Mul)):
            return x.func(*[walk(a) for a in x.args])
        if isinstance(x, Pow) and x.exp.is_Integer:
            return Pow(walk(x.base), x.exp)
        if x.is_Number or isinstance(x, Symbol):
            return x
        if isinstance(x, exp):  # exp(-2a) is exp(a)^-2
            argument: Any = x.args[0]
            times = argument.as_coeff_Mul()[0]
            times = times if times.is_Integer else S(1 if times > 0 else -1)
            return name(exp(argument / times)) ** times
        return name(x)

    def name(x: Any) -> Any:
        return names.setdefault(x, Dummy("atom"))

    flat = walk(S(e))
    return flat, {name: x for x, name in names.items()}


def numerator(e: Any, purse: Purse) -> Any:
    """The expanded numerator of ``e`` over a common denominator."""
    flat, names = atomised(e)
    purse.spend(flat.count_ops() // 10 + 1)
    up, _ = fraction(together(flat))
    purse.pay_for_terms(up)
    return expand(up).xreplace(names)


__all__ = ["NotProvedError", "Purse", "atomised", "count_terms", "numerator"]
