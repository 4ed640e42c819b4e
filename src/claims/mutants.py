"""Altered versions of a printed formula, one change each.

The operators follow the misprints that books have: a sign, a dropped or inverted
factor, a coefficient, an exponent, an exchanged letter or index, the limits of a sum, a
sum for a product, a function left out, a transpose, a square too many or too few. The
formula must be refused in every one of these versions; what survives needs a reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from claims.domains import (
    FUNCTIONS,
    Binary,
    Definite,
    Domain,
    Given,
    Index,
    Label,
    OneHot,
    Outcome,
    Size,
)
from claims.letters import bound_by
from claims.nodes import Node, num, show, sym, walk, with_kid

ONE, TWO = num(1), num(2)


@dataclass(frozen=True)
class Mutant:
    """One altered version; `key` names it in messages and in `equivalents`.

    `before` and `after` are the node that was changed; None where the whole was.
    """

    tree: Node
    key: str
    reason: str = ""
    before: Node | None = None
    after: Node | None = None


def mutants(tree: Node, given: Given) -> list[Mutant]:
    """All altered versions of a formula, different from it and from each other."""
    found: dict[Node, Mutant] = {tree: Mutant(tree, "")}
    for mutant in (*_inside(tree, tree, given, ()), *_whole(tree)):
        found.setdefault(mutant.tree, mutant)
    return [mutant for mutant in found.values() if mutant.key]


def _whole(tree: Node) -> Iterator[Mutant]:
    if tree == sym("zeros") or (tree.op == "num" and tree.value == 0):
        return
    yield Mutant(Node("neg", (tree,)), "whole: negated")
    yield Mutant(Node("mul", (TWO, tree)), "whole: doubled")


def _inside(
    tree: Node, root: Node, given: Given, scope: tuple[str, ...]
) -> Iterator[Mutant]:
    """Changes at this node, then below it, each put back in place."""
    for name, changed, *reasons in _changes(tree, root, given, scope):
        key = f"{name}: {show(tree)} -> {show(changed)}"
        yield Mutant(changed, key, "".join(reasons), tree, changed)
    even = tree.op == "norm" or (tree.op == "pow" and tree.kids[1] == TWO)
    inner = (*scope, *bound_by(tree))
    for k, kid in enumerate(tree.kids):
        if (tree.op == "call" and k == 0) or (tree.op == "opt" and k == 0):
            continue
        last = k == len(tree.kids) - 1
        below = inner if last or tree.op == "E" else scope
        for mutant in _inside(kid, root, given, below):
            if even and k == 0 and _only_sign(kid, mutant.tree):
                continue
            yield replace(mutant, tree=with_kid(tree, k, mutant.tree))


def _only_sign(before: Node, after: Node) -> bool:
    """Whether the change is a sign of the whole, invisible under an even power."""
    if after.op == "sub" and before.op == "sub":
        return after.kids == before.kids[::-1]
    return (after.op == "neg" and after.kids[0] == before) or (
        before.op == "neg" and before.kids[0] == after
    )


def _changes(  # noqa: PLR0912
    node: Node, root: Node, given: Given, scope: tuple[str, ...]
) -> Iterator[tuple]:
    """Replacements of one node."""
    op, kids = node.op, node.kids
    if op == "num" and node.value is not None:
        for value in (node.value + 1, node.value - 1, -node.value):
            if value != node.value:
                yield "number", num(value)
    elif op in ("add", "sub"):
        a, b = kids
        yield "sign", Node("sub" if op == "add" else "add", kids)
        yield "dropped", a
        yield "dropped", b if op == "add" else Node("neg", (b,))
        if op == "sub":
            yield "order", Node("sub", (b, a))
    elif op == "neg":
        yield "sign", kids[0]
    elif op in ("mul", "had"):
        yield "dropped", kids[0]
        yield "dropped", kids[1]
        yield "plus for times", Node("add", kids)
    elif op == "div":
        yield "dropped", kids[0]
        yield "inverted", Node("div", kids[::-1])
        yield "times for over", Node("mul", kids)
    elif op == "pow":
        yield "power", kids[0]
        yield "power", Node("pow", (kids[0], Node("neg", (kids[1],))))
        yield "power", Node("pow", (kids[0], Node("add", (kids[1], ONE))))
    elif op == "T":
        yield "transpose", kids[0]
    elif op == "inv":
        yield "inverse", kids[0]
        reason = ""
        if isinstance(given.get(kids[0].name), Definite):
            reason = f"{kids[0].name} is symmetric, and so is its inverse"
        yield "inverse", Node("T", (node,)), reason
    elif op in ("norm", "norm1"):
        yield "norm", Node("norm1" if op == "norm" else "norm", kids)
    elif op == "fn":
        yield from _functions(node)
    elif op in ("sum", "prod"):
        yield from _sums(node, given)
    elif op in ("sumover", "prodover"):
        yield "product for sum", Node(_other(op), kids, node.name)
    elif op == "rel":
        yield from _relations(node)
    elif op == "call":
        yield from _calls(node, root, given)
    elif op == "sym":
        yield from _letters(node, root, given, scope)


def _functions(node: Node) -> Iterator[tuple]:
    name, kids = node.name, node.kids
    if name in ("max", "min"):
        yield "function", Node("fn", kids, "min" if name == "max" else "max")
        for kid in kids:
            yield "dropped", kid
    elif name in ("floor", "ceil"):
        yield "function", Node("fn", kids, "ceil" if name == "floor" else "floor")
    else:
        yield "function", kids[0]


def _other(op: str) -> str:
    return op.replace("sum", "prod") if "sum" in op else op.replace("prod", "sum")


def _sums(node: Node, given: Given) -> Iterator[tuple]:
    """Limits one off or of another size; sum for product."""
    lower, upper, body = node.kids
    yield "limit", Node(node.op, (lower, Node("sub", (upper, ONE)), body), node.name)
    yield "limit", Node(node.op, (Node("add", (lower, ONE)), upper, body), node.name)
    yield "limit", Node(node.op, (lower, Node("add", (upper, ONE)), body), node.name)
    if upper.op == "sym":
        for other, domain in given.items():
            if isinstance(domain, Size) and other != upper.name:
                changed = (lower, sym(other), body)
                yield "limit", Node(node.op, changed, node.name)
    yield "product for sum", Node(_other(node.op), node.kids, node.name)


def _relations(node: Node) -> Iterator[tuple]:
    """Conditions in indicators and cases; `<` for `<=` is left to definitions."""
    opposite = {"=": "!=", "!=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
    if node.name in opposite:
        yield "condition", Node("rel", node.kids, opposite[node.name])


def _calls(node: Node, root: Node, given: Given) -> Iterator[tuple]:
    """Another function with the same arguments; arguments exchanged."""
    head, args = node.kids[0], node.kids[1:]
    kind, others = type(given.get(head.name)), {}
    for other in walk(root):
        if other.op == "call" and len(other.kids) == len(node.kids):
            others[other.kids[0].name] = other.kids[0]
    for name, other in others.items():
        if name != head.name and type(given.get(name)) is kind:
            yield "letter", Node("call", (other, *args), value=node.value)
    if head.name not in given:
        if head.name in ("KL", "D_KL"):
            yield "order", Node("call", (head, args[1], args[0]), value=node.value)
        return
    if node.value is not None and len(args) == 2:
        plain = Node("call", (head, args[0]), value=None)
        yield "condition", plain
        yield "condition", Node("call", (head, args[1], args[0]), value=node.value)
        yield "condition", Node("call", node.kids, value=None)
    if len(args) == 1 and args[0].name == "":
        yield "function", args[0].kids[0]


def _letters(  # noqa: PLR0912
    node: Node, root: Node, given: Given, scope: tuple[str, ...]
) -> Iterator[tuple]:
    """Another letter or index; a square; one more or less for a size."""
    name, kids = node.name, node.kids
    domain = given.get(name)
    if name in scope or isinstance(domain, Index | Outcome):
        yield from _indices(node, given, scope)
        return
    if isinstance(domain, FUNCTIONS):
        for other in given:
            if other != name and type(given[other]) is type(domain):
                yield "letter", sym(other)
        return
    letters: dict[str, Node] = {}
    for other in walk(root):
        if other.op == "sym" and len(other.kids) == len(kids):
            letters[other.name] = other
    for other in letters:
        known = given.get(other)
        if other == name or other in scope or isinstance(known, Index | Outcome):
            continue
        if known is None or isinstance(known, Domain | Size) is False:
            continue
        yield "letter", sym(other, *kids)
    if isinstance(domain, Size):
        yield "size", Node("sub", (node, ONE))
        yield "size", Node("add", (node, ONE))
        return
    if len(kids) == 2 and kids[0] != kids[1]:
        yield "indices", sym(name, kids[1], kids[0])
    axes = getattr(domain, "axes", ())
    if len(axes) == len(kids) and (domain is not None or name == "pi"):
        reason = ""
        labels = isinstance(domain, Label) and (domain.classes, domain.start) == (2, 0)
        if labels or isinstance(domain, Binary | OneHot):
            reason = f"{name} is 0 or 1, so its square is itself"
        yield "square", Node("pow", (node, TWO)), reason


def _indices(node: Node, given: Given, scope: tuple[str, ...]) -> Iterator[tuple]:
    """An index letter exchanged for another one in force."""
    free = [k for k, v in given.items() if isinstance(v, Index)]
    for other in dict.fromkeys((*scope, *free)):
        if other != node.name and node.name.rstrip("'") != other.rstrip("'"):
            yield "index", sym(other)
