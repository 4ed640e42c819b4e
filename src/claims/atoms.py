"""The reader's second half: letters with scripts, calls, sums, bars, cases, integrals.

Split from `parser` only for length; `parser.Parser` is the one user.
"""

from fractions import Fraction
from typing import TYPE_CHECKING, cast

from claims.constructs import Constructs
from claims.nodes import Node, num, sym
from claims.scripts import Scripts
from claims.tokens import (
    BOLD,
    COMMAND_FUNCTIONS,
    DECORATION,
    FUNCTIONS,
    GREEK,
    SCRIPT,
)

if TYPE_CHECKING:
    from claims.parser import Parser

BUILTIN = {"calN", "D_KL", "KL", "JSD", "bbH"}
CLOSE = {"(": ")", "[": "]", "{": "}", r"\{": r"\}"}
BAR_CLOSE = {
    "|": "|",
    r"\|": r"\|",
    r"\Vert": r"\Vert",
    r"\vert": r"\vert",
    r"\lVert": r"\rVert",
    r"\lvert": r"\rvert",
}
NORMS = (r"\|", r"\Vert", r"\lVert")
HALF = Node("div", (num(1), num(2)))


class Atoms(Scripts, Constructs):
    """Methods of the parser that begin at one token."""

    def is_function(self, node: Node) -> bool:
        """Whether the letter is a declared function."""
        p = cast("Parser", self)
        return node.op == "sym" and node.name in p.functions | BUILTIN

    def is_call(self, node: Node) -> bool:
        """Whether the coming bracket holds arguments, not a factor."""
        p = cast("Parser", self)
        if node.op != "sym" or node.name in ("pi", "infty", "e"):
            return p.is_function(node) and p.peek() == "("
        if p.peek() == "[":
            return node.name in BUILTIN or (p.lenient and len(node.name) > 1)
        if p.peek() != "(":
            return False
        return p.is_function(node) or node.name not in p.letters

    def call(self, head: Node) -> Node:
        r"""The arguments, with the place of the bar `\mid` remembered."""
        p = cast("Parser", self)
        at, close = p.at, CLOSE[p.take()]
        args, bar = [self.argument()], None
        while p.peek() != close:
            text = p.take()
            if text in (
                r"\mid",
                "|",
                ";",
                r"\|",
                r"\parallel",
                ":",
                r"\Vert",
                r"\vert",
            ):
                if bar is not None and text != ";":
                    p.i -= 1
                    p.fail("two bars in one bracket")
                bar = len(args) if bar is None else bar
            elif text != ",":
                p.i -= 1
                p.fail(f"unexpected {text!r} among the arguments")
            args.append(self.argument())
        p.eat(close)
        value = None if bar is None else Fraction(bar)
        return Node("call", (head, *args), value=value, at=at)

    def argument(self) -> Node:
        """One argument; `y = j` stands for the value j of the variable y."""
        p = cast("Parser", self)
        at = p.at
        p.barless += 1
        node = p.expr()
        tag = node.name.rstrip("'") if node.op == "sym" else ""
        if p.peek() == "=":
            p.take()
            node = p.expr()
        p.barless -= 1
        return Node("arg", (node,), tag, at=at)

    def atom(self, bare: bool = False) -> Node:  # noqa: PLR0911, PLR0912, RET503
        """The smallest piece."""
        p = cast("Parser", self)
        at, text = p.at, p.take()
        if text.isdigit():
            return p.number(text, at, bare)
        if text in CLOSE:
            return p.bracket(text, at)
        if text in BAR_CLOSE:
            p.barless += 1
            node = p.expr()
            p.barless -= 1
            p.eat(BAR_CLOSE[text])
            return Node("norm" if text in NORMS else "abs", (node,), at=at)
        if text in (r"\lfloor", r"\lceil"):
            node = p.expr()
            p.eat(text.replace("l", "r", 1))
            return Node("fn", (node,), "floor" if "floor" in text else "ceil", at=at)
        if text in (r"\frac", r"\tfrac", r"\dfrac"):
            return Node("div", (p.group(True), p.group(True)), at=at)
        if text == r"\binom":
            return Node("fn", (p.group(), p.group()), "binom", at=at)
        if text == r"\sqrt":
            if p.peek() == "[":
                p.fail("a root with an index: write a power")
            return Node("pow", (p.group(), HALF), at=at)
        if text in (r"\sum", r"\prod"):
            return p.big(text[1:], at)
        if text == r"\int":
            return p.integral(at)
        if text == r"\begin":
            return p.cases(at)
        if text in DECORATION:
            node = p.group()
            return p.decorate(node, "_" + DECORATION[text], at)
        if text in BOLD or text in SCRIPT or text.startswith(r"\operatorname"):
            return p.styled(text, at)
        if text == r"\arg":
            kind = p.take()
            if kind not in (r"\max", r"\min"):
                p.fail(r"\arg without \max or \min", at)
            return p.optimum("arg" + kind[1:], at)
        if text in (r"\max", r"\min") and p.peek() == "_":
            return p.optimum(text[1:], at)
        if text == r"\lim":
            p.eat("_")
            return Node("lim", (p.group(), p.term()), at=at)
        if text in COMMAND_FUNCTIONS:
            return p.function(text[1:], at)
        if text == "e" and p.peek() == "^" and "e" not in p.letters:
            p.take()
            return Node("fn", (p.group(),), "exp", at=at)
        if text.startswith("\\") and text[1:] in GREEK:
            return sym(text[1:], at=at)
        if len(text) == 1 and text.isalpha():
            return sym(text, at=at)
        p.i -= 1
        p.fail(f"unexpected {text!r}")

    def number(self, text: str, at: int, bare: bool) -> Node:
        """Digits that stand together, with a decimal point if one follows."""
        p = cast("Parser", self)

        def touching(ahead: int = 0) -> bool:
            k = p.i + ahead
            return k < len(p.tokens) and p.tokens[k].at == p.tokens[k - 1].at + 1

        while not bare and touching() and p.peek().isdigit():
            text += p.take()
        if not bare and p.peek() == "." and touching() and touching(1):
            if p.peek(1).isdigit():
                text += p.take()
            while touching() and p.peek().isdigit():
                text += p.take()
        return num(Fraction(text), at)

    def bracket(self, text: str, at: int) -> Node:
        """Brackets; braces with commas are a finite set."""
        p = cast("Parser", self)
        after_in = p.i > 1 and p.tokens[p.i - 2].text == r"\in"
        items = [p.inside(p.relation)]
        while text == r"\{" and p.peek() == ",":
            p.take()
            items.append(p.inside(p.relation))
        p.eat(CLOSE[text])
        if text == r"\{" and (len(items) > 1 or after_in):
            return Node("set", tuple(items), at=at)
        return items[0]

    def function(self, name: str, at: int) -> Node:
        r"""A named function; without brackets it takes the product that follows."""
        p = cast("Parser", self)
        if p.peek() == "^":
            p.fail("a power on the name of a function")
        if p.peek() in ("(", "[", r"\{"):
            close = CLOSE[p.take()]
            args = [p.expr()]
            while p.peek() == ",":
                p.take()
                args.append(p.expr())
            p.eat(close)
            node = Node("fn", tuple(args), name, at=at)
            if p.peek() in ("(", "[") and name in FUNCTIONS:
                p.fail(rf"\{name}(a)(b) is ambiguous: use \cdot or brackets")
            if p.peek() == "^":
                p.fail("a power after a bracketed argument: put it inside or outside")
            return node
        node = p.factor()
        while p.starts_factor() and p.peek() not in COMMAND_FUNCTIONS:
            if p.peek() in ("(", "[", "{"):
                p.fail(rf"\{name} a (b) is ambiguous: put brackets around the argument")
            if name not in ("log", "ln"):
                p.fail(rf"\{name} of a product needs brackets")
            node = Node("mul", (node, p.factor()), at=p.at)
        return Node("fn", (node,), name, at=at)
