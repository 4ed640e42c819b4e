"""Substituting for, and differentiating with respect to, a whole family of quantities.

``x[n, d]`` stands for a family: one number for each n and d, however many there are.
Two operations are needed on such families, and both are easy to get silently wrong.

* *Substitution.*  Putting ``mu[k, d] = sum_n ...`` into an objective that also sums
  over n must not let one n capture the other.  `fresh` therefore gives every bound
  variable a name of its own before anything is moved.
* *Differentiation.*  ``grad`` is the Gateaux derivative in the direction of a
  Kronecker delta.  It needs no case distinction on the range of the index, which is
  where ``Sum(...).diff(x[k])`` of SymPy ends in a Piecewise.

Sound: both are exact for finite sums, products of finitely many written factors, and
the elementary functions.  Refused: matrix expressions, whose derivatives SymPy
reports as 0 (``log(Determinant(S)).diff(S)``).  Assumed, and to be said wherever it is
used: Jacobi's rule d log|A|[H] = tr(A^-1 H), for `LogDet`.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from sympy import (
    Abs,
    Derivative,
    Determinant,
    Dummy,
    Function,
    Indexed,
    KroneckerDelta,
    MatrixExpr,
    Max,
    Min,
    Mul,
    Piecewise,
    Product,
    S,
    Subs,
    Sum,
    Symbol,
    Trace,
    ceiling,
    floor,
    sign,
)

_KINKED = (Abs, Max, Min, Piecewise, ceiling, floor, sign)


class LogDet(Function):
    """log |A|, written ``LogDet(A, D, *lead)`` for the D x D matrix A[lead, a, b].

    Nothing is known of it but how it differentiates, and that only where `gateaux`
    is told which family holds the inverse.
    """


def fresh(e: Any, names: Iterator[Any] | None = None) -> Any:
    """Rename every bound variable of the sums and products in ``e`` apart.

    New names come from ``names``; by default they are used nowhere else.
    """
    return _fresh(S(e), _unique_names() if names is None else names)


def _unique_names() -> Iterator[Any]:
    for n in itertools.count():
        yield Dummy(f"v{n:06}", integer=True)


def _fresh(e: Any, names: Iterator[Any]) -> Any:
    if not e.args or isinstance(e, Indexed):
        return e
    if not isinstance(e, (Sum, Product)):
        return e.func(*[_fresh(a, names) for a in e.args])
    limits = [(v, _fresh(a, names), _fresh(b, names)) for v, a, b in e.limits]
    return renamed(e.func(_fresh(e.function, names), *limits), names)


def renamed(e: Any, names: Iterator[Any]) -> Any:
    """Rename the variables that this one sum or product binds, not those inside it."""
    function, limits = e.function, []
    for v, lo, hi in e.limits:  # innermost first: v may stand in the limits before it
        name = {v: next(names)}
        function = function.xreplace(name)
        limits = [(w, a.xreplace(name), b.xreplace(name)) for w, a, b in limits]
        limits.append((name[v], lo, hi))
    return e.func(function, *limits)


def substitute(e: Any, base: Any, index: tuple[Any, ...], value: Any) -> Any:
    """``e`` with ``base[i, j, ...]`` replaced by ``value`` read at index = (i, j, ...).

    A ``base`` that is a plain symbol (no index) is replaced as it stands.

    Raises:
        TypeError: if ``e`` holds the log determinant of ``base``, which would be left
            behind unchanged.
    """
    if isinstance(base, Symbol):
        return fresh(e).xreplace({base: fresh(value)})
    if any(term.args[0] == base for term in e.atoms(LogDet)):
        raise TypeError("cannot substitute inside a log determinant")

    def at(x: Any) -> Any:
        return fresh(value).xreplace(dict(zip(index, x.indices, strict=True)))

    return _on_family(fresh(e), base, at)


def _on_family(e: Any, base: Any, change: Callable[[Any], Any]) -> Any:
    """Change the members of one family, all at once."""
    return e.xreplace({x: change(x) for x in e.atoms(Indexed) if x.base == base})


def gateaux(
    objective: Any,
    base: Any,
    direction: Callable[..., Any],
    inverse: Any = None,
) -> Any:
    """d/de objective(base + e * direction) at e = 0.

    Args:
        objective: what is differentiated.
        base: the family (an ``IndexedBase``), or a plain ``Symbol``.
        direction: gives the direction at given indices; for a symbol, at none.
        inverse: the family that holds the inverse of the matrix ``base[..., a, b]``.
            With it, `LogDet` of either is differentiated by Jacobi's rule, which is
            assumed, not proved.

    Raises:
        TypeError: if the expression holds a matrix expression, a log determinant or
            an inverse that the rule does not cover, or if SymPy leaves a derivative
            standing.
    """
    e = fresh(objective)
    if e.has(MatrixExpr, Determinant, Trace):
        raise TypeError("a matrix expression cannot be differentiated safely")
    step = Dummy("step")
    if isinstance(base, Symbol):
        moved = e.xreplace({base: base + step * direction()})
    else:
        if any(x.base == inverse for x in e.atoms(Indexed)):
            raise TypeError("write the objective in the entries of one matrix only")
        e = _move_log_determinants(e, base, inverse, direction, step)
        moved = _on_family(e, base, lambda x: x + step * direction(*x.indices))
    if any(step in t.free_symbols for t in moved.atoms(*_KINKED)):
        raise TypeError("the objective has kinks; its derivative is not its slope")
    slope = moved.diff(step)
    if slope.has(Derivative, Subs):
        raise TypeError("SymPy cannot differentiate this expression")
    return slope.subs(step, 0)


def _move_log_determinants(
    e: Any, base: Any, inverse: Any, direction: Callable[..., Any], step: Any
) -> Any:
    """Jacobi: log|A| moves by tr(A^-1 H), and log|A^-1| by the opposite."""
    changed = {}
    for term in e.atoms(LogDet):
        of, size, *lead = term.args
        if of not in (base, inverse):
            continue
        if inverse is None:
            raise TypeError("log det needs the family that holds the inverse")
        a, b = (Dummy(n, integer=True) for n in "ab")
        slope = Sum(
            inverse[(*lead, b, a)] * direction(*lead, a, b), (a, 1, size), (b, 1, size)
        )
        changed[term] = term + (1 if of == base else -1) * step * slope
    return e.xreplace(changed)


def grad(objective: Any, base: Any, *index: Any, inverse: Any = None) -> Any:
    """The partial derivative with respect to ``base[index]``, index in its range."""

    def delta(*at: Any) -> Any:
        return Mul(*[KroneckerDelta(a, b) for a, b in zip(at, index, strict=True)])

    return gateaux(objective, base, delta, inverse)


__all__ = ["LogDet", "fresh", "gateaux", "grad", "renamed", "substitute"]
