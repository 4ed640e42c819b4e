"""How ordinary operations are evaluated; see `claims.numbers` for the table."""

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
from mpmath import mp

from claims.arrays import (
    Eye,
    Null,
    add,
    entries,
    lift,
    multiply,
    scalar,
    settle,
    squares,
)
from claims.dispatch import bind, det, remembered, value
from claims.fields import NeedsReals, Undefined
from claims.instances import Instance, axis
from claims.linear import inverse
from claims.nodes import Node


def letter(node: Node, e: Instance) -> Any:
    """A letter with some or all of its indices."""
    name = node.name
    if name == "pi" and not node.kids:
        return e.field.pi()
    if name == "infty":
        raise Undefined("infinity is not a number")
    try:
        found = e[name]
    except KeyError:
        return constant(node, e)
    if not node.kids:
        return settle(lift(found))
    domain = e.given.get(name)
    axes = getattr(domain, "axes", ())
    for kid, spec in zip(node.kids, axes, strict=False):
        k = e.field.integer(scalar(value(kid, e))) - axis(spec)[1]
        if not 0 <= k < len(found):
            raise Undefined(f"{name} has no such index")
        found = found[k]
    return lift(found)


def constant(node: Node, e: Instance) -> Any:
    """Identity, ones and zeros."""
    if node.name == "I" and node.kids:
        return Eye(1).of(e.field.integer(scalar(value(node.kids[0], e))))
    if node.name == "I":
        return Eye(1)
    if node.name == "zeros" and not node.kids:
        return Null()
    raise Undefined(f"{node.name} has no value here")


def quotient(node: Node, e: Instance) -> Any:
    """A fraction with a number below."""
    below = scalar(value(node.kids[1], e))
    above = value(node.kids[0], e)
    if isinstance(above, np.ndarray):
        return above * e.field.divide(1, below)
    if isinstance(above, Eye):
        return type(above)(e.field.divide(above.factor, below))
    return e.field.divide(above, below)


def power(node: Node, e: Instance) -> Any:
    """A power; an even power of a norm stays exact."""
    base, exponent = node.kids
    x = scalar(value(exponent, e))
    if base.op == "norm" and x == 2:
        return squares(value(base.kids[0], e))
    a = value(base, e)
    if isinstance(a, np.ndarray):
        square = a.ndim == 2 and a.shape[0] == a.shape[1]
        if square and x == int(x) and 0 < x < 9:
            return np.linalg.matrix_power(a, int(x))
        raise Undefined("a power of a vector")
    return e.field.power(scalar(a), x)


def inverted(node: Node, e: Instance) -> Any:
    """An inverse, remembered for each matrix of the instance."""
    a = value(node.kids[0], e)
    if isinstance(a, Eye):
        return Eye(e.field.divide(1, a.factor))
    if not isinstance(a, np.ndarray):
        return e.field.divide(1, a)
    return remembered("inverse", a, inverse, e)


def absolute(node: Node, e: Instance) -> Any:
    """Bars: absolute value of a number, determinant of a matrix."""
    a = value(node.kids[0], e)
    if isinstance(a, np.ndarray):
        return det(a, e)
    return sp.Abs(a) if e.field.symbolic else abs(scalar(a))


def function(node: Node, e: Instance) -> Any:  # noqa: PLR0911
    """A named function."""
    args = [value(kid, e) for kid in node.kids]
    a, name = args[0], node.name
    if name in ("max", "min"):
        return (max if name == "max" else min)(scalar(x) for x in args)
    if name == "binom":
        top, bottom = (e.field.integer(scalar(x)) for x in args)
        return int(sp.binomial(top, bottom))
    if len(args) != 1:
        raise Undefined(f"{name} takes one argument")
    if name == "det":
        return det(a, e)
    if name == "logdet":
        return e.field.function("log", det(a, e))
    if name == "tr":
        if not isinstance(a, np.ndarray):
            return scalar(a)
        if a.shape[0] != a.shape[1]:
            raise Undefined("the trace of a matrix that is not square")
        return sum(a[i, i] for i in range(len(a)))
    if name == "diag":
        if isinstance(a, np.ndarray) and a.shape[1] == 1:
            out = np.zeros((len(a), len(a)), object)
            for i, x in enumerate(a[:, 0]):
                out[i, i] = x
            return out
        raise Undefined("diag of something that is not a vector")
    if isinstance(a, np.ndarray):
        return entries(a, lambda x: e.field.function(name, x))
    return e.field.function(name, scalar(a))


def total(node: Node, e: Instance) -> Any:
    """A sum or product over whole numbers, a set, or a declared range."""
    op, body = node.op[: 4 if node.op.startswith("prod") else 3], node.kids[-1]
    if node.op.endswith("set"):
        items = _items(node.kids[0], e)
    elif node.op.endswith("over"):
        items = e.extent(node.name)
        if items is None:
            raise Undefined(f"{node.name} has no range")
    else:
        lower, upper = (e.field.integer(scalar(value(kid, e))) for kid in node.kids[:2])
        items = range(lower, upper + 1)
    result: Any = None
    for item in items:
        term = bind(e, (node.name,), lambda: value(body, e), (item,))
        if result is None:
            result = term
        else:
            result = add(result, term) if op == "sum" else multiply(result, term)
    if result is None:
        return 0 if op == "sum" else 1
    return result


def _items(node: Node, e: Instance) -> list[Any]:
    if node.op != "set":
        raise Undefined("a sum over something that is not a finite set")
    return [scalar(value(kid, e)) for kid in node.kids]


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def truth(node: Node, e: Instance) -> bool:
    """Whether a condition holds."""
    if node.op == "true":
        return True
    if node.op == "and":
        return all(truth(kid, e) for kid in node.kids)
    if node.op != "rel" or node.name not in COMPARE:
        raise Undefined("a condition that is not a comparison")
    a, b = (scalar(value(kid, e)) for kid in node.kids)
    return bool(COMPARE[node.name](a, b))


def cases(node: Node, e: Instance) -> Any:
    """The value of the first case that applies."""
    for i in range(0, len(node.kids), 2):
        if truth(node.kids[i + 1], e):
            return value(node.kids[i], e)
    raise Undefined("no case applies")


def optimum(node: Node, e: Instance) -> Any:
    """max, min, argmax, argmin over a declared range."""
    name = node.kids[0].name
    items = e.extent(name)
    if items is None:
        raise Undefined(f"{name} has no range")
    found = [
        bind(e, (name,), lambda: scalar(value(node.kids[1], e)), (t,)) for t in items
    ]
    best = (max if node.name.endswith("max") else min)(found)
    return items[found.index(best)] if node.name.startswith("arg") else best


def integral(node: Node, e: Instance) -> Any:
    """A definite integral by 40-digit quadrature."""
    if e.field.exact:
        raise NeedsReals
    if len(node.kids) != 3:
        raise Undefined("an integral without limits")
    ends = [_end(kid, e) for kid in node.kids[:2]]
    body = node.kids[2]

    def at(t: Any) -> Any:
        return bind(e, (node.name,), lambda: scalar(value(body, e)), (t,))

    return mp.quad(at, ends)


def _end(node: Node, e: Instance) -> Any:
    if node.op == "sym" and node.name == "infty":
        return mp.inf
    if node.op == "neg" and node.kids[0].name == "infty":
        return -mp.inf
    return scalar(value(node, e))
