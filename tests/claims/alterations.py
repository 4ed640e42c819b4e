r"""Misprints: altered versions of a displayed formula, made in its LaTeX.

They are made token by token, by rules of their own that know nothing of the reader or
of the trees that `claims.mutants` alters: a misprint is a matter of what is printed.
Most are refused for their value; those that cannot be read are refused for that.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\s+|\d+|.", re.DOTALL)
RELATIONS = {"=", "<", ">", r"\le", r"\ge", r"\leq", r"\geq", r"\\", ","}
OPENING = {"{", "(", "[", r"\lVert", r"\lvert"}
CLOSING = {"}", ")", "]", r"\rVert", r"\rvert"}
OPPOSITE = {
    "+": "-",
    "-": "+",
    r"\sum": r"\prod",
    r"\prod": r"\sum",
    r"\le": r"\ge",
    r"\ge": r"\le",
    r"\min": r"\max",
    r"\max": r"\min",
    "min": "max",
    "max": "min",
}
KIND = {"+": "sign", r"\sum": "sum", r"\le": "relation", "min": "extreme"}
FUNCTIONS = {r"\log", r"\exp", r"\sqrt", r"\det", r"\lim"}
DECORATIONS = {r"\hat", r"\tilde", r"\bar"}
FONTS = {r"\mathbf", r"\boldsymbol", r"\mathcal", r"\mathbb", r"\mathrm", r"\text"}
GREEK = re.compile(
    r"\\(alpha|beta|gamma|delta|(var)?epsilon|eta|theta|lambda|mu|nu|pi|sigma|tau|phi"
    r"|psi|omega|ell|Sigma|Theta|Lambda|Delta|Phi)$"
)
SIZE = re.compile(r"[A-Z]$")


@dataclass(frozen=True)
class Alteration:
    """One misprint: its kind, where it stands, and the whole altered formula."""

    kind: str
    tex: str
    at: int
    old: str
    new: str

    @property
    def key(self) -> str:
        """What was done, but not where."""
        return f"{self.kind}: {' '.join(f'{self.old} -> {self.new}'.split())}"

    def __str__(self) -> str:
        return f"{self.key}, at column {self.at + 1}"


def alterations(tex: str, sizes: Collection[str] = ()) -> list[Alteration]:
    """All misprints of one formula, each altered text once."""
    found: dict[str, Alteration] = {}
    for kind, start, stop, new in Formula(tex, sizes).changes():
        altered = tex[:start] + new + tex[stop:]
        if altered.split() != tex.split():
            old = tex[start:stop]
            found.setdefault(altered, Alteration(kind, altered, start, old, new))
    return list(found.values())


class Formula:
    """The tokens of a formula, and every change as (kind, start, stop, new text)."""

    def __init__(self, tex: str, sizes: Collection[str]):
        self.tex, self.sizes = tex, sizes
        matches = [m for m in TOKEN.finditer(tex) if not m.group().isspace()]
        self.tokens = [m.group() for m in matches]
        self.at = [m.start() for m in matches] + [len(tex)]
        self.ends = [m.end() for m in matches]
        self.words = {*self.inside_words(), *self.inside_limits()}
        self.scripts = set(self.inside_scripts())

    def group(self, i: int) -> int:
        """The token after the group or single token at i."""
        if i >= len(self.tokens):
            return i
        if self.tokens[i] not in OPENING:
            return i + 1
        depth = 0
        for j in range(i, len(self.tokens)):
            depth += (self.tokens[j] in OPENING) - (self.tokens[j] in CLOSING)
            if depth == 0:
                return j + 1
        return len(self.tokens)

    def inside_words(self) -> Iterator[int]:
        """Tokens that are letters of a word, not symbols."""
        for i, token in enumerate(self.tokens):
            if token in (r"\operatorname", r"\text", r"\mathrm", r"\begin", r"\end"):
                yield from range(i + 1, self.group(i + 1))

    def inside_limits(self) -> Iterator[int]:
        """Tokens in the upper limit of a sum, which are altered as limits."""
        for i, token in enumerate(self.tokens):
            if token in (r"\sum", r"\prod") and self.tokens[i + 1] == "_":
                upper = self.group(i + 2)
                if upper < len(self.tokens) and self.tokens[upper] == "^":
                    yield from range(upper + 1, self.group(upper + 1))

    def inside_scripts(self) -> Iterator[int]:
        """Tokens in a subscript or in the lower limit of a sum."""
        for i, token in enumerate(self.tokens):
            if token == "_" and not self.tokens[i - 1].startswith(r"\lim"):
                yield from range(i + 1, self.group(i + 1))

    def span(self, i: int, j: int) -> tuple[int, int]:
        """The characters of the tokens i to j - 1."""
        return self.at[i], self.ends[j - 1]

    def text(self, i: int, j: int) -> str:
        """The same as text."""
        start, stop = self.span(i, j)
        return self.tex[start:stop]

    def symbols(self) -> list[tuple[int, int, int]]:
        """Letters: first token, the token after the letter, and after its scripts."""
        found, i = [], 0
        while i < len(self.tokens):
            stop = self.letter(i)
            if stop is None:
                i += 1
                continue
            end = stop
            while end < len(self.tokens) and self.tokens[end] in ("_", "^", "'"):
                end = end + 1 if self.tokens[end] == "'" else self.group(end + 1)
            found.append((i, stop, end))
            i = stop
        return found

    def letter(self, i: int) -> int | None:
        """The token after the letter that starts here, decorated or not."""
        token = self.tokens[i]
        if i in self.words:
            return None
        if token in DECORATIONS | FONTS - {r"\text"}:
            return self.group(i + 1)
        if token == r"\partial" or not (token.isalpha() or GREEK.match(token)):
            return None
        return i + 1

    def changes(self) -> Iterator[tuple[str, int, int, str]]:
        """Everything that can go wrong in print, one at a time."""
        yield from self.exchanged()
        yield from self.numbers()
        yield from self.exponents()
        yield from self.fractions()
        yield from self.dropped()
        yield from self.limits()
        yield from self.letters()

    def exchanged(self) -> Iterator[tuple[str, int, int, str]]:
        """A token for its opposite: signs, sums, inequalities, extremes."""
        for i, token in enumerate(self.tokens):
            if token in OPPOSITE:
                new = OPPOSITE[token]
                kind = KIND.get(token) or KIND.get(new) or "extreme"
                yield kind, *self.span(i, i + 1), new
            if token == r"\operatorname":
                word = self.text(i + 1, self.group(i + 1))
                for old in ("min", "max"):
                    if old in word:
                        new = word.replace(old, OPPOSITE[old])
                        yield "extreme", *self.span(i + 1, self.group(i + 1)), new

    def numbers(self) -> Iterator[tuple[str, int, int, str]]:
        """A number that is one too large or too small."""
        for i, token in enumerate(self.tokens):
            if token.isdigit() and i not in self.words:
                for value in (int(token) + 1, int(token) - 1):
                    new = str(value)
                    bare = self.tokens[i - 1] in ("_", "^")
                    yield "number", *self.span(i, i + 1), f"{{{new}}}" if bare else new

    def exponents(self) -> Iterator[tuple[str, int, int, str]]:
        """An exponent lost, or one too many."""
        for i, token in enumerate(self.tokens):
            if token == "^":
                yield "exponent dropped", *self.span(i, self.group(i + 1)), ""
        for i, stop, end in self.symbols():
            scripts = self.tokens[stop:end]
            if i in self.scripts or "^" in scripts:
                continue
            for new in ("^2", "^{-1}", r"^\top"):
                yield "exponent added", self.ends[end - 1], self.ends[end - 1], new
        for i, token in enumerate(self.tokens):
            closes = token in (r"\rVert", r"\rvert", ")", "|")
            after = self.tokens[i + 1] if i + 1 < len(self.tokens) else ""
            if closes and after != "^":
                for new in ("^2", "^{-1}", r"^\top"):
                    yield "exponent added", self.ends[i], self.ends[i], new

    def fractions(self) -> Iterator[tuple[str, int, int, str]]:
        """Upside down, one half lost, or lost altogether."""
        for i, token in enumerate(self.tokens):
            if token == r"\frac":
                middle = self.group(i + 1)
                end = self.group(middle)
                top, bottom = self.text(i + 1, middle), self.text(middle, end)
                span = self.span(i, end)
                yield "fraction inverted", *span, rf"\frac{bottom}{top}"
                yield "fraction dropped", *span, ""
                yield "denominator dropped", *span, rf"\left( {top[1:-1]} \right)"
                yield "numerator dropped", *span, rf"\left( {bottom[1:-1]} \right)"

    def dropped(self) -> Iterator[tuple[str, int, int, str]]:
        """A function, sum, term, factor, prime or decoration left out."""
        for i, token in enumerate(self.tokens):
            if token in FUNCTIONS:
                yield "function dropped", *self.span(i, i + 1), ""
            if token == r"\operatorname":
                yield "function dropped", *self.span(i, self.group(i + 1)), ""
            if token in (r"\sum", r"\prod"):
                end = self.group(self.group(i + 2) + 1)
                yield "sum dropped", *self.span(i, end), ""
            if token == "'":
                yield "prime dropped", *self.span(i, i + 1), ""
            if token in DECORATIONS:
                yield "decoration dropped", *self.span(i, i + 1), " "
            if token == r"\lVert":
                end = self.group(i)
                if end < len(self.tokens) and self.tokens[end] == "^":
                    end = self.group(end + 1)
                yield "factor dropped", *self.span(i, end), ""
        yield from self.terms()
        for i, _, end in self.symbols():
            if i not in self.scripts:
                yield "factor dropped", *self.span(i, end), ""

    def terms(self) -> Iterator[tuple[str, int, int, str]]:
        """The term before or after a sign left out."""
        for i, token in enumerate(self.tokens):
            if token in ("+", "-"):
                end = self.term(i + 1)
                if end > i + 1:
                    yield "term dropped", *self.span(i, end), ""
                start = self.before(i)
                if start < i:
                    yield "term dropped", *self.span(start, i + (token == "+")), ""

    def term(self, i: int) -> int:
        """The token after the term that starts here."""
        while i < len(self.tokens):
            token = self.tokens[i]
            if token in CLOSING | RELATIONS | {"+", "-", r"\right", r"\mid"}:
                return i
            i = self.group(i)
        return i

    def before(self, i: int) -> int:
        """The first token of the term that ends here."""
        depth = 0
        while i > 0:
            token = self.tokens[i - 1]
            depth += (token in CLOSING) - (token in OPENING)
            stops = RELATIONS | {"+", "-", r"\left", r"\mid"}
            if depth < 0 or (depth == 0 and token in stops):
                return i
            i -= 1
        return i

    def limits(self) -> Iterator[tuple[str, int, int, str]]:
        """A sum up to another size."""
        for i, token in enumerate(self.tokens):
            if token in (r"\sum", r"\prod") and self.tokens[i + 1] == "_":
                upper = self.group(i + 2)
                if upper < len(self.tokens) and self.tokens[upper] == "^":
                    end = self.group(upper + 1)
                    for more in (" - 1", " + 1"):
                        yield "limit", self.ends[end - 2], self.ends[end - 2], more
                    for size in sorted(self.sizes):
                        yield "limit", *self.span(upper + 1, end), f"{{{size}}}"

    def letters(self) -> Iterator[tuple[str, int, int, str]]:
        """One letter of the formula for another."""
        low, high = {}, {}
        for i, stop, end in self.symbols():
            home = low if i in self.scripts else high
            home[self.text(i, stop)] = None
            if i in self.scripts and end > stop:
                home[self.text(i, end)] = None
            if "'" in self.tokens[stop:end] and i not in self.scripts:
                home[self.text(i, stop) + "'"] = None
        for i, stop, _ in self.symbols():
            for other in low if i in self.scripts else high:
                if other != self.text(i, stop):
                    kind = "index" if i in self.scripts else "letter"
                    new = f" {other} " if other.startswith("\\") else other
                    yield kind, *self.span(i, stop), new
