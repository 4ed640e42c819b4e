"""The library's digit classifier computes what the equations print that it cites.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats.
"""

from typing import Any

import numpy as np
import pytest
from mpmath import mp

from claims.book import open_book
from claims.domains import (
    Defined,
    Definite,
    Derived,
    Index,
    OneHot,
    Real,
    Simplex,
    Size,
)
from claims.fields import DIGITS, REAL
from claims.problem import Problem, places
from latent.mixtures import digit_classifier as digits
from latent.mixtures.gaussian_mixture import GaussianMixture

GIVEN: dict[str, Any] = {
    "N": Size(5, 8),
    "C": Size(3, 4),
    "K": Size(2, 4),
    "D": Size(2, 4),
    "n": Index("N"),
    "c": Index("C"),
    "j": Index("C"),
    "k": Index("K"),
    "x": Real("N", "D"),
    "t": OneHot("N", "C"),
    "rho": Simplex("C"),
    "pi": Simplex("C", "K"),
    "mu": Real("C", "K", "D"),
    "Sigma": Definite("C", "K", "D", "D"),
    "a": Defined("digits-log-joint", "N", "C"),
    "m": Derived(lambda e: [max(row) for row in e.a], "N"),
    "s": Defined("digits-posterior", "N", "C"),
}
CLOSE: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-12}


class Printed:
    """A random instance, the chapter's formulas on it, and its tables as floats."""

    def __init__(self, seed: int):
        self.book = open_book(None)
        self.e = self.problem("digits-decision").draw(seed)
        rho, pi, mu, sigma = map(self.e.floats, ("rho", "pi", "mu", "Sigma"))
        mixtures = zip(pi, mu, sigma, strict=True)
        parts = tuple(GaussianMixture(*tables) for tables in mixtures)
        self.params = digits.DigitClassifier(rho, parts)
        self.x = self.e.floats("x")

    def problem(self, label: str) -> Problem:
        return Problem(label, self.book.equation(label, GIVEN), GIVEN, self.book, REAL)

    def value(self, label: str, side: int = -1) -> np.ndarray:
        """The side's value for all values of the equation's free indices."""
        problem = self.problem(label)
        with mp.workdps(DIGITS):
            at = places([k for k in "nc" if k in problem.free], self.e)
            found = [problem.at(problem.sides[side], self.e, place) for place in at]
        return np.array([float(v) for v in found])


@pytest.fixture(params=range(4))
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(request.param)


def test_log_joint(printed: Printed) -> None:
    found = digits.log_joint(printed.params, printed.x)
    wanted = printed.value("digits-log-joint").reshape(found.shape)
    np.testing.assert_allclose(found, wanted, **CLOSE)


def test_posterior(printed: Printed) -> None:
    found = digits.predict_proba(printed.params, printed.x)
    wanted = printed.value("digits-posterior").reshape(found.shape)
    np.testing.assert_allclose(found, wanted, **CLOSE)


def test_decision(printed: Printed) -> None:
    """By either printed side."""
    found = digits.predict(printed.params, printed.x) + 1
    for side in (1, 2):
        wanted = printed.value("digits-decision", side)
        np.testing.assert_array_equal(found, wanted)


def test_class_weights(printed: Printed) -> None:
    labels = printed.e.floats("t").argmax(axis=1)
    found = digits.class_weights(labels)
    wanted = printed.value("digits-class-weights")
    np.testing.assert_allclose(found, wanted[: len(found)], **CLOSE)
    assert (wanted[len(found) :] == 0).all()
