"""The parser: recursive descent over the tokens of one display; see `claims.tex`."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import NoReturn

from claims.atoms import Atoms
from claims.letters import bound_by, rebound
from claims.lines import flatten
from claims.nodes import Equation, Node, num
from claims.tokens import RELATIONS, TexError, tokenise

STOP = {
    "+",
    "-",
    ")",
    "]",
    "}",
    ",",
    "&",
    ";",
    ".",
    ":",
    r"\\",
    r"\mid",
    r"\parallel",
    r"\}",
    r"\end",
    r"\rfloor",
    r"\rceil",
    r"\rvert",
    r"\rVert",
    r"\text",
    *RELATIONS,
}


BARS = ("|", r"\|", r"\Vert", r"\vert")


class Parser(Atoms):
    """Recursive descent over the tokens of one display."""

    def __init__(
        self,
        tex: str,
        label: str = "",
        functions: Collection[str] = (),
        letters: Collection[str] = (),
    ):
        self.tex, self.label = tex, label
        self.tokens = tokenise(tex, label)
        self.functions, self.letters = set(functions), set(letters)
        self.i = 0
        self.lenient = not self.letters
        self.barless = 0
        self.integrals = 0
        self.products = 0

    def peek(self, ahead: int = 0) -> str:
        """The text of a coming token, empty at the end."""
        k = self.i + ahead
        return self.tokens[k].text if k < len(self.tokens) else ""

    @property
    def at(self) -> int:
        """Column of the coming token."""
        return self.tokens[self.i].at if self.i < len(self.tokens) else len(self.tex)

    def fail(self, reason: str, at: int | None = None) -> NoReturn:
        """Raise a `TexError` here."""
        place = self.at if at is None else at
        raise TexError(reason, self.tex, place, self.label)

    def take(self) -> str:
        """Consume one token."""
        if self.i >= len(self.tokens):
            self.fail("the formula ends too early")
        self.i += 1
        return self.tokens[self.i - 1].text

    def eat(self, text: str) -> None:
        """Consume exactly this token."""
        if self.peek() != text:
            self.fail(f"expected {text!r}, found {self.peek() or 'the end'!r}")
        self.i += 1

    def relation(self) -> Node:
        """An expression or a chain of comparisons (indicators, cases, limits)."""
        at, left = self.at, self.expr()
        links: list[Node] = []
        while self.peek() in RELATIONS:
            name = RELATIONS[self.take()]
            right = self.expr()
            links.append(Node("rel", (left, right), name, at=at))
            left = right
        if not links:
            return left
        return links[0] if len(links) == 1 else Node("and", tuple(links), at=at)

    def expr(self) -> Node:
        """A sum of signed terms."""
        at, negative = self.at, False
        if self.peek() in ("+", "-"):
            negative = self.take() == "-"
        node = self.term()
        if negative:
            node = Node("neg", (node,), at=at)
        while self.peek() in ("+", "-"):
            at = self.at
            op = "add" if self.take() == "+" else "sub"
            if self.peek() in ("+", "-"):
                self.fail("two signs in a row")
            node = Node(op, (node, self.term()), at=at)
        return node

    def starts_factor(self) -> bool:
        """Whether the coming token begins another factor of a product."""
        text = self.peek()
        if not text or text in STOP:
            return False
        if text in BARS:
            return self.bar_opens()
        return not (self.integrals and self.differential())

    def bar_opens(self) -> bool:
        """Whether a bar after a factor opens an absolute value that is closed again."""
        bar, depth, k = self.peek(), 0, 1
        if self.barless:
            return False
        while text := self.peek(k):
            if text in ("(", "[", "{"):
                depth += 1
            elif text in (")", "]", "}"):
                depth -= 1
                if depth < 0:
                    return False
            elif text == bar and depth == 0:
                return k > 1
            k += 1
        return False

    def term(self) -> Node:
        """A product or quotient."""
        node = self.factor()
        while True:
            at, text = self.at, self.peek()
            if text in (r"\cdot", r"\times"):
                self.take()
                node = Node("mul", (node, self.factor()), at=at)
            elif text == r"\odot":
                self.take()
                node = Node("had", (node, self.factor()), at=at)
            elif text == r"\circ":
                self.take()
                node = Node("compose", (node, self.factor()), at=at)
            elif text in ("*", "!", r"\ast"):
                self.fail(f"{text!r} is not read; write the product out")
            elif text == "/":
                node = self.quotient(node)
            elif self.starts_factor():
                if self.peek().isdigit() and node.op == "num":
                    self.fail("two numbers side by side")
                node = Node("mul", (node, self.factor()), at=at)
            else:
                return node

    def quotient(self, node: Node) -> Node:
        """A slash; what follows the divisor must not be another factor."""
        at = self.at
        if self.products:
            self.fail(r"a slash after \prod: write \frac")
        self.take()
        node = Node("div", (node, self.factor()), at=at)
        if self.peek() == "/" or self.starts_factor():
            self.fail(r"ambiguous quotient such as a/2b: write \frac")
        return node

    def factor(self) -> Node:
        """An atom with its decorations, indices, powers and call arguments."""
        return self.scripts(self.atom())

    def group(self, fraction: bool = False) -> Node:
        r"""One TeX argument: `{...}` or a single token (so `x^23` is x squared, 3)."""
        if self.peek() == "{":
            self.take()
            if self.peek() == "}":
                self.fail("an empty argument")
            node = self.inside(self.relation)
            self.eat("}")
            return node
        at = self.at
        if self.peek().isdigit():
            node = num(int(self.take()), at)
            if self.peek().isdigit() and not fraction:
                self.fail("a second digit after a script: write braces")
            return node
        return self.atom(bare=True)

    def inside(self, rule: Callable[[], Node]) -> Node:
        """Read within brackets, where bars and slashes mean what they always do."""
        kept = self.barless, self.products, self.integrals
        self.barless = self.products = self.integrals = 0
        node = rule()
        self.barless, self.products, self.integrals = kept
        return node

    def raw(self) -> list[str]:
        """The texts of a braced group, braces left out at the ends."""
        self.eat("{")
        depth, out = 1, []
        while depth:
            text = self.take()
            depth += (text == "{") - (text == "}")
            if depth:
                out.append(text)
        return out

    def chain(self) -> Equation:
        """A whole display: sides and signs, then conditions after a comma."""
        sides, signs = [self.expr()], []
        while self.peek() in RELATIONS:
            signs.append(RELATIONS[self.take()])
            sides.append(self.expr())
        conditions = []
        while self.peek() in (",", r"\text", ";", r"\mathrm", ":", r"\colon"):
            if self.take() in (r"\text", r"\mathrm"):
                self.raw()
            elif self.peek() and self.peek() not in (r"\text", r"\\", ","):
                conditions.append(self.relation())
        if self.peek() == ".":
            self.take()
        return Equation(
            tuple(sides), tuple(signs), self.tex, self.label, tuple(conditions)
        )

    def display(self) -> Equation:
        r"""A display, `aligned` or `split` environments taken apart first."""
        self.tokens = flatten(self)
        equations = [self.chain()]
        while self.peek() == r"\\":
            self.take()
            if self.peek():
                equations.append(self.chain())
        if self.peek():
            self.fail(f"unexpected {self.peek()!r}")
        for side in (side for one in equations for side in one.sides):
            if inner := rebound(side):
                name = min(bound_by(inner))
                self.fail(f"{name} is bound again in its own scope", inner.at)
        return replace(equations[0], more=tuple(equations[1:]))
