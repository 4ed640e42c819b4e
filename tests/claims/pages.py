"""A small book in a temporary folder, and letters that several tests share."""

from pathlib import Path
from typing import Any

from claims.domains import (
    Binary,
    Definite,
    Distribution,
    Index,
    Joint,
    Outcome,
    Positive,
    Real,
    Simplex,
    Size,
    Unit,
    Values,
)


def book(folder: Path, **formulas: str) -> Path:
    """Write one chapter; `a_b="..."` becomes the display labelled a-b."""
    text = ["# A chapter\n"]
    for name, tex in formulas.items():
        label = name.replace("_", "-")
        text.append(f"```{{math}}\n:label: {label}\n{tex}\n```\n")
    folder.mkdir(exist_ok=True)
    (folder / "chapter.md").write_text("\n".join(text), encoding="utf-8")
    return folder


GMM: dict[str, Any] = {
    "N": Size(above="D"),
    "K": Size(),
    "D": Size(),
    "n": Index("N"),
    "k": Index("K"),
    "x": Real("N", "D"),
    "r": Simplex("N", "K"),
    "pi": Simplex("K"),
    "mu": Real("K", "D"),
    "Sigma": Definite("K", "D", "D"),
}
BMM: dict[str, Any] = {
    "N": Size(),
    "K": Size(),
    "D": Size(3),
    "n": Index("N"),
    "k": Index("K"),
    "d": Index("D"),
    "x": Binary("N", "D"),
    "r": Simplex("N", "K"),
    "pi": Simplex("K"),
    "p": Unit("K", "D"),
    "alpha": Positive(),
}
ELBO: dict[str, Any] = {
    "x": Outcome(),
    "z": Outcome(),
    "p": Joint("x", "z"),
    "q": Distribution("z"),
}
GAN: dict[str, Any] = {
    "x": Outcome(3, 5),
    "p_data": Distribution("x"),
    "p_g": Distribution("x"),
    "D": Values("x", kind=Unit()),
}
NORMAL = r"\mathcal{N}(\mathbf{x}_n\mid\boldsymbol{\mu}_k,\boldsymbol{\Sigma}_k)"
JOINT = (
    r"Q = \sum_{n=1}^{N}\sum_{k=1}^{K} r_{nk}\left(\log\pi_k+\log" + NORMAL + r"\right)"
)
MEAN = (
    r"\hat{\boldsymbol{\mu}}_k = \frac{\sum_{n=1}^{N} r_{nk}\,\mathbf{x}_n}"
    r"{\sum_{n=1}^{N} r_{nk}}"
)
BERNOULLI = (
    r"Q = \sum_{n=1}^{N}\sum_{k=1}^{K} r_{nk}\sum_{d=1}^{D}\big(x_{nd}\log p_{kd}"
    r"+(1-x_{nd})\log(1-p_{kd})\big)"
)
PRIOR = r"+\alpha\sum_{k=1}^{K}\sum_{d=1}^{D}\big(\log p_{kd}+\log(1-p_{kd})\big)"
