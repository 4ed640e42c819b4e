"""A formula in a reader's plain text: Greek letters, subscripts, no checker's notation.

For sentences under a verdict, where LaTeX is not typeset. Nothing is decided here.
"""

from claims.mutants import Mutant
from claims.nodes import Node, show

NAMES = (  # as they stand in Unicode, from alpha on
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota"),
    *("kappa", "lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "final", "sigma"),
    *("tau", "upsilon", "phi", "chi", "psi", "omega"),
)
SPELT = {name: chr(0x3B1 + k) for k, name in enumerate(NAMES)}
SPELT |= {name.capitalize(): chr(0x391 + k) for k, name in enumerate(NAMES)}
SPELT |= {"varphi": "φ", "varepsilon": "ε", "infty": "∞", "zeros": "0", "ones": "1"}
MARKS = {"_hat": "\u0302", "_bar": "\u0304", "_tilde": "\u0303", "_star": "*"}
POWERS = {"2": "²", "3": "³"}
SIGNS = {"add": " + ", "sub": " \u2212 ", "mul": " ", "had": " ⊙ ", "div": " / "}
FENCES = {"norm": "‖", "norm1": "‖", "abs": "|"}
WHOLE = {"whole: negated": "the opposite sign", "whole: doubled": "twice the side"}
LOOSE = {"add", "sub", "neg", "mul", "div", "had", "sum", "prod", "sumover", "prodover"}


def letter(name: str) -> str:
    """A letter with its decorations."""
    base, mark = name.rstrip("'"), ""
    for ending, sign in MARKS.items():
        if base.endswith(ending):
            base, mark = base.removesuffix(ending), sign
    base = base.removeprefix("cal") if base[:3] == "cal" and base[3:] else base
    head, _, tail = base.partition("_")
    text = SPELT.get(head, head) + mark + ("_" + tail if tail else "")
    return text + "\u2032" * (len(name) - len(name.rstrip("'")))


def plain(node: Node) -> str:  # noqa: PLR0911, PLR0912
    """The formula in one line."""
    op, kids = node.op, node.kids
    if op == "sym":
        inner = [plain(kid) for kid in kids]
        joined = ("" if all(len(i) == 1 for i in inner) else ",").join(inner)
        return letter(node.name) + (f"_{joined}" if inner else "")
    if op in ("add", "sub"):
        right = kids[1].op in ("add", "sub", "neg")
        return plain(kids[0]) + SIGNS[op] + (fenced if right else plain)(kids[1])
    if op == "mul" and kids[0].op == "mul":
        return f"{plain(kids[0])} {fenced(kids[1])}"
    if op in SIGNS:
        return SIGNS[op].join(fenced(kid) for kid in kids)
    if op == "neg":
        return "\u2212" + fenced(kids[0])
    if op == "pow":
        power = plain(kids[1])
        raised = POWERS.get(power) or f"^{fenced(kids[1])}"
        return fenced(kids[0]) + raised
    if op == "T":
        return fenced(kids[0]) + "ᵀ"
    if op == "inv":
        return fenced(kids[0]) + "⁻¹"
    if op in FENCES:
        return FENCES[op] + plain(kids[0]) + FENCES[op] + "₁" * (op == "norm1")
    if op in ("sum", "prod") and len(kids) == 3:
        lower, upper, body = (plain(kid) for kid in kids)
        sign = "Σ" if op == "sum" else "Π"
        return f"{sign}({letter(node.name)} = {lower} to {upper}) {body}"
    if op in ("sumover", "prodover"):
        sign = "Σ" if op == "sumover" else "Π"
        return f"{sign}({letter(node.name)}) {plain(kids[-1])}"
    if op == "rel":
        return f"{plain(kids[0])} {node.name} {plain(kids[1])}"
    if op == "arg":
        return plain(kids[0])
    if op == "fn":
        return f"{node.name}({', '.join(plain(kid) for kid in kids)})"
    if op == "call":
        args = [plain(kid) for kid in kids[1:]]
        bar = int(node.value) if node.value is not None else len(args)
        given = f" | {', '.join(args[bar:])}" if args[bar:] else ""
        return f"{plain(kids[0])}({', '.join(args[:bar])}{given})"
    return show(node)


def fenced(node: Node) -> str:
    """A factor, in brackets where it needs them."""
    return f"({plain(node)})" if node.op in LOOSE else plain(node)


def alteration(mutant: Mutant) -> str:
    """What an altered version prints instead."""
    if mutant.before is None or mutant.after is None:
        return WHOLE.get(mutant.key, mutant.key)
    return f"{plain(mutant.after)} for {plain(mutant.before)}"
