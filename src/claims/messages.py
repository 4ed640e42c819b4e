"""Instances and values in words, for messages."""

from typing import Any

import numpy as np
from mpmath import mp

from claims.arrays import Eye, Null
from claims.domains import Size
from claims.fields import NeedsReals
from claims.instances import Instance
from claims.linear import real
from claims.problem import ILL, Problem, places


def describe(problem: Problem, referee: Any, position: int, e: Instance) -> str:
    """The instance with both values, where the referee has a value to show."""
    sizes, side = sizes_of(e), problem.sides[position]
    expected = getattr(referee, "expected", None)
    for place in places(problem.free, e):
        at = ", ".join(f"{k} = {v}" for k, v in place.items())
        head = "; ".join(part for part in (sizes, at) if part)
        try:
            found = short(problem.at(side, e, place))
            if expected is None:
                return f"{head}: printed {found}"
            other = short(expected(problem, position, e, place))
        except (*ILL, NeedsReals):
            continue
        if found != other:
            return f"{head}: printed {found}, referee {other}"
    return sizes


def sizes_of(e: Instance) -> str:
    """The sizes of an instance."""
    shown = [f"{k} = {e.values[k]}" for k, v in e.given.items() if isinstance(v, Size)]
    shown += [f"{k[1:]} of {v} values" for k, v in e.values.items() if k[0] == "#"]
    return ", ".join(shown)


def short(found: Any) -> str:
    """A value in six digits."""
    if isinstance(found, Eye):
        return "zero" if isinstance(found, Null) else f"{short(found.factor)} I"
    flat = np.ravel(np.asarray(found, object)).tolist()
    text = [str(mp.nstr(real(x), 6)) for x in flat[:6]]
    more = ", ..." if len(flat) > 6 else ""
    return text[0] if len(flat) == 1 else f"({', '.join(text)}{more})"
