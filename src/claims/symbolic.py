r"""From the tree to SymPy: `Indexed`, `Sum`, log, exp, for proofs at all sizes.

Vectors and matrices are written out in components: a product becomes a sum over the
shared index, a norm a sum of squares, a trace a sum over the diagonal. A formula whose
value is a vector gets a free component index `d` (a matrix: `d` and `e`).

Sound: the expression has the value of the formula at all sizes, if arguments of
logarithms are positive (a logarithm of a product is written as a sum). The inverse and
the determinant of a letter become letters of their own (`A_inv`, `LogDet`), so the
relation between them is forgotten: a proof holds for any such letters.
Incomplete: inverses and determinants of compound matrices, cases, floors.
"""

from typing import Any

from claims.components import ONE, Components, Shape
from claims.declared import index_symbol
from claims.domains import Given
from claims.instances import Lookup
from claims.nodes import Node


def to_sympy(
    tree: Node,
    given: Given,
    lookup: Lookup | None = None,
    components: tuple[Any, ...] | None = None,
) -> Any:
    """The formula in SymPy; a vector or matrix with free component indices."""
    writer = Components(given, lookup)
    shape = writer.shape(tree, {})
    if components is None:
        components = component_letters(shape, given)
    places = iter(components)
    i, j = (None if extent == ONE else next(places) for extent in shape)
    return writer.comp(tree, i, j, {})


def component_letters(shape: Shape, given: Given) -> tuple[Any, ...]:
    """Free component indices that no declared letter uses."""
    spare = (name for name in ("d", "e", "a", "b", "c", "f") if name not in given)
    return tuple(index_symbol(next(spare)) for extent in shape if extent != ONE)


def shape_of(tree: Node, given: Given) -> Shape:
    """Rows and columns of a formula."""
    return Components(given).shape(tree, {})
