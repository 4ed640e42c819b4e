"""Displays of several lines: environments and alignment taken apart."""

from typing import TYPE_CHECKING

from claims.tokens import RELATIONS, TexError

if TYPE_CHECKING:
    from claims.parser import Parser


def flatten(parser: "Parser") -> list:
    r"""Drop `aligned`, `split`, `&`, and `\\` where the next line continues."""
    out, inside, k = [], [], 0
    tokens = parser.tokens
    lines = any(token.text == r"\\" for token in tokens)
    continues = set(RELATIONS) | {"+", "-", r"\cdot", r"\times", "/"}
    while k < len(tokens):
        text = tokens[k].text
        if text in (r"\begin", r"\end"):
            stop = k + 1
            while stop < len(tokens) and tokens[stop].text != "}":
                stop += 1
            name = "".join(token.text for token in tokens[k + 2 : stop])
            if name in ("aligned", "split", "align", "align*", "gathered"):
                k = stop + 1
                continue
            if name not in ("cases",):
                raise TexError(
                    f"unknown environment {name}",
                    parser.tex,
                    tokens[k].at,
                    parser.label,
                )
            inside = [*inside, name] if text == r"\begin" else inside[:-1]
        if not inside and text == "&" and lines:
            k += 1
            continue
        if not inside and text == r"\\":
            after = k + 1
            while after < len(tokens) and tokens[after].text == "&":
                after += 1
            following = tokens[after].text if after < len(tokens) else ""
            before = out[-1].text if out else ""
            if following in continues or before in continues:
                k = after
                continue
        out.append(tokens[k])
        k += 1
    return out
