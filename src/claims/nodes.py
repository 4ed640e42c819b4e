"""The tree of a formula: one small node type, and how to walk and print it.

A node is an operation, its children, and at most a name and a number. Everything the
package does (evaluation, proof, alteration) is a function of this tree, and the tree
comes only from the LaTeX that the book displays.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction


@dataclass(frozen=True)
class Node:
    """One operation of a formula; `at` is the column in the LaTeX it was read from."""

    op: str
    kids: tuple["Node", ...] = ()
    name: str = ""
    value: Fraction | None = None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Equation:
    """A displayed chain `side sign side sign side`, with trailing conditions."""

    sides: tuple[Node, ...]
    signs: tuple[str, ...]
    tex: str
    label: str = ""
    conditions: tuple[Node, ...] = ()
    more: tuple["Equation", ...] = ()


def num(value: int | Fraction, at: int = 0) -> Node:
    """The number `value` as a node."""
    return Node("num", value=Fraction(value), at=at)


def sym(name: str, *indices: Node, at: int = 0) -> Node:
    """The letter `name`, with indices if it has any."""
    return Node("sym", indices, name, at=at)


def walk(node: Node) -> Iterator[Node]:
    """Every node of the tree, parents first."""
    yield node
    for kid in node.kids:
        yield from walk(kid)


def with_kid(node: Node, position: int, kid: Node) -> Node:
    """The same node with one child exchanged."""
    kids = node.kids
    return replace(node, kids=(*kids[:position], kid, *kids[position + 1 :]))


INFIX = {"add": " + ", "sub": " - ", "mul": " ", "had": " * ", "div": " / "}
TIGHT = {"num", "sym", "call", "fn", "norm", "norm1", "abs", "ind", "pow", "T", "inv"}


def show(node: Node) -> str:  # noqa: PLR0911
    """The formula in one plain line, for messages and for naming alterations."""

    def wrapped(kid: Node) -> str:
        text = show(kid)
        return text if kid.op in TIGHT and not text.startswith("-") else f"({text})"

    kids = node.kids
    if node.op == "num":
        return str(node.value)
    if node.op == "sym":
        inner = ",".join(show(kid) for kid in kids)
        return f"{node.name}[{inner}]" if kids else node.name
    if node.op in ("add", "sub"):
        right = kids[1]
        text = wrapped(right) if right.op in ("add", "sub", "neg") else show(right)
        return show(kids[0]) + INFIX[node.op] + text
    if node.op in INFIX:
        return INFIX[node.op].join(wrapped(kid) for kid in kids)
    if node.op == "neg":
        return "-" + wrapped(kids[0])
    if node.op == "pow":
        return f"{wrapped(kids[0])}^{wrapped(kids[1])}"
    if node.op in ("T", "inv"):
        return wrapped(kids[0]) + ("^T" if node.op == "T" else "^-1")
    if node.op in ("sum", "prod") and len(kids) == 3:
        lower, upper, body = kids
        limits = f"{node.name}={show(lower)}..{show(upper)}"
        return f"{node.op}({limits}: {show(body)})"
    if node.op == "rel":
        return f"{show(kids[0])} {node.name} {show(kids[1])}"
    if node.op == "arg":
        return show(kids[0])
    if node.op == "call":
        head, args = kids[0], kids[1:]
        bar = int(node.value) if node.value is not None else len(args)
        front = ", ".join(show(arg) for arg in args[:bar])
        back = ", ".join(show(arg) for arg in args[bar:])
        return f"{show(head)}({front}{' | ' if back else ''}{back})"
    head = node.name if node.op == "fn" else f"{node.op} {node.name}".strip()
    return f"{head}({', '.join(show(kid) for kid in kids)})"
