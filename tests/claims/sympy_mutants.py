"""Altered versions of a SymPy expression, and its value at an instance.

The claims themselves alter the printed LaTeX; here SymPy expressions are altered to
get many different ones for testing the normal form.
"""

from fractions import Fraction
from typing import Any

import sympy as sp
from mpmath import mp

mp.dps = 40


class IllFormedError(Exception):
    """The expression has no value at this instance."""


def exact(v: Any) -> Any:
    return mp.mpf(v.numerator) / v.denominator if isinstance(v, Fraction) else v


def value(e: Any, env: dict[Any, Any]) -> Any:  # noqa: PLR0911
    """Exact while the expression is rational, else to 40 digits."""
    if e.is_Rational:
        return Fraction(int(e.p), int(e.q))
    if isinstance(e, sp.Symbol):
        return env[e]
    if isinstance(e, sp.Indexed):
        place = tuple(int(value(i, env)) for i in e.indices)
        return env[e.base](*place)
    if isinstance(e, sp.Add):
        return sum((value(a, env) for a in e.args), Fraction(0))
    if isinstance(e, sp.Mul):
        return mul(value(a, env) for a in e.args)
    if isinstance(e, sp.Pow):
        return power(value(e.base, env), value(e.exp, env))
    if isinstance(e, (sp.Sum, sp.Product)):
        terms = list(range_over(e.function, list(e.limits), env))
        return sum(terms, Fraction(0)) if isinstance(e, sp.Sum) else mul(terms)
    return function(e, env)


def mul(factors: Any) -> Any:
    product: Any = Fraction(1)
    for f in factors:
        product = product * f
    return product


def power(base: Any, exponent: Any) -> Any:
    if base == 0 and exponent < 0:
        raise IllFormedError
    if isinstance(exponent, Fraction) and exponent.denominator == 1:
        return base ** int(exponent)
    if base < 0:
        raise IllFormedError
    return mp.power(exact(base), exact(exponent))


def range_over(f: Any, limits: list[Any], env: dict[Any, Any]) -> Any:
    if not limits:
        yield value(f, env)
        return
    v, low, high = limits[-1]
    for i in range(int(value(low, env)), int(value(high, env)) + 1):
        yield from range_over(f, limits[:-1], {**env, v: Fraction(i)})


def function(e: Any, env: dict[Any, Any]) -> Any:
    known = {sp.log: mp.log, sp.exp: mp.exp, sp.Abs: abs, sp.acos: mp.acos}
    if isinstance(e, sp.Piecewise):
        for branch, condition in e.args:
            if condition == sp.true or value(condition.lhs, env) <= condition.rhs:
                return value(branch, env)
    if isinstance(e, sp.NumberSymbol):
        return mp.pi if e is sp.pi else mp.e
    if e is sp.I:
        raise IllFormedError
    argument = exact(value(e.args[0], env))
    if isinstance(e, sp.log) and argument <= 0:
        raise IllFormedError
    if isinstance(e, sp.acos) and abs(argument) > 1:
        raise IllFormedError
    return known[e.func](argument)


def with_moduli(e: Any) -> Any:
    """A normal form as it is meant: log for log|.|, fractional powers of |.|."""
    e = e.replace(sp.log, lambda a: sp.log(sp.Abs(a), evaluate=False))
    return e.replace(
        lambda t: isinstance(t, sp.Pow) and not t.exp.is_integer,
        lambda t: sp.Abs(t.base) ** t.exp,
    )


def close(a: Any, b: Any) -> bool:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a == b
    a, b = exact(a), exact(b)
    return abs(a - b) <= mp.mpf(10) ** -25 * (1 + abs(a) + abs(b))


def mutants(e: Any, letters: dict[str, list[Any]]) -> list[Any]:
    """Every expression one alteration away, each once."""
    found = dict.fromkeys([-e, 2 * e, e + 1])
    for path, node in walk(e):
        for new in altered(node, letters):
            found[replaced(e, path, new)] = None
    return [m for m in found if m != e and not m.has(sp.zoo, sp.nan, sp.oo)]


def walk(e: Any, path: tuple[int, ...] = ()) -> Any:
    yield path, e
    if isinstance(e, (sp.Sum, sp.Product)):
        yield from walk(e.function, (*path, 0))
    elif not isinstance(e, (sp.Indexed, sp.Piecewise)):
        for n, a in enumerate(e.args):
            yield from walk(a, (*path, n))


def replaced(e: Any, path: tuple[int, ...], new: Any) -> Any:
    if not path:
        return new
    args = list(e.args)
    args[path[0]] = replaced(args[path[0]], path[1:], new)
    return e.func(*args)


def altered(e: Any, letters: dict[str, list[Any]]) -> Any:
    if isinstance(e, (sp.Add, sp.Mul)):
        for n, a in enumerate(e.args):
            rest = [*e.args[:n], *e.args[n + 1 :]]
            yield e.func(*rest)
            yield e.func(-a if isinstance(e, sp.Add) else 1 / a, *rest)
    if e.is_Rational and e != 0:
        yield from (e + 1, e - 1, -e)
    if isinstance(e, sp.Pow) and e.exp.is_Number:
        yield from (e.base ** (e.exp + 1), e.base ** (e.exp - 1), e.base**-e.exp)
    elif not e.is_Number and not isinstance(e, (sp.Add, sp.Mul)):
        yield e**2
    if isinstance(e, (sp.Sum, sp.Product)):
        yield from other_limits(e, letters["sizes"])
    if isinstance(e, sp.Indexed):
        yield from other_members(e, letters)
    if isinstance(e, sp.Symbol):
        kind = "sizes" if e in letters["sizes"] else "scalars"
        yield from [o for o in letters[kind] if o != e]
    if isinstance(e, (sp.log, sp.exp)):
        yield e.args[0]


def other_limits(e: Any, sizes: list[Any]) -> Any:
    (v, low, high), *more = e.limits
    ends = [(low, high - 1), (low + 1, high), (low, high + 1)]
    ends += [(low, size) for size in sizes if size != high]
    for a, b in ends:
        yield e.func(e.function, (v, a, b), *more)
    other = sp.Product if isinstance(e, sp.Sum) else sp.Sum
    yield other(e.function, *e.limits)


def other_members(e: Any, letters: dict[str, list[Any]]) -> Any:
    for n, i in enumerate(e.indices):
        for o in [o for o in letters["indices"] if o != i]:
            yield e.base[(*e.indices[:n], o, *e.indices[n + 1 :])]
    for base, rank in letters["families"]:
        if base != e.base and rank == len(e.indices):
            yield base[e.indices]
