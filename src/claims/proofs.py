"""The proof recipes: identities, bounds, stationary points, optima, for all sizes.

Every recipe returns True (or names what was proved) only when it has a proof; False
means *not proved*, never refuted.  What each one takes for granted is what the normal
form takes for granted (`claims.sums`), the premises, and what is said at the recipe.

An optimum is proved by a *gap*: objective at the optimum minus objective elsewhere =
something manifestly non-negative.  That is an identity, holds for all sizes, and gives
the global optimum at once; no Hessian is looked at.
"""

from collections.abc import Iterable
from typing import Any, Literal

from sympy import Dummy, Indexed, IndexedBase, S, Sum, Symbol, exp

from claims.certificates import certificates
from claims.gradients import LogDet, fresh, gateaux, grad, substitute
from claims.nonnegative import Definite, h, nonnegative
from claims.premises import Symmetric
from claims.sums import is_zero

Sense = Literal["max", "min"]
Found = Literal["global", "stationary", "not proved"]
Premises = Iterable[Any]


def identity(a: Any, b: Any, premises: Premises = ()) -> bool:
    """``a == b`` for all sizes and all values."""
    return is_zero(S(a) - S(b), premises)


def bound(
    lower: Any,
    upper: Any,
    certificate: Any = None,
    premises: Premises = (),
    assumptions: Iterable[Any] = (),
) -> bool:
    """``lower <= upper``: the difference is the certificate, which is not negative.

    Without a certificate the difference itself must be seen to be non-negative.
    """
    premises = list(premises)
    difference = S(upper) - S(lower)
    if certificate is None:
        return nonnegative(difference, assumptions, premises)
    return is_zero(difference - certificate, premises) and nonnegative(
        certificate, assumptions, premises
    )


def stationary(  # noqa: PLR0917
    objective: Any,
    base: Any,
    idx: tuple[Any, ...],
    update: Any,
    simplex: tuple[Any, ...] | None = None,
    premises: Premises = (),
) -> bool:
    """The gradient of ``objective`` vanishes at ``base[idx] = update``.

    Args:
        objective: an expression in ``base``.
        base: an ``IndexedBase``, or a plain ``Symbol`` (then ``idx`` is empty).
        idx: the symbols in which ``update`` is written.
        update: the printed right-hand side.
        simplex: ``(index, size)`` when ``base`` sums to one over that index: then all
            partial derivatives along it must be equal (they are the multiplier), and
            the update must sum to one itself.
        premises: see `claims.premises`.
    """
    update, premises = S(update), list(premises)
    if _mentions(update, base):
        return False
    here = tuple(Dummy(str(i), integer=True) for i in idx)
    try:
        slope = grad(objective, base, *here)
        at_update = substitute(slope, base, idx, update)
    except TypeError:
        return False
    if simplex is None:
        return is_zero(at_update, premises)
    index, *limits = _limits(simplex)
    spot = here[idx.index(index)]
    elsewhere = at_update.xreplace({spot: Dummy("other", integer=True)})
    total: Any = Sum(update, (index, *limits))
    return is_zero(at_update - elsewhere, premises) and is_zero(total - 1, premises)


def stationary_covariance(  # noqa: PLR0917
    objective: Any,
    precision: Any,
    covariance: Any,
    idx: tuple[Any, ...],
    update: Any,
    premises: Premises = (),
) -> bool:
    """The gradient vanishes at ``covariance[idx] = update`` (idx ends in a, b).

    The objective is written in the entries of the precision, with `LogDet` of either
    matrix or, as `claims.symbolic` writes it, a letter ``<covariance>_det``. A matrix
    is stationary where its inverse is. Assumes Jacobi's rule, and that the update is
    invertible.
    """
    update = S(update)
    if _mentions(update, covariance) or _mentions(update, precision):
        return False
    direction: Any = IndexedBase(Dummy("H"))
    try:
        objective = _with_log_determinants(S(objective), covariance, precision)
        slope = gateaux(
            objective, precision, lambda *i: direction[i], inverse=covariance
        )
        if slope.has(LogDet) or _mentions(slope, precision):
            return False
        return is_zero(substitute(slope, covariance, idx, update), premises)
    except TypeError:
        return False


def gap(  # noqa: PLR0917
    objective: Any,
    base: Any,
    idx: tuple[Any, ...],
    update: Any,
    certificate: Any,
    sense: Sense = "max",
    premises: Premises = (),
    assumptions: Iterable[Any] = (),
) -> bool:
    """objective(update) - objective(base) is the certificate, which is not negative.

    With sense "min", the other way round. Proves that no ``base`` which satisfies the
    premises does better than the update, globally; that the update satisfies them
    itself is for `optimum`, or the caller, to show.
    """
    update, premises = S(update), list(premises)
    if _mentions(update, base):
        return False
    try:
        difference = substitute(objective, base, idx, update) - S(objective)
    except TypeError:
        return False
    if sense == "min":
        difference = -difference
    return is_zero(difference - certificate, premises) and nonnegative(
        certificate, assumptions, premises
    )


def optimum(  # noqa: PLR0917
    objective: Any,
    base: Any,
    idx: tuple[Any, ...],
    update: Any,
    sense: Sense = "max",
    simplex: tuple[Any, ...] | None = None,
    premises: Premises = (),
    assumptions: Iterable[Any] = (),
) -> Found:
    """How good the update is proved to be.

    "global" when a gap of one of the standard shapes was found (`claims.certificates`)
    and, on a simplex, the update sums to one; else "stationary" or "not proved".
    """
    premises, assumptions = list(premises), list(assumptions)
    if not stationary(objective, base, idx, update, simplex=simplex, premises=premises):
        return "not proved"
    feasible, along = list(premises), []
    if simplex is not None:
        along = [_limits(simplex)]
        feasible.append((Sum(base[idx], *along), S.One))
    for certificate in certificates(
        objective, base, idx, update, sense, along, feasible
    ):
        if gap(objective, base, idx, update, certificate, sense, feasible, assumptions):
            return "global"
    return "stationary"


def _limits(simplex: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    """(index, size) means 1..size; (index, first, last) is taken as it is."""
    index, *ends = simplex
    low, high = ends if len(ends) == 2 else (S.One, ends[0])
    return index, low, high


def _with_log_determinants(e: Any, covariance: Any, precision: Any) -> Any:
    """Write determinants, a family of their own in the objective, as exp(log det)."""
    name, e = f"{covariance.label}_det", fresh(e)
    held = [x for x in e.atoms(Indexed) if str(x.base.label) == name]
    held += [x for x in e.free_symbols if x.is_Symbol and x.name == name]
    ranges = {v: hi for t in e.atoms(Sum) for v, lo, hi in t.limits if lo == 1}
    sizes = {ranges.get(x.indices[-1]) for x in _members(e, precision)}
    if len(sizes) != 1 or None in sizes:
        raise TypeError("the size of the matrix is not clear from the objective")
    size = sizes.pop()
    return e.xreplace(
        {x: exp(LogDet(covariance, size, *getattr(x, "indices", ()))) for x in held}
    )


def _members(e: Any, family: Any) -> list[Any]:
    return [x for x in e.atoms(Indexed) if x.base == family]


def _mentions(e: Any, base: Any) -> bool:
    """Whether ``base`` stands in ``e``."""
    return base in e.free_symbols if isinstance(base, Symbol) else e.has(base)


__all__ = [
    "Definite",
    "Symmetric",
    "bound",
    "gap",
    "h",
    "identity",
    "nonnegative",
    "optimum",
    "stationary",
    "stationary_covariance",
]
