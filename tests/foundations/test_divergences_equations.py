"""The library's divergences compute what the equations print that they cite.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats.
"""

from typing import Any

import numpy as np
import pytest
from mpmath import mp
from scipy import stats

from claims.book import open_book
from claims.domains import (
    Binary,
    Definite,
    Derived,
    Distribution,
    Function,
    Index,
    Positive,
    Real,
    Simplex,
    Size,
)
from claims.fields import DIGITS, REAL
from claims.problem import Problem
from latent.foundations import divergences as div

CLOSE: dict[str, Any] = {"rtol": 1e-11, "atol": 1e-12}
FINITE: dict[str, Any] = {"K": Size(), "x": Index("K")}
FINITE |= {"p": Distribution("x"), "q": Distribution("x")}
SHAPES: dict[str, Any] = {"D": Size(), "d": Index("D"), "mu": Real("D")}
SHAPES |= {"nu": Real("D"), "s": Positive("D"), "t": Positive("D")}
SHAPES |= {"Sigma": Definite("D", "D"), "Omega": Definite("D", "D")}
LINE: dict[str, Any] = {"K": Size(), "k": Index("K"), "x": Real("K")}
LINE |= {"p": Simplex("K"), "nu_hat": Real()}
LABELS: dict[str, Any] = {"D": Size(), "y": Binary(), "a": Real("D"), "w": Real("D")}
seeds = pytest.mark.parametrize("seed", range(5))


def printed(label: str, given: dict[str, Any], seed: int) -> tuple[Any, Any]:
    """The last side of a display on a random instance, and the instance."""
    book = open_book()
    problem = Problem(label, book.equation(label, given), given, book, REAL)
    e = problem.draw(seed)
    with mp.workdps(DIGITS):
        found = problem.at(problem.sides[-1], e, {})
    return np.squeeze(np.asarray(found, dtype=float)), e


@seeds
@pytest.mark.parametrize(
    ("label", "function"),
    [
        ("div-entropy", lambda p, q: div.entropy(p)),
        ("div-cross-entropy", div.cross_entropy),
        ("div-kl", div.kl),
        ("div-gap", div.kl),
        ("div-jsd", div.js),
        ("div-jsd-coin", div.js),
    ],
)
def test_finite(label, function, seed):
    wanted, e = printed(label, FINITE, seed)
    found = function(e.floats("p"), e.floats("q"))
    np.testing.assert_allclose(found, wanted, **CLOSE)


@seeds
def test_diagonal(seed):
    for label in ("div-diagonal-kl", "div-standard-kl"):
        wanted, e = printed(label, SHAPES, seed)
        p, q = map(e.floats, ("mu", "s")), map(e.floats, ("nu", "t"))
        standard = label == "div-standard-kl"
        found = div.diagonal_kl(*p, *((0, 1) if standard else q))
        np.testing.assert_allclose(found, wanted, **CLOSE)


@seeds
def test_one_dimension(seed):
    given = {name: Positive() for name in ("mu", "s", "nu", "t")}
    wanted, e = printed("div-normal-kl", given, seed)
    mu, s, nu, t = map(e.floats, given)
    np.testing.assert_allclose(div.diagonal_kl(mu, s, nu, t), wanted, **CLOSE)
    found = div.gaussian_kl([mu], [[s]], [nu], [[t]])
    np.testing.assert_allclose(found, wanted, **CLOSE)


@seeds
def test_full(seed):
    """Both forms, the second with NumPy's factors."""

    def factor(name: str) -> Derived:
        return Derived(
            lambda e: np.vectorize(mp.mpf, otypes=[object])(
                np.linalg.cholesky(e.floats(name))
            ),
            "D",
            "D",
        )

    factors = {"L": factor("Sigma"), "M": factor("Omega")}
    for label, letters in (("div-full-kl", {}), ("div-cholesky-kl", factors)):
        wanted, e = printed(label, SHAPES | letters, seed)
        found = div.gaussian_kl(*map(e.floats, ("mu", "Sigma", "nu", "Omega")))
        np.testing.assert_allclose(found, wanted, **CLOSE)


def test_density():
    """The integral, by adaptive quadrature in 40 digits, of two unlike densities."""
    given = {
        "p": Function(lambda x: mp.npdf(x, 1, 2)),
        "q": Function(lambda x: mp.sech(x / 2) ** 2 / 4),
    }
    wanted, _ = printed("div-kl-density", given, 0)
    x = np.linspace(-30, 30, 2001)
    p, q = stats.norm.logpdf(x, 1, 2), stats.logistic.logpdf(x)
    np.testing.assert_allclose(div.density_kl(p, q, x), wanted, rtol=1e-10)


@seeds
def test_forward_fit(seed):
    wanted, e = printed("div-forward-mean", LINE, seed)
    x, p = e.floats("x"), e.floats("p")
    fit = div.forward_fit(x, p)
    np.testing.assert_allclose(fit.mean, wanted, **CLOSE)
    mean = {"nu_hat": Derived(lambda e: mp.mpf(fit.mean))}
    wanted, e = printed("div-forward-variance", LINE | mean, seed)
    np.testing.assert_array_equal(e.floats("x"), x)
    np.testing.assert_allclose(fit.variance, wanted, **CLOSE)


@seeds
def test_reverse(seed):
    """With the library's own points and masses."""
    points, masses = (
        np.vectorize(mp.mpf, otypes=[object])(v) for v in (div._POINTS, div._MASSES)
    )
    given = {"nu": Real(), "tau": Positive(), "I": Size(len(points), len(points))}
    given |= {"varepsilon": Derived(lambda e: points, "I"), "i": Index("I")}
    given |= {"m": Derived(lambda e: masses, "I")}
    given |= {"p": Function(lambda x: mp.exp(x / 2 - x**4 / 8))}
    given |= {"g": Function(lambda x: (1 - x**3) / 2)}
    names = ("standard", "slope-mean", "slope-deviation")
    wanted = [printed(f"div-reverse-{name}", given, seed) for name in names]
    e = wanted[0][1]
    q = div.Normal(e.floats("nu"), e.floats("tau") ** 2)

    def target(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return x / 2 - x**4 / 8, (1 - x**3) / 2

    nats, slope = div.reverse_kl(target, q)
    found = [nats, *slope]
    np.testing.assert_allclose(found, [float(w) for w, _ in wanted], rtol=1e-10)


@seeds
def test_labels(seed):
    for label in ("div-logistic-kl", "div-logistic-gradient"):
        wanted, e = printed(label, LABELS, seed)
        labels, inputs = np.array([e.y]), e.floats("a")[None]
        found = div.label_kl(e.floats("w"), inputs, labels)
        np.testing.assert_allclose(found[label.endswith("gradient")], wanted, **CLOSE)


@pytest.mark.parametrize("y", [0, 1])
def test_either_label(y):
    """Kills an instance of one label only."""
    given = LABELS | {"y": Derived(lambda e: y)}
    wanted, e = printed("div-logistic-kl", given, 0)
    found = div.label_kl(e.floats("w"), e.floats("a")[None], np.array([y]))[0]
    np.testing.assert_allclose(found, wanted, **CLOSE)
