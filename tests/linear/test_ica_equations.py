"""The library's ICA computes what the equations print that it cites.

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
    Derived,
    Function,
    Index,
    Invertible,
    Positive,
    Real,
    Size,
)
from claims.fields import DIGITS, REAL
from claims.instances import Instance
from claims.problem import Problem, places
from latent.linear import ica

GIVEN = {
    "N": Size(8, 12),
    "D": Size(2, 4),
    "n": Index("N"),
    "i": Index("D"),
    "j": Index("D"),
    "x": Real("N", "D"),
    "W": Invertible("D", "D"),
    "w": Derived(lambda e: e.W, "D", "D"),
    "y": Defined("ica-sources", "N", "D"),
    "g": Function(lambda t: 1 / (1 + mp.exp(-t))),
    "g'": Function(lambda t: 1 / (2 * mp.cosh(t / 2)) ** 2),
    "psi": Function(lambda t: mp.tanh(t / 2)),
    "psi'": Function(lambda t: 1 / (2 * mp.cosh(t / 2) ** 2)),
}
CLOSE: dict[str, Any] = {"rtol": 1e-11, "atol": 1e-12}


class Printed:
    """A random instance, and the chapter's formulas on it as machine floats."""

    def __init__(self, seed: int):
        self.book = open_book(None)
        self.e = self.problem("ica-log-likelihood", {}).draw(seed)
        self.x, self.w = map(self.e.floats, ("x", "W"))

    def problem(self, label: str, given: dict[str, Any]) -> Problem:
        given = {**GIVEN, **given}
        return Problem(label, self.book.equation(label, given), given, self.book, REAL)

    def value(self, label: str, side: int = -1, **letters: tuple[Any, Any]) -> Any:
        """The side for all its free indices; `letters` are (domain, number) pairs."""
        problem = self.problem(label, {k: v[0] for k, v in letters.items()})
        new = {k: self.e.convert(v[1]) for k, v in letters.items()}
        e = Instance(problem.given, {**self.e.values, **new}, REAL, problem.lookup)
        with mp.workdps(DIGITS):
            at = places([k for k in "nij" if k in problem.free], e)
            found = [problem.at(problem.sides[side], e, place) for place in at]
        return np.array([np.squeeze(np.asarray(v, dtype=float)) for v in found])

    def table(self, label: str, **letters: Any) -> np.ndarray:
        """A formula with two free indices, or whose value is a matrix."""
        size = self.w.shape[0]
        return self.value(label, **letters).reshape(-1, size)


@pytest.fixture(params=range(4))
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(request.param)


def test_logistic(printed: Printed) -> None:
    """The stable forms, and the plain ones, at every entry of the sources."""
    t = (printed.x @ printed.w.T).ravel()
    log_density, score, slope = ica.logistic(t)
    for found, label, side in (
        (log_density, "ica-log-density", -1),
        (log_density, "ica-log-density-plain", -1),
        (score, "ica-score-stable", -1),
        (-score, "ica-log-density-slope", -1),
        (score, "ica-score", -1),
        (slope, "ica-score-slope", 1),
        (slope, "ica-score-slope", 2),
    ):
        wanted = [printed.value(label, side, t=(Real(), v))[0] for v in t]
        np.testing.assert_allclose(found, wanted, **CLOSE)


def test_density_and_log_likelihood(printed: Printed) -> None:
    params = ica.ICA(printed.w, np.zeros(len(printed.w)))
    log_prob = ica.log_prob(params, printed.x)
    wanted = [printed.value("ica-density", x=(Real("D"), v))[0] for v in printed.x]
    np.testing.assert_allclose(np.exp(log_prob), wanted, rtol=1e-11)
    total = printed.value("ica-log-likelihood")[0]
    np.testing.assert_allclose(log_prob.sum(), total, **CLOSE)
    objective, _, _ = ica.averages(printed.w, printed.x)
    np.testing.assert_allclose(len(printed.x) * objective, total, **CLOSE)


def test_sources_and_gradients(printed: Printed) -> None:
    params = ica.ICA(printed.w, np.zeros(len(printed.w)))
    found = ica.unmix(params, printed.x)
    np.testing.assert_allclose(found, printed.table("ica-sources"), **CLOSE)
    _, relative, curvatures = ica.averages(printed.w, printed.x)
    np.testing.assert_allclose(
        relative, printed.table("ica-relative-gradient"), **CLOSE
    )
    np.testing.assert_allclose(curvatures, printed.table("ica-curvatures"), **CLOSE)
    gradient = len(printed.x) * ica.gradient(printed.w, printed.x)
    np.testing.assert_allclose(gradient, printed.table("ica-gradient"), **CLOSE)


@pytest.mark.parametrize("repaired", [False, True])
def test_newton_step(printed: Printed, repaired: bool) -> None:
    """With curvatures that need no repair, and with some that need it."""
    rng = np.random.default_rng(len(printed.x))
    size = printed.w.shape
    g = rng.normal(size=size)
    h = rng.uniform(0.1, 1.5, size) if repaired else rng.uniform(1.2, 3, size)
    table = Real("D", "D")
    least = printed.table("ica-eigenvalue", h=(Positive("D", "D"), h))
    c = ica.LEAST_CURVATURE
    letters = {"h": (Positive("D", "D"), h), "nu": (table, least)}
    lifted = printed.table("ica-repair", **letters, c=(Positive(), c))
    beside = ~np.eye(len(g), dtype=bool)
    assert (lifted[beside] > h[beside]).any() == repaired
    lifted[~beside] = h[~beside]
    letters = {"h": (Positive("D", "D"), lifted), "G": (table, g)}
    wanted = printed.table("ica-newton-step", **letters)
    np.testing.assert_allclose(ica.newton_step(g, h), wanted, **CLOSE)


def test_whitening(printed: Printed) -> None:
    """With NumPy's eigenvectors: the printed data are the library's, but for signs."""
    x = printed.x - printed.x.mean(axis=0)
    values, vectors = np.linalg.eigh(np.corrcoef(x.T))
    letters = {
        "x": (Real("N", "D"), x),
        "lambda": (Positive("D"), values[::-1]),
        "U": (Real("D", "D"), vectors[:, ::-1]),
        "sigma": (Positive("D"), x.std(axis=0)),
    }
    wanted = printed.table("ica-whitening", **letters)
    whitening, mean = ica.whitener(np.asfortranarray(printed.x), x.shape[1])
    found = (printed.x - mean) @ whitening.T
    np.testing.assert_allclose(np.abs(found), np.abs(wanted), rtol=1e-8, atol=1e-8)
    white = printed.table("ica-white", side=0, z=(Real("N", "D"), found))
    np.testing.assert_allclose(white, np.eye(x.shape[1]), atol=1e-12)


def test_signal_to_interference(printed: Printed) -> None:
    wanted = printed.value("ica-sir", P=(Real("D", "D"), printed.w))
    found = ica.signal_to_interference(printed.w)
    np.testing.assert_allclose(found, wanted, **CLOSE)
