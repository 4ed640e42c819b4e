"""The library computes what the chapter's equations print that it cites."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from mpmath import mp

from claims.book import open_book
from claims.domains import Between, Function, Index, Positive, Real, Size
from claims.fields import DIGITS, REAL
from claims.problem import Problem
from latent.flows import change_of_variables as cov

CLOSE: dict[str, Any] = {"rtol": 1e-11, "atol": 1e-12}
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
def test_transformed(seed):
    """With falling h, so that the sign of its slope matters."""
    given = {
        "y": Real(),
        "p": Function(lambda x: 1 / (mp.pi * (1 + x**2)), lambda x: 1 / (1 + x**2)),
        "h": Function(lambda y: -mp.sinh(y), lambda y: -sp.sinh(y)),
        "h'": Function(lambda y: -mp.cosh(y), lambda y: -sp.cosh(y)),
    }
    wanted, e = printed("cov-line-log", given, seed)
    found = cov.transformed_log_prob(
        np.atleast_1d(e.floats("y")),
        lambda x: -np.log(np.pi * (1 + x**2)),
        lambda y: -np.sinh(y),
        lambda y: -np.cosh(y),
    )
    np.testing.assert_allclose(np.squeeze(found), wanted, **CLOSE)


@seeds
def test_lognormal(seed):
    given = {"y": Positive(), "mu": Real(), "sigma": Positive()}
    wanted, e = printed("cov-lognormal", given, seed)
    found = cov.lognormal_log_prob(
        np.atleast_1d(e.floats("y")), float(e.mu), float(e.sigma)
    )
    np.testing.assert_allclose(np.exp(np.squeeze(found)), wanted, **CLOSE)


@pytest.mark.parametrize("seed", range(12))
def test_square(seed):
    """Twelve draws meet both pieces and both sides without probability."""
    wanted, e = printed("cov-square-density", {"r": Between(-1, 2)}, seed)
    found = cov.square_distance_pdf(np.atleast_1d(e.floats("r")))
    np.testing.assert_allclose(np.squeeze(found), wanted, **CLOSE)


@seeds
def test_square_cap(seed):
    wanted, e = printed("cov-square-cap", {"r": Between(1, "7/5")}, seed)
    found = cov.square_distance_cdf(np.atleast_1d(e.floats("r")))
    np.testing.assert_allclose(np.squeeze(found), wanted, **CLOSE)


@seeds
@pytest.mark.parametrize(
    ("label", "function"),
    [("cov-leaky", cov.leaky_relu), ("cov-leaky-inverse", cov.leaky_relu_inverse)],
)
def test_leaky(label, function, seed):
    wanted, e = printed(label, {"t": Between(-1, 1), "a": Between(0, 1)}, seed)
    found = function(np.atleast_1d(e.floats("t")), float(e.a))
    np.testing.assert_allclose(np.squeeze(found), wanted, **CLOSE)


@seeds
def test_leaky_log_det(seed):
    given = {"D": Size(), "d": Index("D"), "z": Real("D"), "a": Between(0, 1)}
    wanted, e = printed("cov-leaky-log-det", given, seed)
    found = cov.leaky_relu_log_det(e.floats("z")[None], float(e.a))
    np.testing.assert_allclose(np.squeeze(found), wanted, **CLOSE)
