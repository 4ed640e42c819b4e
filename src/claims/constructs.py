"""The reader's third part: sums, integrals, cases, optima, styled words, expectations.

Split from `atoms` only for length; `parser.Parser` is the one user.
"""

from typing import TYPE_CHECKING, cast

from claims.nodes import Node, sym
from claims.tokens import BOLD, FUNCTIONS, GREEK, SCRIPT

if TYPE_CHECKING:
    from claims.parser import Parser


class Constructs:
    """Methods of the parser for operators with limits, and for words."""

    def big(self, op: str, at: int) -> Node:
        r"""`\sum` or `\prod`: with limits, over a set, or over a declared range."""
        p = cast("Parser", self)
        lower: list[Node] = []
        upper: Node | None = None
        while p.peek() in ("_", "^"):
            if p.take() == "^":
                upper = p.group()
                continue
            if p.peek() == "{":
                p.take()
                lower.append(p.relation())
                while p.peek() == ",":
                    p.take()
                    lower.append(p.relation())
                p.eat("}")
            else:
                lower.append(p.group())
        if not lower:
            p.fail(rf"\{op} without limits", at)
        if p.peek() in ("+", "-"):
            p.fail(rf"\{op} followed by a sign: use brackets")
        p.products += op == "prod"
        body = p.term()
        p.products -= op == "prod"
        for limit in reversed(lower):
            body = p.bounded(op, limit, upper, body, at)
        return body

    def bounded(  # noqa: RET503
        self, op: str, limit: Node, upper: Node | None, body: Node, at: int
    ) -> Node:
        """One bound letter of a sum or product."""
        p = cast("Parser", self)
        if limit.op == "rel" and limit.name == "=" and limit.kids[0].op == "sym":
            letter, start = limit.kids
            if upper is None:
                p.fail(rf"\{op} over {letter.name} has no upper limit", at)
            return Node(op, (start, upper, body), letter.name, at=at)
        if upper is not None:
            p.fail(rf"\{op} with an upper but no lower limit", at)
        if limit.op == "rel" and limit.name == "in":
            return Node(op + "set", (limit.kids[1], body), limit.kids[0].name, at=at)
        if limit.op == "sym" and not limit.kids:
            return Node(op + "over", (body,), limit.name, at=at)
        if limit.op == "mul" and all(kid.op == "sym" for kid in limit.kids):
            inner = Node(op + "over", (body,), limit.kids[1].name, at=at)
            return Node(op + "over", (inner,), limit.kids[0].name, at=at)
        p.fail(rf"the limits of \{op} are not of the form i=a..b", at)

    def differential(self) -> bool:
        r"""Whether `dx` or `\mathrm{d}x` comes, which ends an integral."""
        p = cast("Parser", self)
        if p.peek() == "d":
            following = p.peek(1)
        elif p.peek() in BOLD and [p.peek(k) for k in (1, 2, 3)] == ["{", "d", "}"]:
            following = p.peek(4)
        elif p.peek() in BOLD and p.peek(1) == "d":
            following = p.peek(2)
        else:
            return False
        return following.isalpha() or following.startswith("\\")

    def integral(self, at: int) -> Node:
        r"""`\int_a^b f \, dx`, limits optional."""
        p = cast("Parser", self)
        limits: dict[str, Node] = {}
        while p.peek() in ("_", "^"):
            side = p.take()
            limits[side] = p.group() if p.peek() != "-" else p.expr()
        p.integrals += 1
        body = p.expr()
        p.integrals -= 1
        if not p.differential():
            p.fail(r"an integral without its d x", at)
        if p.take() != "d" and p.take() == "{":
            p.take()
            p.eat("}")
        letter = p.factor()
        if letter.op != "sym":
            p.fail("an integral over something that is not a letter", at)
        ends = (limits["_"], limits["^"]) if len(limits) == 2 else ()
        return Node("int", (*ends, body), letter.name, at=at)

    def cases(self, at: int) -> Node:
        r"""`\begin{cases} value & condition \\ ... \end{cases}`."""
        p = cast("Parser", self)
        name = "".join(p.raw())
        if name != "cases":
            p.fail(f"unknown environment {name}", at)
        kids: list[Node] = []
        while p.peek() != r"\end":
            kids.append(p.expr())
            if p.peek() == ",":
                p.take()
            p.eat("&")
            kids.append(p.condition())
            if p.peek() in (",", "."):
                p.take()
            if p.peek() == r"\\":
                p.take()
        p.take()
        p.raw()
        return Node("cases", tuple(kids), at=at)

    def condition(self) -> Node:
        """The right column of a case."""
        p = cast("Parser", self)
        while p.peek() in BOLD and p.peek(1) == "{":
            mark, word = p.i, (p.take(), "".join(p.raw()))[1]
            if word.startswith(("otherwise", "else")):
                return Node("true")
            if word not in ("if", "for", "when"):
                p.i = mark
                break
        return p.relation()

    def optimum(self, name: str, at: int) -> Node:
        r"""`\max_k`, `\arg\min_k`: the letter below and the product that follows."""
        p = cast("Parser", self)
        if p.peek() != "_":
            p.fail(rf"\{name} without the letter below it", at)
        p.take()
        letter = p.group()
        return Node("opt", (letter, p.term()), name, at=at)

    def styled(self, text: str, at: int) -> Node:  # noqa: PLR0911, PLR0912
        """A letter or word in a font: identity, indicator, expectation, functions."""
        p = cast("Parser", self)
        if p.peek() == "{":
            parts = [t for t in p.raw() if t not in "{}"]
            while parts and parts[0] in BOLD:
                parts = parts[1:]
            word = "".join(parts)
        else:
            word = p.take()
        word = word.lstrip("\\")
        if text in SCRIPT:
            if SCRIPT[text] == "bb" and word == "E":
                return p.expectation(at)
            if SCRIPT[text] == "bb" and word in ("I", "1"):
                return p.indicator(at)
            return sym(SCRIPT[text] + word, at=at)
        if word == "1":
            return p.indicator(at) if p.peek() == "[" else sym("ones", at=at)
        if word == "0":
            return sym("zeros", at=at)
        if word in FUNCTIONS and len(word) > 1 and word not in p.letters:
            return p.function(word, at)
        if word in ("KL", "JSD"):
            return sym(word, at=at)
        if word in ("argmax", "argmin"):
            return p.optimum(word, at)
        if p.lenient:
            return sym(word or "text", at=at)
        if not word.isalnum() or (word not in GREEK and not word.isascii()):
            p.fail(f"the word {word!r} is not read", at)
        if text.startswith(r"\operatorname") and word not in p.letters:
            p.fail(f"unknown function {word}", at)
        return sym(word, at=at)

    def indicator(self, at: int) -> Node:
        """An indicator with its condition in brackets."""
        p = cast("Parser", self)
        close = {"[": "]", "(": ")", r"\{": r"\}"}.get(p.peek())
        if close is None:
            p.fail("an indicator without brackets", at)
        p.take()
        node = p.inside(p.relation)
        p.eat(close)
        if node.op not in ("rel", "and"):
            p.fail("an indicator of something that is not a condition", at)
        return Node("ind", (node,), at=at)

    def expectation(self, at: int) -> Node:
        r"""`\mathbb{E}_{q(z)}[...]` or `\mathbb{E}_{z \sim q}[...]`."""
        p = cast("Parser", self)
        if p.peek() != "_":
            p.fail("an expectation names its distribution", at)
        p.take()
        law = p.group()
        close = {"[": "]", "(": ")"}.get(p.peek())
        if close is None:
            p.fail("an expectation needs brackets", at)
        p.take()
        body = p.inside(p.expr)
        p.eat(close)
        return Node("E", (law, body), at=at)
