"""Evaluation goes through here: one rule for each operation of the tree."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from claims.arrays import Eye
from claims.fields import Undefined
from claims.instances import Instance
from claims.linear import determinant
from claims.nodes import Node

RULES: dict[str, Callable[[Node, Instance], Any]] = {}


def value(node: Node, e: Instance) -> Any:
    """The value of a formula: a number, a column or a matrix."""
    return RULES[node.op](node, e)


def bind(e: Instance, names: tuple[str, ...], body: Callable[[], Any], at: Any) -> Any:
    """Evaluate with index letters set, and set them back."""
    before = {name: e.scope[name] for name in names if name in e.scope}
    e.scope.update(zip(names, at, strict=True))
    try:
        return body()
    finally:
        for name in names:
            e.scope.pop(name, None)
        e.scope.update(before)


def root(a: Any, e: Instance) -> Any:
    """A square root."""
    return e.field.power(a, Fraction(1, 2) if not e.field.symbolic else sp.S.Half)


def remembered(name: str, a: np.ndarray, rule: Callable[..., Any], e: Instance) -> Any:
    """A costly function of a matrix, computed once for equal entries."""
    key = (name, a.shape, tuple(a.ravel().tolist()))
    if key not in e.memo:
        e.memo[key] = rule(a, e.field)
    return e.memo[key]


def det(a: Any, e: Instance) -> Any:
    """A determinant."""
    if isinstance(a, Eye):
        raise Undefined("the determinant of an identity without size")
    return remembered("det", a, determinant, e) if isinstance(a, np.ndarray) else a
