"""The reader: primes, subscripts, superscripts and marks of a letter.

Split from `atoms` only for length; `parser.Parser` is the one user.
"""

from typing import TYPE_CHECKING, cast

from claims.nodes import Node, num, sym
from claims.tokens import BOLD

if TYPE_CHECKING:
    from claims.parser import Parser


class Scripts:
    """Methods of the parser for what is attached to an atom."""

    def scripts(self, node: Node) -> Node:  # noqa: PLR0912
        """Primes, subscripts, superscripts and arguments after an atom."""
        p = cast("Parser", self)
        sup: list[Node] = []
        sub: list[Node] = []
        after: list[Node] = []
        while (text := p.peek()) in ("^", "_", "'"):
            at = p.at
            p.take()
            if text == "'":
                node = p.decorate(node, "'", at)
            elif text == "_":
                word = p.subscript_word(node)
                if word is not None:
                    node = p.decorate(node, word, at) if word else node
                elif node.op in ("norm", "abs"):
                    node = p.norm_kind(node, at)
                else:
                    sub += p.indices()
            elif p.peek() == "{" and p.peek(1) == "(":
                p.take()
                p.take()
                sup += p.index_list(")")
                p.eat("}")
            elif (mark := p.star()) is not None:
                node = p.decorate(node, mark, at)
            else:
                after.append(p.power(at))
        if len(after) > 1:
            p.fail("two superscripts on one letter")
        if sup or sub:
            if node.op != "sym":
                p.fail("an index on something that is not a letter")
            node = sym(node.name, *node.kids, *sup, *sub, at=node.at)
        if after and after[0].op in ("inv", "T") and p.is_function(node):
            p.fail("the inverse of a function is not read; name it")
        if p.is_call(node):
            if after:
                p.fail("a power between a function and its argument")
            node = p.call(node)
            if p.peek() == "^":
                return p.scripts(node)
        if after:
            shell = after[0]
            node = Node(shell.op, (node, *shell.kids[1:]), shell.name, at=shell.at)
            if shell.op == "Tinv":
                node = Node("T", (Node("inv", node.kids, at=node.at),), at=node.at)
        return node

    def star(self) -> str | None:
        r"""A superscript that is a mark, not a power: prime, star, words."""
        p = cast("Parser", self)
        braced = p.peek() == "{"
        text = p.peek(1) if braced else p.peek()
        if text in (r"\prime", r"\star", r"\ast", "*"):
            p.i += 2 if braced else 1
            if braced:
                p.eat("}")
            return "'" if text == r"\prime" else "_star"
        if text in BOLD:
            word = p.raw() if braced else [p.take(), *p.raw()]
            return "_" + "".join(t for t in word if t not in BOLD and t not in "{}")
        return None

    def power(self, at: int) -> Node:
        r"""What follows `^`: a transpose, an inverse or a power, on an empty seat."""
        p = cast("Parser", self)
        seat = num(0)
        ahead = [p.peek(k) for k in range(4)]
        for mark in (r"\top", r"\intercal"):
            if ahead[0] == mark or ahead[:3] == ["{", mark, "}"]:
                p.i += 1 if ahead[0] == mark else 3
                return Node("T", (seat,), at=at)
            if ahead == ["{", "-", mark, "}"]:
                p.i += 4
                return Node("Tinv", (seat,), at=at)
        if ahead == ["{", "-", "1", "}"]:
            p.i += 4
            return Node("inv", (seat,), at=at)
        if ahead[0] == "T" or ahead[:3] == ["{", "T", "}"]:
            p.fail(r"a transpose is written \top")
        return Node("pow", (seat, p.group()), at=at)

    def subscript_word(self, node: Node) -> str | None:
        r"""A subscript that belongs to the name: `_{\text{data}}`, declared `q_\phi`."""  # noqa: E501
        p = cast("Parser", self)
        braced = p.peek() == "{"
        text = p.peek(1) if braced else p.peek()
        if text in BOLD and node.op == "sym":
            word = p.raw() if braced else [p.take(), *p.raw()]
            return "_" + "".join(t for t in word if t not in BOLD and t not in "{}")
        if node.op != "sym":
            return None
        stop = 1
        if braced:
            while p.peek(stop) not in ("}", "{", ""):
                stop += 1
        word = "".join(p.peek(k).lstrip("\\") for k in range(1, stop)) if braced else ""
        word = word or text.lstrip("\\")
        if f"{node.name}_{word}" in p.letters:
            p.i += stop + 1 if braced else 1
            return "_" + word
        return None

    def norm_kind(self, node: Node, at: int) -> Node:  # noqa: RET503
        """The subscript of a norm: 2, F or 1."""
        p = cast("Parser", self)
        kind = p.group()
        name = kind.name or str(kind.value)
        if node.op == "norm" and name in ("2", "F"):
            return node
        if node.op == "norm" and name == "1":
            return Node("norm1", node.kids, at=at)
        p.fail(f"a norm with the subscript {name}", at)

    def indices(self) -> list[Node]:
        """A subscript as a list of indices."""
        p = cast("Parser", self)
        if p.peek() == "{":
            p.take()
            return p.index_list("}")
        return [p.group()]

    def index_list(self, close: str) -> list[Node]:
        """Indices up to `close`: `nk`, `n,k`, `n+1,k`; letters side by side are two."""
        p = cast("Parser", self)
        out: list[Node] = []
        while p.peek() != close:
            if p.peek() == ",":
                p.take()
            node = p.scripts(p.atom())
            while p.peek() in ("+", "-"):
                at, op = p.at, "add" if p.take() == "+" else "sub"
                node = Node(op, (node, p.scripts(p.atom())), at=at)
            out.append(node)
            if p.peek() not in (close, ",") and node.op in ("add", "sub"):
                p.fail("indices after a sum of indices need a comma")
        p.eat(close)
        if not out:
            p.fail("an empty index")
        return out

    def decorate(self, node: Node, mark: str, at: int) -> Node:
        """A mark that belongs to the name."""
        p = cast("Parser", self)
        if node.op != "sym":
            p.fail("a mark on something that is not a letter", at)
        return sym(node.name + mark, *node.kids, at=node.at)
