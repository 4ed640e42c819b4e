"""LaTeX to tokens, each with its column; and the one error of the reader.

Fonts that only mark a type (bold, upright) are dropped; calligraphic and blackboard
letters are letters of their own (`N` and `calN` differ). A command that is not in the
tables is an error, never skipped.
"""

import re
from dataclasses import dataclass

SPACING = set(
    r"\, \; \! \: \  \quad \qquad \displaystyle \textstyle \left \right \bigl \bigr "  # noqa: SIM905
    r"\Bigl \Bigr \biggl \biggr \Biggl \Biggr \big \Big \bigg \Bigg \limits "
    r"\nolimits \nonumber \notag \middle ~".split(" ")
) | {"\\ "}
BOLD = set(r"\mathbf \boldsymbol \bm \mathrm \mathit \mathsf \text \textrm".split())  # noqa: SIM905
SCRIPT = {r"\mathcal": "cal", r"\mathbb": "bb", r"\mathscr": "scr", r"\mathfrak": "f"}
DECORATION = {
    r"\hat": "hat",
    r"\widehat": "hat",
    r"\tilde": "tilde",
    r"\widetilde": "tilde",
    r"\bar": "bar",
    r"\overline": "bar",
    r"\dot": "dot",
    r"\vec": "vec",
}
GREEK = set(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa "  # noqa: SIM905
    "lambda mu nu xi pi rho sigma tau upsilon phi varphi chi psi omega Gamma Delta "
    "Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell partial nabla dots ldots "
    "cdots infty emptyset".split()
)
FUNCTIONS = set(
    "log ln exp sqrt tr det diag floor max min arccos arctan tanh cosh sinh sin cos "  # noqa: SIM905
    "sigmoid softplus logit sign rank logsumexp logdet abs".split()
)
COMMAND_FUNCTIONS = {
    rf"\{name}"
    for name in "log ln exp det max min arccos arctan tanh cosh sinh sin cos".split()  # noqa: SIM905
}
RELATIONS = {
    "=": "=",
    ":=": "=",
    r"\le": "<=",
    r"\leq": "<=",
    r"\ge": ">=",
    r"\geq": ">=",
    "<": "<",
    ">": ">",
    r"\lt": "<",
    r"\gt": ">",
    r"\ne": "!=",
    r"\neq": "!=",
    r"\propto": "propto",
    r"\sim": "~",
    r"\approx": "approx",
    r"\equiv": "equiv",
    r"\to": "to",
    r"\mapsto": "to",
    r"\in": "in",
    r"\Rightarrow": "implies",
    r"\iff": "iff",
    r"\Longleftrightarrow": "iff",
    r"\overset": "overset",
}
SYNTAX = set(
    r"\frac \tfrac \dfrac \binom \sum \prod \int \begin \end \lVert \rVert \lvert "  # noqa: SIM905
    r"\rvert \| \Vert \vert \lfloor \rfloor \lceil \rceil \{ \} \[ \] "
    r"\cdot \times \odot "
    r"\circ \top \prime \mid \parallel \sqrt \operatorname \operatorname* \arg \star "
    r"\intercal \lim \\ \underbrace \mathbb \colon \ast".split()
)
KNOWN = (
    {rf"\{name}" for name in GREEK}
    | COMMAND_FUNCTIONS
    | set(RELATIONS)
    | SYNTAX
    | BOLD
    | set(SCRIPT)
    | set(DECORATION)
)
TOKEN = re.compile(r":=|\\operatorname\*|\\[a-zA-Z]+|\\.|\s+|.", re.DOTALL)


class TexError(Exception):
    """A formula that cannot be read without guessing; names the label and the place."""

    def __init__(self, reason: str, tex: str = "", at: int = 0, label: str = ""):
        self.reason, self.tex, self.at, self.label = reason, tex, at, label
        super().__init__(reason)

    def __str__(self) -> str:
        """Label, reason, column and the text around it."""
        if not self.tex:
            return f"({self.label or 'formula'}) {self.reason}"
        start, stop = max(0, self.at - 20), self.at + 20
        before = " ".join(self.tex[start : self.at].split(" "))
        here = f"{before} >>> {self.tex[self.at : stop]}".replace("\n", " ")
        place = f"at column {self.at + 1}: {here}"
        return f"({self.label or 'formula'}) {self.reason}, {place}"


@dataclass(frozen=True)
class Token:
    """One token and the column where it starts."""

    text: str
    at: int


def tokenise(tex: str, label: str = "") -> list[Token]:
    """Split LaTeX into tokens; raise `TexError` on an unknown command or bad braces."""
    tokens, depth = [], []
    for match in TOKEN.finditer(tex):
        text, at = match.group(), match.start()
        if text.isspace() or text in SPACING:
            continue
        if text == "%":
            raise TexError("a LaTeX comment inside a formula", tex, at, label)
        if text.startswith("\\") and text not in KNOWN:
            raise TexError(f"unknown command {text}", tex, at, label)
        if not text.startswith("\\") and not text.isascii():
            raise TexError(f"unexpected character {text!r}", tex, at, label)
        if text == "{":
            depth.append(at)
        elif text == "}":
            if not depth:
                raise TexError("a closing brace without its opening", tex, at, label)
            depth.pop()
        tokens.append(Token(text, at))
    if depth:
        raise TexError("an opening brace is never closed", tex, depth[-1], label)
    return tokens
