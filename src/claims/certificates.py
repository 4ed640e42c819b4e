"""Guessing the gap of an optimum from the shape of its objective.

Nothing here needs to be trusted: a guess counts only after `claims.proofs.gap` has
proved the identity and seen that the guess is non-negative. With t the parameter, u its
claimed optimum, and Q the objective (or its negative, where it is to be minimised):

    quadratic     Q''[t - u, t - u] / -2          weighted squares, K-means, means
    simplex       C sum_k u_k log(u_k / t_k)      sum_k c_k log t_k, C = sum_k c_k
    Bernoulli     a log(u / t)                    a log t + b log(1 - t)
                  + b log((1 - u) / (1 - t))
    variance      w h(u / t), h(x) = x - 1 - log x        -w log t - b / t
    entropy       sum_k c_k t_k log(t_k / u_k)    sum_k c_k t_k (a_k - log t_k)
"""

from collections.abc import Iterator
from typing import Any

from sympy import Dummy, Indexed, IndexedBase, Product, S, Sum, Symbol, cancel, log

from claims.gradients import fresh, gateaux, grad, substitute
from claims.nonnegative import h
from claims.rational import NotProvedError, atomised
from claims.sums import normal_form


def certificates(  # noqa: PLR0917
    objective: Any,
    base: Any,
    idx: tuple[Any, ...],
    update: Any,
    sense: str,
    simplex: list[Any],
    premises: list[Any],
) -> Iterator[Any]:
    """Candidates for the gap, most special shape first."""
    sign = 1 if sense == "max" else -1
    try:
        yield from _quadratic(objective, base, idx, update, sign)
        ranges = _ranges(objective, base, idx)
        if ranges is None:
            return
        t = Dummy("t", positive=True)
        slope = normal_form(grad(sign * S(objective), base, *idx), premises)
        slope = _at(slope, base, idx, t)
    except (NotProvedError, TypeError):
        return
    if slope is None:
        return
    limits, place = ranges
    theta = base if isinstance(base, Symbol) else base[idx]
    for local in _one_parameter(slope, t, theta, S(update), simplex):
        yield _summed(local.xreplace(place), limits)


def _one_parameter(
    slope: Any, t: Any, theta: Any, u: Any, simplex: list[Any]
) -> Iterator[Any]:
    """The gap in one parameter, from the derivative there as a function of t."""
    flat, names = atomised(slope)

    def read(polynomial: Any) -> Any:
        return polynomial.xreplace(names)

    if not any(t in x.free_symbols for x in names.values()):
        weight = cancel(t * flat)
        if t not in weight.free_symbols:
            yield _summed(read(weight), simplex) * u * log(u / theta)
        parabola = cancel(t**2 * flat)
        if parabola.is_polynomial(t) and parabola.diff(t, 2) == 0:
            yield read(-parabola.diff(t)) * h(u / theta)
        line = cancel(t * (1 - t) * flat)
        if line.is_polynomial(t) and line.diff(t, 2) == 0:
            # a = W u and b = W (1 - u) as they stand in the slope: multiplied out, W u
            # would bring the denominator of u into every term of the proof.
            a, b = line.subs(t, 0), -line.subs(t, 1)
            yield read(a) * log(u / theta) + read(b) * log((1 - u) / (1 - theta))
    curvature = cancel(-t * atomised(slope.diff(t))[0])
    if t not in curvature.free_symbols and not curvature.atoms(Dummy) - {t}:
        yield curvature * theta * log(theta / u)


def _quadratic(
    objective: Any, base: Any, idx: Any, update: Any, sign: int
) -> Iterator[Any]:
    direction: Any = (
        Symbol("H") if isinstance(base, Symbol) else IndexedBase(Dummy("H"))
    )

    def along(*i: Any) -> Any:
        return direction[i] if i else direction

    slope = gateaux(objective, base, along)
    second = normal_form(gateaux(slope, base, along))
    theta = base if isinstance(base, Symbol) else base[idx]
    if not second.has(base):
        yield substitute(-sign * second / 2, direction, idx, theta - update)


def _ranges(objective: Any, base: Any, idx: Any) -> Any:
    """Over what the indices of ``base`` run, and which of them are fixed instead."""
    if isinstance(base, Symbol):
        return [], {}
    e = fresh(objective)
    bound = {v: (a, b) for s in e.atoms(Sum, Product) for v, a, b in s.limits}
    seen = {
        tuple(bound.get(i, i) for i in x.indices)
        for x in e.atoms(Indexed)
        if x.base == base
    }
    if len(seen) != 1:
        return None
    where = dict(zip(idx, seen.pop(), strict=True))
    limits = [(i, *r) for i, r in where.items() if isinstance(r, tuple)]
    return limits, {i: r for i, r in where.items() if not isinstance(r, tuple)}


def _at(slope: Any, base: Any, idx: Any, t: Any) -> Any:
    """The derivative as a function of its own parameter; None if it needs others."""
    if isinstance(base, Symbol):
        return slope.xreplace({base: t})
    slope = slope.xreplace({base[idx]: t})
    return None if slope.has(base) else slope


def _summed(e: Any, limits: list[Any]) -> Any:
    return Sum(e, *limits) if limits else e


__all__ = ["certificates"]
