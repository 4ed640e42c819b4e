"""The library's Bernoulli mixtures compute what the equations print that they cite.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats.
"""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from mpmath import mp

from claims.book import open_book
from claims.domains import (
    Binary,
    Defined,
    Derived,
    Index,
    Label,
    Positive,
    Simplex,
    Size,
    Unit,
)
from claims.fields import DIGITS, REAL
from claims.problem import Problem, places
from latent.mixtures import bernoulli_mixture as bmm

GIVEN: dict[str, Any] = {
    "N": Size(7, 12),
    "D": Size(3, 6),
    "K": Size(2, 4),
    "n": Index("N"),
    "k": Index("K"),
    "j": Index("K"),
    "d": Index("D"),
    "f": Index("D"),
    "x": Binary("N", "D"),
    "pi": Simplex("K"),
    "beta": Unit("K", "D"),
    "r": Simplex("N", "K"),
    "R": Defined("bmm-counts", "K"),
    "S": Defined("bmm-lit", "K", "D"),
    "beta_bar": Defined("bmm-mean", "D"),
    "alpha": Positive(),
    "gamma": Positive(),
}
CERTAIN: dict[str, Any] = {
    **GIVEN,
    "u": Label("K", "D", classes=3, start=0),
    "beta": Derived(lambda e: e.u / sp.Integer(2), "K", "D"),
}
CLOSE: dict[str, Any] = {"rtol": 1e-11, "atol": 1e-12}


class Printed:
    """A random instance, the chapter's formulas on it, and its tables as floats."""

    def __init__(self, seed: int, given: dict[str, Any]):
        self.book, self.given = open_book(None), given
        self.e = self.problem("bmm-log-likelihood").draw(seed)
        self.x, self.r = map(self.e.floats, ("x", "r"))
        self.params = bmm.BernoulliMixture(*map(self.e.floats, ("pi", "beta")))
        names = ("alpha", "gamma")
        self.prior = {name: float(self.e.floats(name)) for name in names}

    def problem(self, label: str) -> Problem:
        equation = self.book.equation(label, self.given)
        return Problem(label, equation, self.given, self.book, REAL)

    def value(self, label: str, side: int = -1, over: str = "nkdf") -> np.ndarray:
        """The side's value for all values of the equation's free indices in `over`."""
        problem = self.problem(label)
        with mp.workdps(DIGITS):
            at = places([k for k in over if k in problem.free], self.e)
            found = [problem.at(problem.sides[side], self.e, place) for place in at]
        return np.array([float(v) for v in found])

    def table(self, label: str, side: int = -1) -> np.ndarray:
        """The side for all n and k, of shape (N, K), or all k and d, (K, D)."""
        rows = len(self.x) if "n" in self.problem(label).free else self.e.K
        return self.value(label, side).reshape(rows, -1)


@pytest.fixture(params=range(5))
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(request.param, GIVEN)


@pytest.fixture(params=range(5))
def certain(request: pytest.FixtureRequest) -> Printed:
    """Each probability is 0, a half or 1."""
    return Printed(request.param, CERTAIN)


def test_log_joint(printed: Printed) -> None:
    found = bmm.log_joint(printed.params, printed.x)
    for label in ("bmm-log-joint", "bmm-log-joint-affine"):
        np.testing.assert_allclose(found, printed.table(label), **CLOSE)


def test_log_joint_where_pixels_are_certain(certain: Printed) -> None:
    """Minus infinity exactly where contradictions are printed; else the coins left."""
    found = bmm.log_joint(certain.params, certain.x)
    for side in (1, 2):
        contradictions = certain.table("bmm-contradictions", side)
        np.testing.assert_array_equal(np.isneginf(found), contradictions > 0)
    halves = (certain.params.probabilities == 0.5).sum(axis=1)
    rest = np.log(certain.params.weights) - halves * np.log(2)
    wanted = np.where(contradictions > 0, -np.inf, rest)
    assert {False, True} == set(np.isfinite(wanted).ravel())
    np.testing.assert_allclose(found, wanted, **CLOSE)


def test_density_and_log_likelihood(printed: Printed) -> None:
    total = printed.value("bmm-log-likelihood")[0]
    found = bmm.log_prob(printed.params, printed.x)
    np.testing.assert_allclose(found.sum(), total, **CLOSE)


def test_responsibilities_and_objective(printed: Printed) -> None:
    """Without and with the priors, which stand in the printed objective too."""
    r, mean = bmm.e_step(printed.params, printed.x)
    np.testing.assert_allclose(r, printed.table("bmm-responsibilities"), **CLOSE)
    n = len(printed.x)
    total = printed.value("bmm-log-likelihood")[0]
    np.testing.assert_allclose(n * mean, total, **CLOSE)
    again, objective = bmm.e_step(printed.params, printed.x, **printed.prior)
    np.testing.assert_array_equal(again, r)
    total = printed.value("bmm-map-log-likelihood")[0]
    np.testing.assert_allclose(n * objective, total, **CLOSE)


def test_log_prior(printed: Printed) -> None:
    found = bmm.log_prior(printed.params, **printed.prior)
    np.testing.assert_allclose(found, printed.value("bmm-log-prior")[0], **CLOSE)


def test_counts(printed: Printed) -> None:
    lit, dark = bmm.counts(printed.x, printed.r)
    np.testing.assert_allclose(lit, printed.table("bmm-lit"), **CLOSE)
    every = printed.value("bmm-counts")[:, None] - printed.table("bmm-lit")
    np.testing.assert_allclose(dark, every, **CLOSE)


@pytest.mark.parametrize("prior", [False, True])
def test_m_step(printed: Printed, prior: bool) -> None:
    kind, given = ("map", printed.prior) if prior else ("m-step", {})
    found = bmm.m_step(printed.params, printed.x, printed.r, **given)
    weights = printed.value(f"bmm-{kind}-weights")
    np.testing.assert_allclose(found.weights, weights, **CLOSE)
    shares = printed.table(f"bmm-{kind}-probabilities")
    np.testing.assert_allclose(found.probabilities, shares, **CLOSE)


def test_samples_have_the_printed_mean_and_covariance(printed: Printed) -> None:
    """Within five standard errors, of which a correlation of two pixels is dozens."""
    n = 40_000
    x, _ = bmm.sample(printed.params, n, rng=np.random.default_rng(0))
    close = 5 * 0.5 / np.sqrt(n)
    np.testing.assert_allclose(x.mean(axis=0), printed.value("bmm-mean"), atol=close)
    D = x.shape[1]
    wanted = printed.value("bmm-covariance").reshape(D, D)
    np.testing.assert_allclose(np.cov(x.T, bias=True), wanted, atol=close)
