"""Known wrong formulas, each a claim in a small book: all must be refused.

They are the errata of the source sheets that can be stated as claims. Every row gives
the right display and the wrong one under the same label, letters and referee; the right
one must pass, so that it is the formula that is refused and not the claim.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from claims import (
    ClaimError,
    bounded_by,
    claim,
    density_of,
    equal,
    gradient_of,
    maximises,
    minimises,
)
from claims.domains import (
    Binary,
    Defined,
    Definite,
    Derived,
    Distribution,
    Function,
    Index,
    Invertible,
    OneHot,
    Orthonormal,
    Outcome,
    Positive,
    Real,
    Simplex,
    Size,
    Unit,
)
from tests.claims.pages import BERNOULLI, BMM, ELBO, GMM, NORMAL, PRIOR, book

TINY = mp.mpf(10) ** -8
ROWS: dict[str, dict[str, Any]] = {}


def control(name: str, right: str, wrong: str, referee: Any, **more: Any) -> None:
    """Add one pair; `pages`: more displays, `wrongly`: letters for the wrong one."""
    ROWS[name] = {"right": right, "wrong": wrong, "referee": referee, **more}


# -- mixtures -----------------------------------------------------------------------


def bayes(e: Any) -> Any:
    """Bayes' rule by numbers."""
    a = e.a[e.n - 1]
    return a[e.k - 1] / sum(a)


WEIGHTS = {
    "N": Size(),
    "K": Size(),
    "n": Index("N"),
    "k": Index("K"),
    "a": Positive("N", "K"),
}
control(
    "B1 responsibilities normalised over the data",
    r"r_{nk} = \frac{a_{nk}}{\sum_{j=1}^{K} a_{nj}}",
    r"r_{nk} = \frac{a_{nk}}{\sum_{j=1}^{K} a_{jk}}",
    equal(bayes),
    given=WEIGHTS,
)
MIXTURE = rf"\sum_{{j=1}}^{{K}}\pi_j\,{NORMAL}".replace("_k", "_j")
POSTERIOR = {
    "mix_objective": rf"\ell = \sum_{{n=1}}^{{N}}\log{MIXTURE}",
    "mix_posterior": rf"\gamma_{{nk}} = \frac{{\pi_k\,{NORMAL}}}{{{MIXTURE}}}",
}
SOFT = {**GMM, "gamma": Defined("mix-posterior", "N", "K")}
control(
    "B2 gradient in the mean without the precision",
    r"\nabla_k \ell = \sum_{n=1}^{N}\gamma_{nk}\Sigma_k^{-1}(x_n-\mu_k)",
    r"\nabla_k \ell = \sum_{n=1}^{N}\gamma_{nk}(x_n-\mu_k)",
    gradient_of("mix-objective", wrt=r"\mu_k"),
    given=SOFT,
    pages=POSTERIOR,
)


def gauss(e: Any) -> Any:
    """Rotate to independent coordinates and multiply one-dimensional densities."""
    values, vectors = mp.eigsy(mp.matrix(e.reals("S").tolist()))
    gap = vectors.T * mp.matrix((e.reals("x") - e.reals("m")).tolist())
    out = mp.mpf(1)
    for i in range(e.D):
        out *= mp.npdf(gap[i], 0, mp.sqrt(values[i]))
    return out


DENSITY = (
    r"f = \frac{1}{(2\pi)^{%s/2}\lvert S\rvert^{1/2}}"
    r"\exp\left(-\frac{1}{2}(x-m)^\top S^{-1}(x-m)\right)"
)
control(
    "B3 power of 2 pi by the number of data",
    DENSITY % "D",
    DENSITY % "N",
    equal(gauss),
    given={
        "N": Size(),
        "D": Size(2, 3),
        "x": Real("D"),
        "m": Real("D"),
        "S": Definite("D", "D"),
    },
)
control(
    "B4 mixture without the index of its component",
    r"p = \sum_{k=1}^{K}\pi_k\,\mathcal{N}(y\mid m_k, v_k)",
    r"p = \sum_{k=1}^{K}\pi_k\,\mathcal{N}(y\mid m_1, v_1)",
    equal(
        lambda e: sum(
            p * mp.npdf(e.reals("y"), m, mp.sqrt(v))
            for p, m, v in zip(e.reals("pi"), e.reals("m"), e.reals("v"), strict=True)
        )
    ),
    given={
        "K": Size(),
        "pi": Simplex("K"),
        "y": Real(),
        "m": Real("K"),
        "v": Positive("K"),
    },
)
FULL = (
    r"S_k = \frac{\sum_{n=1}^{N}r_{nk}x_nx_n^\top}{\sum_{n=1}^{N}r_{nk}}"
    r"-\mu_k\mu_k^\top"
)


def spread(e: Any) -> Any:
    """Weighted covariance about the weighted mean."""
    w = e.r[:, e.k - 1]
    gap = e.x - (w @ e.x) / sum(w)
    return (gap.T * w) @ gap / sum(w)


def weighted(e: Any) -> Any:
    return np.array([r / t for r, t in zip(e.r.T @ e.x, e.r.sum(axis=0))], object)  # noqa: B905


control(
    "B5 a diagonal entry equated to the covariance matrix",
    FULL,
    r"S_k = \frac{\sum_{n=1}^{N}r_{nk}x_{nj}^2}{\sum_{n=1}^{N}r_{nk}}-\mu_{kj}^2",
    equal(spread),
    given={**GMM, "j": Index("D"), "mu": Derived(weighted, "K", "D")},
)


def loglik(e: Any) -> Any:
    """Sum of log densities."""
    total = mp.mpf(0)
    for x in e.reals("x"):
        for t, m in zip(x, e.reals("m"), strict=True):
            total -= mp.log(mp.npdf(t, m, 1))
    return total


control(
    "B8 constant of the likelihood dropped",
    r"L = \frac{N D}{2}\log(2\pi)+\frac{1}{2}\sum_{n=1}^{N}\lVert x_n-m\rVert^2",
    r"L = \frac{1}{2}\sum_{n=1}^{N}\lVert x_n-m\rVert^2",
    equal(loglik),
    given={"N": Size(), "D": Size(), "x": Real("N", "D"), "m": Real("D")},
)
STEP = (
    r"\hat p_{kd} = \frac{\sum_{n=1}^{N}r_{nk}x_{nd}+\alpha}{\sum_{n=1}^{N}r_{nk}+%s}"
)
control(
    "C2 smoothing of a Bernoulli with the Dirichlet's denominator",
    STEP % r"2\alpha",
    STEP % r"\alpha D",
    maximises("mix-objective", over="p_{kd}"),
    given=BMM,
    pages={"mix_objective": BERNOULLI + PRIOR},
)
control(
    "C3 initial weights 1/k",
    r"\sum_{k=1}^{K}\left(\frac{1}{K}+c-c\right) = 1",
    r"\sum_{k=1}^{K}\left(\frac{1}{k}+c-c\right) = 1",
    equal(lambda e: 1),
    given={"K": Size(), "c": Real()},
)
# -- bounds and divergences -----------------------------------------------------------
control(
    "C1 bound printed without its minus sign",
    r"\mathcal{L} = \mathbb{E}_{q(z)}[\log p(x\mid z)]-D_{\mathrm{KL}}(q(z)\,\|\,p(z))",
    r"\mathcal{L} = \mathbb{E}_{q(z)}[\log p(x\mid z)]"
    r"\,D_{\mathrm{KL}}(q(z)\,\|\,p(z))",
    equal("elbo-definition"),
    given=ELBO,
    pages={"elbo_definition": r"\mathcal{L} = \sum_z q(z)\log\frac{p(x,z)}{q(z)}"},
)


def posterior(e: Any) -> dict[str, Any]:
    row = e.p[e.x - 1]
    return {"q": row / sum(row)}


WEIGHTED = r"\lambda\log p(x) \ge \lambda\sum_z q(z)\log\frac{p(x,z)}{q(z)}"
control(
    "A4 bound with a weight of either sign",
    WEIGHTED,
    WEIGHTED,
    bounded_by(tight_at=posterior),
    given={**ELBO, "lambda": Positive()},
    wrongly={"lambda": Real()},
)
TWO = {"x": Outcome(), "p": Distribution("x"), "q": Distribution("x")}
GIBBS = r"%s\sum_x p(x)\log\frac{p(x)}{q(x)} \ge 0"
control(
    "E7 the sign of a divergence",
    GIBBS % "",
    GIBBS % "-",
    bounded_by(tight_at=lambda e: {"q": e.p}),
    given=TWO,
    equivalents={"whole: doubled": "twice a non-negative number is non-negative"},
)


def divergence(e: Any) -> Any:
    """Integrate against both densities."""
    total = mp.mpf(0)
    for m in e.reals("m"):
        total += mp.quad(
            lambda t, m=m: mp.npdf(t, m, 1) * (t * t - (t - m) ** 2) / 2,
            [-12, -4, 0, 4, 12],
        )
    return total


control(
    "E10 divergence from the prior said to vanish",
    r"\Delta = \frac{1}{2}\lVert m\rVert^2",
    r"\Delta = \frac{1}{2}\lVert m\rVert^2-\frac{1}{2}m^\top m",
    equal(divergence, tolerance=mp.mpf(10) ** -15),
    given={"D": Size(2, 3), "m": Real("D")},
)
# -- registration -----------------------------------------------------------------
PLANE = {
    "N": Size(),
    "i": Index("N"),
    "j": Index("N"),
    "p": Real("N", "2"),
    "q": Real("N", "2"),
    "T": Real("2"),
    "s": Positive(),
    "v": Positive(),
    "r": Simplex("N", "N"),
    "Pi": Simplex("N", "N"),
    "Z": OneHot("N", "N"),
}
GAP = r"\lVert p_i+T-q_j\rVert^2"


def pair(e: Any, i: int, j: int) -> Any:
    out = mp.mpf(1)
    p, q, t = (e.reals(name) for name in "pqT")
    for d in range(2):
        out *= mp.npdf(p[i][d] + t[d] - q[j][d], 0, e.reals("s"))
    return out


control(
    "E1 a one-dimensional normaliser in the plane",
    rf"f_{{ij}} = \frac{{1}}{{2\pi s^2}}\exp\left(-\frac{{{GAP}}}{{2s^2}}\right)",
    rf"f_{{ij}} = \frac{{1}}{{\sqrt{{2\pi}}s}}\exp\left(-\frac{{{GAP}}}{{2s^2}}\right)",
    equal(lambda e: pair(e, e.i - 1, e.j - 1)),
    given=PLANE,
)
control(
    "E2 a distance taken for a centred normal",
    r"f = \frac{y}{s^2}\exp\left(-\frac{y^2}{2s^2}\right)",
    r"f = \frac{1}{\sqrt{2\pi}s}\exp\left(-\frac{y^2}{2s^2}\right)",
    density_of(
        "y",
        support=lambda e: [0, 1, 4, 60],
        cdf=lambda e, y: 1 - mp.exp(-(y**2) / (2 * e.reals("s") ** 2)),
    ),
    given={"y": Positive(), "s": Positive()},
)
SPREAD = (
    r"Q = -\sum_{i=1}^{N}\sum_{j=1}^{N}r_{ij}\left(%s\log v+\frac{"
    + GAP
    + r"}{2v}\right)"
)
UPDATE = rf"\hat v = \frac{{1}}{{%sN}}\sum_{{i=1}}^{{N}}\sum_{{j=1}}^{{N}}r_{{ij}}{GAP}"
control(
    "E3 variance update of a plane with one dimension too few",
    UPDATE % "2",
    UPDATE % "",
    maximises("mix-objective", over="v"),
    given=PLANE,
    pages={"mix_objective": SPREAD % ""},
)


def complete(e: Any) -> Any:
    """Log of the product over the matches."""
    spots = [(i, j) for i in range(e.N) for j in range(e.N) if e.Z[i, j]]
    return sum(mp.log(e.reals("Pi")[i, j] * pair(e, i, j)) for i, j in spots)


COMPLETE = (
    r"\ell = \sum_{i=1}^{N}\sum_{j=1}^{N}Z_{ij}\left(%s-\log(2\pi s^2)-\frac{"
    + GAP
    + r"}{2s^2}\right)"
)
control(
    "E4 logarithm of the matching probability dropped",
    COMPLETE % r"\log\Pi_{ij}",
    COMPLETE % "",
    equal(complete),
    given=PLANE,
)


def expected(e: Any) -> Any:
    """Average the complete log-likelihood pair by pair."""
    n, r, w = range(e.N), e.reals("r"), e.reals("Pi")
    return sum(r[i, j] * mp.log(w[i, j] * pair(e, i, j)) for i in n for j in n)


control(
    "E5 terms of the free probabilities dropped",
    (COMPLETE % r"\log\Pi_{ij}").replace("Z", "r"),
    (COMPLETE % "").replace("Z", "r"),
    equal(expected),
    given=PLANE,
)
SQUARES = rf"Q = -\frac{{1}}{{2s^2}}\sum_{{i=1}}^{{N}}\sum_{{j=1}}^{{N}}r_{{ij}}{GAP}"
SLOPE = r"\nabla_T Q = -%s\sum_{i=1}^{N}\sum_{j=1}^{N}r_{ij}(p_i+T-q_j)"
control(
    "E14 gradient in the translation without its scale",
    SLOPE % r"\frac{1}{s^2}",
    SLOPE % "",
    gradient_of("mix-objective", wrt="T"),
    given=PLANE,
    pages={"mix_objective": SQUARES},
)
# -- the rest ---------------------------------------------------------------------
LOGISTIC = Function(lambda t: 1 / (1 + mp.exp(-t)))
control(
    "E9 gradient in a scale uses the whole vector",
    r"\partial_j L = g_j\varepsilon_j",
    r"\partial_j L = g\varepsilon_j",
    gradient_of("mix-objective", wrt="s_j"),
    given={
        "D": Size(),
        "j": Index("D"),
        "g": Real("D"),
        "m": Real("D"),
        "s": Positive("D"),
        "varepsilon": Real("D"),
    },
    pages={"mix_objective": r"L = \sum_{j=1}^{D}g_j(m_j+s_j\varepsilon_j)"},
)
control(
    "E12 moments without the index of the coordinate",
    r"\operatorname{E}_j = m_j+s_jc",
    r"\operatorname{E}_j = m_j+s_1c",
    equal(lambda e: e.m[e.j - 1] + e.s[e.j - 1] * e.c),
    given={
        "E": Derived(lambda e: 0),
        "D": Size(),
        "j": Index("D"),
        "m": Real("D"),
        "s": Positive("D"),
        "c": Real(),
    },
)


def ica(e: Any) -> Any:
    """Change of variables with the size of the determinant."""
    w, total = mp.matrix(e.reals("W").tolist()), mp.mpf(0)
    for x in e.reals("x"):
        for u in w * mp.matrix(x.tolist()):
            total -= 2 * mp.log(mp.cosh(u / 2)) + mp.log(4)
        total += mp.log(abs(mp.det(w)))
    return total


LIKELIHOOD = (
    r"\ell = \sum_{n=1}^{N}\left(\sum_{j=1}^{m}\log(g(w_j^\top x_n)(1-g(w_j^\top x_n)))"
    r"+\log%s\right)"
)
control(
    "A2 logarithm of a determinant that may be negative",
    LIKELIHOOD % r"\lvert\det W\rvert",
    LIKELIHOOD % r"\det W",
    equal(ica),
    given={
        "N": Size(),
        "m": Size(2, 3),
        "W": Invertible("m", "m"),
        "w": Derived(lambda e: e.W, "m", "m"),
        "x": Real("N", "m"),
        "g": LOGISTIC,
    },
)


def residual(e: Any) -> Any:
    """Distances of the data from the plane."""
    rest = e.x - e.x @ e.U @ e.U.T
    return (rest * rest).sum() / e.N


def second(e: Any) -> Any:
    gap = e.x - e.x.sum(axis=0) / e.N
    return gap.T @ gap / e.N


def centred(e: Any) -> Any:
    return e.y - e.y.sum(axis=0) / e.N


PLANES = {
    "N": Size(5, 7),
    "D": Size(4, 6),
    "K": Size(below="D"),
    "y": Real("N", "D"),
    "x": Derived(centred, "N", "D"),
    "S": Derived(second, "D", "D"),
    "U": Orthonormal("D", "K"),
}
DISTORTION = r"J = \operatorname{tr}(S)-\operatorname{tr}(U^\top S U)"
control(
    "A3 distortion by eigenvalues for data that are not centred",
    DISTORTION,
    DISTORTION,
    equal(residual),
    given=PLANES,
    wrongly={"x": Derived(lambda e: e.y, "N", "D")},
)
control(
    "A1 the log-likelihood said to be minimised",
    r"\hat m = \frac{1}{N}\sum_{n=1}^{N}x_n",
    r"\hat m = \frac{1}{N}\sum_{n=1}^{N}x_n",
    maximises("mix-objective", over="m"),
    other=minimises("mix-objective", over="m"),
    given={"N": Size(), "D": Size(), "x": Real("N", "D"), "m": Real("D")},
    pages={"mix_objective": r"\ell = -\frac{1}{2}\sum_{n=1}^{N}\lVert x_n-m\rVert^2"},
)


def lognormal_mean(e: Any) -> Any:
    """Integrate the exponential against the normal density."""
    m, s = e.reals("m"), e.reals("s")
    return mp.quad(
        lambda t: mp.exp(m + s * t) * mp.npdf(t), [-14, -6, -2, 0, 2, 4, 8, 14, 20]
    )


control(
    "C6 variance or standard deviation",
    r"\mu = \exp\left(m+\frac{s^2}{2}\right)",
    r"\mu = \exp\left(m+\frac{s}{2}\right)",
    equal(lognormal_mean, tolerance=mp.mpf(10) ** -15),
    given={"m": Unit(), "s": Unit()},
)


def logistic_divergence(e: Any) -> Any:
    """Log-loss of the model that gives label 0 the probability g."""
    g = 1 / (1 + mp.exp(-(e.reals("w") @ e.reals("x"))))
    return -mp.log(1 - g if e.y else g)


control(
    "E16 labels exchanged",
    r"\Delta = y w^\top x+\log(1+\exp(-w^\top x))",
    r"\Delta = (1-y) w^\top x+\log(1+\exp(-w^\top x))",
    equal(logistic_divergence),
    given={"D": Size(2, 3), "y": Binary(), "w": Real("D"), "x": Real("D")},
)
control(
    "A11 compression factor without the palette",
    r"\rho = \frac{24P}{\ell P+24K}",
    r"\rho = \frac{24P}{\ell P}",
    equal(lambda e: (24 * e.P) / (e.ell * e.P + 24 * e.K)),
    given={"P": Positive(), "K": Positive(), "ell": Positive()},
)


def test_there_are_enough_controls() -> None:
    assert len(ROWS) >= 25


def check(name: str, which: str, folder: Path) -> Any:
    """The claim of one row, with the right or the wrong display."""
    row = ROWS[name]
    pages = book(folder, **{**row.get("pages", {}), "mix_result": row[which]})
    letters = dict(row["given"])
    referee: Callable[..., Any] = row["referee"]
    if which == "wrong":
        letters |= row.get("wrongly", {})
        referee = row.get("other", referee)
    return claim(
        "mix-result",
        referee,
        given=letters,
        equivalents=row.get("equivalents"),
        book=pages,
    )


@pytest.mark.parametrize("name", ROWS)
def test_the_wrong_formula_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ClaimError, match=r"disagrees|has no value|free indices"):
        check(name, "wrong", tmp_path)


@pytest.mark.parametrize("name", ROWS)
def test_the_right_formula_passes(name: str, tmp_path: Path) -> None:
    assert check(name, "right", tmp_path)
