r"""The reader: from the displayed LaTeX to a tree (`nodes.Node`), or a `TexError`.

The language is the part of LaTeX in which a textbook writes formulas, with the
ambiguous part left out: `a/2b`, `\log a (b)`, an expectation without its distribution
and whatever is not in the tables of `tokens` are errors with label and column. The
letters a chapter declares (`given`) decide what is a function call and what a product.

Sound: a formula is read in one way or not at all. Incomplete: many readable formulas
are refused. Assumed: an unbracketed `\log`, `\sum` or `\prod` takes the whole product
that follows, up to the next `+` or `-` (and `\log` up to `\cdot`, `/` or a function).
"""

from collections.abc import Collection

from claims.nodes import Equation, Node
from claims.parser import Parser
from claims.symbolic import to_sympy
from claims.tokens import TexError

__all__ = ["TexError", "canonical", "parse", "parse_expression", "to_sympy"]


def parse(
    tex: str,
    label: str = "",
    functions: Collection[str] = (),
    letters: Collection[str] = (),
) -> Equation:
    """Read a display. `functions` and `letters` are the names declared by a chapter."""
    return Parser(tex, label, functions, letters).display()


def parse_expression(
    tex: str,
    label: str = "",
    functions: Collection[str] = (),
    letters: Collection[str] = (),
) -> Node:
    """Read one side, such as a reader's answer; of a chain, the last side."""
    return parse(tex, label, functions, letters).sides[-1]


def canonical(key: str) -> str:
    r"""The name that the reader gives to a letter: `\hat p` is `p_hat`."""
    if key.replace("_", "").replace("'", "").isalnum() and key.isascii():
        return key
    node = parse_expression(key, "given")
    if node.op == "call":
        node = node.kids[0]
    if node.op == "sym" and len(node.kids) == 1 and node.kids[0].op in ("sym", "num"):
        kid = node.kids[0]
        return f"{node.name}_{kid.name or kid.value}"
    if node.op != "sym":
        raise TexError(f"{key!r} is not a letter")
    return node.name
