"""Names of bound variables in the normal form.

Two equal sums must be equal objects, whatever their indices were called, and no
renaming may let an index be captured by another of the same name.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from sympy import Dummy, default_sort_key

# Bound variables are Dummies with numbers that no other Dummy has: canonical names
# from _OURS on, names during one pass from _PASSING on. Using the same ones again lets
# SymPy's cache work; a symbol of the input can equal none of them.
_OURS, _PASSING = 10**12, 10**15


def canonical(bounds: list[Any], f: Any, kind: Any) -> Any:
    """Give bound variables their canonical names.

    The names are numbered above those already inside ``f``, for an outer variable
    named like an inner one would be captured by it.  Among variables with the same
    limits the order that prints first wins.
    """
    first = first_unused(f)
    best = None
    for order in _orders(bounds):
        name = {
            v: Dummy(f"b{first + n}", dummy_index=_OURS + first + n, integer=True)
            for n, (v, _, _) in enumerate(order)
        }
        renamed = f.xreplace(name)
        limits = [(name[v], a.xreplace(name), b.xreplace(name)) for v, a, b in order]
        candidate = (str(renamed), kind(renamed, *limits))
        if best is None or candidate[0] < best[0]:
            best = candidate
    assert best is not None
    return best[1]


def variables() -> Iterator[Any]:
    """Names for one pass."""
    for n in itertools.count():
        yield Dummy(f"v{n:06}", dummy_index=_PASSING + n, integer=True)


def first_unused(f: Any) -> int:
    """The first canonical name above all those inside ``f``."""
    indices = [d.dummy_index for d in f.atoms(Dummy)]
    return max([i - _OURS + 1 for i in indices if _OURS <= i < _PASSING], default=0)


def _orders(bounds: list[Any]) -> Iterable[list[Any]]:
    if any(names_in(bounds, limit) for b in bounds for limit in b[1:]):
        return [bounds]  # limits that depend on another index fix the order
    groups = [itertools.permutations(list(g)) for _, g in same_limits(bounds)]
    return ([b for g in choice for b in g] for choice in itertools.product(*groups))


def same_limits(bounds: list[Any]) -> Any:
    """Group the variables that run over the same range."""

    def key(b: Any) -> Any:
        return default_sort_key(b[1]), default_sort_key(b[2])

    return itertools.groupby(sorted(bounds, key=key), key=key)


def names_in(bounds: list[Any], e: Any) -> set[Any]:
    """Which of the bound variables stand in an expression or a limit."""
    if isinstance(e, tuple):
        return {e[0]} | names_in(bounds, e[1]) | names_in(bounds, e[2])
    return {b[0] for b in bounds} & e.free_symbols


def limit_names(bound: Any) -> set[Any]:
    """Every name in one limit, its own included."""
    return {bound[0]} | bound[1].free_symbols | bound[2].free_symbols


__all__ = ["canonical", "limit_names", "names_in", "same_limits", "variables"]
