"""The library's Gaussian mixtures compute what the equations print that they cite.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats.
"""

from typing import Any

import numpy as np
import pytest
from mpmath import mp

from claims.book import open_book
from claims.domains import Defined, Definite, Index, Positive, Real, Simplex, Size
from claims.fields import DIGITS, REAL
from claims.instances import Instance
from claims.problem import Problem, places
from latent.em import posterior
from latent.mixtures import gaussian_mixture as gmm

GIVEN = {
    "N": Size(7, 12),
    "D": Size(2, 4),
    "K": Size(2, 4),
    "n": Index("N"),
    "k": Index("K"),
    "j": Index("K"),
    "d": Index("D"),
    "x": Real("N", "D"),
    "pi": Simplex("K"),
    "mu": Real("K", "D"),
    "Sigma": Definite("K", "D", "D"),
    "s": Positive("K", "D"),
    "r": Simplex("N", "K"),
    "R": Defined("gmm-counts", "K"),
    "mu_hat": Defined("gmm-m-step-means", "K", "D"),
    "Sigma_hat": Defined("gmm-m-step-covariances", "K", "D", "D"),
    "s_hat": Defined("gmm-m-step-variances", "K", "D"),
}
SEEDS = range(5)
AXES = {1: Real("D"), 2: Real("D", "D")}
CLOSE: dict[str, Any] = {"rtol": 1e-11, "atol": 1e-12}


class Printed:
    """A random instance, the chapter's formulas on it, and its tables as floats."""

    def __init__(self, seed: int):
        self.book = open_book(None)
        self.e = self.problem("gmm-log-likelihood", {}).draw(seed)
        self.x, self.r = map(self.e.floats, ("x", "r"))
        tables = map(self.e.floats, ("pi", "mu", "Sigma"))
        self.params = gmm.GaussianMixture(*tables)

    def problem(self, label: str, given: dict[str, Any]) -> Problem:
        given = {**GIVEN, **given}
        return Problem(label, self.book.equation(label, given), given, self.book, REAL)

    def value(
        self, label: str, side: int = -1, over: str = "nkd", **letters: Any
    ) -> np.ndarray:
        """The side's value for all values of the equation's free indices in `over`.

        `letters` are numbers to put in; one that is a vector or a matrix where `GIVEN`
        has a table of them (an x without an index) is read as such.
        """
        given = {k: AXES[np.ndim(v)] for k, v in letters.items() if np.ndim(v)}
        problem = self.problem(label, given)
        new = {k: self.e.convert(v) for k, v in letters.items()}
        e = Instance(problem.given, {**self.e.values, **new}, REAL, problem.lookup)
        with mp.workdps(DIGITS):
            at = places([k for k in over if k in problem.free], e)
            found = [problem.at(problem.sides[side], e, place) for place in at]
        return np.array([np.squeeze(np.asarray(v, dtype=float)) for v in found])

    def table(self, label: str, **letters: Any) -> np.ndarray:
        """The last side for all n and k, of shape (N, K)."""
        return self.value(label, **letters).reshape(len(self.x), -1)


@pytest.fixture(params=SEEDS)
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(request.param)


def test_log_joint(printed: Printed) -> None:
    """Also with its second part replaced by what is printed for it."""
    found = gmm.log_joint(printed.params, printed.x)
    np.testing.assert_allclose(found, printed.table("gmm-log-joint"), **CLOSE)
    normal = found - np.log(printed.params.weights)
    np.testing.assert_allclose(normal, printed.table("gmm-log-normal"), **CLOSE)


def test_density_and_log_likelihood(printed: Printed) -> None:
    found = gmm.log_prob(printed.params, printed.x)
    wanted = [printed.value("gmm-density", x=x)[0] for x in printed.x]
    np.testing.assert_allclose(np.exp(found), wanted, rtol=1e-11)
    total = printed.value("gmm-log-likelihood")[0]
    np.testing.assert_allclose(found.sum(), total, **CLOSE)


def test_whitening_and_determinant(printed: Printed) -> None:
    """With NumPy's factor both printed sides are the quadratic form of `log_joint`."""
    p = printed.params
    log_joint = gmm.log_joint(p, printed.x)
    constant = np.log(p.weights) - printed.x.shape[1] / 2 * np.log(2 * np.pi)
    for k, (mu, sigma) in enumerate(zip(p.means, p.covariances, strict=True)):
        letters = {"mu": mu, "Sigma": sigma, "L": np.linalg.cholesky(sigma)}
        volume = printed.value("gmm-log-determinant", **letters)[0]
        for x, wanted in zip(printed.x, log_joint[:, k], strict=True):
            for side in (0, 1):
                square = printed.value("gmm-whitening", side, x=x, **letters)[0]
                found = constant[k] - (volume + square) / 2
                np.testing.assert_allclose(found, wanted, **CLOSE)


def test_responsibilities(printed: Printed) -> None:
    """`e_step`, and the shifted form with the largest log joint of each row."""
    found, objective = gmm.e_step(printed.params, printed.x)
    np.testing.assert_allclose(found, printed.table("gmm-responsibilities"), **CLOSE)
    total = printed.value("gmm-log-likelihood")[0]
    np.testing.assert_allclose(len(found) * objective, total, **CLOSE)
    a = gmm.log_joint(printed.params, printed.x)
    shifted = printed.table("gmm-responsibilities-shifted", a=a, m=a.max(axis=1))
    np.testing.assert_allclose(found, shifted, **CLOSE)


def test_log_sum_exp(printed: Printed) -> None:
    """`posterior` takes out the largest number; both printed sides say the same."""
    a = 1000 + 5 * printed.r  # its exponentials overflow in machine floats
    _, objective = posterior(lambda rows: rows.copy(), a, a.shape[1])
    for side in (0, 1):
        sums = [
            printed.value("gmm-log-sum-exp", side, a=row, m=row.max())[0] for row in a
        ]
        np.testing.assert_allclose(objective, np.mean(sums), rtol=1e-13)


def test_weights_and_means(printed: Printed) -> None:
    found = gmm.m_step(printed.params, printed.x, printed.r)
    np.testing.assert_allclose(
        found.weights, printed.value("gmm-m-step-weights"), **CLOSE
    )
    np.testing.assert_allclose(found.means, printed.value("gmm-m-step-means"), **CLOSE)


def test_map(printed: Printed) -> None:
    """By either printed side."""
    found = gmm.predict(printed.params, printed.x) + 1
    a = gmm.log_joint(printed.params, printed.x)
    r, _ = gmm.e_step(printed.params, printed.x)
    for side in (1, 2):
        wanted = printed.value("gmm-map", side, "n", a=a, r=r)
        np.testing.assert_array_equal(found, wanted)


def test_covariances(printed: Printed) -> None:
    """`m_step`, and what is printed about any origin, zero included."""
    found = gmm.m_step(printed.params, printed.x, printed.r).covariances
    wanted = printed.value("gmm-m-step-covariances", over="k")
    np.testing.assert_allclose(found, wanted, **CLOSE)
    D = printed.x.shape[1]
    for origin in (np.zeros(D), printed.x[0]):
        for side in (0, 1):
            about = printed.value("gmm-parallel-axis", side, "k", o=origin)
            np.testing.assert_allclose(found, about, **CLOSE)
        *_, found = gmm.moments(
            printed.x, printed.r, diagonal=False, origin=origin, least=np.zeros(D)
        )
        np.testing.assert_allclose(found, wanted, **CLOSE)


def test_variances(printed: Printed) -> None:
    """Both forms, where the covariances are diagonal."""
    p = printed.params
    diagonal = gmm.GaussianMixture(p.weights, p.means, printed.e.floats("s"))
    found = gmm.m_step(diagonal, printed.x, printed.r).covariances
    for label in ("gmm-m-step-variances", "gmm-variances-expanded"):
        wanted = printed.value(label, over="kd").reshape(found.shape)
        np.testing.assert_allclose(found, wanted, **CLOSE)


def test_diagonal_log_joint(printed: Printed) -> None:
    p = printed.params
    diagonal = gmm.GaussianMixture(p.weights, p.means, printed.e.floats("s"))
    found = gmm.log_joint(diagonal, printed.x) - np.log(p.weights)
    wanted = printed.table("gmm-diagonal-normal")
    np.testing.assert_allclose(found, wanted, **CLOSE)


def test_floor(printed: Printed) -> None:
    """The floor lies between the eigenvalues of each covariance."""
    D = printed.x.shape[1]
    for free in printed.value("gmm-m-step-covariances", over="k"):
        values, vectors = np.linalg.eigh(free)
        c = values[:2].mean()
        spectral = {"lambda": values, "u": vectors.T, "c": c}
        wanted = printed.value("gmm-floor", over="", **spectral)[0]
        np.testing.assert_allclose(gmm.floored(free, np.full(D, c)), wanted, **CLOSE)
        assert not np.allclose(wanted, free)
