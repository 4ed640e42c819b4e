"""The value of a tree at an instance: exact, 40-digit or symbolic, never floats.

Vectors are columns, tables are object arrays. `Undefined` means that the formula has no
value there; a formula that mixes shapes has none either, so nothing is broadcast. The
table below says which function evaluates which operation.
"""

from fractions import Fraction
from typing import Any

import numpy as np

from claims import operations as ops
from claims.arrays import add, hadamard, multiply, squares, transposed
from claims.dispatch import RULES, bind, root, value
from claims.fields import Undefined
from claims.instances import Instance
from claims.nodes import Node
from claims.outcomes import call, defined_table, expectation, head_indices


def unreadable(node: Node, e: Instance) -> Any:
    """Nodes that are read but have no value of their own."""
    raise Undefined(f"{node.op} has no value")


def two(node: Node, e: Instance) -> tuple[Any, Any]:
    """The values of both children."""
    return value(node.kids[0], e), value(node.kids[1], e)


RULES |= {
    "num": lambda n, e: e.field.number(n.value or Fraction(0)),
    "sym": ops.letter,
    "neg": lambda n, e: multiply(-1, value(n.kids[0], e)),
    "add": lambda n, e: add(*two(n, e)),
    "sub": lambda n, e: add(*two(n, e), -1),
    "mul": lambda n, e: multiply(*two(n, e)),
    "had": lambda n, e: hadamard(*two(n, e)),
    "div": ops.quotient,
    "pow": ops.power,
    "T": lambda n, e: transposed(value(n.kids[0], e)),
    "inv": ops.inverted,
    "abs": ops.absolute,
    "norm": lambda n, e: root(squares(value(n.kids[0], e)), e),
    "norm1": lambda n, e: sum(abs(x) for x in np.ravel(value(n.kids[0], e)).tolist()),
    "fn": ops.function,
    "ind": lambda n, e: int(ops.truth(n.kids[0], e)),
    "cases": ops.cases,
    "opt": ops.optimum,
    "int": ops.integral,
    "E": expectation,
    "call": call,
    **dict.fromkeys(
        ("sum", "prod", "sumover", "prodover", "sumset", "prodset"), ops.total
    ),
    **dict.fromkeys(("rel", "and", "set", "compose", "lim", "arg", "true"), unreadable),
}

__all__ = ["bind", "defined_table", "head_indices", "value"]
