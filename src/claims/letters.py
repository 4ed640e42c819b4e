"""Letters against their declarations: nothing undeclared, nothing with two meanings."""

from typing import Any

from claims.domains import (
    FUNCTIONS,
    Defined,
    DefinedValues,
    Derived,
    Distribution,
    Domain,
    Function,
    Given,
    Index,
    Joint,
    Opaque,
    Outcome,
    Size,
    Values,
)
from claims.nodes import Equation, Node
from claims.tokens import TexError

BINDERS = {"sum", "prod", "sumover", "prodover", "sumset", "prodset", "int"}
CONSTANTS = {"pi", "infty", "I", "ones", "zeros"}
BUILTIN = {"calN", "D_KL", "KL", "JSD", "bbH"}


def bound_by(node: Node) -> set[str]:
    """The letters that this node binds in its last child."""
    if node.op in BINDERS:
        return {node.name}
    if node.op == "opt":
        return {node.kids[0].name}
    if node.op == "E":
        return law_letters(node.kids[0])
    return set()


def law_letters(law: Node) -> set[str]:
    """The variables over which an expectation runs."""
    if law.op == "rel" and law.kids[0].op == "sym":
        return {law.kids[0].name}
    if law.op == "call":
        stop = int(law.value) if law.value is not None else len(law.kids) - 1
        args = law.kids[1 : 1 + stop]
        return {arg.kids[0].name for arg in args if arg.kids[0].op == "sym"}
    return set()


def free_letters(node: Node, bound: frozenset[str] = frozenset()) -> list[str]:
    """Names of the letters that are not bound by a sum, integral or expectation."""
    out: list[str] = []
    if node.op == "sym" and node.name not in bound:
        out.append(node.name)
    inner = bound | bound_by(node)
    for i, kid in enumerate(node.kids):
        last = i == len(node.kids) - 1 or node.op == "opt"
        use = inner if last or node.op == "E" else bound
        out += free_letters(kid, use)
    return out


def rebound(node: Node, bound: frozenset[str] = frozenset()) -> Node | None:
    """A sum, integral or expectation over a letter that is bound around it, if any."""
    new = bound_by(node)
    if new & bound:
        return node
    for i, kid in enumerate(node.kids):
        last = i == len(node.kids) - 1
        if found := rebound(kid, bound | new if last else bound):
            return found
    return None


def evaluable(node: Node, given: Given) -> bool:
    """Whether every letter is declared, so that the side has a value."""
    names = set(free_letters(node))
    binds = {b for b in names if b in given or b in CONSTANTS or b in BUILTIN}
    return names == binds


class Checker:
    """Checks one display against `given`; raises `TexError` with the column."""

    def __init__(self, equation: Equation, given: Given):
        self.equation, self.given = equation, given

    def fail(self, reason: str, node: Node) -> None:
        """Raise at the node."""
        raise TexError(reason, self.equation.tex, node.at, self.equation.label)

    def check(self, node: Node, bound: frozenset[str] = frozenset()) -> None:
        """Check this node and everything below."""
        if node.op == "sym":
            self.letter(node, bound)
        if node.op == "call":
            self.call(node, bound)
            return
        new = bound_by(node)
        for name in new:
            self.binding(node, name)
        for i, kid in enumerate(node.kids):
            last = i == len(node.kids) - 1
            if node.op == "opt" and not last:
                continue
            if node.op == "E" and not last and kid.op == "sym":
                continue
            self.check(kid, bound | new if last or node.op == "E" else bound)

    def binding(self, node: Node, name: str) -> None:
        """A letter bound by a sum must be free for that use, or have a range."""
        domain = self.given.get(name, self.given.get(name.rstrip("'")))
        if domain is not None and not isinstance(domain, Index | Outcome):
            if node.op != "int":
                self.fail(f"{name} is both a quantity and an index", node)
        elif node.op in ("sumover", "prodover", "opt") and domain is None:
            self.fail(f"a sum over {name} without limits and without a range", node)

    def letter(self, node: Node, bound: frozenset[str]) -> None:
        """A letter, indexed or not."""
        name, given = node.name, self.given
        if name in bound:
            if node.kids:
                self.fail(f"the index {name} carries an index itself", node)
            return
        domain = given.get(name)
        if domain is None:
            if name == "pi" and node.kids:
                self.fail("an indexed pi that is not declared", node)
            if name not in CONSTANTS:
                self.fail(f"the letter {name} is not declared", node)
            return
        if isinstance(domain, Size | Index | Outcome) and node.kids:
            kind = "a size" if isinstance(domain, Size) else "an index"
            self.fail(f"{name} is {kind} and carries an index: two meanings", node)
        if isinstance(domain, FUNCTIONS):
            self.fail(f"the function {name} without its argument", node)
        if isinstance(domain, Domain | Derived | Defined):
            axes = domain.axes
            if name == "pi" and not node.kids and not axes:
                self.fail("pi is declared, so a bare pi has two meanings", node)
            if len(node.kids) > len(axes):
                self.fail(
                    f"{name} has {len(node.kids)} indices but {len(axes)} axes", node
                )

    def call(self, node: Node, bound: frozenset[str]) -> None:
        """A function with its arguments."""
        head, args = node.kids[0], node.kids[1:]
        domain = self.given.get(head.name)
        if domain is None and head.name in BUILTIN:
            if head.name == "calN" and len(args) != 3:
                self.fail("a normal density needs a point, a mean and a variance", node)
            if head.name == "bbH" and len(args) != 1:
                self.fail("an entropy is of one distribution", node)
            if head.name not in ("calN", "bbH") and len(args) != 2:
                self.fail(f"{head.name} compares two distributions", node)
            for arg in args:
                self.functional(arg.kids[0], bound, head.name)
            return
        if not isinstance(domain, FUNCTIONS):
            self.fail(f"the function {head.name} is not declared", head)
        if head.kids:
            self.fail(f"the function {head.name} with an index", head)
        if isinstance(domain, Function | Opaque):
            if isinstance(domain, Opaque) and len(args) != domain.arity:
                self.fail(f"{head.name} takes {domain.arity} arguments", node)
        elif isinstance(domain, Distribution | Joint | Values | DefinedValues):
            self.outcomes(node, domain)
        for arg in args:
            self.check(arg.kids[0], bound)

    def functional(self, node: Node, bound: frozenset[str], head: str) -> None:
        """An argument of KL or JSD: a distribution, with or without its letters."""
        if head != "calN" and node.op == "sym":
            if not isinstance(self.given.get(node.name), Distribution):
                self.fail(f"{node.name} is not a declared distribution", node)
            return
        self.check(node, bound | law_letters(node) if head != "calN" else bound)

    def outcomes(self, node: Node, domain: Any) -> None:
        """The arguments must be the declared variables."""
        head, args = node.kids[0], node.kids[1:]
        on = domain.on if isinstance(domain, Distribution) else ()
        known = (*domain.of, *on)
        tags = [arg.name for arg in args]
        if isinstance(domain, Joint):
            for arg in args:
                if arg.name not in known:
                    self.fail(f"{head.name} has no variable {arg.name or 'here'}", arg)
            if len(set(tags)) < len(tags):
                self.fail("a variable occurs twice", node)
            return
        bar = int(node.value) if node.value is not None else len(args)
        if len(args) != len(known) or (on and bar != len(domain.of)):
            of, given = ", ".join(domain.of), ", ".join(on)
            form = f"{of} | {given}" if on else of
            self.fail(f"{head.name} is declared as {head.name}({form})", node)
        for arg, letter in zip(args, known, strict=True):
            if arg.name and arg.name != letter and arg.name in known:
                self.fail(f"the variables of {head.name} are in another order", arg)


def check_letters(equation: Equation, given: Given, sides: tuple[Node, ...]) -> None:
    """Raise `TexError` unless the given sides are readable in one way."""
    checker = Checker(equation, given)
    for side in sides:
        checker.check(side)
